using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Slt;

/// <summary>
/// The files of compat-tests/slt, each on PostgreSQL 15 and on the gateway. FEDERATION_SLT=complete rewrites their expectations from
/// PostgreSQL; FEDERATION_SLT=part runs only files whose name contains the part.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class SltTests(SuiteServers servers, ITestOutputHelper output)
{
    private const int FewestEqual = 2200;
    private const int MostSkipped = 18;
    private static readonly string s_folder = Path.Combine(Repository.CompatTests, "slt");
    private static readonly string s_mode = Environment.GetEnvironmentVariable("FEDERATION_SLT") ?? "";

    public static TheoryData<string> Files => new(Names());

    [Theory]
    [MemberData(nameof(Files))]
    public async Task File_holds(string name)
    {
        var file = SltFile.Load(s_folder, name);
        Assert.NotEmpty(file.Records);
        Assert.Equal($"# name: {name}", file.Header[0]);
        var runner = new SltRunner(servers.Postgres, servers.Gateway);
        if (s_mode == "complete")
        {
            await File.WriteAllTextAsync(Path.Combine(s_folder, name), file.Print(await runner.CompleteAsync(file)));
            return;
        }

        var outcome = await runner.RunAsync(file);
        output.WriteLine($"slt {name}: {outcome.Equal} equal, {outcome.Skipped} known to differ, {outcome.Failures.Count} failed");
        Assert.True(outcome.Failures.Count == 0, "\n" + string.Join("\n", outcome.Failures));
    }

    /// <summary>The promise is a number of statements; the list of known differences may only shrink.</summary>
    [Fact]
    public void Enough_statements_are_demanded_equal()
    {
        var records = Names().SelectMany(name => SltFile.Load(s_folder, name).Records).ToList();
        var skipped = records.Count(record => record.SkipReason is not null);
        output.WriteLine($"slt: {records.Count - skipped} statements must equal PostgreSQL 15, {skipped} are known to differ");
        Assert.True(records.Count - skipped >= FewestEqual, $"{records.Count - skipped} statements");
        Assert.True(skipped <= MostSkipped, $"{skipped} known differences");
    }

    [Fact]
    public void A_file_prints_as_it_was_read()
    {
        const string text =
            "# name: x.slt\n# description: d\n# group: [g]\n\nquery IT rowsort\nSELECT 1,\n'a'\n----\n1\ta\n\nskipif gateway no "
                + "reason\nstatement error 22012\nSELECT 1/0\n";
        var file = SltFile.Parse("x.slt", text);
        Assert.Equal(text, file.Print(file.Records));
        Assert.Equal("SELECT 1,\n'a'", file.Records[0].Sql);
        Assert.Equal("NULL\t(empty)\t\\x20a\\tb\\x20", SltFile.Row([null, "", " a\tb "]));
        Assert.Throws<FormatException>(() => SltFile.Parse("x.slt", text.Replace("no reason", "", StringComparison.Ordinal)));
    }

    private static IEnumerable<string> Names() =>
        Directory.GetFiles(s_folder, "*.slt", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(s_folder, path))
            .Where(name => s_mode is "" or "complete" || name.Contains(s_mode, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);
}
