using Federation.CompatTests.Suite.Protocol;
using Federation.DuckDb;

namespace Federation.CompatTests.Suite.Faults;

/// <summary>
/// Statements that the kernel would answer wrongly in some of their runs, 50 times each: filters made of join keys must not choose among
/// the rows before LIMIT, OFFSET and DISTINCT ON do.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class KernelPassTests(SuiteServers servers)
{
    private const int Runs = 50;

    [Theory]
    [InlineData("0", "SELECT count(*) FROM (SELECT DISTINCT ON (g) * FROM big ORDER BY g, v) s JOIN small m ON m.k = s.k")]
    [InlineData("0", "SELECT count(*) FROM (SELECT DISTINCT ON (g) k FROM big ORDER BY g, v) s WHERE k IN (SELECT k FROM small)")]
    [InlineData("100", "SELECT count(*) FROM (SELECT k FROM big ORDER BY v OFFSET 100) s JOIN small m ON m.k = s.k")]
    [InlineData("0", "SELECT count(*) FROM (SELECT k, v % 1000 AS w FROM big ORDER BY v % 1000, v LIMIT 200) s JOIN small m ON m.k = s.k")]
    [InlineData("0", "WITH s AS (SELECT DISTINCT ON (g) * FROM big ORDER BY g, v) SELECT count(*) FROM s JOIN small m ON m.k = s.k")]
    [InlineData("0", "WITH s AS (SELECT k FROM big ORDER BY k DESC LIMIT 200) SELECT count(*) FROM s, small m WHERE m.k = s.k")]
    [InlineData("0",
        "SELECT count(*) FROM small m WHERE EXISTS (SELECT 1 FROM (SELECT k FROM big ORDER BY k DESC LIMIT 200) s WHERE s.k = m.k)")]
    [InlineData("0",
        "SELECT count(*) FROM ((SELECT k FROM big ORDER BY k DESC LIMIT 200) UNION ALL SELECT k FROM big WHERE k < 10) s JOIN small m "
            + "USING (k)")]
    [InlineData("0", "SELECT count(*) FROM (SELECT k FROM big ORDER BY k DESC FETCH FIRST 200 ROWS WITH TIES) s JOIN small m USING (k)")]
    [InlineData("0", "SELECT count(s.k) FROM small m LEFT JOIN (SELECT k FROM big ORDER BY k DESC LIMIT 200) s USING (k)")]
    public async Task Rows_are_chosen_before_the_join(string expected, string sql)
    {
        var name = await AttachAsync();
        await using var client = await RawClient.ConnectAsync(servers.Gateway with { Database = name });
        for (var i = 0; i < Runs; i++)
        {
            var result = await client.QueryAsync(sql);
            Assert.Null(result.Error);
            Assert.Equal(expected, Assert.Single(Assert.Single(result.Rows)));
        }
    }

    /// <summary>A server of the two files; made for each test anew.</summary>
    private async Task<string> AttachAsync()
    {
        var name = $"passes_{Guid.NewGuid():N}";
        var folder = Path.Combine(servers.Files, name);
        var spill = Directory.CreateTempSubdirectory("federation-passes-").FullName;
        try
        {
            Directory.CreateDirectory(folder);
            using var kernel = KernelInstance.Open(new KernelOptions { SpillDirectory = spill, AllowedDirectories = [folder, spill] });
            using var writer = kernel.Connect();
            writer.Execute($"COPY (SELECT i AS k, i AS v, i % 7 AS g FROM range(1, 200001) r(i)) TO '{folder}/big.parquet'");
            writer.Execute($"COPY (SELECT i AS k FROM range(50, 201) r(i)) TO '{folder}/small.parquet'");
        }
        finally
        {
            Directory.Delete(spill, recursive: true);
        }

        await using var client = await RawClient.ConnectAsync(servers.Gateway);
        Assert.Null((await client.QueryAsync($"CREATE SERVER {name} FOREIGN DATA WRAPPER files OPTIONS (root '{folder}')")).Error);
        return name;
    }
}
