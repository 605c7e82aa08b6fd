using Federation.Core.Errors;
using Federation.Sql.Printing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Tests;

/// <summary>What the grammar makes of forms with a syntax of their own, and how operators group.</summary>
public class DesugaringTests
{
    [Theory]
    [InlineData("extract(year from x)", "pg_catalog.\"extract\"('year', x)")]
    [InlineData("x at time zone 'utc'", "pg_catalog.timezone('utc', x)")]
    [InlineData("a like b", "a ~~ b")]
    [InlineData("a not like b escape c", "a !~~ pg_catalog.like_escape(b, c)")]
    [InlineData("a ilike b", "a ~~* b")]
    [InlineData("a not ilike any (b)", "a !~~* any (b)")]
    [InlineData("a similar to b", "a ~ pg_catalog.similar_to_escape(b)")]
    [InlineData("a not similar to b escape c", "a !~ pg_catalog.similar_to_escape(b, c)")]
    [InlineData("substring(a from b for c)", "pg_catalog.\"substring\"(a, b, c)")]
    [InlineData("substring(a for b)", "pg_catalog.\"substring\"(a, 1, cast(b as pg_catalog.int4))")]
    [InlineData("substring(a, b)", "\"substring\"(a, b)")]
    [InlineData("substring(a similar b escape c)", "pg_catalog.\"substring\"(a, b, c)")]
    [InlineData("position(a in b)", "pg_catalog.\"position\"(b, a)")]
    [InlineData("trim(a)", "pg_catalog.btrim(a)")]
    [InlineData("trim(leading a from b)", "pg_catalog.ltrim(b, a)")]
    [InlineData("trim(trailing from b)", "pg_catalog.rtrim(b)")]
    [InlineData("overlay(a placing b from c for d)", "pg_catalog.\"overlay\"(a, b, c, d)")]
    [InlineData("a is nfc normalized", "pg_catalog.is_normalized(a, 'nfc')")]
    [InlineData("a is not normalized", "not pg_catalog.is_normalized(a)")]
    [InlineData("collation for (a)", "pg_catalog.pg_collation_for(a)")]
    [InlineData("treat(a as int)", "pg_catalog.int4(a)")]
    [InlineData("(a, b) overlaps row(c, d)", "pg_catalog.\"overlaps\"(a, b, c, d)")]
    [InlineData("-1", "-1")]
    [InlineData("- -1", "1")]
    [InlineData("-1::int", "- cast(1 as pg_catalog.int4)")]
    [InlineData("-x", "- x")]
    [InlineData("current_timestamp(3)", "current_timestamp(3)")]
    [InlineData("n'x'", "cast('x' as pg_catalog.bpchar)")]
    [InlineData("x::char", "cast(x as pg_catalog.bpchar(1))")]
    [InlineData("x::\"char\"", "cast(x as \"char\")")]
    [InlineData("x::timestamp(3) with time zone[]", "cast(x as pg_catalog.timestamptz(3)[])")]
    [InlineData("x::interval day to second(3)", "cast(x as interval day to second(3))")]
    [InlineData("x::float(24)", "cast(x as pg_catalog.float4)")]
    [InlineData("(f(x)).y[1].*", "(f(x)).y[1].*")]
    public void TurnsIntoCalls(string expression, string expected) =>
        Assert.Equal(expected, SqlPrinter.Print(SqlParser.ParseExpression(expression)));

    [Theory]
    [InlineData("a or b and not c", "a or (b and (not c))")]
    [InlineData("not a = b", "not (a = b)")]
    [InlineData("a = b is null", "(a = b) is null")]
    [InlineData("a = b like c", "a = (b ~~ c)")]
    [InlineData("a || b like c", "(a || b) ~~ c")]
    [InlineData("a + b || c", "(a + b) || c")]
    [InlineData("a || b + c", "a || (b + c)")]
    [InlineData("a - b - c", "(a - b) - c")]
    [InlineData("a ^ b ^ c", "(a ^ b) ^ c")]
    [InlineData("- a ^ b", "(- a) ^ b")]
    [InlineData("a * b at time zone c", "a * pg_catalog.timezone(c, b)")]
    [InlineData("a || b collate c", "a || (b collate c)")]
    [InlineData("a between b + 1 and c or d", "(a between (b + 1) and c) or d")]
    [InlineData("a is distinct from b = c", "a is distinct from (b = c)")]
    [InlineData("(a or b) or c", "a or b or c")]
    [InlineData("a or (b or c)", "a or (b or c)")]
    [InlineData("@ a + b", "@ (a + b)")]
    public void GroupsByPrecedence(string expression, string expected) =>
        Assert.Equal(expected, SqlPrinter.Print(SqlParser.ParseExpression(expression)));

    [Fact]
    public void SetOperationsGroupByPrecedence()
    {
        var select =
            Assert.IsType<SelectStatement>(SqlParser.Parse("select 1 union select 2 intersect select 3 except select 4")[0].Statement);
        var except = Assert.IsType<SetOperation>(select.Query.Body);
        Assert.Equal(SetOperator.Except, except.Operator);
        var union = Assert.IsType<SetOperation>(except.Left);
        Assert.Equal(SetOperator.Intersect, Assert.IsType<SetOperation>(union.Right).Operator);
    }

    [Fact]
    public void NodesKnowTheirPlace()
    {
        const string Sql = "select '😀', a + b ::text from t";
        var select = (SelectStatement)Assert.Single(SqlParser.Parse(Sql)).Statement;
        var sum = (OperatorExpression)((SelectBody)select.Query.Body).Items[1].Expression;
        Assert.Equal("a + b ::text", Sql.Substring(sum.Span.Start, sum.Span.Length));
        Assert.Equal(Sql.IndexOf('+', StringComparison.Ordinal), sum.Operator.Span.Start);
        Assert.Equal(Sql.IndexOf("::", StringComparison.Ordinal), ((CastExpression)sum.Right).ErrorSpan.Start);
        Assert.Equal(Sql.IndexOf('+', StringComparison.Ordinal), Lexing.SourcePosition.Of(Sql, sum.Operator.Span.Start));
    }

    [Fact]
    public void StatementsKnowTheirRange()
    {
        var statements = SqlParser.Parse(" select 1 ;; select 2 -- end");
        Assert.Equal([(1, 8), (13, 8)], statements.Select(statement => (statement.Start, statement.Length)));
    }

    [Theory]
    [InlineData("create unique index i on t (a) tablespace x", "CREATE INDEX TABLESPACE")]
    [InlineData("refresh materialized view v", "REFRESH MATERIALIZED VIEW")]
    public void OtherStatementsKeepTheirTag(string sql, string command) =>
        Assert.Equal(command, Assert.IsType<UnsupportedStatement>(SqlParser.Parse(sql)[0].Statement).Command);

    [Theory]
    [InlineData("int", "pg_catalog.int4")]
    [InlineData("\"char\"[]", "\"char\"[]")]
    [InlineData("character varying(10)", "pg_catalog.\"varchar\"(10)")]
    [InlineData("pg_catalog.text", "pg_catalog.\"text\"")]
    public void ParsesTypeNames(string text, string expected) => Assert.Equal(expected, SqlPrinter.Print(SqlParser.ParseTypeName(text)));

    [Theory]
    [InlineData("select b'12'", "22P02", 8, "\"2\" is not a valid binary digit")]
    [InlineData("select xmlelement(name a)", "0A000", 8, "xmlelement is not supported")]
    [InlineData("select a is document", "0A000", 10, "IS DOCUMENT is not supported")]
    [InlineData("update t set a.b.c = 1", "0A000", 15, "assignment into a part of a column is not supported")]
    [InlineData("insert into t (a[1]) values (1)", "0A000", 17, "assignment into a part of a column is not supported")]
    public void RefusesWhatItDoesNotHave(string sql, string code, int position, string message)
    {
        var exception = Assert.Throws<SqlException>(() => SqlParser.Parse(sql));
        Assert.Equal((code, position, message), (exception.State.Code, exception.Position, exception.Message));
    }
}
