using Federation.CompatTests.Wire;

namespace Federation.CompatTests.Suite.Wire;

/// <summary>
/// Every wire script is played against PostgreSQL 15, which must behave as written, and against the gateway, which must behave the
/// same. Scripts that a gateway without tables of its own cannot follow stand in blocklist.txt with the reason.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class WireSuiteTests(SuiteServers servers)
{
    private const int MostBlocked = 4;
    private static readonly string s_folder = Path.Combine(Repository.CompatTests, "Wire", "scripts");

    public static TheoryData<string> Scripts => new(Names());

    public static TheoryData<string> GatewayScripts => new(Names().Except(Blocked().Keys, StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Scripts))]
    public Task Postgres_follows(string script) => PlayAsync(script, servers.Postgres.Target);

    [Theory]
    [MemberData(nameof(GatewayScripts))]
    public Task Gateway_follows(string script) => PlayAsync(script, servers.Gateway.Target);

    /// <summary>A blocked script that passes must leave the list; a name without a script is a mistake.</summary>
    [Fact]
    public async Task Blocklist_is_short_and_true()
    {
        var blocked = Blocked();
        Assert.True(blocked.Count <= MostBlocked, $"{blocked.Count} scripts are blocked");
        Assert.Empty(blocked.Keys.Except(Names(), StringComparer.Ordinal));
        Assert.All(blocked.Values, reason => Assert.NotEmpty(reason));
        foreach (var name in blocked.Keys)
        {
            var mismatches = await new WireRunner(servers.Gateway.Target).RunAsync(Load(name));
            Assert.True(mismatches.Count > 0, $"{name} passes: take it off the blocklist");
        }
    }

    private static IEnumerable<string> Names() =>
        Directory.GetFiles(s_folder, "*.pgwire").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal);

    private static Dictionary<string, string> Blocked() =>
        File.ReadLines(Path.Combine(Repository.CompatTests, "Wire", "blocklist.txt"))
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split(' ', 2))
            .ToDictionary(words => words[0], words => words.Length > 1 ? words[1].Trim() : "", StringComparer.Ordinal);

    private static WireScript Load(string name) => WireScript.Load(Path.Combine(s_folder, name + ".pgwire"));

    private static async Task PlayAsync(string name, WireTarget target)
    {
        var script = Load(name);
        Assert.Contains(script.Blocks, block => block.Kind == WireBlockKind.Until && block.Messages.Length > 0);
        var mismatches = await new WireRunner(target).RunAsync(script);
        Assert.True(mismatches.Count == 0, string.Join("\n\n", mismatches));
    }
}
