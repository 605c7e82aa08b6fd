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
        await using var client = await RawClient.ConnectAsync(servers.Gateway);
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

    [GoldenFact]
    public async Task A_table_that_follows_its_folder_has_its_newest_state()
    {
        var copy = Copy("followed");
        var newest = Path.Combine(copy, "metadata", "v2.metadata.json");
        var hint = Path.Combine(copy, "metadata", "version-hint.text");
        File.Move(newest, newest + ".later");
        await File.WriteAllTextAsync(hint, "1");
        await using var client = await RawClient.ConnectAsync(servers.Gateway);
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

        Assert.Equal("22023", (await client.QueryAsync($"CALL lake.system.register_table('followed', 'u', '{copy}', 'v2.metadata.json', 'true')")).Error?.Code);
        Assert.Equal("22023", (await client.QueryAsync($"CALL lake.system.register_table('followed', 'u', '{copy}', follow => 'perhaps')")).Error?.Code);
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
        await using var client = await RawClient.ConnectAsync(servers.Gateway);
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

    private static async Task<string?> CountAsync(RawClient client) => (await client.QueryAsync("SELECT count(*) FROM refreshed.t")).Rows[0][0];
}
