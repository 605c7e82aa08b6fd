using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.Plan;
using Federation.Planner.Binding;
using Federation.Planner.Explain;
using Federation.Sql;
using Federation.Sql.Syntax;

namespace Federation.Planner.Tests;

/// <summary>
/// Which parts of a plan are offered to a source: the largest first, then what is below, and nothing that reads two servers.
/// </summary>
public sealed class PushSubtreesTests
{
    [Theory]
    [InlineData("SELECT a.x, count(*) FROM a JOIN b ON b.k = a.k GROUP BY a.x", "", "one: a, b; join; groups")]
    [InlineData("SELECT a.x, count(*) FROM a JOIN c ON c.k = a.k GROUP BY a.x", "", "")]
    [InlineData("SELECT s.n, c.x FROM (SELECT k, count(*) AS n FROM a GROUP BY k) s JOIN c ON c.k = s.k", "", "one: a; groups")]
    [InlineData("SELECT a.x FROM a JOIN b ON b.k = a.k JOIN c ON c.k = a.k", "", "one: a, b; join")]
    [InlineData("SELECT a.x FROM a WHERE EXISTS (SELECT FROM b WHERE b.k = a.k)", "", "one: a, b; join")]
    [InlineData("SELECT a.x FROM a WHERE NOT EXISTS (SELECT FROM c WHERE c.k = a.k)", "", "")]
    [InlineData("SELECT x FROM a ORDER BY k LIMIT 5", "", "one: a; first rows")]
    [InlineData("SELECT DISTINCT x FROM a", "", "one: a; groups")]
    [InlineData("SELECT k FROM a WHERE k > (SELECT max(k) FROM b)", "", "one: a, b; ")]
    [InlineData("SELECT k FROM a WHERE k > (SELECT max(k) FROM c)", "", "two: c; groups")]

    // What the source refuses is offered in smaller parts.
    [InlineData("SELECT a.x, count(*) FROM a JOIN b ON b.k = a.k GROUP BY a.x", "Aggregate", "one: a, b; join")]
    [InlineData("SELECT count(*) FROM (SELECT DISTINCT x FROM a ORDER BY x LIMIT 3) s", "TopRows", "one: a; groups")]

    // Nothing is gained, or the plan has what trees do not have.
    [InlineData("SELECT k + 1 FROM a WHERE x = 'y'", "", "")]
    [InlineData("SELECT a.k FROM a, b", "", "")]
    [InlineData("SELECT count(*) FROM a WHERE random() < 2", "", "")]
    [InlineData("SELECT x, k, count(*) FROM a GROUP BY CUBE (x, k)", "", "")]
    [InlineData("SELECT k, row_number() OVER (ORDER BY k) FROM a", "", "")]
    [InlineData("SELECT k FROM a UNION SELECT k FROM b", "", "")]
    [InlineData("SELECT string_agg(x, ',' ORDER BY k) FROM a", "", "")]
    [InlineData("SELECT k FROM a ORDER BY k FETCH FIRST 2 ROWS WITH TIES", "", "")]
    public void Offered(string sql, string refused, string taken)
    {
        var plan = Optimized(sql, refused, pushesSubtrees: true);
        var scans = PlanRewriter.Nodes(plan).OfType<Scan>().Where(scan => scan.Subtree is not null)
            .Select(scan =>
                $"{scan.Source.Catalog}: {string.Join(", ", scan.Subtree!.Tables.Select(table => table.Table))}; "
                    + $"{string.Join("; ", scan.Subtree.Parts)}");
        Assert.Equal(taken, string.Join(" | ", scans));
        Assert.DoesNotContain(PlanRewriter.Nodes(Optimized(sql, refused, pushesSubtrees: false)).OfType<Scan>(),
            scan => scan.Subtree is not null);
    }

    [Fact]
    public void Refusals_are_explained_once()
    {
        var lines = PlanText.Write(Optimized("SELECT count(*) + 1 FROM a GROUP BY x", "Aggregate", pushesSubtrees: true),
            new Dictionary<Scan, ScanNotes>());
        Assert.Single(lines, line => line.Contains("no Aggregate", StringComparison.Ordinal));
    }

    /// <summary>Trees of equal queries are equal, and names are unique.</summary>
    [Fact]
    public void Trees_compare_by_content()
    {
        const string Sql =
            "SELECT a.x, b.x, count(*) FROM a JOIN b ON b.k = a.k WHERE EXISTS (SELECT FROM b b2 WHERE b2.k = a.k) GROUP BY a.x, b.x";
        RelationalTree Tree() =>
            PlanRewriter.Nodes(Optimized(Sql, "", pushesSubtrees: true)).OfType<Scan>().Select(scan => ((Taken)scan.Handle).Tree).Single();
        Assert.Equal(Tree(), Tree());
        Assert.Equal(Tree().GetHashCode(), Tree().GetHashCode());
        Assert.Equal(["x", "x", "count"], Tree().Columns.Select(column => column.Name.Split('_')[0]));
        Assert.Equal(3, Tree().Columns.Select(column => column.Name).Distinct().Count());
    }

    private static LogicalPlan Optimized(string sql, string refused, bool pushesSubtrees)
    {
        EquatableArray<ConnectorColumn> columns = [new("k", SqlType.Int4), new("x", SqlType.Text)];
        ResolvedTable Table(string server, Source source, string name) =>
            new(new TableSource(server, "public", name, 100), new Handle(name), columns) { Provider = source, ProviderKey = server };
        var (one, two) = (new Source(refused), new Source(refused));
        var tables = new Dictionary<string, ResolvedTable>
        {
            ["a"] = Table("one", one, "a"),
            ["b"] = Table("one", one, "b"),
            ["c"] = Table("two", two, "c"),
        };
        var bound = Binder.Bind(
            ((SelectStatement)SqlParser.Parse(sql)[0].Statement).Query,
            new BindContext(table => tables.GetValueOrDefault(table.Name.Name), [], ValueContext.Default));
        return QueryPlanner.Optimize(bound, new ExecutionContext([], _ => null) { PushesSubtrees = pushesSubtrees });
    }

    private sealed record Handle(string Table) : ITableHandle;

    private sealed record Taken(RelationalTree Tree) : ITableHandle;

    /// <summary>Takes every tree that has no node of one kind.</summary>
    private sealed class Source(string refused) : ISubtreePushdown
    {
        public SubtreePushdown TryTake(RelationalTree tree) =>
            Nodes(tree).Any(node => node.GetType().Name == refused)
                ? new SubtreePushdown(null, $"no {refused}")
                : new SubtreePushdown(new Taken(tree), null);

        private static IEnumerable<RelationalTree> Nodes(RelationalTree tree) => (tree switch
        {
            RelationalTree.Filter filter => Nodes(filter.Input),
            RelationalTree.Project project => Nodes(project.Input),
            RelationalTree.Aggregate aggregate => Nodes(aggregate.Input),
            RelationalTree.TopRows top => Nodes(top.Input),
            RelationalTree.Join join => Nodes(join.Left).Concat(Nodes(join.Right)),
            _ => [],
        }).Prepend(tree);
    }
}
