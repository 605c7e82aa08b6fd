using Federation.Core.Errors;
using Federation.Sql.Printing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Tests;

/// <summary>The trees of statements that change rows. What PostgreSQL 15 takes of them is in the corpus.</summary>
public class DataChangeTests
{
    /// <summary>MERGE has two things of PostgreSQL 17, which the corpus of 15 cannot hold.</summary>
    [Theory]
    [InlineData("merge into t using s on a = b when matched then delete returning *",
        "merge into t using s on a = b when matched then delete returning *")]
    [InlineData("with x as (merge into t using s on a = b when matched then update set c = 1 returning t.c d) select * from x",
        "with x as (merge into t using s on a = b when matched then update set c = 1 returning t.c as d) select * from x")]
    [InlineData("copy (merge into t using s on a when matched then do nothing returning a) to stdout", null)]
    [InlineData("merge into t using s on a = b when not matched by source then delete when not matched by target then insert values (1)",
        "merge into t using s on a = b when not matched by source then delete when not matched then insert values (1)")]
    [InlineData("merge into t using s on a = b when not matched by source and c then update set d = default when matched then do nothing",
        "merge into t using s on a = b when not matched by source and c then update set d = default when matched then do nothing")]
    public void MergeReturnsAndKnowsRowsWithoutSource(string sql, string? expected)
    {
        var statement = Assert.Single(SqlParser.Parse(sql)).Statement;
        if (expected is null) return;
        var printed = SqlPrinter.Print(statement);
        Assert.Equal(expected, printed);
        Assert.True(TreeComparer.AreEqual(statement, Assert.Single(SqlParser.Parse(printed)).Statement));
    }

    [Theory]
    [InlineData("merge into t using s on a when matched by source then delete", "by")]
    [InlineData("merge into t using s on a when not matched by then delete", "then")]
    [InlineData("merge into t using s on a when not matched by row then delete", "row")]
    [InlineData("merge into t using s on a when not matched by source then insert values (1)", "insert")]
    [InlineData("merge into t using s on a when not matched by target then delete", "delete")]
    [InlineData("merge into t using s on a when not matched by target then update set a = 1", "update")]
    [InlineData("merge into t using s on a returning b", "returning")]
    [InlineData("merge into t using s on a when matched then delete returning b when matched then delete", "matched")]
    public void OtherFormsOfMergeAreErrors(string sql, string word)
    {
        var exception = Assert.Throws<SqlException>(() => SqlParser.Parse(sql));
        Assert.Equal(("42601", $"syntax error at or near \"{word}\""), (exception.State.Code, exception.Message));
    }

    [Theory]
    [InlineData("update only (t) x set (a, b) = ((1, (default))), c = 2 from u, v join w on true where x.a = u.a returning *",
        "update only t as x set (a, b) = (1, default), c = 2 from u, v join w on true where x.a = u.a returning *")]
    [InlineData("with q as (select 1) update t * set set = set.a", "with q as (select 1) update t set \"set\" = \"set\".a")]
    [InlineData("update t as set set (a) = (select 1) where current of \"C\"",
        "update t as \"set\" set (a) = (select 1) where current of \"C\"")]
    [InlineData("delete from s.t as x using u where x.a returning a b", "delete from s.t as x using u where x.a returning a as b")]
    [InlineData("delete from t where current = 1", "delete from t where \"current\" = 1")]
    [InlineData("truncate only (t), s.u * continue identity restrict", "truncate table t, s.u")]
    [InlineData("truncate table t restart identity cascade", "truncate table t restart identity cascade")]
    [InlineData("merge into t x using (values (1)) as v(i) on x.a = v.i when not matched then insert (a) overriding user value values (i)",
        "merge into t as x using (values (1)) as v(i) on x.a = v.i when not matched then insert (a) overriding user value values (i)")]
    [InlineData("insert into t (a) values (default) on conflict (a, lower(b), (c || d) collate \"C\") where e do update set a = 1",
        "insert into t (a) values (default) on conflict (a, (lower(b)), ((c || d) collate \"C\")) where e do update set a = 1")]
    [InlineData("insert into t as x default values on conflict on constraint \"K\" do nothing returning x.*",
        "insert into t as x default values on conflict on constraint \"K\" do nothing returning x.*")]
    [InlineData("insert into t with a as (select 1) select 2 on conflict do nothing",
        "with a as (select 1) insert into t select 2 on conflict do nothing")]
    [InlineData("with a as (select 1) insert into t overriding system value with b as (select 2) select 3",
        "with a as (select 1) insert into t overriding system value (with b as (select 2) select 3)")]
    public void PrintsCanonically(string sql, string expected)
    {
        var statement = Assert.Single(SqlParser.Parse(sql)).Statement;
        Assert.Equal(expected, SqlPrinter.Print(statement));
        Assert.True(TreeComparer.AreEqual(statement, Assert.Single(SqlParser.Parse(expected)).Statement));
    }

    [Fact]
    public void AssignmentsKnowWhetherTheyAreRows()
    {
        var update = Parse<UpdateStatement>("update t set a = (1, 2), (b) = (3), (c, d) = (select 4, default), e = (default)");
        Assert.Equal([false, true, true, false], update.Set.Select(clause => clause.IsRow));
        Assert.Equal([1, 1, 2, 1], update.Set.Select(clause => clause.Columns.Count));
        Assert.Equal([typeof(RowExpression), typeof(NumberLiteral), typeof(ScalarQueryExpression), typeof(DefaultValue)],
            update.Set.Select(clause => clause.Value.GetType()));
    }

    [Fact]
    public void NodesKnowTheirPlace()
    {
        const string Sql = "with x as (select 1) merge into only t y using s z on true when matched and a then update set (b, c) = (1, 2) "
            + "when not matched then insert (d) values (default) returning e";
        var merge = Parse<MergeStatement>(Sql);
        Assert.True(merge.IsOnly);
        Assert.Equal(("y", Sql.Length), (merge.Alias, merge.Span.Length));
        var update = Assert.IsType<MergeUpdate>(merge.Clauses[0].Action);
        var insert = Assert.IsType<MergeInsert>(merge.Clauses[1].Action);
        Assert.Equal(
            ["with x as (select 1)", "t", "s z", "when matched and a then update set (b, c) = (1, 2)", "update set (b, c) = (1, 2)",
                "(b, c) = (1, 2)", "c", "insert (d) values (default)", "d", "default", "e"],
            new SyntaxNode[]
            {
                merge.With!, merge.Table, merge.Source, merge.Clauses[0], update, update.Set[0], update.Set[0].Columns[1], insert,
                insert.Columns[0], insert.Values[0], merge.Returning[0],
            }.Select(node => Sql.Substring(node.Span.Start, node.Span.Length)));
        const string Upsert = "insert into t table u on conflict (a, (b + 1) collate \"C\") where c do update set d = 1 where e";
        var conflict = Parse<InsertStatement>(Upsert).OnConflict!;
        Assert.Equal(
            ["on conflict (a, (b + 1) collate \"C\") where c do update set d = 1 where e", "(a, (b + 1) collate \"C\") where c", "a",
                "(b + 1) collate \"C\"", "d = 1"],
            new SyntaxNode[] { conflict, conflict.Target!, conflict.Target!.Elements[0], conflict.Target.Elements[1], conflict.Set[0] }
                .Select(node => Upsert.Substring(node.Span.Start, node.Span.Length)));
    }

    [Fact]
    public void ActionsOfMergeAreTold()
    {
        var merge = Parse<MergeStatement>("merge into t using s on a when matched then delete when not matched then insert default values "
            + "when not matched by source then do nothing when not matched by target and b then do nothing");
        Assert.Equal(
            [(MergeMatch.Matched, typeof(MergeDelete)), (MergeMatch.NotMatchedByTarget, typeof(MergeInsert)),
                (MergeMatch.NotMatchedBySource, typeof(MergeDoNothing)), (MergeMatch.NotMatchedByTarget, typeof(MergeDoNothing))],
            merge.Clauses.Select(clause => (clause.Match, clause.Action.GetType())));
        Assert.Equal([false, false, false, true], merge.Clauses.Select(clause => clause.Condition is not null));
        Assert.False(merge.IsOnly);
    }

    /// <summary>PostgreSQL's analysis has these errors, once it has found the table.</summary>
    [Theory]
    [InlineData("insert into t values (1) on conflict (a, b desc) do nothing", "42P10", 38,
        "ASC/DESC is not allowed in ON CONFLICT clause")]
    [InlineData("insert into t values (1) on conflict (a nulls last) do nothing", "42P10", 38,
        "NULLS FIRST/LAST is not allowed in ON CONFLICT clause")]
    [InlineData("insert into t values (1) on conflict (a text_ops) do nothing", "0A000", 41,
        "an operator class in ON CONFLICT is not supported")]
    [InlineData("with x as (select 1) insert into t default values", "0A000", 1, "WITH and DEFAULT VALUES are not supported together")]
    [InlineData("update t set (a, b[1]) = (1, 2)", "0A000", 19, "assignment into a part of a column is not supported")]
    public void RefusesWhatItDoesNotHave(string sql, string code, int position, string message)
    {
        var exception = Assert.Throws<SqlException>(() => SqlParser.Parse(sql));
        Assert.Equal((code, position, message), (exception.State.Code, exception.Position, exception.Message));
    }

    private static T Parse<T>(string sql) where T : Statement => Assert.IsType<T>(Assert.Single(SqlParser.Parse(sql)).Statement);
}
