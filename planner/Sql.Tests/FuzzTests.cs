using System.Text;
using Federation.CompatTests.Harness;
using Federation.Core.Errors;
using Federation.Sql.Printing;

namespace Federation.Sql.Tests;

public class FuzzTests
{
    private const int Mutations = 100_000;

    /// <summary>Trees of a few hundred bytes a token; a short statement that allocates more has found a way to multiply.</summary>
    private const long MostBytes = 8 << 20;

    /// <summary>Pieces that begin or end what the lexer treats apart, in forms that are not quite right.</summary>
    private static readonly string[] s_pieces =
    [
        "E'\\x", "E'\\xff'", "E'\\xc3\\x28'", "E'\\u12'", "E'\\ud800'", "E'\\ud83d\\ude00'", "E'\\U00110000'", "E'\\400'", "U&'\\",
        "U&'\\d800'", "U&'\\+110000'", "U&\"\\0000\"", "UESCAPE '+'", "UESCAPE ''", "N'", "B'2'", "X'g'",
        "$", "$$", "$a$", "$1", "$99999999999", "'", "''", "\"", "\"\"", "/*", "*/", "--", "\n", "\0", "\ud800", "\udc00", "\uffff",
        "\U0001f600", "1e", "1e99999", ".", "..", "1..2", "0x", "0b2", "1_", "99999999999999999999999999", "::", ":=", "=>", "<>", "!=",
        "OPERATOR(", "[", "]", "(", ")", ",", ";", "CASE", "END", "NOT", "BETWEEN", "AND", "OVER (", "WITHIN GROUP (", "INTERVAL",
        "AT TIME ZONE", "IS NOT DISTINCT FROM", "LIKE ANY", "VALUES", "WITH RECURSIVE", "LATERAL", "ROWS FROM (", "GROUPING SETS (",
        "FETCH FIRST", "@@@@@@", "+-+-+-", "\u00a0",
    ];

    private static readonly string[] s_nests = ["(", "((select ", "array[", "case when ", "not ", "- ", "f(", "a.", "'a' || ",
        "exists (select ", "cast(", "/*", "row(", "x in (", "select * from ("];

    /// <summary>
    /// Whatever is done to a statement, it parses or fails with an error of SQL, soon and in bounded memory, and what parses can be
    /// printed.
    /// </summary>
    [Fact]
    public void MutatedStatementsParseOrFailCleanly()
    {
        var random = new Random(20_250_101);
        var statements = Corpus.Files.Where(file => file != "keywords").SelectMany(Corpus.Load).Select(entry => entry.Sql)
            .Concat(SuiteStatements()).ToArray();
        Assert.True(statements.Length > 1000, $"{statements.Length} statements");
        var (parsed, refused) = (0, 0);
        var sql = "";
        FuzzRun.Run(
            Mutations,
            _ =>
            {
                sql = Mutate(statements, random);
                return Encoding.Unicode.GetBytes(sql);
            },
            _ =>
            {
                try
                {
                    foreach (var statement in SqlParser.Parse(sql)) SqlPrinter.Print(statement.Statement);
                    parsed++;
                }
                catch (SqlException exception)
                {
                    Assert.InRange(exception.Position, 0, sql.Length + 1);
                    Assert.True(exception.State.Class is "42" or "22" or "54" or "0A", $"{exception.State} {exception.Message}");
                    Assert.NotEmpty(exception.Message);
                    refused++;
                }
            },
            length => MostBytes + (length * 1000L));
        Assert.True(parsed > Mutations / 20 && refused > Mutations / 4, $"{parsed} parsed, {refused} refused");
    }

    [Theory]
    [InlineData("(")]
    [InlineData("(select ")]
    [InlineData("case when ")]
    [InlineData("- ")]
    [InlineData("not ")]
    [InlineData("array[")]
    [InlineData("f(")]
    [InlineData("a[")]
    [InlineData("1 + ")]
    [InlineData("1 ^ ")]
    [InlineData("1 union select ")]
    [InlineData("1 from (")]
    [InlineData("1 from a join ")]
    [InlineData("1 from (select 1 from ")]
    [InlineData("exists (select ")]
    public void DeepNestingIsRefused(string part)
    {
        var sql = new StringBuilder("select ").Insert(7, part, 100_000).Append('1').ToString();
        var exception = Assert.Throws<SqlException>(() => SqlParser.Parse(sql));
        if (exception.State == SqlState.SyntaxError) return;
        Assert.Equal(SqlState.StatementTooComplex, exception.State);
        Assert.Equal("stack depth limit exceeded", exception.Message);
    }

    [Fact]
    public void ManyParenthesesAreRefusedAsTooDeep()
    {
        var exception =
            Assert.Throws<SqlException>(() => SqlParser.Parse("select " + new string('(', 100_000) + "1" + new string(')', 100_000)));
        Assert.Equal("54001", exception.State.Code);
    }

    [Fact]
    public void LongListsAndConjunctionsAreNotDeep()
    {
        SqlParser.Parse("select a in (" + string.Join(", ", Enumerable.Range(0, 50_000)) + ")");
        SqlParser.Parse("select " + string.Join(" or ", Enumerable.Range(0, 20_000).Select(i => $"a = {i} and b = {i}")));
        SqlParser.Parse(string.Concat(Enumerable.Repeat("select 1; ", 20_000)));
    }

    /// <summary>The statements of the comparisons with PostgreSQL and those of TPC-H.</summary>
    private static IEnumerable<string> SuiteStatements()
    {
        foreach (var path in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Suite"), "*.sql", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)) yield return File.ReadAllText(path);
        foreach (var path in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Suite"), "*.slt", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal))
        {
            foreach (var record in File.ReadAllText(path).Split("\n\n"))
            {
                var body = record.Split("----")[0].Split('\n')
                    .SkipWhile(line => line.StartsWith('#') || line.StartsWith("skipif", StringComparison.Ordinal)
                        || line.StartsWith("onlyif", StringComparison.Ordinal)).Skip(1);
                if (string.Join('\n', body) is { Length: > 0 } sql) yield return sql;
            }
        }
    }

    private static string Mutate(string[] statements, Random random)
    {
        var sql = statements[random.Next(statements.Length)];
        var edits = random.Next(1, 4);
        for (var i = 0; i < edits; i++)
        {
            var at = random.Next(sql.Length + 1);
            var length = random.Next(Math.Min(12, sql.Length - at) + 1);
            var other = statements[random.Next(statements.Length)];
            var from = random.Next(other.Length + 1);
            var piece = other.Substring(from, random.Next(Math.Min(20, other.Length - from) + 1));
            sql = random.Next(8) switch
            {
                0 => sql.Remove(at, length),
                1 => sql.Insert(at, piece),
                2 => sql.Remove(at, length).Insert(at, piece),
                3 => sql.Insert(at, s_pieces[random.Next(s_pieces.Length)]),
                4 => sql.Remove(at, length).Insert(at, s_pieces[random.Next(s_pieces.Length)]),
                5 when random.Next(50) == 0 =>
                    sql.Insert(at, string.Concat(Enumerable.Repeat(s_nests[random.Next(s_nests.Length)], random.Next(2000)))),
                6 => sql[..at],
                _ => sql.Insert(at, ((char)random.Next(1, 0x250)).ToString()),
            };
        }

        return sql;
    }
}
