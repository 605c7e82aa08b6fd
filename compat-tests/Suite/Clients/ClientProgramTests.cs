using System.Globalization;
using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Clients;

/// <summary>psql and node-pg run one program each on PostgreSQL and on the gateway: both must print the same.</summary>
[Collection(SuiteCollection.Name)]
public sealed class ClientProgramTests(SuiteServers servers)
{
    private const int FewestLines = 20;
    private static readonly string s_folder = Path.Combine(Repository.CompatTests, "clients");

    [Fact]
    public Task Psql_prints_the_same() => CompareAsync(async server =>
    {
        var script = Path.Combine(s_folder, "smoke.psql");
        var port = server.Port.ToString(CultureInfo.InvariantCulture);
        var (_, output) = await ProgramRun.RunAsync("psql", "-X", "-h", server.Host, "-p", port, "-U", server.User, "-d", server.Database, "-f", script);
        // Which source file of the server raised an error is no part of the promise; nor is the version's text.
        return output.Split('\n').Where(line => !line.StartsWith("LOCATION:", StringComparison.Ordinal)).ToList();
    });

    [Fact]
    public Task Node_pg_prints_the_same() => CompareAsync(async server =>
    {
        var url = $"postgres://{server.User}@{server.Host}:{server.Port.ToString(CultureInfo.InvariantCulture)}/{server.Database}";
        var (exitCode, output) = await ProgramRun.RunAsync("node", Path.Combine(s_folder, "smoke.js"), url);
        Assert.True(exitCode == 0, output);
        return [.. output.Split('\n')];
    });

    private async Task CompareAsync(Func<ServerAddress, Task<List<string>>> run)
    {
        var expected = await run(servers.Postgres);
        Assert.True(expected.Count > FewestLines, string.Join('\n', expected));
        var actual = await run(servers.Gateway);
        var line = Enumerable.Range(0, Math.Max(expected.Count, actual.Count))
            .FirstOrDefault(i => expected.ElementAtOrDefault(i) != actual.ElementAtOrDefault(i), -1);
        Assert.True(line < 0, $"line {line + 1} differs\nPostgreSQL: {expected.ElementAtOrDefault(line)}\ngateway:    {actual.ElementAtOrDefault(line)}\n\n{string.Join('\n', actual)}");
    }
}
