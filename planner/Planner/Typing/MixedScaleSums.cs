using Federation.Core.Values;
using Federation.Planner.Functions;

namespace Federation.Planner.Typing;

/// <summary>
/// Sums of numerics whose scale differs from row to row, where each scale is known: <c>sum(CASE WHEN c THEN price * share ELSE 0 END)</c>.
/// PostgreSQL shows such a sum in the largest scale among the summed values. So the values are summed in one scale, as scaled integers, and
/// the sum is cut to the largest scale that was there: nothing but zeros is cut.
/// </summary>
internal static class MixedScaleSums
{
    private static readonly FunctionEntry s_trunc = FunctionCatalog.Instance.Function("trunc", SqlType.Numeric, SqlType.Int4);
    private static readonly FunctionEntry s_max = FunctionCatalog.Instance.Function("max", SqlType.Int4);

    /// <summary>
    /// A value that is held in one scale, and the scale that PostgreSQL's value has in each row: int4, NULL where the value is.
    /// </summary>
    private sealed record Scaled(Expr Value, DecimalShape Shape, Expr Scale);

    /// <summary>
    /// The sum over values of one scale that equals <paramref name="call"/>; null when a scale is not known or one scale does not hold all
    /// values.
    /// </summary>
    public static Expr? Rewrite(AggregateCall call)
    {
        if (call is not { Function.Name: "sum", IsDistinct: false, OrderBy.Count: 0,
            Arguments: [{ Type: { IsNumeric: true, Decimal: null } } argument] } || argument is not (Case or Coalesce)) return null;
        if (PlanRewriter.IsVolatile(argument) || PlanRewriter.HasSubquery(argument) || Scale(argument) is not { } scaled) return null;
        var sum = call with { Arguments = [scaled.Value], Type = SqlType.NumericOf(DecimalShape.MaxPrecision, scaled.Shape.Scale) };
        var scale = new AggregateCall(s_max, [scaled.Scale], SqlType.Int4) { Filter = call.Filter };
        return new Call(s_trunc, [sum, scale], call.Type);
    }

    private static Scaled? Scale(Expr value) => value switch
    {
        { Type: { IsNumeric: true, Decimal: { } shape } } => new Scaled(value, shape, ScaleWherePresent(value, shape.Scale)),
        Constant { Value: PgNumeric number } when NumericShapes.OfConstant(number) is { } shape =>
            new Scaled(new Constant(number, SqlType.Numeric with { Decimal = shape }), shape, new Constant(number.Scale, SqlType.Int4)),
        Cast { Operand: { Type: { IsNumeric: true, Decimal: not null } } operand, To: { IsNumeric: true, Modifier: < 0 } } =>
            Scale(operand),
        Case conditional => Scale(conditional),
        Coalesce coalesce => Scale(coalesce),
        _ => null,
    };

    private static Scaled? Scale(Case conditional)
    {
        if (InOneScale([.. conditional.Whens.Select(when => when.Result), conditional.Else]) is not var (type, values, scales)) return null;
        return new Scaled(Choose(values, type), type.Decimal!.Value, Choose(scales, SqlType.Int4));

        Case Choose(Expr[] results, SqlType result) =>
            new(conditional.Whens.Select((when, i) => when with { Result = results[i] }).ToEquatableArray(), results[^1], result);
    }

    private static Scaled? Scale(Coalesce coalesce) => InOneScale([.. coalesce.Arguments]) is var (type, values, scales)
        ? new Scaled(coalesce with { Arguments = values.ToEquatableArray(), Result = type, Type = type }, type.Decimal!.Value,
            new Coalesce(scales.ToEquatableArray(), SqlType.Int4))
        : null;

    /// <summary>The alternatives in a shape that holds each of them; a NULL constant is held by any.</summary>
    private static (SqlType Type, Expr[] Values, Expr[] Scales)? InOneScale(Expr[] alternatives)
    {
        var scaled = new Scaled?[alternatives.Length];
        var (whole, scale) = (0, 0);
        for (var i = 0; i < scaled.Length; i++)
        {
            if (alternatives[i] is Constant { Value: null }) continue;
            if ((scaled[i] = Scale(alternatives[i])) is not { Shape: var shape }) return null;
            (whole, scale) = (Math.Max(whole, shape.Precision - shape.Scale), Math.Max(scale, shape.Scale));
        }

        if (whole + scale is 0 or > DecimalShape.MaxPrecision) return null;
        var type = SqlType.Numeric with { Decimal = new DecimalShape((byte)(whole + scale), (byte)scale) };
        return (
            type,
            [.. scaled.Select(item => item is null
                ? new Constant(null, type)
                : item.Value.Type.Decimal!.Value.Scale == scale ? item.Value : new Cast(item.Value, type))],
            [.. scaled.Select(item => item?.Scale ?? new Constant(null, SqlType.Int4))]);
    }

    private static Expr ScaleWherePresent(Expr value, int scale)
    {
        var present = new Constant(scale, SqlType.Int4);
        var columns = new HashSet<ColumnRef>();
        Expr[] terms = Strict(value, columns) ? [.. columns.Select(column => new Not(new IsNull(column)))] : [new Not(new IsNull(value))];
        return terms.Length == 0
            ? present
            : new Case([new CaseWhen(Conjuncts.Combine(terms), present)], new Constant(null, SqlType.Int4), SqlType.Int4);
    }

    /// <summary>Whether the value is NULL exactly where one of its columns is: arithmetic, and conversions of numbers.</summary>
    private static bool Strict(Expr value, HashSet<ColumnRef> columns)
    {
        switch (value)
        {
            case Constant constant: return constant.Value is not null;
            case ColumnRef column: columns.Add(column); return true;
            case Cast { Operand.Type.Category: 'N', Type.Category: 'N' }:
            case Call { Function.Name: "numeric_add" or "numeric_sub" or "numeric_mul" or "numeric_uminus" }:
                return value.Operands.All(operand => Strict(operand, columns));
            default: return false;
        }
    }
}
