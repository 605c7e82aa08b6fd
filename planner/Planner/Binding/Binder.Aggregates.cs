using Federation.Core.Values;
using Federation.Planner.Functions;
using Federation.Planner.Typing;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>Calls of aggregates and window functions.</summary>
public sealed partial class Binder
{
    private ExpressionContext ArgumentContext(FunctionCall call, ExpressionContext context)
    {
        var isAggregate = call.WithinGroup.Count > 0
            || _catalog.FunctionsNamed(call.Name.Name).ToArray() is [{ Kind: FunctionKind.Aggregate }, ..];
        if (call.Over is not null)
            return context with { WindowError = "window function calls cannot be nested", AllowsWindows = false, AllowsSets = false };
        return isAggregate
            ? context with
            {
                Name = "aggregate arguments",
                AllowsAggregates = false,
                AggregateError = "aggregate function calls cannot be nested",
                AllowsWindows = false,
                WindowError = "aggregate function calls cannot contain window function calls",
                AllowsSets = false,
            }
            : context;
    }

    private Expr BindAggregate(
        FunctionCall call, FunctionEntry function, EquatableArray<Expr> arguments, SqlType result, BindScope scope,
        ExpressionContext context)
    {
        if (call.WithinGroup.Count > 0 && function.AggregateKind == 'n')
            throw Wrong($"{function.Name} is not an ordered-set aggregate, so it cannot have WITHIN GROUP");
        if (call.WithinGroup.Count == 0 && function.AggregateKind != 'n')
            throw Wrong($"WITHIN GROUP is required for ordered-set aggregate {function.Name}");
        if (call.WithinGroup.Count > 0 && function.VariadicType == Oid.None && call.Arguments.Count != function.DirectArguments)
        {
            throw new SqlException(SqlState.UndefinedFunction, $"function {function.Name}({TypeList(arguments)}) does not exist")
            {
                Position = call.Span.Position,
                Hint =
                    $"There is an ordered-set aggregate {function.Name}, but it requires {function.DirectArguments} direct arguments, not "
                        + $"{call.Arguments.Count}.",
            };
        }

        if (call.Over is not null && function.AggregateKind != 'n')
            throw new SqlException(SqlState.FeatureNotSupported, $"OVER is not supported for ordered-set aggregate {function.Name}")
                { Position = call.Span.Position };
        if (call.Over is not null && call.IsDistinct)
            throw new SqlException(SqlState.FeatureNotSupported, "DISTINCT is not implemented for window functions")
                { Position = call.Span.Position };
        if (call.Over is not null && call.OrderBy.Count > 0)
            throw new SqlException(SqlState.FeatureNotSupported, "aggregate ORDER BY is not implemented for window functions")
                { Position = call.Span.Position };
        if (arguments.Count == 0 && !call.IsStar && call.WithinGroup.Count == 0)
            throw Wrong($"{function.Name}(*) must be used to call a parameterless aggregate function");

        if (function.AggregateKind == 'h') arguments = MatchHypothetical(call, arguments);
        var inner = ArgumentContext(call with { Over = null }, context);
        var keys = call.OrderBy.Select(item => BindSortKey(item, BindExpression(item.Expression, scope, inner))).ToEquatableArray();
        var direct = arguments;
        if (call.WithinGroup.Count > 0)
        {
            // The aggregated arguments are the sort expressions; they stand behind the direct ones.
            var directCount = arguments.Count - call.WithinGroup.Count;
            keys = call.WithinGroup.Select((item, i) => BindSortKey(item, arguments[directCount + i])).ToEquatableArray();
            direct = arguments.Take(directCount).ToEquatableArray();
        }
        else if (call.IsDistinct && keys.Count > 0 && !keys.All(key => arguments.Contains(key.Expression)))
        {
            throw new SqlException(SqlState.InvalidColumnReference,
                "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list")
            {
                Position = call.OrderBy[0].Span.Position,
            };
        }

        if (call.IsDistinct)
            foreach (var argument in arguments) RequireEquality(argument, SpanOf(argument, call.Span));
        var filter = call.Filter is null ? null : CoerceToBoolean(
            BindExpression(call.Filter, scope,
                inner with { Name = "FILTER", AggregateError = "aggregate functions are not allowed in FILTER" }), "FILTER",
            call.Filter.Span);
        var aggregate = new AggregateCall(function, direct, result)
            { IsStar = call.IsStar, IsDistinct = call.IsDistinct, OrderBy = keys, Filter = filter };
        if (call.Over is not null) return BindOver(call, aggregate, scope, context);

        var level = LevelOf(function.AggregateKind == 'n' ? aggregate : aggregate with { Arguments = [] }, scope, call.Span);
        RequireDirectArguments(direct, scope, level, call.Span);
        RequireAggregates(level == scope ? context : level.Clause, call.Span);
        var value = _context.HoldsWideNumerics ? aggregate : MixedScaleSums.Rewrite(aggregate) ?? aggregate;
        return At(level == scope ? value : ComputeAt(level, value), call.Span);

        SqlException Wrong(string message) => new(SqlState.WrongObjectType, message) { Position = call.Span.Position };
    }

    /// <summary>What is given once for an aggregate of an outer query cannot come from the rows of a query within it.</summary>
    private void RequireDirectArguments(EquatableArray<Expr> arguments, BindScope scope, BindScope level, SourceSpan span)
    {
        for (var inner = scope; inner is not null && inner != level; inner = inner.Parent)
        {
            var columns = PlanColumns.Of(inner.Items.SelectMany(item => item.Entry.Columns).Select(column => column.Value));
            if (arguments.FirstOrDefault(argument => PlanColumns.Of(argument).Overlaps(columns)) is { } lower)
                throw new SqlException(SqlState.GroupingError,
                    "outer-level aggregate cannot contain a lower-level variable in its direct arguments")
                        { Position = SpanOf(lower, span).Position };
        }
    }

    /// <summary>
    /// The hypothetical row is compared with the sorted ones, so each of its values takes a common type with its sort key.
    /// </summary>
    private EquatableArray<Expr> MatchHypothetical(FunctionCall call, EquatableArray<Expr> arguments)
    {
        var count = call.WithinGroup.Count;
        if (arguments.Count != 2 * count)
        {
            throw new SqlException(SqlState.UndefinedFunction, $"function {call.Name}({TypeList(arguments)}) does not exist")
            {
                Position = call.Span.Position,
                Hint =
                    $"To use the hypothetical-set aggregate {call.Name}, the number of hypothetical direct arguments (here "
                        + $"{arguments.Count - count}) must match the number of ordering columns (here {count}).",
            };
        }

        var matched = arguments.ToArray();
        for (var i = 0; i < count; i++)
        {
            var (_, unified) = Unify("WITHIN GROUP", [arguments[i], arguments[count + i]]);
            (matched[i], matched[count + i]) = (ResolveUnknown(unified[0]), ResolveUnknown(unified[1]));
        }

        return matched.ToEquatableArray();
    }

    private Expr BindWindowFunction(
        FunctionCall call, FunctionEntry function, EquatableArray<Expr> arguments, SqlType result, BindScope scope,
        ExpressionContext context)
    {
        if (call.Over is null)
            throw new SqlException(SqlState.WrongObjectType, $"window function {function.Name} requires an OVER clause")
                { Position = call.Span.Position };
        if (call.IsDistinct)
            throw new SqlException(SqlState.FeatureNotSupported, "DISTINCT is not implemented for window functions")
                { Position = call.Span.Position };
        if (call.OrderBy.Count > 0)
            throw new SqlException(SqlState.FeatureNotSupported, "aggregate ORDER BY is not implemented for window functions")
                { Position = call.Span.Position };
        if (call.Filter is not null)
            throw new SqlException(SqlState.FeatureNotSupported, "FILTER is not implemented for non-aggregate window functions")
                { Position = call.Span.Position };
        // PostgreSQL takes the number of a partition's first row for all of them, the kernel that of each row.
        if (function.Name == "ntile" && PlanRewriter.Contains(arguments[0], item => item is ColumnRef or Subquery))
            throw new SqlException(SqlState.FeatureNotSupported, "ntile of a number that is not constant is not supported")
                { Position = call.Span.Position };
        return BindOver(call, new AggregateCall(function, arguments, result), scope, context);
    }

    private Expr BindOver(FunctionCall call, AggregateCall function, BindScope scope, ExpressionContext context)
    {
        if (!context.AllowsWindows)
        {
            throw new SqlException(SqlState.WindowingError, context.WindowError ?? $"window functions are not allowed in {context.Name}")
            {
                Position = call.Span.Position,
            };
        }

        var definition = ResolveWindow(call.Over!, scope);
        var inner = context with
        {
            AllowsWindows = false,
            WindowError = "window functions are not allowed in window definitions",
            AllowsSets = false,
        };
        var partition = definition.PartitionBy.Select(item => ResolveUnknown(BindExpression(item, scope, inner))).ToEquatableArray();
        foreach (var key in partition) RequireEquality(key, SpanOf(key, definition.Span));
        var order = definition.OrderBy.Select(item => BindSortKey(item, BindExpression(item.Expression, scope, inner))).ToEquatableArray();
        return At(new WindowCall(function, partition, order, BindFrame(definition.Frame, order, call.Over!.Span, scope, inner)), call.Span);
    }

    private static WindowDefinition ResolveWindow(WindowDefinition over, BindScope scope)
    {
        if (over.Name is not { } name) return over;
        if (!scope.Windows.TryGetValue(name, out var named))
            throw new SqlException(SqlState.UndefinedObject, $"window \"{name}\" does not exist") { Position = over.Span.Position };
        named = ResolveWindow(named, scope);
        if (over.IsReference) return named;
        if (over.PartitionBy.Count > 0)
            throw new SqlException(SqlState.WindowingError, $"cannot override PARTITION BY clause of window \"{name}\"")
                { Position = over.Span.Position };
        if (over.OrderBy.Count > 0 && named.OrderBy.Count > 0)
            throw new SqlException(SqlState.WindowingError, $"cannot override ORDER BY clause of window \"{name}\"")
                { Position = over.Span.Position };
        if (named.Frame is not null)
        {
            throw new SqlException(SqlState.WindowingError, $"cannot copy window \"{name}\" because it has a frame clause")
            {
                Position = over.Span.Position,
            };
        }

        return over with { Name = null, PartitionBy = named.PartitionBy, OrderBy = over.OrderBy.Count > 0 ? over.OrderBy : named.OrderBy };
    }

    /// <summary>Types whose values can be added to for a frame: those with in_range functions in pg_amproc.</summary>
    private static readonly HashSet<string> s_rangeKeys =
        ["int2", "int4", "int8", "float4", "float8", "numeric", "date", "time", "timetz", "timestamp", "timestamptz", "interval"];

    private Frame? BindFrame(WindowFrame? frame, EquatableArray<SortKey> order, SourceSpan over, BindScope scope, ExpressionContext context)
    {
        if (frame is null) return null;
        var end = frame.End ?? new FrameBound(FrameBoundKind.CurrentRow, null) { Span = frame.Span };
        SqlException? invalid = (frame.Start.Kind, end.Kind) switch
        {
            (FrameBoundKind.UnboundedFollowing, _) => Error("frame start cannot be UNBOUNDED FOLLOWING"),
            (_, FrameBoundKind.UnboundedPreceding) => Error("frame end cannot be UNBOUNDED PRECEDING"),
            (FrameBoundKind.CurrentRow, FrameBoundKind.Preceding) => Error("frame starting from current row cannot have preceding rows"),
            (FrameBoundKind.Following, FrameBoundKind.Preceding) => Error("frame starting from following row cannot have preceding rows"),
            (FrameBoundKind.Following, FrameBoundKind.CurrentRow) => Error("frame starting from following row cannot end with current row"),
            _ => null,
        };
        if (invalid is not null) throw invalid;
        if (frame.Mode == FrameMode.Groups && order.Count == 0)
            throw Error("GROUPS mode requires an ORDER BY clause");
        return new Frame((FrameUnit)frame.Mode, (FrameEdge)frame.Start.Kind, Offset(frame.Start, "starting"), (FrameEdge)end.Kind,
            Offset(end, "ending"), (FrameExclude)frame.Exclusion);

        SqlException Error(string message) => new(SqlState.WindowingError, message) { Position = frame.Span.Position };

        Expr Checked(Expr offset, string edge) => offset switch
        {
            Constant { Value: null } => throw new SqlException(SqlState.NullValueNotAllowed, $"frame {edge} offset must not be null"),
            Constant { Value: < 0L } when frame.Mode != FrameMode.Range =>
                throw new SqlException(SqlState.InvalidPrecedingOrFollowingSize, $"frame {edge} offset must not be negative"),
            Constant { Value: long and < 0 or int and < 0 or short and < 0 or double and < 0 or PgNumeric { Sign: < 0 }
                or PgInterval { Months: < 0 } or PgInterval { Days: < 0 } or PgInterval { Microseconds: < 0 } } =>
                throw new SqlException(SqlState.InvalidPrecedingOrFollowingSize, "invalid preceding or following size in window function"),
            _ => offset,
        };

        Expr? Offset(FrameBound bound, string edge)
        {
            if (bound.Offset is not { } syntax) return null;
            var offset = BindExpression(syntax, scope, context);
            if (PlanColumns.Of(offset).Overlaps(PlanColumns.Of(scope.Items.SelectMany(item => item.Entry.Columns)
                .Select(column => column.Value))))
                throw new SqlException(SqlState.InvalidColumnReference,
                    $"argument of {frame.Mode.ToString().ToUpperInvariant()} must not contain variables")
                        { Position = syntax.Span.Position };
            if (frame.Mode != FrameMode.Range)
                return Checked(Rules.FoldConstants.Fold(Coerce(offset, SqlType.Int8, CastContext.Implicit, syntax.Span)), edge);
            if (order.Count != 1)
                throw new SqlException(SqlState.WindowingError,
                    "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column") { Position = over.Position };
            var key = order[0].Expression.Type;
            if (!s_rangeKeys.Contains(key.Base.Name))
                throw new SqlException(SqlState.FeatureNotSupported,
                    $"RANGE with offset PRECEDING/FOLLOWING is not supported for column type {key}") { Position = syntax.Span.Position };
            var wanted = key.Category == 'D' ? SqlType.Interval : OffsetType(key, offset.Type);
            if (!TypeRules.CanCoerce(offset.Type.AnnouncedOid, wanted.AnnouncedOid, CastContext.Implicit))
            {
                throw new SqlException(SqlState.FeatureNotSupported,
                    $"RANGE with offset PRECEDING/FOLLOWING is not supported for column type {key} and offset type {offset.Type}")
                {
                    Position = syntax.Span.Position,
                    Hint = "Cast the offset value to an appropriate type.",
                };
            }

            return Checked(Rules.FoldConstants.Fold(Coerce(offset, wanted, CastContext.Implicit, syntax.Span)), edge);
        }
    }

    /// <summary>An offset may be of a wider type than the integer or real that it is added to (in_range_int4_int8 and its kin).</summary>
    private static SqlType OffsetType(SqlType key, SqlType offset) => (key.Base.Name, offset.Base.Name) switch
    {
        ("int2" or "int4", "int8") => SqlType.Int8,
        ("int2", "int4") => SqlType.Int4,
        ("float4", _) => SqlType.Float8,
        _ => key,
    };

    private SortKey BindSortKey(SortItem item, Expr expression)
    {
        expression = ResolveUnknown(expression);
        var descending = item.IsDescending || item.Using?.Symbol == ">";
        if (item.Using is { } used && used.Symbol is not ("<" or ">"))
        {
            throw new SqlException(SqlState.WrongObjectType, $"operator {used.Symbol} is not a valid ordering operator")
            {
                Position = used.Span.Position,
                Hint = "Ordering operators must be \"<\" or \">\" members of btree operator families.",
            };
        }

        RequireOrdering(expression, item.Expression.Span);
        RequireByteOrder(expression.Type, isOrder: true, item.Expression.Span);
        return new SortKey(expression, descending, item.NullsFirst ?? descending);
    }

    /// <summary>Sorting, grouping and DISTINCT need a default order: json, point and their kind have none.</summary>
    private static void RequireOrdering(Expr expression, SourceSpan span)
    {
        RequireComparable(expression.Type, span);
        var type = expression.Type.Base;
        if (type == PgTypes.Json || type == PgTypes.Xml || type.Category == 'G' || type == PgTypes.Xid || type == PgTypes.Cid
            || type == PgTypes.Jsonpath)
        {
            throw new SqlException(SqlState.UndefinedFunction, $"could not identify an ordering operator for type {expression.Type}")
            {
                Position = span.Position,
                Hint = "Use an explicit ordering operator or modify the query.",
            };
        }
    }

    private static void RequireEquality(Expr expression, SourceSpan span)
    {
        RequireComparable(expression.Type, span);
        RequireByteOrder(expression.Type, isOrder: false, span);
        var type = expression.Type.Base;
        if (type == PgTypes.Json || type == PgTypes.Xml || type == PgTypes.Point || type == PgTypes.Polygon || type == PgTypes.Jsonpath)
        {
            throw new SqlException(SqlState.UndefinedFunction, $"could not identify an equality operator for type {expression.Type}")
            {
                Position = span == default ? 0 : span.Position,
            };
        }
    }
}
