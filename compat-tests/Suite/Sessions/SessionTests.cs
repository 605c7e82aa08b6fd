namespace Federation.CompatTests.Suite.Sessions;

/// <summary>Runs the scripts of compat-tests/sessions on PostgreSQL, on one gateway, and on two gateways with one catalog.</summary>
public sealed class SessionTests(TwoGateways gateways) : IClassFixture<TwoGateways>
{
    public static TheoryData<string> Scripts()
    {
        var names = new TheoryData<string>();
        foreach (var file in Directory.GetFiles(Path.Combine(Repository.Root, "compat-tests", "sessions"), "*.session")
            .Order(StringComparer.Ordinal))
            names.Add(Path.GetFileNameWithoutExtension(file));
        return names;
    }

    [Theory]
    [MemberData(nameof(Scripts))]
    public async Task A_script_gives_what_it_says(string name)
    {
        var script = new SessionScript(Path.Combine(Repository.Root, "compat-tests", "sessions", name + ".session"));
        if (!script.IsForGateways) Require("PostgreSQL", await script.RunAsync(_ => gateways.Postgres));
        Require("one gateway", await script.RunAsync(_ => gateways.Embedded));
        Require("two gateways", await script.RunAsync(session => session % 2 == 1 ? gateways.First : gateways.Second));
    }

    private static void Require(string where, IReadOnlyList<string> wrong) =>
        Assert.True(wrong.Count == 0, $"on {where}:\n{string.Join("\n\n", wrong)}");
}
