using Federation.Core.Values;
using Federation.Planner.Functions;
using Federation.Planner.Typing;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>Conversions: literals of unknown type, implicit and explicit casts, common types.</summary>
public sealed partial class Binder
{
    /// <summary>
    /// Converts to <paramref name="target"/>; the caller has checked that a conversion exists, or passes a context in which it must.
    /// </summary>
    private Expr Coerce(Expr expression, SqlType target, CastContext context, SourceSpan span)
    {
        var source = expression.Type;
        if (target.Base == PgTypes.Any) return expression;
        if (source.IsUnknown) return WithModifier(CoerceUnknown(expression, target, span), target, context, span);
        if (source.HasSameBase(target)) return WithModifier(expression, target, context, span);
        if (source.IsRecord || target.IsRecord) return CoerceRecord(expression, target, span);
        var (path, _) = TypeRules.FindPath(target.AnnouncedOid, source.AnnouncedOid, context);
        if (path == CoercionPath.None) throw CannotCast(source, target, span, context);

        if (ObjectOfName(expression, target, span) is { } found) return found;
        if (NameOfObject(expression, target, span) is { } name) return WithModifier(name, target, context, span);

        // An integer is cut to a bit length from its other end, so the length is part of the conversion.
        if (target.Base == PgTypes.Bit && !target.IsArray && target.Modifier >= 0 && source.Category == 'N')
            return At(new Cast(expression, target, IsExplicit: true), span);
        var plain = Unmodified(target, source);
        var converted = At(new Cast(expression, Collated(plain, expression), context == CastContext.Explicit), span);
        return WithModifier(converted, target, context, span);
    }

    private Expr CoerceForAssignment(Expr expression, SqlType target, SourceSpan span)
    {
        if (!expression.Type.IsUnknown
            && TypeRules.FindPath(target.AnnouncedOid, expression.Type.AnnouncedOid, CastContext.Assignment).Path == CoercionPath.None)
        {
            throw new SqlException(SqlState.DatatypeMismatch, $"expression is of type {expression.Type} but type {target} is expected")
            {
                Position = span.Position,
                Hint = "You will need to rewrite or cast the expression.",
            };
        }

        return Coerce(expression, target, CastContext.Assignment, span);
    }

    /// <summary>A boolean operand of WHERE, AND, CASE and the like.</summary>
    private Expr CoerceToBoolean(Expr expression, string construct, SourceSpan span)
    {
        if (expression.Type.HasSameBase(SqlType.Bool)) return expression;
        if (expression.Type.IsUnknown
            || TypeRules.FindPath(PgTypes.Bool.Oid, expression.Type.AnnouncedOid, CastContext.Assignment).Path != CoercionPath.None)
            return Coerce(expression, SqlType.Bool, CastContext.Assignment, span);
        throw new SqlException(SqlState.DatatypeMismatch, $"argument of {construct} must be type boolean, not type {expression.Type}")
        {
            Position = span.Position,
        };
    }

    /// <summary>A result column of unknown type is text.</summary>
    private Expr ResolveUnknown(Expr expression) =>
        expression.Type.IsUnknown
            ? Coerce(expression, SqlType.Text, CastContext.Implicit, _spans.GetValueOrDefault(expression))
            : expression;

    /// <summary>
    /// Brings expressions to their common type. The construct's name starts the error message: "CASE types integer and text cannot be
    /// matched".
    /// </summary>
    private (SqlType Type, Expr[] Expressions) Unify(string construct, IReadOnlyList<Expr> expressions)
    {
        var common = TypeRules.CommonType(expressions.Select(expression => expression.Type.AnnouncedOid).ToArray());
        if (common is null)
        {
            var first = expressions.First(expression => !expression.Type.IsUnknown);
            var other = expressions.First(expression => !expression.Type.IsUnknown
                && TypeRules.Category(expression.Type.AnnouncedOid) != TypeRules.Category(first.Type.AnnouncedOid));
            throw new SqlException(SqlState.DatatypeMismatch, $"{construct} types {first.Type} and {other.Type} cannot be matched")
            {
                Position = PositionOf(other),
            };
        }

        var target = SqlType.FromOid(common.Value) ?? expressions[0].Type;
        if (target.IsRecord)
        {
            var record = expressions.First(expression => !expression.Type.IsUnknown).Type;
            return (record,
                expressions.Select(expression => expression is Constant { Value: null } ? new Constant(null, record) : expression)
                    .ToArray());
        }

        var coerced = expressions.Select(expression =>
        {
            var span = _spans.GetValueOrDefault(expression);
            if (!TypeRules.CanCoerce(expression.Type.AnnouncedOid, target.AnnouncedOid, CastContext.Implicit))
            {
                throw new SqlException(SqlState.CannotCoerce, $"{construct} could not convert type {expression.Type} to {target}")
                {
                    Position = span.Position,
                };
            }

            return Coerce(expression, target, CastContext.Implicit, span);
        }).ToArray();
        return UnifyRepresentation(coerced);
    }

    /// <summary>
    /// Expressions of one base type in one representation: equal modifiers survive, numerics of different scales become text-held.
    /// </summary>
    private (SqlType Type, Expr[] Expressions) UnifyRepresentation(Expr[] expressions)
    {
        var telling = expressions.Where(expression => expression is not Constant { Value: null }).ToArray();
        if (telling.Length == 0) return (expressions[0].Type, expressions);
        var modifiers = telling.Select(expression => expression.Type.Modifier).Distinct().ToArray();
        var type = telling[0].Type;
        if (modifiers.Length > 1) type = type.WithoutModifier();
        type = Collated(type, telling);
        if (type.IsNumeric) type = type with { Decimal = NumericShapes.Unite(telling.Select(expression => expression.Type)) };
        else if (type.Element is { } element && type.Base == PgTypes.Numeric)
            type = SqlType.Array(
                element with { Decimal = NumericShapes.Unite(telling.Select(expression => expression.Type.Element!)), Modifier = -1 });
        return (type, expressions.Select(expression => Represent(expression, type)).ToArray());
    }

    /// <summary>The same base type held as <paramref name="target"/> holds it; modifiers are left alone.</summary>
    private Expr Represent(Expr expression, SqlType target)
    {
        if (expression is Constant { Value: null }) return new Constant(null, target);
        if (expression.Type.KernelName == target.KernelName || target.Base != PgTypes.Numeric) return expression;
        return At(new Cast(expression, target.IsNumeric ? target with { Modifier = -1 } : target), _spans.GetValueOrDefault(expression));
    }

    private static SqlType Unmodified(SqlType target, SqlType source)
    {
        if (target.IsNumeric) return SqlType.Numeric with { Decimal = NumericShapes.OfConversion(source) };
        if (target is { IsArray: true, IsVector: false, Element: { } element }) return SqlType.Array(ElementForm(element, source.Element));
        return target.WithoutModifier();
    }

    private static SqlType ElementForm(SqlType element, SqlType? source) =>
        source is null ? element.WithoutModifier()
        : source.IsArray ? SqlType.Array(ElementForm(element.Element ?? element, source.Element))
        : element.IsNumeric ? SqlType.Numeric with { Decimal = NumericShapes.OfConversion(source) }
        : element.WithoutModifier();

    private Expr CoerceUnknown(Expr expression, SqlType target, SourceSpan span)
    {
        var plain = target.IsNumeric ? SqlType.Numeric : target.WithoutModifier();
        switch (expression)
        {
            case Constant { Value: null }:
                return At(new Constant(null, target), span);
            case Constant { Value: string text }:
                return At(ReadLiteral(text, target.Base == PgTypes.Interval ? target : plain, span), span);
            case Parameter parameter:
                return At(_parameters.Infer(parameter, target, span.Position), span);
            default:
                return At(new Cast(expression, plain, IsExplicit: true), span);
        }
    }

    private Expr ReadLiteral(string text, SqlType type, SourceSpan span)
    {
        if (type.IsUnknown) return new Constant(text, type);
        if (type.Base == PgTypes.Tsvector || type.Base == PgTypes.Tsquery || type.Base == PgTypes.Jsonpath || type.Base == PgTypes.Xml)
            throw new SqlException(SqlState.FeatureNotSupported, $"values of type {type} are not supported") { Position = span.Position };
        object? value;
        try
        {
            value = ValueText.Parse(text, type, _context.Values);
        }
        catch (SqlException error)
        {
            // A type's name within a regtype literal has positions of its own.
            throw type.Base.Name.StartsWith("reg", StringComparison.Ordinal) ? error.Moved(span.Position) : error.At(span.Position);
        }

        if (type.IsNumeric && value is PgNumeric number) type = type with { Decimal = NumericShapes.OfConstant(number) };
        return new Constant(value, DimensionedType(type, value));
    }

    /// <summary>Applies a length, precision or scale.</summary>
    private Expr WithModifier(Expr expression, SqlType target, CastContext context, SourceSpan span)
    {
        var wanted = target.Element ?? target;
        var present = expression.Type.Element ?? expression.Type;
        if (wanted.Modifier < 0 || wanted.Modifier == present.Modifier) return expression;
        if (expression is Constant { Value: null }) return At(new Constant(null, target), span);
        return At(new Cast(expression, Collated(target, expression), context == CastContext.Explicit), span);
    }

    private Expr CoerceRecord(Expr expression, SqlType target, SourceSpan span)
    {
        if (expression.Type.IsRecord && target.IsRecord)
        {
            if (target.Fields.Count == 0 || target.Fields == expression.Type.Fields) return expression;
            if (expression is RowOf row && row.Items.Count == target.Fields.Count)
            {
                var items = row.Items.Select((item, i) => Coerce(item, target.Fields[i].Type, CastContext.Implicit, span))
                    .ToEquatableArray();
                return At(new RowOf(items, target), span);
            }
        }

        if (expression.Type.IsRecord && target.Category == 'S') return At(new Cast(expression, target, IsExplicit: true), span);
        throw CannotCast(expression.Type, target, span, CastContext.Explicit);
    }

    private static SqlException CannotCast(SqlType source, SqlType target, SourceSpan span, CastContext context) =>
        new(SqlState.CannotCoerce, context == CastContext.Explicit
            ? $"cannot cast type {source.WithoutModifier()} to {target.WithoutModifier()}"
            : $"cannot convert type {source.WithoutModifier()} to {target.WithoutModifier()}")
        {
            Position = span.Position,
        };
}
