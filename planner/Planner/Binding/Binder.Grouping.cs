using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>GROUP BY, aggregates, windows and set-returning calls: splitting select expressions over plan nodes (parse_agg.c).</summary>
public sealed partial class Binder
{
    /// <param name="Outputs">
    /// For each key the column of the select list that it is, or -1: keys of two columns are two, though their expressions are equal.
    /// </param>
    private sealed record GroupClause(List<Expr> Keys, List<int> Outputs, List<List<int>> Sets);

    private static bool ContainsAggregate(Expr expression) =>
        PlanRewriter.Contains(expression, item => item is AggregateCall or Grouping);

    /// <summary>The grouping keys and sets, or null without GROUP BY.</summary>
    private GroupClause? BindGroupBy(SelectBody select, BindScope scope, List<SelectColumn> columns)
    {
        if (select.GroupBy.Count == 0) return null;
        var keys = new List<Expr>();
        var outputs = new List<int>();
        List<List<int>> sets = [[]];
        foreach (var element in select.GroupBy)
        {
            var expanded = ExpandElement(element);
            if (sets.Count * expanded.Count > 4096)
                throw new SqlException(SqlState.StatementTooComplex, "too many grouping sets present (maximum 4096)")
                    { Position = element.Span.Position };
            sets = sets.SelectMany(_ => expanded, (set, added) => set.Union(added).ToList()).ToList();
        }

        if (select.IsGroupByDistinct) sets = sets.DistinctBy(set => string.Join(',', set.Order())).ToList();
        return new GroupClause(keys, outputs, sets);

        List<List<int>> ExpandElement(GroupingElement element)
        {
            switch (element.Kind)
            {
                case GroupingKind.Empty: return [[]];
                case GroupingKind.Expression: return [KeysOf(element.Expressions[0])];
                case GroupingKind.Sets: return element.Sets.SelectMany(ExpandElement).ToList();
                case GroupingKind.Rollup:
                    var units = element.Expressions.Select(KeysOf).ToList();
                    return Enumerable.Range(0, units.Count + 1)
                        .Select(i => units.Take(units.Count - i).SelectMany(unit => unit).Distinct().ToList()).ToList();
                default:
                    var parts = element.Expressions.Select(KeysOf).ToList();
                    if (parts.Count > 12)
                        throw new SqlException(SqlState.TooManyColumns, "CUBE is limited to 12 elements")
                            { Position = element.Span.Position };
                    return Enumerable.Range(0, 1 << parts.Count).Reverse()
                        .Select(mask => parts.Where((_, i) => (mask & (1 << (parts.Count - 1 - i))) != 0).SelectMany(part => part)
                            .Distinct().ToList()).ToList();
            }
        }

        List<int> KeysOf(Expression syntax)
        {
            if (syntax is RowExpression { IsExplicit: false } row) return row.Items.SelectMany(KeysOf).Distinct().ToList();
            var (key, output) = BindGroupKey(syntax, scope, columns);
            RequireEquality(key, syntax.Span);
            var written = SubqueryNumbers.Canonical(key);
            if (output < 0) output = columns.FindIndex(column => SubqueryNumbers.Canonical(column.Value).Equals(written));
            var index = Enumerable.Range(0, keys.Count).FirstOrDefault(
                i => outputs[i] == output && SubqueryNumbers.Canonical(keys[i]).Equals(written), -1);
            if (index < 0)
            {
                index = keys.Count;
                keys.Add(key);
                outputs.Add(output);
            }

            return [index];
        }
    }

    /// <summary>
    /// In GROUP BY an input column wins over an output name. The column of the select list comes with the key if the key names it.
    /// </summary>
    private (Expr Key, int Output) BindGroupKey(Expression syntax, BindScope scope, List<SelectColumn> columns)
    {
        Expr key;
        var output = -1;
        if (syntax is ColumnReference { Parts.Count: 1 } reference
            && NameResolution.FindColumn(LevelOnly(scope), reference.Name, reference.Span) is null)
        {
            key = BindSelectReference(syntax, scope, columns, "GROUP BY", ExpressionContext.GroupBy);
            output = columns.FindIndex(column => column.Name == reference.Name && column.Value.Equals(key));
        }
        else
        {
            key = syntax is NumberLiteral or StringLiteral or NullLiteral or BooleanLiteral
                ? BindSelectReference(syntax, scope, columns, "GROUP BY", ExpressionContext.GroupBy)
                : ResolveUnknown(BindExpression(syntax, scope, ExpressionContext.GroupBy));
            if (syntax is NumberLiteral ordinal) output = Ordinal(ordinal, columns.Count, "GROUP BY");
        }

        if (PlanRewriter.Contains(key, item => item is AggregateCall or Grouping))
            throw new SqlException(SqlState.GroupingError, "aggregate functions are not allowed in GROUP BY")
                { Position = syntax.Span.Position };
        if (PlanRewriter.Contains(key, item => item is WindowCall))
            throw new SqlException(SqlState.WindowingError, "window functions are not allowed in GROUP BY")
                { Position = syntax.Span.Position };
        return (key, output);
    }

    /// <summary>
    /// Set-returning calls in grouping keys run below the aggregation; the keys and the expressions equal to them become what the calls
    /// gave.
    /// </summary>
    private LogicalPlan BindGroupSets(LogicalPlan plan, GroupClause groups, SelectExpressions expressions)
    {
        if (!groups.Keys.Exists(key => PlanRewriter.Contains(key, item => item is SetCall))) return plan;
        var written = groups.Keys.ToArray();
        var keys = new SelectExpressions([], groups.Keys.ConvertAll(key => new OrderItem(null!, key)), [], null);
        plan = BindSets(plan, keys);
        var replaced = new Dictionary<Expr, Expr>();
        for (var i = 0; i < written.Length; i++)
        {
            groups.Keys[i] = keys.Order[i].Value;
            if (!written[i].Equals(groups.Keys[i])) replaced[written[i]] = groups.Keys[i];
        }

        expressions.Map(expression => ReplaceWhole(expression));
        return plan;

        Expr ReplaceWhole(Expr expression) => replaced.TryGetValue(expression, out var value) ? value
            : expression.Operands.Count == 0 ? expression
            : expression.WithOperands(expression.Operands.Select(ReplaceWhole).ToEquatableArray());
    }

    private static BindScope LevelOnly(BindScope scope) => new(null) { Items = scope.Items };

    private Aggregate AggregateNode(LogicalPlan input, GroupClause? groups, List<Assignment> keys, List<Assignment> aggregates)
    {
        var sets = groups?.Sets ?? [[]];
        var isPlain = sets.Count == 1 && sets[0].Count == keys.Count;
        return new Aggregate(
            input,
            keys.ToEquatableArray(),
            isPlain ? [] : sets.Select(set => set.ToEquatableArray()).ToEquatableArray(),
            aggregates.ToEquatableArray());
    }

    private LogicalPlan BindAggregation(LogicalPlan input, GroupClause? groups, SelectExpressions expressions, BindScope scope)
    {
        // A key that is a plain column keeps its identity above the aggregate; of two keys of one column the first does.
        var named = new HashSet<Column>();
        var keys = (groups?.Keys ?? []).Select(key => new Assignment(
            key is ColumnRef reference && named.Add(reference.Column) ? reference.Column : NewColumn("key", key.Type), key)).ToList();
        var keyColumns = new Dictionary<Expr, Column>();
        foreach (var key in keys) keyColumns.TryAdd(SubqueryNumbers.Canonical(key.Expression), key.Column);
        var areKeysQueries = keys.Exists(key => PlanRewriter.HasSubquery(key.Expression));
        var aggregates = new List<Assignment>(scope.OuterAggregates);
        for (var i = 0; i < aggregates.Count; i++)
            if (aggregates[i].Expression is Grouping outer) aggregates[i] = aggregates[i] with { Expression = OfKeys(outer) };
        var aggregateColumns = aggregates.Where(item => item.Expression is AggregateCall)
            .ToDictionary(item => (AggregateCall)item.Expression, item => item.Column);
        var local = input.Columns.Select(column => column.Id).ToHashSet();
        foreach (var key in keys.Where(key => key.Expression is ColumnRef)) local.Remove(key.Column.Id);

        Expr Replace(Expr expression, bool inSubquery)
        {
            if (keyColumns.TryGetValue(areKeysQueries ? SubqueryNumbers.Canonical(expression) : expression, out var column)
                && expression is not Constant) return new ColumnRef(column);
            switch (expression)
            {
                case AggregateCall call when !inSubquery:
                    if (call.Function.AggregateKind != 'n')
                        foreach (var argument in call.Arguments) RequireGrouped(argument);
                    if (!aggregateColumns.TryGetValue(call, out var target))
                    {
                        target = NewColumn(call.Function.Name, call.Type);
                        aggregateColumns.Add(call, target);
                        aggregates.Add(new Assignment(target, call));
                    }

                    return new ColumnRef(target);
                case Grouping grouping when !inSubquery:
                    return ReplaceGrouping(grouping);
                case ColumnRef reference when local.Contains(reference.Column.Id):
                    throw Ungrouped(reference, scope, inSubquery);
            }

            if (expression is Subquery subquery)
            {
                expression = subquery with { Plan = ReplaceInPlan(subquery.Plan) };
            }

            if (expression.Operands.Count == 0) return expression;
            var operands = expression.Operands.Select(operand => Replace(operand, inSubquery)).ToEquatableArray();
            return expression.WithOperands(operands);
        }

        void RequireGrouped(Expr argument)
        {
            if (keyColumns.ContainsKey(areKeysQueries ? SubqueryNumbers.Canonical(argument) : argument)) return;
            if (argument is ColumnRef reference && local.Contains(reference.Column.Id))
                throw Ungrouped(reference, scope, inSubquery: false,
                    "Direct arguments of an ordered-set aggregate must use only grouped columns.");
            foreach (var operand in argument.Operands) RequireGrouped(operand);
        }

        LogicalPlan ReplaceInPlan(LogicalPlan plan) =>
            PlanRewriter.Rewrite(plan,
                node => PlanRewriter.MapOwnExpressions(node,
                    item => PlanColumns.Of(item).Overlaps(local) || keyColumns.Count > 0 ? Replace(item, inSubquery: true) : item));

        Grouping OfKeys(Grouping grouping)
        {
            var arguments = new Expr[grouping.Arguments.Count];
            for (var i = 0; i < arguments.Length; i++)
            {
                var written = SubqueryNumbers.Canonical(grouping.Arguments[i]);
                arguments[i] = keys.Find(key => SubqueryNumbers.Canonical(key.Expression).Equals(written))?.Expression
                    ?? throw new SqlException(SqlState.GroupingError,
                        "arguments to GROUPING must be grouping expressions of the associated query level")
                            { Position = PositionOf(grouping.Arguments[i]) };
            }

            return new Grouping(new EquatableArray<Expr>(arguments));
        }

        Expr ReplaceGrouping(Grouping grouping)
        {
            var call = OfKeys(grouping);
            var present = aggregates.Find(assignment => assignment.Expression.Equals(call));
            if (present is not null) return new ColumnRef(present.Column);
            var target = NewColumn("grouping", SqlType.Int4);
            aggregates.Add(new Assignment(target, call));
            return new ColumnRef(target);
        }

        if (groups is { Sets.Count: > 1 })
        {
            RequireUngrouped(expressions, scope, keys);
            for (var i = 0; i < keys.Count; i++)
            {
                if (groups.Outputs[i] is >= 0 and var output) expressions.SetOutput(output, new ColumnRef(keys[i].Column));
            }
        }

        expressions.Map(expression => Replace(expression, inSubquery: false));
        LogicalPlan plan = AggregateNode(BelowGroups(input, groups, keys, aggregates), groups, keys, aggregates);
        if (expressions.Having is { } having)
        {
            plan = new Filter(plan, having);
            expressions.Having = null;
        }

        return plan;
    }

    /// <summary>
    /// Direct arguments of ordered-set aggregates are computed for each group; here they are those of its rows, which have the keys that
    /// another grouping set leaves out.
    /// </summary>
    private void RequireUngrouped(SelectExpressions expressions, BindScope scope, List<Assignment> keys)
    {
        var columns = keys.SelectMany(key => PlanColumns.Of(key.Expression)).ToHashSet();
        foreach (var expression in expressions.All().Concat(scope.OuterAggregates.Select(item => item.Expression)))
        {
            PlanRewriter.Contains(expression, item => item is AggregateCall { Function.AggregateKind: not 'n' } call
                && call.Arguments.Any(argument => PlanColumns.Of(argument).Overlaps(columns))
                ? throw new SqlException(SqlState.FeatureNotSupported,
                    $"arguments of {call.Function.Name} that are grouped by several grouping sets are not supported")
                    { Position = PositionOf(call) }
                : false);
        }
    }

    /// <summary>
    /// Subqueries that the kernel would have to find again become columns of the input: keys, in a second grouping set and in GROUPING, and
    /// arguments of DISTINCT aggregates, in what those are ordered by.
    /// </summary>
    private LogicalPlan BelowGroups(LogicalPlan input, GroupClause? groups, List<Assignment> keys, List<Assignment> aggregates)
    {
        var below = new Dictionary<Expr, Column>();
        var copies = new List<Assignment>();
        Expr Below(Expr expression)
        {
            if (!PlanRewriter.HasSubquery(expression)) return expression;
            if (!below.TryGetValue(expression, out var column)) below.Add(expression, column = NewColumn("query", expression.Type));
            return new ColumnRef(column);
        }

        if (groups is { Sets.Count: > 1 } || aggregates.Exists(item => item.Expression is Grouping))
        {
            for (var i = 0; i < keys.Count; i++) keys[i] = keys[i] with { Expression = Below(keys[i].Expression) };

            // The kernel takes equal expressions for one key, and a constant for none.
            for (var i = 0; i < keys.Count; i++)
            {
                if (keys[i].Expression is not Constant && !keys.Take(i).Any(key => key.Expression.Equals(keys[i].Expression))) continue;
                var column = NewColumn("key", keys[i].Expression.Type);
                copies.Add(new Assignment(column, keys[i].Expression));
                keys[i] = keys[i] with { Expression = new ColumnRef(column) };
            }
        }

        for (var i = 0; i < aggregates.Count; i++)
        {
            if (aggregates[i].Expression is Grouping or AggregateCall { IsDistinct: true })
                aggregates[i] =
                    aggregates[i] with
                    {
                        Expression =
                            aggregates[i].Expression.WithOperands(aggregates[i].Expression.Operands.Select(Below).ToEquatableArray()),
                    };
        }

        if (below.Count == 0 && copies.Count == 0) return input;
        var passed = input.Columns.Select(column => new Assignment(column, new ColumnRef(column)));
        return new Project(input,
            passed.Concat(below.Select(pair => new Assignment(pair.Value, pair.Key))).Concat(copies).ToEquatableArray());
    }

    private SqlException Ungrouped(ColumnRef reference, BindScope scope, bool inSubquery, string? detail = null)
    {
        var name = scope.Items
            .Where(item => item.Entry.Alias is not null)
            .SelectMany(item => item.Entry.Columns, (item, column) => (item.Entry.Alias, column))
            .Where(pair => pair.column.Value is ColumnRef candidate && candidate.Column.Id == reference.Column.Id)
            .Select(pair => $"{pair.Alias}.{pair.column.Name}")
            .FirstOrDefault() ?? reference.Column.Name;
        return new SqlException(SqlState.GroupingError, inSubquery
            ? $"subquery uses ungrouped column \"{name}\" from outer query"
            : $"column \"{name}\" must appear in the GROUP BY clause or be used in an aggregate function")
        {
            Position = PositionOf(reference),
            Detail = detail,
        };
    }

    private LogicalPlan BindWindows(LogicalPlan plan, SelectExpressions expressions)
    {
        var calls = new List<Assignment>();
        var columns = new Dictionary<WindowCall, Column>();
        expressions.Map(expression => PlanRewriter.Rewrite(expression, item =>
        {
            if (item is not WindowCall call) return item;
            if (!columns.TryGetValue(call, out var column))
            {
                column = NewColumn(call.Function.Function.Name, call.Type);
                columns.Add(call, column);
                calls.Add(new Assignment(column, call));
            }

            return new ColumnRef(column);
        }));
        return calls.Count == 0 ? plan : new Window(plan, calls.ToEquatableArray());
    }

    private LogicalPlan BindSets(LogicalPlan plan, SelectExpressions expressions)
    {
        while (true)
        {
            // Innermost calls first: f(g(x)) with both returning sets runs g below f.
            var calls = new List<Assignment>();
            var columns = new Dictionary<SetCall, Column>();
            expressions.Map(expression => Extract(expression));
            if (calls.Count == 0) return plan;
            plan = new ProjectSet(plan, calls.ToEquatableArray());

            Expr Extract(Expr expression)
            {
                if (expression is SetCall call && !call.Arguments.Any(argument => PlanRewriter.Contains(argument, item => item is SetCall)))
                {
                    if (!columns.TryGetValue(call, out var column))
                    {
                        column = NewColumn(call.Function.Name, call.Type);
                        columns.Add(call, column);
                        calls.Add(new Assignment(column, call));
                    }

                    return new ColumnRef(column);
                }

                return expression.Operands.Count == 0
                    ? expression
                    : expression.WithOperands(expression.Operands.Select(Extract).ToEquatableArray());
            }
        }
    }
}
