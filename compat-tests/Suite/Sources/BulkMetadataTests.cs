using System.Globalization;
using Npgsql;

namespace Federation.CompatTests.Suite.Sources;

/// <summary>
/// What system catalogs show of a server costs a number of statements that does not grow with its tables, and no statement where their
/// conditions leave nothing of it.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class BulkMetadataTests(SuiteServers servers, BulkMetadataTests.Source source)
    : IClassFixture<BulkMetadataTests.Source>, IAsyncLifetime
{
    /// <summary>The server with its tables, for all tests of the class.</summary>
    public sealed class Source : IAsyncLifetime
    {
        internal RemoteStatements Statements { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Statements = await RemoteStatements.StartAsync();
            await Statements.Server.ExecuteAsync(Tables);
        }

        public async Task DisposeAsync() => await Statements.DisposeAsync();
    }

    private const string Tables =
        """
        DO $$ BEGIN
            FOR s IN 1..3 LOOP
                EXECUTE format('CREATE SCHEMA s%s', s);
                FOR t IN 1..200 LOOP EXECUTE format('CREATE TABLE s%s.t%s (id int PRIMARY KEY, name varchar(9), price numeric(10,2), tags text[], gone int)', s, t); END LOOP;
            END LOOP;
        END $$;
        ALTER TABLE s1.t1 DROP gone;
        CREATE TYPE s1.mood AS ENUM ('good', 'bad');
        CREATE DOMAIN s1.score AS int4;
        CREATE TABLE s1.own (m s1.mood, d s1.score, dd s1.score[], mm s1.mood[], r int4range, c text COLLATE "C" NOT NULL);
        CREATE TABLE s1.empty ();
        CREATE VIEW s1.shown AS SELECT m, d FROM s1.own;
        """;

    private readonly RemoteStatements _source = source.Statements;

    public async Task InitializeAsync()
    {
        await using var connection = await OpenAsync("federation");
        await RowsAsync(connection, $"CREATE SERVER bulk FOREIGN DATA WRAPPER postgres OPTIONS ({_source.Options})");
        await RowsAsync(connection, "CREATE USER MAPPING FOR CURRENT_USER SERVER bulk OPTIONS (user 'postgres')");
    }

    public async Task DisposeAsync()
    {
        await using var connection = await OpenAsync("federation");
        await RowsAsync(connection, "DROP SERVER bulk CASCADE");
    }

    [Theory]
    [InlineData("federation", "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'bulk.s2'", "1000", 2)]
    [InlineData("bulk", "SELECT count(*) FROM information_schema.columns WHERE table_schema = 's2'", "1000", 2)]
    [InlineData("bulk", "SELECT count(*) FROM information_schema.columns", null, 2)]
    [InlineData("bulk", "SELECT count(*) FROM information_schema.columns WHERE table_schema = 's1' AND table_name = 't1'", "4", 2)]
    [InlineData("bulk",
        "SELECT count(*) FROM information_schema.columns WHERE table_name IN ('t1', 't2') AND table_schema IN ('s1', 's2')", "19", 2)]
    [InlineData("bulk", "SELECT count(*) FROM pg_attribute WHERE attrelid > 100000 AND attnum > 0", null, 3)]
    [InlineData("bulk",
        "SELECT count(*) FROM pg_attribute WHERE attrelid = (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            + "WHERE nspname = 's1' AND relname = 't1') AND attnum > 0", "5", 6)]
    [InlineData("bulk",
        "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid WHERE "
            + "n.nspname = 's3' AND attnum > 0", "1200", 4)]
    [InlineData("bulk",
        "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid LEFT JOIN "
            + "pg_constraint k ON k.conindid = x.oid", "600", 4)]
    [InlineData("bulk",
        "SELECT count(*) FROM information_schema.table_constraints k JOIN information_schema.key_column_usage u USING (constraint_schema, "
            + "constraint_name)", "600", 4)]
    [InlineData("bulk", "SELECT count(*) FROM pg_indexes WHERE schemaname = 's3' AND tablename = 't7'", "1", 3)]
    [InlineData("bulk", "SELECT count(*) FROM pg_index WHERE indrelid = 's3.t7'::regclass", "1", 5)]
    [InlineData("bulk", "SELECT count(pg_get_indexdef(indexrelid)) FROM pg_index", "600", 8)]
    [InlineData("bulk", "SELECT count(*) FROM pg_tables WHERE schemaname = 's3'", "200", 2)]
    [InlineData("bulk", "SELECT count(*) FROM pg_tables WHERE schemaname = 's9'", "0", 1)]
    [InlineData("federation", "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'another.s2'", "0", 0)]
    [InlineData("federation", "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", null, 0)]
    [InlineData("federation", "SELECT count(*) FROM pg_namespace WHERE nspname = 'pg_catalog'", "1", 0)]
    [InlineData("federation", "SELECT count(*) FROM pg_attribute WHERE attrelid = 1259 AND attnum > 0", "33", 0)]
    public async Task Statements_do_not_grow_with_tables(string database, string sql, string? answer, int most)
    {
        await using var connection = await OpenAsync(database);
        var before = await _source.CountAsync();
        var rows = await RowsAsync(connection, sql);
        var sent = (await _source.ReadAsync()).Skip(before).ToArray();
        if (answer is not null) Assert.Equal([answer], rows);
        Assert.True(sent.Length <= most, $"{sent.Length} statements:\n{string.Join('\n', sent)}");
        if (most > 0) Assert.NotEmpty(sent);
    }

    [Theory]
    [InlineData("SELECT table_name, column_name, ordinal_position, is_nullable FROM information_schema.columns WHERE table_schema = 's1' "
        + "ORDER BY table_name COLLATE \"C\", ordinal_position")]
    [InlineData("SELECT relname, relkind, attname, attnum, attnotnull, format_type(atttypid, atttypmod) FROM pg_class c JOIN pg_attribute "
        + "a ON a.attrelid = c.oid "
        + "WHERE relname IN ('t1', 't2', 'shown', 'empty') AND relkind IN ('r', 'v') AND attnum > 0 AND NOT attisdropped AND attname <> "
        + "'m' AND attname <> 'd' ORDER BY relname COLLATE \"C\", c.oid::regclass::text, attnum")]
    [InlineData("SELECT n.nspname, count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname ~ '^s[0-9]$' AND "
        + "relkind IN ('r', 'v') GROUP BY 1 ORDER BY 1")]
    [InlineData("SELECT viewname FROM pg_views WHERE schemaname = 's1'")]
    [InlineData("SELECT tablename FROM pg_tables WHERE schemaname IN ('s1', 's2') AND tablename ~ '^(t7)$' ORDER BY 1")]
    public async Task Rows_are_those_of_the_source(string sql)
    {
        await using var gateway = await OpenAsync("bulk");
        await using var direct = await _source.Server.OpenAsync();
        var rows = await RowsAsync(gateway, sql);
        Assert.NotEmpty(rows);
        Assert.Equal(await RowsAsync(direct, sql), rows);
    }

    [Fact]
    public async Task A_prepared_query_shows_what_is_there_when_it_runs()
    {
        await using var connection = await OpenAsync("bulk");
        await using var command =
            new NpgsqlCommand("SELECT count(*) FROM information_schema.columns WHERE table_schema = 's2' AND table_name LIKE $1",
                connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = "later%" });
        await command.PrepareAsync();
        var before = await _source.CountAsync();
        Assert.Equal(0L, await command.ExecuteScalarAsync());
        await _source.Server.ExecuteAsync("CREATE TABLE s2.later (a int, b int)");
        Assert.Equal(2L, await command.ExecuteScalarAsync());
        await _source.Server.ExecuteAsync("DROP TABLE s2.later");
        Assert.Equal(0L, await command.ExecuteScalarAsync());
        Assert.Equal(6, await _source.CountAsync() - before);
    }

    [Fact]
    public async Task A_cursor_shows_the_catalog_of_its_declaration()
    {
        await using var connection = await OpenAsync("federation");
        await RowsAsync(connection, "BEGIN");
        await RowsAsync(connection, "DECLARE c CURSOR FOR SELECT nspname FROM pg_namespace WHERE nspname IN ('bulk_before', 'bulk_after')");
        await RowsAsync(connection, "CREATE SCHEMA bulk_after");
        Assert.Empty(await RowsAsync(connection, "FETCH ALL FROM c"));
        await RowsAsync(connection, "ROLLBACK");
    }

    private async Task<NpgsqlConnection> OpenAsync(string database)
    {
        var connection = new NpgsqlConnection((servers.Gateway with { Database = database }).ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    private static async Task<List<string>> RowsAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { AllResultTypesAreUnknown = true };
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
            rows.Add(string.Join('|',
                Enumerable.Range(0, reader.FieldCount)
                    .Select(i => reader.IsDBNull(i) ? "NULL" : Convert.ToString(reader.GetValue(i), CultureInfo.InvariantCulture))));
        return rows;
    }
}
