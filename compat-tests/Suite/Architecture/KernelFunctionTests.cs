using System.Text.RegularExpressions;
using Federation.Worker.Functions;

namespace Federation.CompatTests.Suite.Architecture;

/// <summary>The planner writes calls of functions that workers register; neither references the other.</summary>
public sealed partial class KernelFunctionTests
{
    private static readonly HashSet<string> s_registered =
        [.. FunctionCatalog.Scalars.Select(function => function.Name), .. FunctionCatalog.Aggregates.Select(function => function.Name)];

    [Fact]
    public void Workers_have_every_function_that_the_planner_writes()
    {
        var written = Written();
        Assert.True(written.Count > 100);
        Assert.Empty(written.Except(s_registered, StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }

    private static HashSet<string> Written()
    {
        var planner = Path.Combine(Repository.Root, "planner", "Planner");
        var texts = Directory.EnumerateFiles(Path.Combine(planner, "Writing"), "*.cs").Select(File.ReadAllText)
            .Concat(File.ReadLines(Path.Combine(planner, "Functions", "Data", "kernel_functions.tsv"))
                .Where(line => line.Contains('\t', StringComparison.Ordinal)).Select(line => line.Split('\t')[1]));
        return [.. texts.SelectMany(text => Name().Matches(text)).Select(match => match.Value)];
    }

    [GeneratedRegex(@"\bpg_[a-z0-9_]+(?=\()", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Name();
}
