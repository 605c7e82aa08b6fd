using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>SELECT: the select list, and the order in which its clauses become plan nodes.</summary>
public sealed partial class Binder
{
    /// <summary>A select-list column while its query is being bound.</summary>
    private sealed record SelectColumn(string Name, Expr Value)
    {
        public Oid TableOid { get; init; }

        public short AttributeNumber { get; init; }
    }

    /// <summary>MaxTupleAttributeNumber.</summary>
    private const int MostColumns = 1664;

    private sealed record OrderItem(SortItem Syntax, Expr Value);

    private QueryResult BindSelect(SelectBody select, Query query, BindScope scope, bool resolvesUnknown)
    {
        if (select.Into is { } into)
            throw new SqlException(SqlState.SyntaxError, "SELECT ... INTO is not allowed here") { Position = into.Name.Span.Position };
        var plan = BindFrom(select.From, scope);
        if (select.Where is { } where)
            plan = new Filter(plan, CoerceToBoolean(BindExpression(where, scope, ExpressionContext.Where), "WHERE", where.Span));
        foreach (var window in select.Windows)
        {
            // A definition may name those before it, and must be right also when nothing uses it.
            ResolveWindow(window.Definition, scope);
            if (!scope.Windows.TryAdd(window.Name, window.Definition))
                throw new SqlException(SqlState.WindowingError, $"window \"{window.Name}\" is already defined")
                    { Position = window.Definition.Span.Position };
        }

        var columns = BindSelectList(select, scope, resolvesUnknown);
        if (columns.Count > MostColumns)
            throw new SqlException(SqlState.TooManyColumns, $"target lists can have at most {MostColumns} entries");
        var groups = BindGroupBy(select, scope, columns);
        var having = select.Having is null ? null
            : CoerceToBoolean(BindExpression(select.Having, scope, ExpressionContext.Having), "HAVING", select.Having.Span);
        var order = query.OrderBy.Select(item => BindOrderItem(item, scope, columns)).ToList();
        var distinctOn = select.DistinctOn
            .Select(item => BindSelectReference(item, scope, columns, "SELECT DISTINCT ON", ExpressionContext.DistinctOn)).ToList();

        var expressions = new SelectExpressions(columns, order, distinctOn, having);
        if (groups is not null) plan = BindGroupSets(plan, groups, expressions);
        if (scope.HasRecursiveReference
            && (FirstAggregate(expressions) ?? scope.OuterAggregates.FirstOrDefault()?.Expression) is { } aggregate)
        {
            throw new SqlException(SqlState.InvalidRecursion, "aggregate functions are not allowed in a recursive query's recursive term")
            {
                Position = PositionOf(aggregate),
            };
        }

        if (groups is not null || having is not null || scope.OuterAggregates.Count > 0 || expressions.All().Any(ContainsAggregate))
            plan = BindAggregation(plan, groups, expressions, scope);
        plan = BindWindows(plan, expressions);
        if (!ExpandsAfterDistinct(expressions)) plan = BindSets(plan, expressions);
        return Finish(plan, select, expressions, query, scope);
    }

    /// <summary>
    /// With ORDER BY, set-returning functions that are neither sorted nor chosen by are called for the rows that DISTINCT ON has left
    /// (make_sort_input_target in planner.c); without, for those it chooses from.
    /// </summary>
    private static bool ExpandsAfterDistinct(SelectExpressions expressions) =>
        expressions.DistinctOn.Count > 0 && expressions.Order.Count > 0
            && !expressions.Order.Select(item => item.Value).Concat(expressions.DistinctOn).Any(ContainsSet)
        && expressions.Columns.Exists(column => ContainsSet(column.Value));

    private static bool ContainsSet(Expr expression) => PlanRewriter.Contains(expression, item => item is SetCall);

    private static Expr? FirstAggregate(SelectExpressions expressions)
    {
        Expr? found = null;
        foreach (var expression in expressions.All())
            PlanRewriter.Contains(expression, item => (found ??= item as AggregateCall) is not null);
        return found;
    }

    /// <summary>The expressions of a query level above its input; each planning step replaces what it computes by columns.</summary>
    private sealed class SelectExpressions(List<SelectColumn> columns, List<OrderItem> order, List<Expr> distinctOn, Expr? having)
    {
        public List<SelectColumn> Columns { get; private set; } = columns;

        public List<OrderItem> Order { get; private set; } = order;

        public List<Expr> DistinctOn { get; private set; } = distinctOn;

        public Expr? Having { get; set; } = having;

        public IEnumerable<Expr> All() =>
            Columns.Select(column => column.Value).Concat(Order.Select(item => item.Value)).Concat(DistinctOn)
                .Concat(Having is null ? [] : [Having]);

        /// <summary>A column of the select list, and what is sorted by its name or number, become another expression.</summary>
        public void SetOutput(int index, Expr value)
        {
            Columns[index] = Columns[index] with { Value = value };
            Order = Order.ConvertAll(item => IsOutput(item.Syntax.Expression) ? item with { Value = value } : item);

            bool IsOutput(Expression syntax) => syntax switch
            {
                NumberLiteral ordinal => Ordinal(ordinal, Columns.Count, "ORDER BY") == index,
                ColumnReference { Parts: [var name] } => Columns.FindIndex(column => column.Name == name) == index,
                _ => false,
            };
        }

        public void Map(Func<Expr, Expr> map)
        {
            Columns = Columns.ConvertAll(column => column with { Value = map(column.Value) });
            Order = Order.ConvertAll(item => item with { Value = map(item.Value) });
            DistinctOn = DistinctOn.ConvertAll(item => map(item));
            if (Having is not null) Having = map(Having);
        }
    }

    private List<SelectColumn> BindSelectList(SelectBody select, BindScope scope, bool resolvesUnknown)
    {
        var columns = new List<SelectColumn>();
        foreach (var item in select.Items)
        {
            switch (item.Expression)
            {
                case Star star:
                    var expanded = ExpandStar(star, scope);
                    NoteStar(star, scope, expanded);
                    columns.AddRange(expanded.Select(column => new SelectColumn(column.Name, Touch(column.Value))
                    {
                        TableOid = column.TableOid,
                        AttributeNumber = column.AttributeNumber,
                    }));
                    break;
                case FieldStar fields:
                    columns.AddRange(ExpandFields(fields, scope));
                    break;
                default:
                    var value = BindExpression(item.Expression, scope, ExpressionContext.SelectList);
                    if (resolvesUnknown) value = ResolveUnknown(value);
                    var origin = item.Expression is ColumnReference reference ? OriginOf(reference, scope) : null;
                    columns.Add(new SelectColumn(item.Alias ?? NameOf(item.Expression, value), value)
                    {
                        TableOid = origin?.TableOid ?? default,
                        AttributeNumber = origin?.AttributeNumber ?? 0,
                    });
                    break;
            }
        }

        return columns;
    }

    /// <summary>A subquery has the name of its column, which a star in it tells only when it is bound.</summary>
    private static string NameOf(Expression expression, Expr value) =>
        expression is ScalarQueryExpression && value is Subquery { Kind: SubqueryKind.Scalar } subquery
            ? subquery.Plan.Columns[0].Name
            : OutputNames.Of(expression);

    private static ScopeColumn? OriginOf(ColumnReference reference, BindScope scope)
    {
        var parts = reference.Parts.AsSpan();
        return parts.Length == 1
            ? NameResolution.FindColumn(scope, parts[0], reference.Span)
            : NameResolution.FindTable(scope, parts[..^1], reference.Span)?.Columns.FirstOrDefault(column => column.Name == reference.Name);
    }

    private static List<ScopeColumn> ExpandStar(Star star, BindScope scope)
    {
        if (star.Qualifier.Count > 0)
        {
            var entry = NameResolution.FindTable(scope, star.Qualifier.AsSpan(), star.Span)
                ?? throw NameResolution.TableMissing(scope, star.Qualifier[star.Qualifier.Count - 1], star.Span);
            return entry.Columns.Where(column => !column.IsHidden).ToList();
        }

        if (!scope.Items.Exists(item => item.AreColumnsVisible))
            throw new SqlException(SqlState.SyntaxError, "SELECT * with no tables specified is not valid")
                { Position = star.Span.Position };
        return scope.Items.Where(item => item.AreColumnsVisible).SelectMany(item => item.Entry.Columns)
            .Where(column => !column.IsHidden).ToList();
    }

    private List<SelectColumn> ExpandFields(FieldStar star, BindScope scope)
    {
        var operand = BindExpression(star.Operand, scope, ExpressionContext.SelectList);
        if (!operand.Type.IsRecord || operand.Type.Fields.Count == 0)
        {
            throw new SqlException(SqlState.WrongObjectType, operand.Type.IsRecord
                ? "record type has not been registered"
                : $"type {operand.Type} is not composite")
            {
                Position = star.Span.Position,
            };
        }

        var names = AliasedTable(star.Operand, scope)?.Columns.Where(column => !column.IsHidden).Select(column => column.Name).ToArray();
        return operand.Type.Fields
            .Select((field, i) =>
                new SelectColumn(names is null ? field.Name : names[i],
                    operand is RowOf row ? row.Items[i] : At(new FieldOf(operand, i, field.Type), star.Span)))
            .ToList();
    }

    /// <summary>An item of ORDER BY: an ordinal, an output name (SQL92), or an expression over the input.</summary>
    private OrderItem BindOrderItem(SortItem item, BindScope scope, List<SelectColumn> columns) =>
        new(item, BindSelectReference(item.Expression, scope, columns, "ORDER BY", ExpressionContext.OrderBy));

    private Expr BindSelectReference(Expression syntax, BindScope scope, List<SelectColumn> columns, string clause,
        ExpressionContext context)
    {
        switch (syntax)
        {
            case NumberLiteral literal:
                return columns[Ordinal(literal, columns.Count, clause)].Value;
            case StringLiteral or NullLiteral or BooleanLiteral or BitStringLiteral:
                throw new SqlException(SqlState.SyntaxError, $"non-integer constant in {clause}") { Position = syntax.Span.Position };
            case ColumnReference { Parts.Count: 1 } reference:
                var matches = columns.Where(column => column.Name == reference.Name).Select(column => column.Value).Distinct().ToArray();
                if (matches.Length > 1)
                    throw new SqlException(SqlState.AmbiguousColumn, $"{clause} \"{reference.Name}\" is ambiguous")
                        { Position = syntax.Span.Position };
                if (matches.Length == 1) return matches[0];
                break;
        }

        return ResolveUnknown(BindExpression(syntax, scope, context));
    }
}
