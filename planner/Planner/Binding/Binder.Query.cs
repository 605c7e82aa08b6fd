using Federation.Planner.Functions;
using Federation.Planner.Typing;
using Federation.Sql.Syntax;
using SetOperation = Federation.Sql.Syntax.SetOperation;
using Values = Federation.Plan.Values;

namespace Federation.Planner.Binding;

/// <summary>Queries: WITH, set operations, VALUES, ORDER BY and LIMIT around them, and subqueries as expressions.</summary>
public sealed partial class Binder
{
    private sealed record QueryResult(LogicalPlan Plan, List<OutputColumn> Outputs);

    /// <param name="scope">A fresh scope whose parent is the query around this one.</param>
    private QueryResult BindQuery(Query query, BindScope scope, bool resolvesUnknown = true)
    {
        query = MergeNested(query);
        var definitions = query.With is null ? [] : BindWith(query.With, scope);
        var result = query.Body switch
        {
            SelectBody select => BindSelect(select, query, scope, resolvesUnknown),
            _ => BindOrderedBody(query, scope),
        };
        BindLocking(query, result.Plan);
        return definitions.Count == 0 ? result : result with { Plan = new With(definitions.ToEquatableArray(), result.Plan) };
    }

    /// <summary>
    /// (query) ORDER BY … LIMIT …: clauses after the parentheses join those inside. Two WITHs stay apart: one stands in front of
    /// INSERT, and the query's own sees it.
    /// </summary>
    private static Query MergeNested(Query query)
    {
        while (query.Body is NestedQuery { Query: var inner } && (query.With is null || inner.With is null))
        {
            SqlException Twice(string clause, SyntaxNode node) =>
                new(SqlState.SyntaxError, $"multiple {clause} clauses not allowed") { Position = node.Span.Position };
            if (query.OrderBy.Count > 0 && inner.OrderBy.Count > 0) throw Twice("ORDER BY", query.OrderBy[0]);
            if (query.Limit is not null && inner.Limit is not null) throw Twice("LIMIT", query.Limit);
            if (query.Offset is not null && inner.Offset is not null) throw Twice("OFFSET", query.Offset);
            query = query with
            {
                Body = inner.Body,
                With = query.With ?? inner.With,
                OrderBy = query.OrderBy.Count > 0 ? query.OrderBy : inner.OrderBy,
                Limit = query.Limit ?? inner.Limit,
                WithTies = query.WithTies || inner.WithTies,
                Offset = query.Offset ?? inner.Offset,
                Locking = query.Locking.Count > 0 ? query.Locking : inner.Locking,
            };
        }

        return query;
    }

    private LogicalPlan BindLimit(Query query, LogicalPlan plan, BindScope scope)
    {
        if (query.Limit is null && query.Offset is null) return plan;
        if (query is { WithTies: true, Limit: NullLiteral })
            throw new SqlException(SqlState.InvalidRowCountInLimitClause,
                "row count cannot be null in FETCH FIRST ... WITH TIES clause");
        return new Limit(plan, Count(query.Limit, ExpressionContext.Limit), Count(query.Offset, ExpressionContext.Offset), query.WithTies);

        Expr? Count(Expression? syntax, ExpressionContext context)
        {
            if (syntax is null) return null;
            var bound = BindExpression(syntax, scope, context);
            Expr? variable = null;
            if (PlanRewriter.Contains(bound, item => (variable ??= item as ColumnRef) is not null))
                throw new SqlException(SqlState.InvalidColumnReference, $"argument of {context.Name} must not contain variables")
                    { Position = PositionOf(variable!) };
            if (!bound.Type.IsUnknown
                && TypeRules.FindPath(PgTypes.Int8.Oid, bound.Type.AnnouncedOid, CastContext.Assignment).Path == CoercionPath.None)
            {
                throw new SqlException(SqlState.DatatypeMismatch, $"argument of {context.Name} must be type bigint, not type {bound.Type}")
                {
                    Position = syntax.Span.Position,
                };
            }

            return Coerce(bound, SqlType.Int8, CastContext.Assignment, syntax.Span);
        }
    }

    /// <summary>VALUES, TABLE and set operations, whose ORDER BY can only name output columns.</summary>
    private QueryResult BindOrderedBody(Query query, BindScope scope)
    {
        var result = BindBody(query.Body, scope);
        result = result with { Plan = ResolveOutputs(result) };
        if (query.OrderBy.Count == 0) return result with { Plan = BindLimit(query, result.Plan, scope) };
        var keys = query.OrderBy.Select(item =>
        {
            var index = FindOutput(item.Expression, result.Outputs, "ORDER BY")
                ?? throw (item.Expression is ColumnReference { Parts.Count: 1 } missing
                ? new SqlException(SqlState.UndefinedColumn, $"column \"{missing.Name}\" does not exist")
                    { Position = missing.Span.Position }
                : new SqlException(
                SqlState.FeatureNotSupported, "invalid UNION/INTERSECT/EXCEPT ORDER BY clause")
            {
                Position = item.Expression.Span.Position,
                Detail = "Only result column names can be used, not expressions or functions.",
                Hint = "Add the expression/function to every SELECT, or move the UNION into a FROM clause.",
            });
            return BindSortKey(item, new ColumnRef(result.Outputs[index].Column));
        }).ToEquatableArray();
        return result with { Plan = BindLimit(query, new Sort(result.Plan, keys), scope) };
    }

    /// <summary>The output that an ordinal or a bare name means; null when it is neither.</summary>
    private static int? FindOutput(Expression expression, List<OutputColumn> outputs, string clause)
    {
        switch (expression)
        {
            case NumberLiteral literal:
                return Ordinal(literal, outputs.Count, clause);
            case ColumnReference { Parts.Count: 1 } reference:
                var matches = Enumerable.Range(0, outputs.Count).Where(i => outputs[i].Name == reference.Name).ToArray();
                if (matches.Length > 1 && matches.Select(i => outputs[i].Column).Distinct().Count() > 1)
                    throw new SqlException(SqlState.AmbiguousColumn, $"{clause} \"{reference.Name}\" is ambiguous")
                        { Position = reference.Span.Position };
                return matches.Length > 0 ? matches[0] : null;
            default:
                return null;
        }
    }

    private static int Ordinal(NumberLiteral literal, int count, string clause)
    {
        if (!int.TryParse(literal.Text, out var ordinal))
            throw new SqlException(SqlState.SyntaxError, $"non-integer constant in {clause}") { Position = literal.Span.Position };
        if (ordinal < 1 || ordinal > count)
            throw new SqlException(SqlState.InvalidColumnReference, $"{clause} position {ordinal} is not in select list")
                { Position = literal.Span.Position };
        return ordinal - 1;
    }

    private QueryResult BindBody(QueryBody body, BindScope scope) => body switch
    {
        ValuesBody values => BindValues(values, scope),
        SetOperation operation => BindSetOperation(operation, scope),
        TableCommand table => BindSelect(
            new SelectBody([new SelectItem(new Star([]) { Span = table.Span }, null) { Span = table.Span }]) { From = [table.Table] },
            new Query(table), scope, resolvesUnknown: false),
        SelectBody select => BindSelect(select, new Query(select), scope, resolvesUnknown: false),
        NestedQuery nested => BindQuery(nested.Query, scope, resolvesUnknown: false),
        _ => throw new System.Diagnostics.UnreachableException(body.GetType().Name),
    };

    private QueryResult BindValues(ValuesBody values, BindScope scope)
    {
        var width = values.Rows[0].Count;
        var rows = new List<Expr[]>();
        foreach (var row in values.Rows)
        {
            if (row.Count != width)
            {
                throw new SqlException(SqlState.SyntaxError, "VALUES lists must all be the same length")
                {
                    Position = row.Count > 0 ? row[0].Span.Position : values.Span.Position,
                };
            }

            rows.Add(row.Select(item => BindExpression(item, scope, ExpressionContext.Values)).ToArray());
        }

        var columns = new Column[width];
        for (var i = 0; i < width; i++)
        {
            var slot = i;
            var cells = rows.ConvertAll(row => row[slot]);
            var allUnknown = cells.TrueForAll(cell => cell.Type.IsUnknown);
            var (type, unified) = allUnknown && rows.Count == 1 ? (SqlType.Unknown, [cells[0]]) : Unify("VALUES", cells);
            columns[i] = NewColumn($"column{i + 1}", type);
            for (var row = 0; row < rows.Count; row++) rows[row][i] = unified[row];
        }

        var plan = new Values(rows.Select(row => row.ToEquatableArray()).ToEquatableArray(), columns.ToEquatableArray());
        return new QueryResult(plan, columns.Select(column => new OutputColumn(column.Name, column)).ToList());
    }

    private QueryResult BindOperand(QueryBody body, BindScope scope) => BindBody(body, new BindScope(scope));

    private QueryResult BindSetOperation(SetOperation operation, BindScope scope)
    {
        var left = Settled(operation.Left, BindOperand(operation.Left, scope));
        var right = Settled(operation.Right, BindOperand(operation.Right, scope));
        RequireSameWidth(left.Outputs.Count, right.Outputs.Count, operation);
        var construct = operation.Operator.ToString().ToUpperInvariant();
        var leftItems = new List<Assignment>();
        var rightItems = new List<Assignment>();
        var outputs = new List<OutputColumn>();
        for (var i = 0; i < left.Outputs.Count; i++)
        {
            var (type, unified) = Unify(construct, [PendingValue(left, i), PendingValue(right, i)]);
            if (operation is not { Operator: SetOperator.Union, IsAll: true })
                RequireEquality(unified[0], SpanOf(unified[0], operation.Span));
            leftItems.Add(new Assignment(NewColumn(left.Outputs[i].Name, type), unified[0]));
            rightItems.Add(new Assignment(NewColumn(left.Outputs[i].Name, type), unified[1]));
            outputs.Add(new OutputColumn(left.Outputs[i].Name, NewColumn(left.Outputs[i].Name, type)));
        }

        var plan = new Federation.Plan.SetOperation(
            (SetOperationType)operation.Operator,
            operation.IsAll,
            Side(PendingInput(left), leftItems),
            Side(PendingInput(right), rightItems),
            outputs.Select(output => output.Column).ToEquatableArray());
        return new QueryResult(plan, outputs);
    }

    /// <summary>
    /// A side of a set operation. A plan that already gives the columns as they are stays bare: hundreds of arms then remain one list.
    /// </summary>
    private static LogicalPlan Side(LogicalPlan input, List<Assignment> items)
    {
        var given = input.Columns;
        var isBare = given.Count == items.Count
            && items.Select((item, i) => item.Column.Type == given[i].Type && item.Expression is ColumnRef reference
                && reference.Column == given[i]).All(isSame => isSame);
        return isBare ? input : new Project(input, items.ToEquatableArray());
    }

    /// <summary>Literals of a SELECT take their type from the other side; those of VALUES are text by then.</summary>
    private static QueryResult Settled(QueryBody body, QueryResult bound)
    {
        if (body is not ValuesBody || bound.Plan is not Values values || !values.Outputs.Any(column => column.Type.IsUnknown)) return bound;
        Column Text(Column column) => column.Type.IsUnknown ? column with { Type = SqlType.Text } : column;
        var rows = values.Rows
            .Select(row =>
                row.Select(cell => cell is Constant { Type.IsUnknown: true } constant ? new Constant(constant.Value, SqlType.Text) : cell)
                    .ToEquatableArray());
        return bound with
        {
            Plan = new Values(rows.ToEquatableArray(), values.Outputs.Select(Text).ToEquatableArray()),
            Outputs = bound.Outputs.ConvertAll(output => output with { Column = Text(output.Column) }),
        };
    }

    private static void RequireSameWidth(int left, int right, SetOperation operation)
    {
        if (left == right) return;
        throw new SqlException(SqlState.SyntaxError,
            $"each {operation.Operator.ToString().ToUpperInvariant()} query must have the same number of columns")
        {
            Position = operation.Right is SelectBody { Items: [var first, ..] } ? first.Span.Position : operation.Right.Span.Position,
        };
    }

    /// <summary>
    /// The value of an output whose type may still be unknown: of a plan that ends in a projection (or one row of VALUES) the projected
    /// expression itself, so that a literal can still take the type that a set operation gives it.
    /// </summary>
    private Expr PendingValue(QueryResult result, int index)
    {
        var column = result.Outputs[index].Column;
        if (!column.Type.IsUnknown)
        {
            var origin = (result.Plan as Project)?.Assignments.FirstOrDefault(assignment => assignment.Column == column)?.Expression;
            return origin is null ? new ColumnRef(column) : At(new ColumnRef(column), _spans.GetValueOrDefault(origin));
        }

        return result.Plan switch
        {
            Project project => project.Assignments.First(assignment => assignment.Column == column).Expression,
            Values { Rows: [var row] } values => row[values.Outputs.ToList().IndexOf(column)],
            _ => new ColumnRef(column),
        };
    }

    private static LogicalPlan PendingInput(QueryResult result)
    {
        // A literal taken out of the projection stands on its own; the projection below keeps it as text, unused.
        if (result.Outputs.TrueForAll(output => !output.Column.Type.IsUnknown)) return result.Plan;
        return result.Plan switch
        {
            Project project =>
                project with
                {
                    Assignments = project.Assignments.Where(assignment => !assignment.Column.Type.IsUnknown) .ToEquatableArray(),
                },
            Values { Rows: [var row] } values => WithoutUnknown(values, row),
            _ => result.Plan,
        };
    }

    private static Values WithoutUnknown(Values values, EquatableArray<Expr> row)
    {
        var kept = Enumerable.Range(0, values.Outputs.Count).Where(i => !values.Outputs[i].Type.IsUnknown).ToArray();
        return new Values([kept.Select(i => row[i]).ToEquatableArray()], kept.Select(i => values.Outputs[i]).ToEquatableArray());
    }

    /// <summary>The plan with outputs of unknown type made text; changes <paramref name="result"/>'s outputs to match.</summary>
    private LogicalPlan ResolveOutputs(QueryResult result)
    {
        if (result.Outputs.TrueForAll(output => !output.Column.Type.IsUnknown)) return result.Plan;
        var assignments = new List<Assignment>();
        for (var i = 0; i < result.Outputs.Count; i++)
        {
            var output = result.Outputs[i];
            if (!output.Column.Type.IsUnknown)
            {
                assignments.Add(new Assignment(output.Column, new ColumnRef(output.Column)));
                continue;
            }

            var value = ResolveUnknown(PendingValue(result, i));
            var column = NewColumn(output.Name, value.Type);
            assignments.Add(new Assignment(column, value));
        }

        var plan = new Project(PendingInput(result), assignments.ToEquatableArray());
        for (var i = 0; i < result.Outputs.Count; i++) result.Outputs[i] = result.Outputs[i] with { Column = assignments[i].Column };
        return plan;
    }
}
