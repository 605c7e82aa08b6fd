using System.Globalization;
using Federation.Connectors.Spi;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Transactions;

namespace Federation.Catalog.Tests;

/// <summary>Commits that come at the same time and are written together.</summary>
public sealed class GroupCommitTests(SqliteFixture fixture) : IClassFixture<SqliteFixture>, IAsyncLifetime
{
    private const int Many = 40;
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

    /// <summary>The first update holds the turn until all others wait, so that these are one version.</summary>
    [Fact]
    public async Task Commits_that_wait_become_one_version()
    {
        var table = await CreateTableAsync();
        var held = new HeldUpdate("held");
        var first = CommitAsync(new CatalogChange.UpdateTable(table.Key, table.Oid, held));
        await held.Entered;
        var others = Enumerable.Range(0, Many).Select(i => CommitAsync(Schema(i))).ToArray();
        held.Release();
        var versions = await Task.WhenAll(others.Prepend(first));
        Assert.Equal(2, versions.Select(version => version.Version).Distinct().Count());
        Assert.Equal(Many + 1, (await (await _catalog.GetSnapshotAsync(s_token)).ListSchemasAsync(s_token)).Count);
    }

    [Fact]
    public async Task One_that_fails_takes_none_of_the_others_with_it()
    {
        var table = await CreateTableAsync();
        var held = new HeldUpdate("held");
        var first = CommitAsync(new CatalogChange.UpdateTable(table.Key, table.Oid, held));
        await held.Entered;
        var taken = Enumerable.Range(0, 4).Select(_ => CommitAsync(Schema(7))).ToArray();
        var unpublished = CommitAsync(new CatalogChange.UpdateTable(table.Key, table.Oid, new HeldUpdate("x") { FailsToPublish = true }));
        var other = CommitAsync(Schema(8));
        using var source = new CancellationTokenSource();
        var cancelled = CommitAsync(source.Token, Schema(9));
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        held.Release();
        await Task.WhenAll(first, other);
        Assert.Equal(SqlState.DiskFull, (await Assert.ThrowsAsync<SqlException>(() => unpublished)).State);
        var states = await Task.WhenAll(taken.Select(StateAsync));
        Assert.Equal([null, SqlState.DuplicateSchema, SqlState.DuplicateSchema, SqlState.DuplicateSchema],
            states.OrderBy(state => state is not null));
        Assert.Equal(["public", "s7", "s8"], await SchemasAsync());
        Assert.Equal("held", await MetadataAsync());
    }

    /// <summary>All have seen the same state of one object: as in versions of their own, the second one and those after it fail.</summary>
    [Fact]
    public async Task Of_several_that_change_one_object_the_first_commits()
    {
        var table = await CreateTableAsync();
        await CommitAsync(Schema(1));
        var seen = (await (await _catalog.GetSnapshotAsync(s_token)).FindSchemaAsync("s1", s_token))!;
        var held = new HeldUpdate("held");
        var first = CommitAsync(new CatalogChange.UpdateTable(table.Key, table.Oid, held));
        await held.Entered;
        var alters = Enumerable.Range(0, 5).Select(i => CommitAsync(new CatalogChange.Alter(seen with { Owner = $"o{i}" }))).ToArray();
        held.Release();
        await first;
        var states = await Task.WhenAll(alters.Select(StateAsync));
        Assert.Equal([null, .. Enumerable.Repeat<SqlState?>(SqlState.TRSerializationFailure, 4)], states);
        Assert.Equal("o0", (await (await _catalog.GetSnapshotAsync(s_token)).FindSchemaAsync("s1", s_token))!.Owner);
    }

    /// <summary>What one has read and another one of the group changes.</summary>
    [Fact]
    public async Task A_serializable_transaction_sees_what_those_before_it_in_the_group_have_changed()
    {
        var table = await CreateTableAsync();
        var (reader, writer) = (_transactions.Begin(), _transactions.Begin());
        (reader.IsRepeatable, reader.IsSerializable) = (true, true);
        Assert.Null(await (await reader.GetCatalogAsync(s_token)).FindSchemaAsync("s1", s_token));
        await reader.ChangeAsync(Schema(2), s_token);
        await writer.ChangeAsync(Schema(1), s_token);
        var held = new HeldUpdate("held");
        var first = CommitAsync(new CatalogChange.UpdateTable(table.Key, table.Oid, held));
        await held.Entered;
        var (written, read) = (writer.CommitAsync(s_token).AsTask(), reader.CommitAsync(s_token).AsTask());
        held.Release();
        await Task.WhenAll(first, written);
        Assert.Equal(SqlState.TRSerializationFailure, (await Assert.ThrowsAsync<SqlException>(() => read)).State);
    }

    private static CatalogChange Schema(int number) => new CatalogChange.Create(
        new SchemaEntry(Oid.None, string.Create(CultureInfo.InvariantCulture, $"s{number}"), "federation"));

    private async Task<TableEntry> CreateTableAsync()
    {
        await CommitAsync(new CatalogChange.Create(
            new TableEntry(Oid.None, "public", "t", "federation", new TablePointer("iceberg", "/t", "first"))));
        return (await (await _catalog.GetSnapshotAsync(s_token)).FindTableAsync("public", "t", s_token))!;
    }

    private Task<CatalogVersion> CommitAsync(params CatalogChange[] changes) => CommitAsync(s_token, changes);

    private async Task<CatalogVersion> CommitAsync(CancellationToken cancellationToken, params CatalogChange[] changes)
    {
        var named = new List<CatalogChange>();
        foreach (var change in changes) named.Add(await _catalog.WithOidAsync(change, s_token));
        return await _catalog.CommitAsync(named, cancellationToken);
    }

    private static async Task<SqlState?> StateAsync(Task commit)
    {
        try
        {
            await commit;
            return null;
        }
        catch (SqlException error)
        {
            return error.State;
        }
    }

    private async Task<IEnumerable<string>> SchemasAsync() =>
        (await (await _catalog.GetSnapshotAsync(s_token)).ListSchemasAsync(s_token)).Select(schema => schema.Name);

    private async Task<string> MetadataAsync() =>
        (await (await _catalog.GetSnapshotAsync(s_token)).FindTableAsync("public", "t", s_token))!.Pointer.Metadata;

    /// <summary>An update that is published when the test lets it.</summary>
    private sealed class HeldUpdate(string metadata) : ITableUpdate
    {
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Entered => _entered.Task;

        public bool FailsToPublish { get; init; }

        public void Release() => _released.SetResult();

        public ValueTask<TablePointer> ApplyAsync(TablePointer current, CancellationToken cancellationToken) =>
            ValueTask.FromResult(current with { Metadata = metadata });

        public async ValueTask PublishAsync(CancellationToken cancellationToken)
        {
            if (FailsToPublish) throw new SqlException(SqlState.DiskFull, "no space left on device");
            _entered.TrySetResult();
            await _released.Task;
        }

        public ValueTask DiscardAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
