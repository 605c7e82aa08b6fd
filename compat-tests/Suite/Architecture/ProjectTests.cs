using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Federation.CompatTests.Suite.Architecture;

/// <summary>The layers hold: who may reference whom is listed here, and nothing else is allowed.</summary>
public sealed partial class ProjectTests
{
    private const string Prefix = "Federation.";

    /// <summary>Every project but tests, with the projects that it may reference.</summary>
    private static readonly Dictionary<string, string[]> s_allowed = new(StringComparer.Ordinal)
    {
        ["Core"] = [],
        ["Arrow"] = ["Core"],
        ["Flight"] = ["Core", "Arrow"],
        ["ObjectStorage"] = ["Core"],
        ["S3"] = ["Core", "ObjectStorage"],
        ["Connectors.Spi"] = ["Core", "Arrow", "ObjectStorage"],
        ["Connectors.Formats"] = ["Core", "ObjectStorage"],
        ["Connectors.RemoteSql"] = ["Core", "Arrow", "Connectors.Spi"],
        ["Connectors.Postgres"] = ["Core", "Arrow", "Connectors.Spi", "Connectors.RemoteSql"],
        ["Connectors.Files"] = ["Core", "ObjectStorage", "S3", "Arrow", "Connectors.Spi", "Connectors.Formats"],
        ["Connectors.Tpch"] = ["Core", "Arrow", "Connectors.Spi"],
        ["Connectors.Lakehouse"] = ["Core", "ObjectStorage", "Arrow", "Connectors.Spi", "Connectors.Formats"],
        ["Sql"] = ["Core"],
        ["Plan"] = ["Core", "Connectors.Spi"],
        ["Planner"] = ["Core", "Sql", "Plan", "Connectors.Spi"],
        ["SystemCatalog"] = ["Core", "Connectors.Spi", "Sql", "Plan", "Planner"],
        ["Catalog"] = ["Core", "Connectors.Spi"],
        ["Transactions"] = ["Core", "Connectors.Spi", "Catalog"],
        ["Scheduling"] = ["Core", "ObjectStorage", "Arrow", "Connectors.Spi", "Plan", "Planner", "Catalog"],
        ["Execution"] = ["Core", "Arrow", "Plan", "Planner", "Scheduling"],
        ["Maintenance"] = ["Core", "ObjectStorage", "Connectors.Spi", "Plan", "Planner", "Catalog", "Scheduling", "Execution"],
        ["Membership"] = ["Core", "Arrow", "Flight", "Catalog", "Scheduling"],
        ["DuckDb"] = ["Core", "Arrow"],
        ["Worker"] = ["Core", "ObjectStorage", "Arrow", "Flight", "DuckDb", "Connectors.Spi"],
        ["SessionApi"] = ["Core", "Arrow"],
        ["ValueForms"] = ["Core", "Arrow", "SessionApi"],
        ["PgWire"] = ["Core", "Arrow", "SessionApi", "ValueForms"],
        ["FlightSql"] = ["Core", "Arrow", "Flight", "SessionApi"],
        ["Session"] = ["Core", "ObjectStorage", "Arrow", "Sql", "Plan", "Planner", "SystemCatalog", "Catalog", "Transactions", "Execution",
            "Maintenance", "Scheduling", "Connectors.Spi", "SessionApi", "ValueForms"],
        ["Host"] =
        [
            "Core", "Arrow", "Execution", "Flight", "ObjectStorage", "S3", "PgWire", "FlightSql", "SessionApi", "Session", "Catalog",
            "Scheduling",
            "Maintenance", "Membership", "Worker",
            "Connectors.Spi", "Connectors.Postgres", "Connectors.Files", "Connectors.Tpch", "Connectors.Lakehouse", "Connectors.Formats",
        ],
        ["Bench"] = ["Core", "Arrow", "DuckDb", "Flight"],
        ["CompatTests.Wire"] = [],
        ["CompatTests.Harness"] = [],
        ["CompatTests.ClusterNode"] = ["Core", "ObjectStorage", "Catalog", "Maintenance", "Membership", "Host"],
    };

    [Fact]
    public void References_are_on_the_list()
    {
        var wrong = new List<string>();
        foreach (var (name, references) in Projects())
        {
            if (name.EndsWith(".Tests", StringComparison.Ordinal)) continue;
            if (!s_allowed.TryGetValue(name, out var allowed)) wrong.Add($"{name} is not on the list");
            else
            {
                wrong.AddRange(references.Except(allowed, StringComparer.Ordinal).Select(reference => $"{name} > {reference}"));
                wrong.AddRange(
                    allowed.Except(references, StringComparer.Ordinal).Select(reference => $"{name} > {reference} is allowed for nothing"));
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    /// <summary>The list itself keeps the rules of the design, and names no project that is gone.</summary>
    [Fact]
    public void The_list_keeps_the_rules()
    {
        Assert.Empty(s_allowed.Keys.Except(Projects().Select(project => project.Name), StringComparer.Ordinal));
        foreach (var (name, allowed) in s_allowed)
        {
            foreach (var reference in allowed)
            {
                var isLeafConnector = reference.StartsWith("Connectors.", StringComparison.Ordinal)
                    && reference is not ("Connectors.Spi" or "Connectors.RemoteSql" or "Connectors.Formats");
                Assert.False(isLeafConnector && name != "Host", $"{name} names the connector {reference}");
                Assert.False(name is "Core" or "Arrow" or "Flight" or "ObjectStorage" && reference is not ("Core" or "Arrow"),
                    $"{name} > {reference}");
                var isConnector = name.StartsWith("Connectors.", StringComparison.Ordinal);
                Assert.False(
                    isConnector && !(reference is "Core" or "Arrow" or "ObjectStorage" or "S3"
                        || reference.StartsWith("Connectors.", StringComparison.Ordinal)), $"{name} > {reference}");
                Assert.False(
                    name is "Worker" or "DuckDb"
                        && reference is not ("Core" or "ObjectStorage" or "Arrow" or "Flight" or "DuckDb" or "Connectors.Spi"),
                    $"{name} > {reference}");
                Assert.False(name is "PgWire" or "FlightSql"
                    && reference is not ("Core" or "Arrow" or "Flight" or "SessionApi" or "ValueForms"), $"{name} > {reference}");
            }
        }
    }

    /// <summary>
    /// Only the kernel's project calls native code, and it owns all handles. Apart from that one question is asked of the runtime's own
    /// library: what kind of file a path leads to.
    /// </summary>
    [Fact]
    public void Native_calls_are_in_one_project()
    {
        var users = Sources("").Where(file => NativeImport().IsMatch(File.ReadAllText(file))).Select(Relative).ToList();
        Assert.NotEmpty(users);
        users.Remove("connectors/Formats/FileNature.cs");
        Assert.All(users, file => Assert.StartsWith("workers/DuckDb/", file, StringComparison.Ordinal));
    }

    /// <summary>Planning is a pure function of the statement and the snapshot.</summary>
    [Fact]
    public void Planner_touches_no_socket_file_or_clock()
    {
        var files = Sources("planner").ToList();
        Assert.True(files.Count > 50, "the planner's sources were not found");
        var users = files.SelectMany(file =>
            OutsideWorld().Matches(File.ReadAllText(file)).Select(match => $"{Relative(file)}: {match.Value}")).ToList();
        Assert.True(users.Count == 0, string.Join('\n', users));
    }

    /// <summary>References that come with other references would pass by the list.</summary>
    [Fact]
    public void References_are_not_transitive()
    {
        var properties = XDocument.Load(Path.Combine(Repository.Root, "Directory.Build.props"))
            .Descendants("DisableTransitiveProjectReferences");
        Assert.Equal("true", Assert.Single(properties).Value);
    }

    /// <summary>All projects are in the solution, so that one build and one test run see them.</summary>
    [Fact]
    public void Solution_lists_every_project()
    {
        var solution = File.ReadAllText(Path.Combine(Repository.Root, "Federation.sln"));
        Assert.DoesNotContain(ProjectFiles().Select(Relative),
            file => !solution.Contains(file.Replace('/', '\\'), StringComparison.Ordinal));
    }

    private static IEnumerable<(string Name, string[] References)> Projects() => ProjectFiles().Select(file => (
        NameOf(file),
        XDocument.Load(file).Descendants("ProjectReference").Select(reference => NameOf(reference.Attribute("Include")!.Value)).ToArray()));

    private static string NameOf(string path) => Path.GetFileNameWithoutExtension(path)[Prefix.Length..];

    private static IEnumerable<string> ProjectFiles() => Directory.EnumerateFiles(Repository.Root, "*.csproj", SearchOption.AllDirectories)
        .Where(file => !Relative(file).StartsWith("artifacts/", StringComparison.Ordinal)
            && !file.Contains("node_modules", StringComparison.Ordinal));

    /// <summary>C# files that are not tests.</summary>
    private static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*.cs", SearchOption.AllDirectories)
        .Where(file => !Relative(file).StartsWith("artifacts/", StringComparison.Ordinal)
            && !Relative(file).StartsWith("compat-tests/", StringComparison.Ordinal)
            && !file.Contains(".Tests/", StringComparison.Ordinal));

    private static string Relative(string file) => Path.GetRelativePath(Repository.Root, file);

    [GeneratedRegex(@"\[\s*(DllImport|LibraryImport)\b", RegexOptions.ExplicitCapture)]
    private static partial Regex NativeImport();

    [GeneratedRegex(
        @"System\.Net\b|System\.IO\.(File|Directory|Pipes)|\bFile\.(Open|Read|Write|Exists)|\bDirectory\."
        + @"|\bDateTime(Offset)?\.(Utc)?(Now|Today)|\bStopwatch\b"
        + @"|\bTimeProvider\.System|\bEnvironment\.TickCount|\bSocket\b|\bHttpClient\b",
        RegexOptions.ExplicitCapture)]
    private static partial Regex OutsideWorld();
}
