using Federation.Core.Errors;
using Federation.DuckDb;
using Federation.Worker.Functions;
using Federation.Worker.Tests.Kernel;

namespace Federation.Worker.Tests.Functions;

/// <summary>
/// Runs the cases of <c>*.tsv</c>: a kernel expression, what PostgreSQL 15 answers (<c>\N</c> for NULL, <c>!SQLSTATE message</c> for an
/// error), and the PostgreSQL expression that was asked.
/// </summary>
public sealed class FunctionCaseTests : KernelFixture
{
    protected override KernelOptions Options => base.Options with
    {
        ScalarFunctions = FunctionCatalog.Scalars, AggregateFunctions = FunctionCatalog.Aggregates,
    };

    public static TheoryData<string> Files => new(System.IO.Directory
        .GetFiles(Path.Combine(AppContext.BaseDirectory, "Functions"), "*.tsv").Select(path => Path.GetFileName(path))
        .Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Files))]
    public void Answers_are_those_of_postgres(string file)
    {
        var wrong = new List<string>();
        var count = 0;
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Functions", file)))
        {
            if (line.Length == 0 || line[0] == '#') continue;
            var parts = line.Split('\t');
            count++;
            var actual = Evaluate(parts[0]);
            if (actual != parts[1]) wrong.Add($"{parts[0]}\n    expected {parts[1]}\n    actual   {actual}");
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {count} differ:\n{string.Join('\n', wrong)}");
    }

    [Fact]
    public void Names_are_prefixed() => Assert.All(
        FunctionCatalog.Scalars.Select(function => function.Name).Concat(FunctionCatalog.Aggregates.Select(function => function.Name)),
        name => Assert.StartsWith("pg_", name, StringComparison.Ordinal));

    [Theory]
    [InlineData("pg_regexp_matches('a', 'a', 'b')")]
    public void What_would_differ_is_refused(string expression) =>
        Assert.StartsWith("!0A000 ", Evaluate(expression), StringComparison.Ordinal);

    [Fact]
    public void Input_follows_the_time_zone_of_the_session()
    {
        using var connection = Kernel.Connect();
        connection.Execute("SET SESSION TimeZone = 'America/New_York'");
        using var reader = connection.Query("SELECT epoch_us(pg_timestamptz_in(t)) FROM (VALUES ('2024-07-01 12:00')) v(t)", null, default);
        using var batch = reader.Read(default)!;
        Assert.Equal(new DateTimeOffset(2024, 7, 1, 16, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() * 1000,
            batch.Columns[0].Get<long>(0));
    }

    private string Evaluate(string expression)
    {
        try
        {
            // The text "null" is not NULL.
            var text = Value($"SELECT coalesce(({expression})::VARCHAR, chr(1)) AS x");
            return text == "\u0001"
                ? "\\N"
                : text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        }
        catch (SqlException error)
        {
            return $"!{error.State} {error.Message.Replace("\n", "\\n", StringComparison.Ordinal)}";
        }
    }
}
