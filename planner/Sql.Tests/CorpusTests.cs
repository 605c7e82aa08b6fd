using Federation.Core.Errors;

namespace Federation.Sql.Tests;

/// <summary>The parser takes what PostgreSQL 15 takes and refuses the rest with the same code, words and position.</summary>
public class CorpusTests
{
    public static TheoryData<string> Files => new(Corpus.Files);

    [Theory]
    [MemberData(nameof(Files))]
    public void AgreesWithPostgreSql(string file)
    {
        var differences = Corpus.Load(file).Select(Difference).OfType<string>().ToList();
        Assert.True(differences.Count == 0, $"{differences.Count} differ:\n{string.Join('\n', differences.Take(100))}");
    }

    /// <summary>
    /// PostgreSQL's parser takes bit strings of any character and an order in ON CONFLICT, and its analysis refuses them; syntax that the
    /// engine does not have is refused here by name.
    /// </summary>
    internal static bool IsDeliberate(SqlException exception) =>
        exception.State == SqlState.InvalidTextRepresentation
        || exception.State == SqlState.InvalidColumnReference
        || (exception.State == SqlState.FeatureNotSupported && s_refused.Any(exception.Message.StartsWith));

    private static readonly string[] s_refused =
        ["xml", "assignment into a part of a column", "an operator class in ON CONFLICT", "WITH and DEFAULT VALUES"];

    private static string? Difference(CorpusEntry entry)
    {
        var expected = entry.Code is null ? "ok" : $"{entry.Code} {entry.Position} {entry.Message}";
        string actual;
        try
        {
            SqlParser.Parse(entry.Sql);
            actual = "ok";
        }
        catch (SqlException exception)
        {
            if (IsDeliberate(exception)) return null;
            actual = $"{exception.State.Code} {exception.Position} {exception.Message}";
        }

        return actual == expected ? null : $"{entry.File}:{entry.Line}: {entry.Sql}\n    expected {expected}\n    actual   {actual}";
    }
}
