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
    /// PostgreSQL's parser takes DEFAULT everywhere and bit strings of any character, and its analysis refuses them; its XML syntax is
    /// refused here by name.
    /// </summary>
    internal static bool IsDeliberate(SqlException exception) =>
        exception.Message == "DEFAULT is not allowed in this context"
        || exception.State == SqlState.InvalidTextRepresentation
        || (exception.State == SqlState.FeatureNotSupported && exception.Message.StartsWith("xml", StringComparison.Ordinal));

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
