using Federation.CompatTests.Harness;
using Federation.CompatTests.Suite.Slt;

namespace Federation.CompatTests.Suite.Protocol;

/// <summary>Statements that must succeed.</summary>
internal static class ClientStatements
{
    /// <summary>A client all of whose changes write files.</summary>
    public static async Task<RawClient> ConnectForFilesAsync(ServerAddress server)
    {
        var client = await RawClient.ConnectAsync(server);
        await client.RunAsync("SET federation.tail_rows = 0");
        return client;
    }

    public static async Task RunAsync(this RawClient client, params string[] statements)
    {
        foreach (var sql in statements)
        {
            var error = (await client.QueryAsync(sql)).Error;
            Assert.True(error is null, $"{sql}: {error}");
        }
    }

    /// <summary>The rows, each as files of the .slt form have it.</summary>
    public static async Task<string[]> RowsAsync(this RawClient client, string sql)
    {
        var result = await client.QueryAsync(sql);
        Assert.True(result.Error is null, $"{sql}: {result.Error}");
        return [.. result.Rows.Select(SltFile.Row)];
    }
}
