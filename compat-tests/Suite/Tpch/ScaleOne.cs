using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Tpch;

/// <summary>The 22 queries for tables of scale factor 1, and the answers that the TPC-H council published for them.</summary>
internal static class ScaleOne
{
    private static readonly string s_folder = Path.Combine(Repository.CompatTests, "tpch");

    public static IReadOnlyDictionary<string, PublishedAnswer> Answers { get; } =
        PublishedAnswer.Read(Path.Combine(s_folder, "answers-sf1.txt"));

    public static IEnumerable<string> Queries => Answers.Keys.Order(StringComparer.Ordinal);

    /// <summary>The text of a query. The fraction of query 11 depends on the scale factor; the file has that of the tiny tables.</summary>
    public static async Task<string> ReadAsync(string query) =>
        (await File.ReadAllTextAsync(Path.Combine(s_folder, "queries", query + ".sql"))).Replace("0.0100000000", "0.0001000000",
            StringComparison.Ordinal);

    /// <summary>Fails unless a server's rows are the published ones.</summary>
    public static void Check(string query, QueryResult actual)
    {
        var answer = Answers[query];
        Assert.True(actual.Error is null, $"{query}: {actual.Error}");
        Assert.Equal(answer.RowCount, actual.Rows.Count);
        foreach (var (number, published) in answer.Rows)
        {
            var row = actual.Rows[number - 1];
            Assert.Equal(published.Length, row.Length);
            for (var i = 0; i < row.Length; i++)
            {
                var isAverage = query is "q17" || (query is "q01" && i is 6 or 7 or 8);
                Assert.True(PublishedAnswer.Agrees(published[i], row[i], isAverage),
                    $"{query} row {number} column {i + 1}: published {published[i]}, here {row[i]}");
            }
        }
    }
}
