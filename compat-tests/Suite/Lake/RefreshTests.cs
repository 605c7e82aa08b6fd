using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Lake;

/// <summary>A registered table stays as it was pinned until it is refreshed.</summary>
[Collection(SuiteCollection.Name)]
public sealed class RefreshTests(SuiteServers servers)
{
    [GoldenFact]
    public async Task A_refreshed_table_has_the_newest_state_of_its_folder()
    {
        var copy = Copy("refreshed");
        await using var client = await ClientStatements.ConnectForFilesAsync(servers.Gateway);
        await RunAsync(client, "CREATE SCHEMA refreshed");
        await RunAsync(client, $"CALL lake.system.register_table('refreshed', 't', '{copy}', 'v1.metadata.json')");
        Assert.Equal("60175", await CountAsync(client));
        var again = (await client.QueryAsync($"CALL lake.system.register_table('refreshed', 't', '{copy}')")).Error;
        Assert.Equal("42P07", again?.Code);
        Assert.Contains("refresh_table", again!.Hint, StringComparison.Ordinal);
        await RunAsync(client, "CALL lake.system.refresh_table('refreshed', 't')");
        Assert.Equal("51793", await CountAsync(client));
        await RunAsync(client, "CALL lake.system.refresh_table('refreshed', 't')");
        Assert.Equal("51793", await CountAsync(client));
        Assert.Equal("42P01", (await client.QueryAsync("CALL lake.system.refresh_table('refreshed', 'nosuch')")).Error?.Code);
        await RunAsync(client, "DROP SCHEMA refreshed CASCADE");
    }

    /// <summary>Readers of a folder take its newest metadata file, which must not be one that may never be committed.</summary>
    [Fact]
    public async Task States_of_open_transactions_are_not_in_the_folder()
    {
        await using var writer = await ClientStatements.ConnectForFilesAsync(servers.Gateway);
        await using var client = await ClientStatements.ConnectForFilesAsync(servers.Gateway);
        await RunAsync(client, "CREATE TABLE pending (n int)");
        await RunAsync(client, "INSERT INTO pending VALUES (1)");
        var folder = Directory.GetDirectories(servers.Warehouse, "pending-*", SearchOption.AllDirectories).Single();
        await RunAsync(writer, "BEGIN");
        await RunAsync(writer, "INSERT INTO pending VALUES (2)");
        await RunAsync(writer, "INSERT INTO pending VALUES (3)");
        Assert.Equal("3", (await writer.QueryAsync("SELECT count(*) FROM pending")).Rows[0][0]);
        await RunAsync(client, $"CALL lake.system.register_table('public', 'seen', '{folder}')");
        await RunAsync(client, "CALL lake.system.refresh_table('public', 'pending')");
        await RunAsync(writer, "ROLLBACK");
        foreach (var table in (string[])["pending", "seen"])
            Assert.Equal("1", (await client.QueryAsync($"SELECT sum(n) FROM {table}")).Rows[0][0]);
        await RunAsync(writer, "BEGIN");
        await RunAsync(writer, "INSERT INTO pending VALUES (4)");
        await RunAsync(writer, "INSERT INTO pending VALUES (5)");
        await RunAsync(writer, "COMMIT");
        await RunAsync(client, "CALL lake.system.refresh_table('public', 'seen')");
        foreach (var table in (string[])["pending", "seen"])
            Assert.Equal("10", (await client.QueryAsync($"SELECT sum(n) FROM {table}")).Rows[0][0]);
        Assert.Empty((await client.QueryAsync("CALL lake.system.list_orphan_files('public', 'pending')")).Rows);
        await RunAsync(client, "DROP TABLE pending");
        await RunAsync(client, "DROP TABLE seen");
    }

    [Fact]
    public async Task Files_that_no_state_names_are_listed()
    {
        await using var client = await ClientStatements.ConnectForFilesAsync(servers.Gateway);
        await RunAsync(client, "CREATE TABLE orphaned (n int, p int) PARTITIONED BY (p)");
        await RunAsync(client, "INSERT INTO orphaned SELECT g, g % 3 FROM generate_series(1, 10) g");
        await RunAsync(client, "INSERT INTO orphaned VALUES (1, 1)");
        Assert.Empty((await client.QueryAsync("CALL lake.system.list_orphan_files('public', 'orphaned')")).Rows);
        var folder = Directory.GetDirectories(servers.Warehouse, "orphaned-*", SearchOption.AllDirectories).Single();
        var left = Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "data", "attempt")).FullName, "left.parquet");
        await File.WriteAllTextAsync(left, "12345");
        var listed = await client.QueryAsync("CALL lake.system.list_orphan_files(schema_name => 'public', table_name => 'orphaned')");
        Assert.Equal(["path", "size_bytes", "written_at"], listed.Columns.Select(column => column.Name));
        Assert.Equal((left, "5"), (Assert.Single(listed.Rows)[0], listed.Rows[0][1]));
        Assert.Equal("42P01", (await client.QueryAsync("CALL lake.system.list_orphan_files('public', 'nosuch')")).Error?.Code);
        Assert.Equal("22004", (await client.QueryAsync("CALL lake.system.list_orphan_files('public')")).Error?.Code);
        await RunAsync(client, "DROP TABLE orphaned");
    }

    /// <summary>As in PostgreSQL, although the rows of each partition lie in a file of their own.</summary>
    [Fact]
    public async Task Rows_of_returning_come_in_the_order_of_the_input()
    {
        await using var client = await ClientStatements.ConnectForFilesAsync(servers.Gateway);
        await RunAsync(client, "CREATE TABLE ordered (n int, p text, d numeric(10,2), x text DEFAULT 'none') PARTITIONED BY (p)");
        var few = await client.QueryAsync(
            "INSERT INTO ordered (p, n) VALUES ('b', 3), ('a', 1), (NULL, 2), ('b', 4), ('a', 5) RETURNING n * 2, p, d, x");
        Assert.Equal(["6|b||none", "2|a||none", "4|||none", "8|b||none", "10|a||none"], few.Rows.Select(row => string.Join('|', row)));
        Assert.Equal("INSERT 0 5", few.Tag);
        var many = await client.QueryAsync(
            "INSERT INTO ordered SELECT g, (g % 7)::text, g / 4.0, NULL FROM generate_series(50000, 1, -1) g RETURNING n, d");
        Assert.True(many.Error is null, many.Error?.ToString());
        Assert.Equal(Enumerable.Range(1, 50000).Reverse().Select(n => n.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            many.Rows.Select(row => row[0]));
        Assert.Equal("50005|312506250.00", string.Join('|', (await client.QueryAsync("SELECT count(*), sum(d) FROM ordered")).Rows[0]));
        Assert.Equal("22012", (await client.QueryAsync("INSERT INTO ordered VALUES (9, 'q', 1 / (length('x') - 1))")).Error?.Code);
        Assert.Equal("22012", (await client.QueryAsync("INSERT INTO ordered VALUES (9, 'q', 1) RETURNING 1 / (n - 9)")).Error?.Code);
        Assert.Empty((await client.QueryAsync("INSERT INTO ordered SELECT 1, 'z' WHERE false RETURNING *")).Rows);
        Assert.Equal("50005", (await client.QueryAsync("SELECT count(*) FROM ordered")).Rows[0][0]);
        await RunAsync(client, "DROP TABLE ordered");
    }

    [GoldenFact]
    public async Task A_table_that_follows_its_folder_has_its_newest_state()
    {
        var copy = Copy("followed");
        var newest = Path.Combine(copy, "metadata", "v2.metadata.json");
        var hint = Path.Combine(copy, "metadata", "version-hint.text");
        File.Move(newest, newest + ".later");
        await File.WriteAllTextAsync(hint, "1");
        await using var client = await ClientStatements.ConnectForFilesAsync(servers.Gateway);
        await RunAsync(client, "CREATE SCHEMA followed");
        await RunAsync(client, $"CALL lake.system.register_table('followed', 't', '{copy}', follow => 'true')");
        await RunAsync(client, "PREPARE p AS SELECT count(*) FROM followed.t");
        await ExpectAsync("60175");
        File.Move(newest + ".later", newest);
        await File.WriteAllTextAsync(hint, "2");
        await ExpectAsync("51793");
        await RunAsync(client, "CALL lake.system.refresh_table('followed', 't')");
        File.Delete(Path.Combine(copy, "metadata", "v1.metadata.json"));
        await ExpectAsync("51793");

        Assert.Equal("22023",
            (await client.QueryAsync($"CALL lake.system.register_table('followed', 'u', '{copy}', 'v2.metadata.json', 'true')")).Error
                ?.Code);
        Assert.Equal("22023",
            (await client.QueryAsync($"CALL lake.system.register_table('followed', 'u', '{copy}', follow => 'perhaps')")).Error?.Code);
        Directory.Delete(copy, recursive: true);
        Assert.Equal("58P01", (await client.QueryAsync("SELECT count(*) FROM followed.t")).Error?.Code);
        await RunAsync(client, "DROP SCHEMA followed CASCADE");

        async Task ExpectAsync(string count)
        {
            foreach (var sql in (string[])["SELECT count(*) FROM followed.t", "SELECT count(l_orderkey) FROM followed.t", "EXECUTE p"])
            {
                var result = await client.QueryAsync(sql);
                Assert.True(result.Error is null, $"{sql}: {result.Error}");
                Assert.Equal(count, result.Rows[0][0]);
            }
        }
    }

    [Theory]
    [InlineData("file:///a%00b", "22023")]
    [InlineData("file://%zz:bad\\", "22023")]
    [InlineData("gs://bucket/t", "0A000")]
    [InlineData("s3://bucket/t", "42501")]
    public async Task A_location_that_cannot_be_one(string location, string state)
    {
        await using var client = await ClientStatements.ConnectForFilesAsync(servers.Gateway);
        Assert.Equal(state, (await client.QueryAsync($"CALL lake.system.register_table('public', 't', '{location}')")).Error?.Code);
    }

    private string Copy(string folder)
    {
        var source = Path.Combine(SuiteServers.GoldenFolder!, "iceberg/duckdb-iceberg/iceberg/lineitem_iceberg");
        var copy = Path.Combine(servers.Files, folder, "lineitem_iceberg");
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(copy, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return copy;
    }

    private static async Task RunAsync(RawClient client, string sql) => Assert.Null((await client.QueryAsync(sql)).Error);

    private static async Task<string?> CountAsync(RawClient client) =>
        (await client.QueryAsync("SELECT count(*) FROM refreshed.t")).Rows[0][0];
}
