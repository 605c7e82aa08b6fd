using Federation.Core.Values;
using Federation.Planner.Functions;
using Federation.Planner.Typing;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>Operator resolution (parse_oper.c) and comparisons of rows (parse_expr.c, make_row_comparison_op).</summary>
public sealed partial class Binder
{
    private Expr BindOperator(OperatorName name, Expr? left, Expr right, SourceSpan span)
    {
        (left, right) = (left is null ? null : Fields(left), Fields(right));
        if (left is { Type.IsRecord: true } && right.Type.IsRecord && left is RowOf leftRow && right is RowOf rightRow)
            return CompareRows(name, leftRow.Items, rightRow.Items, span);
        var entry = FindOperator(name, left?.Type, right.Type);
        return MakeOperator(entry, left, right, span);
    }

    /// <summary>The operator for these operand types, or PostgreSQL's error.</summary>
    private OperatorEntry FindOperator(OperatorName name, SqlType? left, SqlType right)
    {
        if (name.Schema is not (null or "pg_catalog"))
            throw new SqlException(SqlState.InvalidSchemaName, $"schema \"{name.Schema}\" does not exist")
                { Position = name.Span.Position };
        if (left is not null) RequireComparable(left, name.Span);
        RequireComparable(right, name.Span);
        RequireByteOrder(name, left, right);
        return TryFindOperator(name.Symbol, left?.AnnouncedOid, right.AnnouncedOid, out var isAmbiguous)
            ?? throw OperatorError(name, left, right, isAmbiguous);
    }

    private OperatorEntry? TryFindOperator(string symbol, Oid? left, Oid right, out bool isAmbiguous)
    {
        isAmbiguous = false;
        var candidates = _catalog.OperatorsNamed(symbol).ToArray().Where(entry => (entry.Left == Oid.None) == (left is null)).ToArray();
        if (candidates.Length == 0) return null;

        // One unknown operand is first taken to have the other's type.
        var exactLeft = left == TypeRules.Unknown && right != TypeRules.Unknown ? right : left ?? Oid.None;
        var exactRight = right == TypeRules.Unknown && left is { } known && known != TypeRules.Unknown ? known : right;
        if (Array.Find(candidates, entry => entry.Left == exactLeft && entry.Right == exactRight) is { } exact) return exact;

        Oid[] actual = left is { } leftType ? [leftType, right] : [right];
        var shaped =
            candidates.Select(entry =>
                new CandidateSelection.Candidate<OperatorEntry>(entry, left is null ? [entry.Right] : [entry.Left, entry.Right]));
        var matching = CandidateSelection.Match<OperatorEntry>(actual, shaped);
        var chosen = CandidateSelection.Select(actual, matching);
        isAmbiguous = chosen is null && matching.Count > 0;
        return chosen?.Item;
    }

    private static SqlException OperatorError(OperatorName name, SqlType? left, SqlType right, bool isAmbiguous)
    {
        var text = left is null
            ? $"{name.Symbol} {right.WithoutModifier()}"
            : $"{left.WithoutModifier()} {name.Symbol} {right.WithoutModifier()}";
        return isAmbiguous
            ? new SqlException(SqlState.AmbiguousFunction, $"operator is not unique: {text}")
            {
                Position = name.Span.Position,
                Hint = "Could not choose a best candidate operator. You might need to add explicit type casts.",
            }
            : new SqlException(SqlState.UndefinedFunction, $"operator does not exist: {text}")
            {
                Position = name.Span.Position,
                Hint = left is null
                    ? "No operator matches the given name and argument type. You might need to add an explicit type cast."
                    : "No operator matches the given name and argument types. You might need to add explicit type casts.",
            };
    }

    /// <summary>
    /// array_cat of arrays of which one has several dimensions: of equal depth they are put one after the other, an array one dimension
    /// short becomes an item. Null where the types alone do not tell.
    /// </summary>
    private Call? JoinDimensions(Expr left, Expr right, string? symbol)
    {
        if (left.Type.Element is not { } first || right.Type.Element is not { } second || (!first.IsArray && !second.IsArray)) return null;
        var (leftDepth, rightDepth) = (DepthOf(left.Type), DepthOf(right.Type));
        if (InnermostElement(left.Type) != InnermostElement(right.Type)) return null;
        return new Call(_catalog.FunctionsNamed("array_cat")[0], [left, right], leftDepth >= rightDepth ? left.Type : right.Type, symbol);
    }

    private static int DepthOf(SqlType type) => type.Element is { } element ? 1 + DepthOf(element) : 0;

    private Expr MakeOperator(OperatorEntry entry, Expr? left, Expr right, SourceSpan span)
    {
        if (entry.Function.Name == "array_cat" && left is not null && JoinDimensions(left, right, entry.Symbol) is { } joined)
            return At(joined, span);
        Expr[] arguments = left is null ? [right] : [left, right];
        Oid[] declared = left is null ? [entry.Right] : [entry.Left, entry.Right];
        var (types, result) = ResolvePolymorphic(declared, entry.Result, arguments, span, $"operator {entry.Symbol}");
        var coerced =
            arguments.Select((argument, i) =>
                AsShown(entry.Function,
                    RepresentArgument(Coerce(argument, types[i], CastContext.Implicit, SpanOf(argument, span)), types[i]), span))
                        .ToEquatableArray();
        return At(new Call(entry.Function, coerced, Collated(ShapeResult(entry.Function, coerced, result), arguments), entry.Symbol), span);
    }

    private SourceSpan SpanOf(Expr expression, SourceSpan otherwise) => _spans.TryGetValue(expression, out var span) ? span : otherwise;

    /// <summary>Polymorphic numerics agree on one form; other arguments stay as they are.</summary>
    private Expr RepresentArgument(Expr argument, SqlType type) =>
        type.IsArray && type.Base == PgTypes.Numeric ? Represent(argument, type) : argument;

    private SqlType ShapeResult(FunctionEntry function, EquatableArray<Expr> arguments, SqlType result) =>
        result.IsNumeric && result.Decimal is null
            ? result with { Decimal = NumericShapes.OfCall(function, arguments, _context.HoldsWideNumerics) }
            : result;

    /// <summary>Equality of two expressions for IN, CASE, NULLIF, joins and the like.</summary>
    private Expr Equals(Expr left, Expr right, SourceSpan span) =>
        BindOperator(new OperatorName(null, "=") { Span = span }, left, right, span);

    private Expr CompareRows(OperatorName name, EquatableArray<Expr> left, EquatableArray<Expr> right, SourceSpan span)
    {
        if (left.Count != right.Count)
            throw new SqlException(SqlState.SyntaxError, "unequal number of entries in row expressions") { Position = span.Position };
        if (left.Count == 0)
            throw new SqlException(SqlState.FeatureNotSupported, "cannot compare rows of zero length") { Position = span.Position };
        var pairs = left.Select((item, i) => BindOperator(name, item, right[i], span)).ToArray();
        if (pairs.Length == 1) return pairs[0];
        switch (name.Symbol)
        {
            case "=": return Conjunction(pairs);
            case "<>": return new Or(pairs.ToEquatableArray());
            case "<" or "<=" or ">" or ">=": break;
            default:
                throw UnknownRowComparison(name, span);
        }

        // (a, b) < (c, d) is a < c, or a = c and b < d.
        var strict = new OperatorName(null, name.Symbol[..1]) { Span = name.Span };
        var result = pairs[^1];
        for (var i = left.Count - 2; i >= 0; i--)
        {
            var less = BindOperator(strict, left[i], right[i], span);
            result = new Or([less, Conjunction([Equals(left[i], right[i], span), result])]);
        }

        return At(result, span);
    }

    private static Expr Conjunction(IReadOnlyList<Expr> terms) => terms.Count switch
    {
        0 => new Constant(true, SqlType.Bool),
        1 => terms[0],
        _ => new And(terms.SelectMany(term => term is And and ? and.Terms : [term]).ToEquatableArray()),
    };

    /// <summary>
    /// Concrete types for the declared ones (enforce_generic_type_consistency): anyelement and its kin take the actual types.
    /// </summary>
    private (SqlType[] Arguments, SqlType Result) ResolvePolymorphic(
        IReadOnlyList<Oid> declared, Oid result, IReadOnlyList<Expr> actual, SourceSpan span, string what)
    {
        SqlType? element = null, compatible = null, range = null;
        var compatibles = new List<SqlType>();
        var hasGeneric = false;
        for (var i = 0; i < actual.Count; i++)
        {
            var type = actual[i].Type;
            if (declared[i] == PgTypes.Anyelement.Oid || declared[i] == PgTypes.Anynonarray.Oid || declared[i] == PgTypes.Anyenum.Oid)
            {
                hasGeneric = true;
                if (!type.IsUnknown) element = Agree(element, type, "arguments declared \"anyelement\" are not all alike", span);
            }
            else if (declared[i] == PgTypes.Anyarray.Oid)
            {
                hasGeneric = true;
                if (type.IsUnknown) continue;
                element = Agree(element, RequireElement(type, "anyarray", span),
                    "argument declared anyarray is not consistent with argument declared anyelement", span);
            }
            else if (declared[i] == PgTypes.Anyrange.Oid)
            {
                if (type.IsUnknown) continue;
                range ??= type;
                if (RangeText.Subtype(type.Base) is { } bounds)
                    element = Agree(element, bounds,
                        "argument declared anyrange is not consistent with argument declared anyelement", span);
            }
            else if (declared[i] == PgTypes.Anycompatible.Oid || declared[i] == PgTypes.Anycompatiblenonarray.Oid)
            {
                compatibles.Add(type);
            }
            else if (declared[i] == PgTypes.Anycompatiblearray.Oid)
            {
                if (!type.IsUnknown) compatibles.Add(RequireElement(type, "anycompatiblearray", span));
            }
        }

        if (hasGeneric && element is null)
        {
            throw new SqlException(SqlState.DatatypeMismatch, "could not determine polymorphic type because input has type unknown")
                { Position = span.Position };
        }

        if (compatibles.Count > 0)
        {
            var common = TypeRules.CommonType(compatibles.Select(type => type.AnnouncedOid).ToArray())
                ?? throw new SqlException(SqlState.DatatypeMismatch, "arguments of anycompatible family cannot be cast to a common type")
                    { Position = span.Position };
            compatible = compatibles.Find(type => type.AnnouncedOid == common) ?? SqlType.FromOid(common)!;
            if (compatible.IsNumeric)
            {
                compatible = SqlType.Numeric with
                {
                    Decimal = NumericShapes.Unite(
                        compatibles.Select(type => type.IsNumeric
                            ? type
                            : SqlType.Numeric with { Decimal = NumericShapes.OfConversion(type) })),
                };
            }
        }

        var arguments = new SqlType[actual.Count];
        for (var i = 0; i < arguments.Length; i++)
            arguments[i] = declared[i] == PgTypes.Anyrange.Oid
                ? range ?? actual[i].Type
                : Concrete(declared[i], element, compatible, actual[i].Type);
        return (arguments,
            result == PgTypes.Anyrange.Oid && range is not null ? range : Concrete(result, element, compatible, SqlType.Text));

        SqlType Agree(SqlType? present, SqlType type, string message, SourceSpan where)
        {
            if (present is null || present.HasSameBase(type))
            {
                return present is null ? type
                    : type.IsNumeric ? type with { Decimal = NumericShapes.Unite([present, type]), Modifier = -1 }
                    : present;
            }

            throw new SqlException(SqlState.DatatypeMismatch, message) { Position = where.Position, Detail = $"{present} versus {type}" };
        }
    }

    private static SqlType RequireElement(SqlType type, string declared, SourceSpan span) => type.Element
        ?? throw new SqlException(SqlState.DatatypeMismatch, $"argument declared {declared} is not an array but type {type}")
            { Position = span.Position };

    private static SqlType Concrete(Oid declared, SqlType? element, SqlType? compatible, SqlType actual)
    {
        if (declared == PgTypes.Anyelement.Oid || declared == PgTypes.Anynonarray.Oid || declared == PgTypes.Anyenum.Oid)
            return element ?? actual;
        if (declared == PgTypes.Anyarray.Oid) return element is null ? actual : element.IsArray ? element : SqlType.Array(element);
        if (declared == PgTypes.Anycompatible.Oid || declared == PgTypes.Anycompatiblenonarray.Oid) return compatible ?? actual;
        if (declared == PgTypes.Anycompatiblearray.Oid)
            return compatible is null ? actual : compatible.IsArray ? compatible : SqlType.Array(compatible);
        if (declared == PgTypes.Any.Oid) return actual.IsUnknown ? SqlType.Text : actual;
        return SqlType.FromOid(declared) ?? actual;
    }
}
