using System.Globalization;
using Federation.CompatTests.Suite.Faults;
using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Slt;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Differential;

/// <summary>
/// Random queries give PostgreSQL's rows: over PostgreSQL's tables, Parquet files and both, by one process and spread over two workers. 25
/// queries each by default, 5,000 with FEDERATION_FULL=1; FEDERATION_SEED chooses others. A failure prints the statement;
/// FEDERATION_FAILURES names files that take them all.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class RandomQueryTests(SuiteServers servers, ITestOutputHelper output)
{
    private const int MostFailuresShown = 10;
    private static readonly int s_count = Full.IsAsked ? 5000 : 25;
    private static readonly int s_seed = int.Parse(Environment.GetEnvironmentVariable("FEDERATION_SEED") ?? "20261122",
        CultureInfo.InvariantCulture);

    [Theory]
    [InlineData("random", "\"$user\", public", "off")]
    [InlineData("random", "\"$user\", public", "always")]
    [InlineData("random_files", "\"$user\", public", "off")]
    [InlineData("random_files", "\"$user\", public", "always")]
    [InlineData("federation", "\"random_half.public\", \"random.public\"", "always")]
    public async Task Rows_are_PostgreSQLs(string database, string path, string distribution)
    {
        var tables = await servers.GetRandomAsync();
        var data = Directory.CreateTempSubdirectory("federation-random-").FullName;
        try
        {
            await using var gateway = await GatewayProcess.StartAsync(data, "--workers", distribution == "off" ? "0" : "2", "--allow",
                servers.Files, "--memory-mb", "2048");
            await RandomTables.AttachAsync(tables.Port, gateway.Address, servers.Files);
            await using var oracle = await RawClient.ConnectAsync(tables);
            await using var subject = await RawClient.ConnectAsync(gateway.Address with { Database = database });
            Assert.Null((await oracle.QueryAsync("SET statement_timeout = '2s'")).Error);

            // What a source does alone is not spread.
            var pushdown = distribution == "off" ? "on" : "scan";
            Assert.Null((await subject.QueryAsync(
                $"SET search_path = {path}; SET federation.distribution = {distribution}; SET federation.pushdown = {pushdown}; SET "
                    + "statement_timeout = '30s'")).Error);
            var queries = new RandomQueries(s_seed, kind => database == "random" || kind.IsKeptByParquet());
            var (equal, refused, slow, failures) = (0, 0, 0, new List<string>());
            for (var i = 0; i < s_count; i++)
            {
                var (sql, isOrdered) = queries.Next();
                var expected = await oracle.QueryAsync(sql);
                if (expected.Error is not null)
                {
                    output.WriteLine($"{expected.Error}: {sql}");
                    continue;
                }

                var actual = await subject.QueryAsync(sql);
                if (actual.Error is { Code: "0A000" }) { refused++; output.WriteLine($"{actual.Error}: {sql}"); }
                else if (actual.Error is { Code: "57014" }) { slow++; output.WriteLine($"{actual.Error}: {sql}"); }
                else if (Difference(isOrdered, expected, actual) is not { } difference) equal++;
                else failures.Add($"{sql};\n-- {difference}");
            }

            output.WriteLine($"{equal} equal, {refused} refused, {slow} slow, {failures.Count} failed");
            if (Environment.GetEnvironmentVariable("FEDERATION_FAILURES") is { } file)
                await File.WriteAllTextAsync($"{file}.{database}.{distribution}", string.Join("\n\n", failures));
            Assert.True(failures.Count == 0, $"{failures.Count} failed\n" + string.Join("\n", failures.Take(MostFailuresShown)));

            // What PostgreSQL itself refused or was too slow for tells nothing; how much that is depends on the machine.
            var answered = equal + refused + slow;
            Assert.True(answered > s_count / 2, $"PostgreSQL answered only {answered} of {s_count}");
            Assert.True(equal >= answered * 9 / 10, $"only {equal} of {answered} were equal");
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static string? Difference(bool isOrdered, QueryResult expected, QueryResult actual)
    {
        if (actual.Error is { } error) return error.ToString();
        var (wanted, given) = (expected.Rows.Select(SltFile.Row).ToList(), actual.Rows.Select(SltFile.Row).ToList());
        if (!isOrdered)
        {
            wanted.Sort(StringComparer.Ordinal);
            given.Sort(StringComparer.Ordinal);
        }

        if (wanted.Count != given.Count) return $"{wanted.Count} rows in PostgreSQL, {given.Count} here";
        for (var i = 0; i < wanted.Count; i++)
            if (wanted[i] != given[i])
                return $"row {i} of {wanted.Count}: PostgreSQL: {wanted[i]}, here: {given[i]}";
        return null;
    }
}
