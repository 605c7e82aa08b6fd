using Federation.Connectors.Spi;
using Federation.Core;

namespace Federation.Connectors.RemoteSql;

/// <summary>
/// Writes a relational tree as one SELECT of the source. Each node joins the SELECT of its input where the clauses allow it, so that the
/// text reads as a person would write it; otherwise the input becomes a derived table.
/// </summary>
public sealed class RemoteTreeWriter
{
    /// <summary>Expressions named several times are written several times; beyond this many characters the tree is refused.</summary>
    private const int LongestExpression = 16 << 10;

    private const int LongestName = 50;

    private readonly SqlDialect _dialect;
    private readonly Func<ITableHandle, RemoteTable> _describe;
    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);

    private RemoteTreeWriter(SqlDialect dialect, Func<ITableHandle, RemoteTable> describe)
    {
        _dialect = dialect;
        _describe = describe;
    }

    /// <summary>The SELECT, or null with the reason why the source cannot run the tree.</summary>
    /// <param name="columns">Columns of the tree to give, in this order.</param>
    /// <param name="describe">The table behind a handle of the tree.</param>
    public static RemoteSelect? TryWrite(
        SqlDialect dialect,
        RelationalTree tree,
        EquatableArray<string> columns,
        Func<ITableHandle, RemoteTable> describe,
        out string? reason)
    {
        try
        {
            reason = null;
            var block = new RemoteTreeWriter(dialect, describe).Block(tree, NoColumn);
            return block.ToSelect(columns.Select(name => block.Columns[name].Sql));
        }
        catch (NotShippableException refusal)
        {
            reason = refusal.Message;
            return null;
        }
    }

    /// <param name="outer">Columns of the rows around the tree.</param>
    private RemoteBlock Block(RelationalTree tree, Func<string, RemoteExpression?> outer) => tree switch
    {
        RelationalTree.Table table => OfTable(table),
        RelationalTree.Filter filter => OfFilter(filter, outer),
        RelationalTree.Project project => OfProject(project, outer),
        RelationalTree.Aggregate aggregate => OfAggregate(aggregate),
        RelationalTree.TopRows top => OfTopRows(top),
        RelationalTree.Join { Kind: TreeJoin.Inner or TreeJoin.Left } join => OfJoin(join, outer),
        RelationalTree.Join join => OfSemiJoin(join, outer),
        _ => throw new NotShippableException($"{tree.GetType().Name} is done here"),
    };

    private RemoteBlock OfTable(RelationalTree.Table leaf)
    {
        var table = _describe(leaf.Handle);
        var name = NewName(table.Name);
        RemoteExpression? Find(string column) =>
            table.Find(column) is { } found ? RemoteExpression.Of(found, $"{name}.{found.Expression}") : null;
        var from = name == _dialect.Identifier(table.Name) ? table.From : $"{table.From} AS {name}";
        var block = new RemoteBlock(from) { Limit = table.Limit };
        var writer = new RemoteExpressionWriter(_dialect, Find, null);
        foreach (var filter in table.Filters) block.Where.Add(writer.WriteCondition(filter));
        foreach (var (column, source) in leaf.Outputs)
            block.Columns[column.Name] = Find(source) ?? throw new NotShippableException($"column {source} is not a column of the source");
        return block;
    }

    private RemoteBlock OfFilter(RelationalTree.Filter filter, Func<string, RemoteExpression?> outer)
    {
        var block = Block(filter.Input, outer);
        if (block.IsLimited) block = Derived(block);

        var writer = Writer(block, outer);
        (block.IsGrouped ? block.Having : block.Where).AddRange(filter.Conjuncts.Select(writer.WriteCondition));
        return block;
    }

    private RemoteBlock OfProject(RelationalTree.Project project, Func<string, RemoteExpression?> outer)
    {
        var block = Block(project.Input, outer);

        // What is computed from the rows that are left must not be computed before the others are dropped.
        if (block.IsLimited && project.Values.Any(value => value.Expression is not ConnectorExpression.Column)) block = Derived(block);
        var writer = Writer(block, outer);
        var columns = project.Values.Select(value => (value.Column.Name, Value: writer.WriteValue(value.Expression))).ToArray();
        block.Columns.Clear();
        foreach (var (name, value) in columns)
        {
            if (value.Sql.Length > LongestExpression) throw new NotShippableException("an expression is too long");
            block.Columns[name] = value;
        }

        return block;
    }

    private RemoteBlock OfAggregate(RelationalTree.Aggregate aggregate)
    {
        if (aggregate.Columns.Count == 0) throw new NotShippableException("the rows of an aggregate have no column");
        var block = ToRows(Block(aggregate.Input, NoColumn));
        var writer = Writer(block, NoColumn);
        var keys = aggregate.Keys.Select(key => (key.Column.Name, Value: writer.WriteKey(key.Expression))).ToArray();
        var calls = aggregate.Calls.Select(call => (call.Column.Name, Value: Call(call, writer))).ToArray();
        block.Columns.Clear();
        foreach (var (name, value) in keys.Concat(calls)) block.Columns[name] = value;
        block.IsGrouped = true;
        block.GroupBy.AddRange(keys.Select(key => key.Value.Sql).Distinct());
        return block;
    }

    private RemoteExpression Call(TreeAggregate call, RemoteExpressionWriter writer)
    {
        if (call.Arguments.Count > 1) throw new NotShippableException($"{call.Name}() of several arguments is evaluated here");
        var collations = (IReadOnlyList<RemoteCollation>)[];
        var argument = "*";
        if (call.Arguments is [var given])
        {
            if (_dialect.Aggregates.WhyNot(call.Name, [given.Type]) is { } reason) throw new NotShippableException(reason);
            if (given is ConnectorExpression.Constant { Value: null })
                throw new NotShippableException($"{call.Name}() of NULL is evaluated here");
            collations = writer.WriteValue(given).Collations;
            argument = call.Name is "min" or "max" ? writer.WriteOrdered(given)
                : call.IsDistinct ? writer.WriteKey(given).Sql
                : writer.WriteValue(given).Sql;
        }
        else if (call.Name != "count")
        {
            throw new NotShippableException($"{call.Name}() is evaluated here");
        }

        var condition = call.Condition is null ? "" : $" FILTER (WHERE {writer.WriteCondition(call.Condition)})";
        var sql = $"{call.Name}({(call.IsDistinct ? "DISTINCT " : "")}{argument}){condition}";
        return new RemoteExpression(sql, RemotePrecedence.Atom) { Collations = collations };
    }

    private RemoteBlock OfTopRows(RelationalTree.TopRows top)
    {
        var block = Block(top.Input, NoColumn);
        if (block.IsLimited) block = Derived(block);
        var writer = Writer(block, NoColumn);
        foreach (var key in top.Keys)
        {
            var (direction, nulls) = (key.IsDescending ? " DESC" : "", key.NullsFirst ? "FIRST" : "LAST");
            block.OrderBy.Add($"{writer.WriteOrdered(key.Expression)}{direction} NULLS {nulls}");
        }

        (block.Limit, block.Offset) = (top.Count, top.Offset);
        return block;
    }

    private RemoteBlock OfJoin(RelationalTree.Join join, Func<string, RemoteExpression?> outer)
    {
        var left = ToRows(Block(join.Left, outer));
        var right = ToRows(Block(join.Right, outer));

        // An outer join makes NULLs of whole rows, and of expressions only what they give for NULLs.
        if (join.Kind == TreeJoin.Left && right.Columns.Values.Any(column => !column.IsPlain)) right = Derived(right);
        var joined = new RemoteBlock("");
        foreach (var (name, column) in left.Columns.Concat(right.Columns)) joined.Columns[name] = column;
        var writer = Writer(joined, outer);
        var on = join.Conjuncts.Select(writer.WriteCondition).ToList();
        joined.Where.AddRange(left.Where);
        (join.Kind == TreeJoin.Left ? on : joined.Where).AddRange(right.Where);
        var nested = right.IsJoin ? $"({right.From})" : right.From;
        joined.From = join.Kind == TreeJoin.Left ? $"{left.From} LEFT JOIN {nested} ON {string.Join(" AND ", on.DefaultIfEmpty("true"))}"
            : on.Count == 0 ? $"{left.From} CROSS JOIN {nested}"
            : $"{left.From} JOIN {nested} ON {string.Join(" AND ", on)}";
        joined.IsJoin = true;
        return joined;
    }

    private RemoteBlock OfSemiJoin(RelationalTree.Join join, Func<string, RemoteExpression?> outer)
    {
        var left = ToRows(Block(join.Left, outer));
        RemoteExpression? Around(string name) => left.Find(name) ?? outer(name);
        var right = ToRows(Block(join.Right, Around));
        var writer = Writer(right, Around);
        right.Where.AddRange(join.Conjuncts.Select(writer.WriteCondition));
        left.Where.Add($"{(join.Kind == TreeJoin.Anti ? "NOT " : "")}EXISTS ({right.ToSelect(["1"])})");
        return left;
    }

    /// <summary>The block as rows to be filtered, joined and grouped.</summary>
    private RemoteBlock ToRows(RemoteBlock block) => block.IsGrouped || block.IsLimited ? Derived(block) : block;

    private RemoteBlock Derived(RemoteBlock block)
    {
        var name = NewName("derived");
        var selected = block.Columns.Select(column => $"{column.Value.Sql} AS {_dialect.Identifier(column.Key)}");
        var derived = new RemoteBlock($"({block.ToSelect(selected.DefaultIfEmpty("1 AS one"))}) AS {name}");
        foreach (var (column, value) in block.Columns)
        {
            var sql = $"{name}.{_dialect.Identifier(column)}";
            derived.Columns[column] = new RemoteExpression(sql, RemotePrecedence.Atom) { Collations = value.Collations, IsPlain = true };
        }

        return derived;
    }

    private RemoteExpressionWriter Writer(RemoteBlock block, Func<string, RemoteExpression?> outer) =>
        new(_dialect, name => block.Find(name) ?? outer(name), Query);

    private string Query(RelationalTree tree)
    {
        var block = Block(tree, NoColumn);
        return block.ToSelect(tree.Columns.Select(column => block.Columns[column.Name].Sql)).ToString();
    }

    /// <summary>
    /// Only conditions of semi joins name columns of the rows around them, because sources join these. Other subqueries that do would run
    /// once for each row, which the engine does better.
    /// </summary>
    private static RemoteExpression? NoColumn(string name) => throw new NotShippableException("a subquery would run for each row");

    private string NewName(string wish)
    {
        // Sources cut long names; some count bytes.
        if (wish.Length > LongestName || !System.Text.Ascii.IsValid(wish)) wish = "source";
        var name = wish;
        for (var i = 2; !_names.Add(name); i++) name = $"{wish}_{i.ToString(System.Globalization.CultureInfo.InvariantCulture)}";
        return _dialect.Identifier(name);
    }
}
