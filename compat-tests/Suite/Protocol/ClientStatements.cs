using Federation.CompatTests.Suite.Slt;

namespace Federation.CompatTests.Suite.Protocol;

/// <summary>Statements that must succeed.</summary>
internal static class ClientStatements
{
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
