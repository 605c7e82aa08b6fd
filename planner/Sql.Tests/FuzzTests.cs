using System.Diagnostics;
using System.Text;
using Federation.Core.Errors;
using Federation.Sql.Printing;

namespace Federation.Sql.Tests;

public class FuzzTests
{
    private const int Mutations = 20_000;

    private static readonly TimeSpan MaxParseTime = TimeSpan.FromSeconds(5);

    /// <summary>Whatever is done to a statement, it parses or fails with an error of SQL, and what parses can be printed.</summary>
    [Fact]
    public void MutatedStatementsParseOrFailCleanly()
    {
        var random = new Random(20_250_101);
        var statements = Corpus.Files.Where(file => file != "keywords").SelectMany(Corpus.Load).Select(entry => entry.Sql).ToArray();
        for (var i = 0; i < Mutations; i++)
        {
            var sql = Mutate(statements, random);
            var clock = Stopwatch.StartNew();
            try
            {
                foreach (var parsed in SqlParser.Parse(sql)) SqlPrinter.Print(parsed.Statement);
            }
            catch (SqlException exception)
            {
                Assert.InRange(exception.Position, 0, sql.Length + 1);
            }

            Assert.True(clock.Elapsed < MaxParseTime, sql);
        }
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
        var exception = Assert.Throws<SqlException>(() => SqlParser.Parse("select " + new string('(', 100_000) + "1" + new string(')', 100_000)));
        Assert.Equal("54001", exception.State.Code);
    }

    [Fact]
    public void LongListsAndConjunctionsAreNotDeep()
    {
        SqlParser.Parse("select a in (" + string.Join(", ", Enumerable.Range(0, 50_000)) + ")");
        SqlParser.Parse("select " + string.Join(" or ", Enumerable.Range(0, 20_000).Select(i => $"a = {i} and b = {i}")));
        SqlParser.Parse(string.Concat(Enumerable.Repeat("select 1; ", 20_000)));
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
            sql = random.Next(4) switch
            {
                0 => sql.Remove(at, length),
                1 => sql.Insert(at, piece),
                2 => sql.Remove(at, length).Insert(at, piece),
                _ => sql.Insert(at, ((char)random.Next(1, 0x250)).ToString()),
            };
        }

        return sql;
    }
}
