using System.Text;
using Federation.Connectors.Spi;

namespace Federation.Planner;

/// <summary>Plans in the form that connectors see. A column has one name in all trees of a statement.</summary>
/// <param name="estimate">How many rows a plan gives, about.</param>
internal sealed class RelationalTrees(Func<LogicalPlan, double> estimate)
{
    /// <summary>Sources look through the values of NOT IN for each row once they are too many to keep in a table of hashes.</summary>
    private const double MostListed = 10_000;

    /// <summary>Sources cut longer names.</summary>
    private const int LongestName = 40;

    private readonly Dictionary<int, string> _names = [];
    private readonly HashSet<string> _used = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<LogicalPlan, RelationalTree?> _converted = new(ReferenceEqualityComparer.Instance);

    public string NameOf(Column column)
    {
        if (_names.TryGetValue(column.Id, out var known)) return known;
        var isShort = column.Name.Length is > 0 and <= LongestName && Ascii.IsValid(column.Name);
        var name = isShort ? column.Name : "column";
        if (!_used.Add(name))
        {
            name += $"_{column.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)}";
            while (!_used.Add(name)) name += "_";
        }

        _names.Add(column.Id, name);
        return name;
    }

    /// <summary>Null when the plan has nodes or expressions that trees do not have.</summary>
    public RelationalTree? Convert(LogicalPlan plan)
    {
        Core.Execution.StatementGuard.EnterLevel();
        if (_converted.TryGetValue(plan, out var known)) return known;
        foreach (var column in plan.Columns) NameOf(column);
        var tree = plan switch
        {
            Scan { Subtree: null } scan => new RelationalTree.Table(
                scan.Handle, scan.Outputs.Select(output => new TableOutput(Named(output.Column), output.SourceName)).ToEquatableArray()),
            Filter filter => Filtered(filter),
            Project project => Input(project) is { } input && Values(project.Assignments) is { } values
                ? new RelationalTree.Project(input, values)
                : null,
            Distinct => Input(plan) is { } input ? new RelationalTree.Aggregate(input, Passed(plan.Columns), []) : null,
            Aggregate { Sets.Count: 0 } aggregate => Grouped(aggregate),
            Limit limit => Limited(limit),
            Join { IsLateral: false, Type: JoinType.Inner or JoinType.Left or JoinType.Right } join => Joined(join),
            _ => null,
        };
        _converted.Add(plan, tree);
        return tree;
    }

    public RelationalTree? Top(RelationalTree input, EquatableArray<SortKey> keys, long? count, long offset)
    {
        var order = new List<TreeOrder>();
        foreach (var key in keys)
        {
            if (Convert(key.Expression) is not { } expression) return null;
            order.Add(new TreeOrder(expression, key.IsDescending, key.NullsFirst));
        }

        return new RelationalTree.TopRows(input, order.ToEquatableArray(), count, offset);
    }

    private RelationalTree? Input(LogicalPlan plan) => Convert(plan.Inputs[0]);

    private TreeColumn Named(Column column) => new(NameOf(column), column.Type);

    private EquatableArray<TreeValue> Passed(EquatableArray<Column> columns) => columns
        .Select(column => new TreeValue(Named(column), new ConnectorExpression.Column(NameOf(column), column.Type)))
        .ToEquatableArray();

    private ConnectorExpression? Convert(Expr expression) =>
        PlanRewriter.IsVolatile(expression) ? null : ConnectorExpressions.Convert(expression, _names, OfSubquery);

    private ConnectorExpression? OfSubquery(Subquery subquery)
    {
        if (Convert(subquery.Plan) is not { } tree) return null;
        switch (subquery)
        {
            case { Kind: SubqueryKind.Scalar }: return new ConnectorExpression.ScalarQuery(tree, subquery.Type);
            case { Kind: SubqueryKind.Any, Operator: "=", Left: [var left] } when estimate(subquery.Plan) <= MostListed:
                return Convert(left) is { } member ? new ConnectorExpression.InQuery(member, tree) : null;
            case { Kind: SubqueryKind.All, Operator: "<>", Left: [var left] } when estimate(subquery.Plan) <= MostListed:
                return Convert(left) is { } stranger ? new ConnectorExpression.Not(new ConnectorExpression.InQuery(stranger, tree)) : null;
            default: return null;
        }
    }

    private RelationalTree? Filtered(Filter filter)
    {
        var tree = Input(filter);
        var conjuncts = new List<ConnectorExpression>();
        foreach (var term in Conjuncts.Of(filter.Predicate))
        {
            if (tree is null) return null;
            if (SemiJoined(term, tree) is { } joined) tree = joined;
            else if (Convert(term) is { } condition) conjuncts.Add(condition);
            else return null;
        }

        return tree is null || conjuncts.Count == 0 ? tree : new RelationalTree.Filter(tree, conjuncts.ToEquatableArray());
    }

    /// <summary>EXISTS and IN as conditions of a query, where NULL is as good as false.</summary>
    private RelationalTree? SemiJoined(Expr term, RelationalTree input)
    {
        var (subquery, kind) = term switch
        {
            Subquery { Kind: SubqueryKind.Exists or SubqueryKind.Any } positive => (positive, TreeJoin.Semi),
            Not { Operand: Subquery { Kind: SubqueryKind.Exists } negative } => (negative, TreeJoin.Anti),
            _ => (null, default),
        };
        if (subquery is null) return null;
        if (subquery.Kind == SubqueryKind.Any && (subquery.Operator != "=" || subquery.Comparisons.Count == 0)) return null;
        if (Convert(subquery.Plan) is not { } right || All(subquery.Comparisons) is not { } conjuncts) return null;
        return new RelationalTree.Join(kind, input, right, conjuncts);
    }

    private RelationalTree? Grouped(Aggregate aggregate)
    {
        if (Input(aggregate) is not { } input || Values(aggregate.Keys) is not { } keys) return null;
        var calls = new List<TreeAggregate>();
        foreach (var (column, expression) in aggregate.Aggregates)
        {
            if (expression is not AggregateCall { OrderBy.Count: 0, Function.AggregateKind: 'n' } call) return null;
            if (All(call.Arguments) is not { } arguments) return null;
            var condition = call.Filter is null ? null : Convert(call.Filter);
            if (call.Filter is not null && condition is null) return null;
            calls.Add(new TreeAggregate(Named(column), call.Function.Name, arguments, call.IsDistinct, condition));
        }

        return new RelationalTree.Aggregate(input, keys, calls.ToEquatableArray());
    }

    private RelationalTree? Limited(Limit limit)
    {
        if (limit.WithTies || !IsCount(limit.Count) || !IsCount(limit.Offset)) return null;
        var (below, keys) = limit.Input is Sort sort ? (sort.Input, sort.Keys) : (limit.Input, []);
        var (count, offset) = ((limit.Count as Constant)?.Value as long?, (limit.Offset as Constant)?.Value as long?);
        return Convert(below) is { } input ? Top(input, keys, count, offset ?? 0) : null;

        static bool IsCount(Expr? expression) => expression is null or Constant { Value: long and >= 0 };
    }

    private RelationalTree? Joined(Join join)
    {
        if (Convert(join.Left) is not { } left || Convert(join.Right) is not { } right) return null;
        var terms = Conjuncts.Of(join.Condition).ToArray();
        if (join.Type == JoinType.Right) (left, right) = (right, left);
        var kind = join.Type == JoinType.Inner ? TreeJoin.Inner : TreeJoin.Left;
        return All(terms) is { } conjuncts ? new RelationalTree.Join(kind, left, right, conjuncts) : null;
    }

    private EquatableArray<TreeValue>? Values(EquatableArray<Assignment> assignments)
    {
        if (All(assignments.Select(assignment => assignment.Expression)) is not { } expressions)
            return null;
        return assignments.Select((assignment, i) => new TreeValue(Named(assignment.Column), expressions[i])).ToEquatableArray();
    }

    private EquatableArray<ConnectorExpression>? All(IEnumerable<Expr> expressions)
    {
        var converted = new List<ConnectorExpression>();
        foreach (var expression in expressions)
        {
            if (Convert(expression) is not { } item) return null;
            converted.Add(item);
        }

        return converted.ToEquatableArray();
    }
}
