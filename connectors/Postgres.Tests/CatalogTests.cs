using Federation.Connectors.Spi;
using Federation.Core.Types;

namespace Federation.Connectors.Postgres.Tests;

[Collection(PostgresCollection.Name)]
public sealed class CatalogTests(PostgresFixture fixture)
{
    [Fact]
    public async Task Lists_every_kind_of_relation()
    {
        await fixture.Server.ExecuteAsync(
            """
            CREATE SCHEMA kinds;
            CREATE TABLE kinds.plain (n int);
            CREATE TABLE kinds.parted (n int, t text) PARTITION BY RANGE (n);
            CREATE TABLE kinds.parted_1 PARTITION OF kinds.parted FOR VALUES FROM (0) TO (10);
            INSERT INTO kinds.parted VALUES (1, 'a'), (2, 'b');
            CREATE VIEW kinds.viewed AS SELECT * FROM kinds.plain;
            CREATE MATERIALIZED VIEW kinds.stored AS SELECT 1 AS n;
            CREATE EXTENSION IF NOT EXISTS file_fdw;
            CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
            CREATE FOREIGN TABLE kinds.remote (line text) SERVER files OPTIONS (program 'echo hello');
            CREATE SEQUENCE kinds.counter;
            CREATE INDEX ON kinds.plain (n);
            ANALYZE kinds.parted;
            """);
        await using var connector = fixture.Connect();
        var metadata = (IConnectorMetadata)connector;
        Assert.Equal(
            ["parted p 2", "parted_1 r 2", "plain r 1", "remote f 1", "stored m 1", "viewed v 1"],
            (await metadata.ListTablesAsync("kinds", CancellationToken.None))
                .Select(table => $"{table.Name} {table.Kind} {table.ColumnCount}"));
        var schemas = await metadata.ListSchemasAsync(CancellationToken.None);
        Assert.Contains("kinds", schemas);
        Assert.Contains("public", schemas);
        Assert.DoesNotContain("pg_catalog", schemas);
        Assert.DoesNotContain("information_schema", schemas);
        var parted = await connector.FindAsync("parted", "kinds");
        Assert.Equal(2, parted.EstimatedRows);
        Assert.Equal(2, (await connector.ReadAsync(parted.Handle, ["t"])).Count);
        Assert.Equal(-1, (await connector.FindAsync("viewed", "kinds")).EstimatedRows);
        Assert.Equal(-1, (await connector.FindAsync("plain", "kinds")).EstimatedRows);
        Assert.Equal("hello", Assert.Single(await connector.ReadAsync((await connector.FindAsync("remote", "kinds")).Handle, ["line"]))[0]);
    }

    [Fact]
    public async Task Columns_come_in_order_with_types_and_constraints()
    {
        await fixture.Server.ExecuteAsync(
            "DROP TABLE IF EXISTS described; CREATE TABLE described (a int NOT NULL, gone text, b varchar(7), c numeric(5,1)[]); ALTER "
                + "TABLE described DROP gone, ADD d text;"
            + "DROP TABLE IF EXISTS empty_columns; CREATE TABLE empty_columns ()");
        await using var connector = fixture.Connect();
        var found = await connector.FindAsync("described");
        Assert.Equal(
            [
                new ConnectorColumn("a", SqlType.Int4, IsNullable: false) { Number = 1 },
                new ConnectorColumn("b", new SqlType(PgTypes.Varchar, 11)) { Number = 3 },
                new ConnectorColumn("c", SqlType.Array(new SqlType(PgTypes.Numeric, ((5 << 16) | 1) + 4))) { Number = 4 },
                new ConnectorColumn("d", SqlType.Text) { Number = 5 },
            ],
            found.Columns);
        Assert.Empty((await connector.FindAsync("empty_columns")).Columns);
    }

    [Fact]
    public async Task Schemas_option_hides_the_others()
    {
        await fixture.Server
            .ExecuteAsync(
                "CREATE SCHEMA IF NOT EXISTS shown; CREATE TABLE IF NOT EXISTS shown.t (n int); CREATE TABLE IF NOT EXISTS public.hidden "
                    + "(n int)");
        await using var connector = fixture.Connect(("schemas", "shown, absent"));
        var metadata = (IConnectorMetadata)connector;
        Assert.Equal(["shown"], await metadata.ListSchemasAsync(CancellationToken.None));
        Assert.Empty(await metadata.ListTablesAsync("public", CancellationToken.None));
        Assert.Null(await metadata.FindTableAsync("public", "hidden", null, CancellationToken.None));
        Assert.NotNull(await metadata.FindTableAsync("shown", "t", null, CancellationToken.None));
    }

    [Fact]
    public async Task Sessions_are_set_up_whatever_the_defaults_are()
    {
        await fixture.Server.ExecuteAsync(
            """
            DO $$ BEGIN
                IF to_regrole('odd_settings') IS NULL THEN CREATE ROLE odd_settings LOGIN SUPERUSER; END IF;
            END $$;
            ALTER ROLE odd_settings SET DateStyle = 'German';
            ALTER ROLE odd_settings SET IntervalStyle = 'iso_8601';
            ALTER ROLE odd_settings SET TimeZone = 'Asia/Tokyo';
            ALTER ROLE odd_settings SET search_path = 'public';
            CREATE TABLE IF NOT EXISTS odd_values AS SELECT tstzrange('2024-01-01 00:00+00', NULL) AS r, 'odd_values'::regclass AS c WHERE false;
            INSERT INTO odd_values VALUES (tstzrange('2024-01-01 00:00+00', NULL), 'pg_class'::regclass), (NULL, 'odd_values'::regclass);
            """.Replace("'odd_values'::regclass AS c", "'pg_class'::regclass AS c", StringComparison.Ordinal));
        await using var connector = fixture.Connect(("user", "odd_settings"));
        Assert.Equal([["[\"2024-01-01 00:00:00+00\",)", "pg_class"], [null, "public.odd_values"]],
            await connector.ReadTableAsync("odd_values"));
    }
}
