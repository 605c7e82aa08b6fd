using System.Text.RegularExpressions;
using Federation.Plan;

namespace Federation.CompatTests.Suite.Architecture;

/// <summary>Whoever adds a kind of plan node or expression finds out here who has to know it: the compiler does not say.</summary>
public sealed class ExhaustivenessTests
{
    /// <summary>Sources that take plans or expressions apart, and the kinds that never reach them, with the reason.</summary>
    public static TheoryData<Type, string, string[]> Places => new()
    {
        { typeof(LogicalPlan), "Planner/Writing/KernelSqlWriter*.cs", [] },
        { typeof(LogicalPlan), "Planner/Explain/PlanText.cs", [] },
        { typeof(LogicalPlan), "Planner/PlanRewriter.cs", [] },
        { typeof(LogicalPlan), "Planner/Rules/PruneColumns.cs", [] },
        { typeof(LogicalPlan), "Planner/Distribution/Distributor*.cs", [] },
        { typeof(Expr), "Planner/Writing/*.cs", [] },
        { typeof(Expr), "Planner/ExprPrinter.cs", [] },
    };

    [Theory]
    [MemberData(nameof(Places))]
    public void Every_kind_is_known(Type kind, string pattern, string[] exempt)
    {
        var folder = Path.Combine(Repository.Root, "planner", Path.GetDirectoryName(pattern)!);
        var files = Directory.GetFiles(folder, Path.GetFileName(pattern));
        Assert.NotEmpty(files);
        var text = string.Concat(files.Select(File.ReadAllText));
        var kinds = kind.Assembly.GetTypes().Where(type => type.IsSubclassOf(kind) && !type.IsAbstract).Select(type => type.Name).ToArray();
        Assert.True(kinds.Length > 10);
        Assert.Subset(kinds.ToHashSet(), exempt.ToHashSet());
        var unknown = kinds.Except(exempt)
            .Where(name => !Regex.IsMatch(text, $@"\b{name}\b", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(10)))
            .Order(StringComparer.Ordinal);
        Assert.Empty(unknown);
    }
}
