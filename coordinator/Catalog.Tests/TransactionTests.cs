using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Transactions;

namespace Federation.Catalog.Tests;

/// <summary>Transactions over an embedded catalog, without any session.</summary>
public sealed class TransactionTests(SqliteFixture fixture) : IClassFixture<SqliteFixture>, IAsyncLifetime
{
    private static readonly CancellationToken s_token = CancellationToken.None;
    private CatalogDatabase _catalog = null!;
    private TransactionManager _transactions = null!;

    public async Task InitializeAsync()
    {
        var (store, _) = await fixture.CreateAsync();
        _catalog = await CatalogDatabase.OpenAsync(store, CatalogKeyring.Random(), s_token);
        _transactions = new TransactionManager(_catalog);
    }

    public async Task DisposeAsync() => await _catalog.DisposeAsync();

    [Fact]
    public async Task Read_committed_sees_others_after_a_change_of_its_own()
    {
        var mine = _transactions.Begin();
        await mine.ChangeAsync(Schema("mine"), s_token);
        await CommitAsync(Schema("theirs"));
        Assert.DoesNotContain("theirs", await SchemasAsync(mine));
        mine.BeginStatement();
        Assert.Equal(["mine", "public", "theirs"], await SchemasAsync(mine));
        await mine.CommitAsync(s_token);
        Assert.Equal(["mine", "public", "theirs"], await SchemasAsync(_transactions.Begin()));
    }

    [Fact]
    public async Task Repeatable_read_keeps_its_state_and_its_own_changes()
    {
        var mine = _transactions.Begin();
        mine.IsRepeatable = true;
        Assert.Equal(["public"], await SchemasAsync(mine));
        await CommitAsync(Schema("theirs"));
        mine.BeginStatement();
        await mine.ChangeAsync(Schema("mine"), s_token);
        mine.BeginStatement();
        Assert.Equal(["mine", "public"], await SchemasAsync(mine));
        await mine.CommitAsync(s_token);
        Assert.Equal(["mine", "public", "theirs"], await SchemasAsync(_transactions.Begin()));
    }

    [Fact]
    public async Task The_identity_of_the_catalog_moves_with_every_own_change()
    {
        var mine = _transactions.Begin();
        var seen = new List<SnapshotId> { (await mine.GetCatalogAsync(s_token)).Id };
        mine.Savepoint("a");
        await mine.ChangeAsync(Schema("one"), s_token);
        seen.Add((await mine.GetCatalogAsync(s_token)).Id);
        await mine.ChangeAsync(Schema("two"), s_token);
        seen.Add((await mine.GetCatalogAsync(s_token)).Id);
        mine.RollbackTo("a");
        await mine.ChangeAsync(Schema("three"), s_token);
        seen.Add((await mine.GetCatalogAsync(s_token)).Id);
        Assert.Equal(seen.Count, seen.Distinct().Count());
        var id = (await mine.GetCatalogAsync(s_token)).Id;
        mine.BeginStatement();
        Assert.Equal(id, (await mine.GetCatalogAsync(s_token)).Id);
    }

    [Fact]
    public async Task Rolling_back_to_a_savepoint_undoes_what_came_after_it()
    {
        var mine = _transactions.Begin();
        await mine.ChangeAsync(Schema("kept"), s_token);
        mine.Savepoint("a");
        await mine.ChangeAsync(Schema("lost"), s_token);
        mine.Savepoint("b");
        await mine.ChangeAsync(new CatalogChange.Drop(SchemaEntry.KeyOf("kept")), s_token);
        Assert.Equal(["lost", "public"], await SchemasAsync(mine));
        mine.RollbackTo("a");
        Assert.Equal(["kept", "public"], await SchemasAsync(mine));
        Assert.Equal(SqlState.SEInvalidSpecification, Assert.Throws<SqlException>(() => mine.RollbackTo("b")).State);
        await mine.CommitAsync(s_token);
        Assert.Equal(["kept", "public"], await SchemasAsync(_transactions.Begin()));
    }

    [Fact]
    public async Task A_new_object_has_its_oid_before_the_commit()
    {
        var mine = _transactions.Begin();
        await mine.ChangeAsync(Schema("one"), s_token);
        await mine.ChangeAsync(Table("one", "t", "m1"), s_token);
        var oid = (await (await mine.GetCatalogAsync(s_token)).FindTableAsync("one", "t", s_token))!.Oid;
        Assert.True(oid.Value >= 16384);
        await mine.CommitAsync(s_token);
        Assert.Equal(oid, (await (await _catalog.GetSnapshotAsync(s_token)).FindTableAsync("one", "t", s_token))!.Oid);
    }

    [Fact]
    public async Task Two_transactions_that_change_different_things_both_commit()
    {
        await CommitAsync(Schema("s"), Table("s", "a", "1"), Table("s", "b", "1"));
        var (first, second) = (_transactions.Begin(), _transactions.Begin());
        first.IsRepeatable = second.IsRepeatable = true;
        await MoveAsync(first, "a", "2");
        await MoveAsync(second, "b", "2");
        await first.ChangeAsync(Table("s", "c", "1"), s_token);
        await second.ChangeAsync(Table("s", "d", "1"), s_token);
        await first.CommitAsync(s_token);
        await second.CommitAsync(s_token);
        var tables = await (await _catalog.GetSnapshotAsync(s_token)).ListTablesAsync("s", s_token);
        Assert.Equal(["a 2", "b 2", "c 1", "d 1"], tables.Select(table => $"{table.Name} {table.Pointer.Metadata}"));
    }

    [Fact]
    public async Task Two_transactions_that_change_one_object_clash()
    {
        await CommitAsync(Schema("s"), Table("s", "a", "1"));
        var (first, second) = (_transactions.Begin(), _transactions.Begin());
        await MoveAsync(first, "a", "2");
        await MoveAsync(second, "a", "3");
        await first.CommitAsync(s_token);
        Assert.Equal(SqlState.TRSerializationFailure,
            (await Assert.ThrowsAsync<SqlException>(async () => await second.CommitAsync(s_token))).State);
        Assert.Equal("2", (await (await _catalog.GetSnapshotAsync(s_token)).FindTableAsync("s", "a", s_token))!.Pointer.Metadata);
        Assert.False(second.HasChanges);
    }

    [Theory]
    [InlineData("a schema is dropped while a table is made in it")]
    [InlineData("a table is made while its schema is dropped")]
    public async Task A_table_never_outlives_its_schema(string order)
    {
        await CommitAsync(Schema("s"));
        var (dropping, making) = (_transactions.Begin(), _transactions.Begin());
        await dropping.ChangeAsync(new CatalogChange.Drop(SchemaEntry.KeyOf("s")), s_token);
        await making.ChangeAsync(Table("s", "t", "1"), s_token);
        var isDropFirst = order.StartsWith("a table", StringComparison.Ordinal);
        await (isDropFirst ? dropping : making).CommitAsync(s_token);
        var error = await Assert.ThrowsAsync<SqlException>(async () => await (isDropFirst ? making : dropping).CommitAsync(s_token));
        Assert.Equal(isDropFirst ? SqlState.InvalidSchemaName : SqlState.DependentObjectsStillExist, error.State);
    }

    [Fact]
    public async Task Names_taken_meanwhile_are_told_at_the_next_statement()
    {
        var mine = _transactions.Begin();
        await mine.ChangeAsync(Schema("same"), s_token);
        await CommitAsync(Schema("same"));
        mine.BeginStatement();
        Assert.Equal(SqlState.DuplicateSchema,
            (await Assert.ThrowsAsync<SqlException>(async () => await mine.GetCatalogAsync(s_token))).State);
    }

    [Fact]
    public async Task An_own_user_mapping_comes_before_that_of_everybody_in_a_transaction_too()
    {
        await CommitAsync(Server("srv"), Mapping("srv", "ann", "own"));
        var mine = _transactions.Begin();
        await mine.ChangeAsync(await _catalog.WithOidAsync(Mapping("srv", UserMappingEntry.Everybody, "all"), s_token), s_token);
        Assert.Equal("own", await PasswordAsync(mine, "ann"));
        Assert.Equal("all", await PasswordAsync(mine, "bob"));
        await mine.ChangeAsync(new CatalogChange.Drop(UserMappingEntry.KeyOf("srv", "ann")), s_token);
        Assert.Equal("all", await PasswordAsync(mine, "ann"));
    }

    [Fact]
    public async Task A_renamed_role_is_renamed_wherever_it_is_named()
    {
        await CommitAsync(new CatalogChange.Create(new RoleEntry(Oid.None, "old", IsSuperuser: false, CanLogin: true, Verifier: null)));
        await CommitAsync(new CatalogChange.Create(new SchemaEntry(Oid.None, "s", "old")), Server("srv"), Mapping("srv", "old", "p"));
        var mine = _transactions.Begin();
        await mine.ChangeAsync(new CatalogChange.RenameRole("old", "new"), s_token);
        var catalog = await mine.GetCatalogAsync(s_token);
        Assert.Equal("new", (await catalog.FindSchemaAsync("s", s_token))!.Owner);
        Assert.Equal("p", await PasswordAsync(mine, "new"));
        Assert.Null(await catalog.FindRoleAsync("old", s_token));
        await mine.CommitAsync(s_token);
        Assert.Equal("p", await PasswordAsync(_transactions.Begin(), "new"));
    }

    [Fact]
    public async Task A_transaction_that_reads_an_older_version_changes_nothing()
    {
        await CommitAsync(Schema("later"));
        var mine = _transactions.Begin();
        mine.AsOf = 1;
        Assert.Equal(["public"], await SchemasAsync(mine));
        Assert.Equal(SqlState.ReadOnlySqlTransaction,
            (await Assert.ThrowsAsync<SqlException>(async () => await mine.ChangeAsync(Schema("x"), s_token))).State);
    }

    [Fact]
    public async Task A_table_is_renamed_while_its_rows_change()
    {
        await CommitAsync(Schema("s"), Table("s", "a", "1"));
        var mine = _transactions.Begin();
        var before = (await (await mine.GetCatalogAsync(s_token)).FindTableAsync("s", "a", s_token))!;
        await mine.ChangeAsync(new CatalogChange.Redefine(before, before with { Name = "b", Comment = "new" }), s_token);
        var other = _transactions.Begin();
        await MoveAsync(other, "a", "2");
        await other.CommitAsync(s_token);
        await mine.CommitAsync(s_token);
        var catalog = await _catalog.GetSnapshotAsync(s_token);
        Assert.Null(await catalog.FindTableAsync("s", "a", s_token));
        var after = (await catalog.FindTableAsync("s", "b", s_token))!;
        Assert.Equal((before.Oid, "2", "new"), (after.Oid, after.Pointer.Metadata, after.Comment));
    }

    [Fact]
    public async Task Tables_and_views_share_their_names()
    {
        await CommitAsync(Schema("s"), Table("s", "a", "1"));
        Assert.Equal(SqlState.DuplicateTable,
            (await Assert.ThrowsAsync<SqlException>(() => CommitAsync(View("s", "a")))).State);
        await CommitAsync(View("s", "v"));
        Assert.Equal(SqlState.DuplicateTable,
            (await Assert.ThrowsAsync<SqlException>(() => CommitAsync(Table("s", "v", "1")))).State);
        Assert.Equal("v", (await (await _catalog.GetSnapshotAsync(s_token)).FindRelationAsync("s", "v", s_token))!.Name);
    }

    [Fact]
    public async Task A_view_never_outlives_what_it_reads()
    {
        await CommitAsync(Schema("s"), Schema("other"), Table("s", "a", "1"));
        var table = (await (await _catalog.GetSnapshotAsync(s_token)).FindTableAsync("s", "a", s_token))!;
        var (dropping, renaming) = (_transactions.Begin(), _transactions.Begin());
        await dropping.ChangeAsync(new CatalogChange.Drop(table.Key), s_token);
        await renaming.ChangeAsync(new CatalogChange.Redefine(table, table with { Name = "b" }), s_token);
        var source = new ViewSource("", "s", "a", table.Oid, ["x"]);
        await CommitAsync(View("other", "v", source));
        Assert.Equal(SqlState.DependentObjectsStillExist,
            (await Assert.ThrowsAsync<SqlException>(async () => await dropping.CommitAsync(s_token))).State);
        Assert.Equal(SqlState.TRSerializationFailure,
            (await Assert.ThrowsAsync<SqlException>(async () => await renaming.CommitAsync(s_token))).State);
        await CommitAsync(View("other", "w", new ViewSource("", "other", "v", await OidOfAsync("other", "v"), ["x"])));
        await CommitAsync(new CatalogChange.Drop(SchemaEntry.KeyOf("s"), Cascade: true));
        Assert.Empty(await (await _catalog.GetSnapshotAsync(s_token)).ListViewsAsync("other", s_token));
        Assert.Equal(SqlState.InvalidSchemaName,
            (await Assert.ThrowsAsync<SqlException>(() => CommitAsync(View("s", "v")))).State);
        Assert.Equal(SqlState.UndefinedTable,
            (await Assert.ThrowsAsync<SqlException>(() => CommitAsync(View("other", "v", source)))).State);
    }

    private async Task<Oid> OidOfAsync(string schema, string name) =>
        (await (await _catalog.GetSnapshotAsync(s_token)).FindRelationAsync(schema, name, s_token))!.Oid;

    private static CatalogChange View(string schema, string name, params ViewSource[] sources) =>
        new CatalogChange.Create(new ViewEntry(Oid.None, schema, name, "federation", "SELECT 1")
            { Columns = [new ViewColumn("x", 23, -1)], Sources = sources.ToEquatableArray() });

    private static CatalogChange Schema(string name) => new CatalogChange.Create(new SchemaEntry(Oid.None, name, "federation"));

    private static CatalogChange Table(string schema, string name, string metadata) =>
        new CatalogChange.Create(new TableEntry(Oid.None, schema, name, "federation", new TablePointer("iceberg", "/t", metadata)));

    private static CatalogChange Server(string name) =>
        new CatalogChange.Create(new ServerEntry(Oid.None, name, "postgres", "federation", []));

    private static CatalogChange Mapping(string server, string user, string password) =>
        new CatalogChange.Create(new UserMappingEntry(Oid.None, server, user, [KeyValuePair.Create("password", password)]));

    private static async Task MoveAsync(Transaction transaction, string table, string metadata)
    {
        var entry = (await (await transaction.GetCatalogAsync(s_token)).FindTableAsync("s", table, s_token))!;
        await transaction.ChangeAsync(
            new CatalogChange.Alter(entry with { Pointer = entry.Pointer with { Metadata = metadata } }), s_token);
    }

    private static async Task<IEnumerable<string>> SchemasAsync(Transaction transaction) =>
        (await (await transaction.GetCatalogAsync(s_token)).ListSchemasAsync(s_token)).Select(schema => schema.Name);

    private static async Task<string?> PasswordAsync(Transaction transaction, string user) =>
        (await (await transaction.GetCatalogAsync(s_token)).FindUserMappingAsync("srv", user, s_token))?.Options[0].Value;

    private async Task CommitAsync(params CatalogChange[] changes)
    {
        var transaction = _transactions.Begin();
        foreach (var change in changes) await transaction.ChangeAsync(change, s_token);
        await transaction.CommitAsync(s_token);
    }
}
