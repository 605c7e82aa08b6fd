using System.Net.Sockets;
using Federation.CompatTests.Wire;
using Federation.PgWire.Tests.Fakes;

namespace Federation.PgWire.Tests;

/// <summary>
/// The wire scripts describe PostgreSQL: each must pass against a real server. FEDERATION_ORACLE names it as host:port; with
/// FEDERATION_RECORD=1 the scripts' expectations are rewritten from its answers instead.
/// </summary>
public sealed class WireScriptTests
{
    private static readonly string s_folder = FindScripts();

    public static TheoryData<string> Scripts =>
        new(Directory.GetFiles(s_folder, "*.pgwire").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal));

    [OracleTheory]
    [MemberData(nameof(Scripts))]
    public async Task Postgres_behaves_as_the_scripts_say(string name)
    {
        var path = Path.Combine(s_folder, name + ".pgwire");
        var script = WireScript.Load(path);
        var runner = new WireRunner(Oracle.Target);
        if (Environment.GetEnvironmentVariable("FEDERATION_RECORD") == "1")
        {
            await File.WriteAllTextAsync(path, await runner.RecordAsync(script));
            script = WireScript.Load(path);
        }

        var mismatches = await runner.RunAsync(script);
        Assert.True(mismatches.Count == 0, string.Join("\n\n", mismatches));
        Assert.All(script.Blocks.Where(block => block.Kind == WireBlockKind.Until), block => Assert.NotEmpty(block.Messages));
    }

    [Fact]
    public async Task Recording_rewrites_expectations_and_keeps_the_rest()
    {
        await using var server = await TestServer.StartAsync();
        var script = WireScript.Parse(
            "recorded",
            "# a comment\nconnect\n\nsend\nQuery \"begin\"\n\nuntil ReadyForQuery\n# kept\nDataRow [\"old\"]\n\nsend\nSync\n\nuntil "
                + "ReadyForQuery\n");
        Assert.Equal(2, (await new WireRunner(server.Target).RunAsync(script)).Count);
        Assert.Equal(
            "# a comment\nconnect\n\nsend\nQuery \"begin\"\n\nuntil ReadyForQuery\n# kept\nCommandComplete \"BEGIN\"\nReadyForQuery "
                + "\"T\"\n\nsend\nSync\n\nuntil ReadyForQuery\nReadyForQuery \"T\"\n",
            await new WireRunner(server.Target).RecordAsync(script));
    }

    private static string FindScripts()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Federation.sln"))) folder = folder.Parent;
        return Path.Combine(folder?.FullName ?? "", "compat-tests", "Wire", "scripts");
    }
}

/// <summary>The real PostgreSQL that expectations are checked against.</summary>
internal static class Oracle
{
    public static WireTarget Target { get; } = Find();

    public static bool IsThere { get; } = Probe();

    private static WireTarget Find()
    {
        var parts = (Environment.GetEnvironmentVariable("FEDERATION_ORACLE") ?? "127.0.0.1:25432").Split(':');
        return new WireTarget(parts[0], int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture), "postgres", "postgres");
    }

    private static bool Probe()
    {
        try
        {
            using var client = new TcpClient();
            client.Connect(Target.Host, Target.Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

/// <summary>Skipped where no PostgreSQL is at hand.</summary>
internal sealed class OracleTheoryAttribute : TheoryAttribute
{
    public OracleTheoryAttribute()
    {
        if (!Oracle.IsThere)
            Skip =
                "for recording: no PostgreSQL listens at FEDERATION_ORACLE; WireSuiteTests plays the same scripts against one that it "
                    + "starts";
    }
}
