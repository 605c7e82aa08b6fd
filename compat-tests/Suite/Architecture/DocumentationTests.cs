using System.Globalization;
using System.Text.RegularExpressions;

namespace Federation.CompatTests.Suite.Architecture;

/// <summary>What the documents name must exist.</summary>
public sealed partial class DocumentationTests
{
    /// <summary>The tour of the code names its types and members in back quotes.</summary>
    [Fact]
    public void Life_of_a_query_names_symbols_that_exist()
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, "docs", "life-of-a-query.md"));
        // Fenced blocks are drawings and plans, not symbols.
        var symbols = Symbol().Matches(Fence().Replace(text, "")).Select(match => match.Groups[1].Value)
            .Distinct(StringComparer.Ordinal).ToList();
        Assert.True(symbols.Count > 10, $"only {symbols.Count} symbols");
        var code = string.Join('\n', Directory.EnumerateFiles(Repository.Root, "*.cs", SearchOption.AllDirectories)
            .Where(file => !Path.GetRelativePath(Repository.Root, file).StartsWith("artifacts", StringComparison.Ordinal)
                && !file.Contains(".Tests/", StringComparison.Ordinal))
            .Select(File.ReadAllText));
        var missing = symbols.SelectMany(symbol => symbol.Split('.')).Where(word => !Regex.IsMatch(code, $@"\b{word}\b")).ToList();
        Assert.True(missing.Count == 0, string.Join(", ", missing));
    }

    /// <summary>Each row of the matrix names its proof: a test class, a folder of statements or a script.</summary>
    [Fact]
    public void Compatibility_matrix_names_tests_that_exist()
    {
        var rows = File.ReadLines(Path.Combine(Repository.CompatTests, "COMPATIBILITY.md"))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| Feature", StringComparison.Ordinal))
            .ToList();
        Assert.True(rows.Count > 20, $"only {rows.Count} rows");
        foreach (var row in rows)
        {
            var cells = row.Split('|', StringSplitOptions.TrimEntries);
            Assert.True(cells[2] is "works" or "partial" or "no", row);
            var proofs = Proof().Matches(cells[3]).Select(match => match.Groups[1].Value).ToList();
            Assert.True(proofs.Count > 0 || cells[2] == "no", $"no proof: {row}");
            foreach (var proof in proofs)
            {
                Assert.True(IsThere(proof), $"{proof} does not exist: {row}");
            }
        }
    }

    /// <summary>Each kind of known fault that is not open names its proof.</summary>
    [Fact]
    public void Known_faults_name_tests_that_exist()
    {
        var rows = File.ReadLines(Path.Combine(Repository.CompatTests, "FAULTS.md"))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| Kind", StringComparison.Ordinal))
            .ToList();
        Assert.True(rows.Count > 50, $"only {rows.Count} rows");
        foreach (var row in rows)
        {
            // The kind, its state, its examples, further variants and how many.
            var cells = row.Split(" | ");
            Assert.True(cells.Length == 5 && int.TryParse(cells[4].TrimEnd(' ', '|'), CultureInfo.InvariantCulture, out _), row);
            var proofs = Proof().Matches(cells[2]).Select(match => match.Groups[1].Value).ToList();
            Assert.True(proofs.Count > 0 || row.Contains("open", StringComparison.Ordinal), $"no proof: {row}");
            proofs.AddRange(Proof().Matches(cells[3]).Select(match => match.Groups[1].Value));
            foreach (var proof in proofs) Assert.True(IsThere(proof), $"{proof} does not exist: {row}");
        }
    }

    /// <summary>A test class, or a file, a folder or scripts below compat-tests.</summary>
    private static bool IsThere(string proof) =>
        s_classes.Value.Contains(proof) || Directory.Exists(Path.Combine(Repository.CompatTests, proof))
        || File.Exists(Path.Combine(Repository.CompatTests, proof))
        || (proof.EndsWith('*') && Directory.EnumerateFiles(Path.Combine(Repository.CompatTests, "Wire", "scripts"), proof).Any());

    private static readonly Lazy<HashSet<string>> s_classes = new(() =>
        Directory.EnumerateFiles(Repository.Root, "*Tests.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetFileNameWithoutExtension(file)).ToHashSet(StringComparer.Ordinal));

    [GeneratedRegex(@"`([A-Z][A-Za-z]+(?:\.[A-Z][A-Za-z]+)*)`", RegexOptions.CultureInvariant)]
    private static partial Regex Symbol();

    [GeneratedRegex("```.*?```", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Fence();

    [GeneratedRegex("`([^`]+)`", RegexOptions.CultureInvariant)]
    private static partial Regex Proof();
}
