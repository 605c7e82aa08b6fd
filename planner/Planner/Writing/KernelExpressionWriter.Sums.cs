using Federation.Core.Values;
using Federation.Planner.Typing;

namespace Federation.Planner.Writing;

/// <summary>
/// Arithmetic below sums, in the kernel's own decimal types. Casting each product to the shape that PostgreSQL's digits could need makes
/// numbers of 128 bits of most of them; the kernel's types stay at 18 digits (64 bits) while the operands are, and it raises an error when
/// a value does not fit. Below a sum that is early enough: no row has been given yet, and the query runs again with numerics of any length.
/// The scales, which are part of the result, are the same.
/// </summary>
internal sealed partial class KernelExpressionWriter
{
    /// <summary>Digits of the kernel's widest decimal of 64 bits.</summary>
    private const int NarrowDigits = 18;

    /// <summary>Whether the expression computes numerics of known shapes.</summary>
    public static bool IsArithmetic(Expr expression) =>
        expression is Call { Function.Name: "numeric_add" or "numeric_sub" or "numeric_mul", Type.Decimal: not null,
            Arguments: [{ Type.Decimal: not null }, { Type.Decimal: not null }] };

    /// <summary>A numeric with a decimal shape that nothing but sums takes.</summary>
    public string WriteSummed(Expr expression) => WriteNarrow(expression).Text;

    /// <summary>The SQL of a numeric with a decimal shape, and the shape that the kernel gives it.</summary>
    private (string Text, DecimalShape Shape) WriteNarrow(Expr expression)
    {
        switch (expression)
        {
            case Constant { Value: PgNumeric number } when NumericShapes.OfConstant(number) is { } least:
                return (Write(new Constant(number, SqlType.Numeric with { Decimal = least })), least);
            case Case { Type.Decimal: { } shape } conditional:
                return (WriteCase(conditional, result => WriteNarrow(result).Text), shape);
            case Cast { Operand: { Type: { IsNumeric: true, Decimal: { } from } } operand, To: { Modifier: < 0, Decimal: { } to } }
                when to.Scale > from.Scale:
                return ($"CAST({WriteNarrow(operand).Text} AS {to})", to);
        }

        if (IsArithmetic(expression) && expression is Call { Arguments: [var first, var second] } call)
        {
            var (left, a) = WriteNarrow(first);
            var (right, b) = WriteNarrow(second);
            var (symbol, digits, scale) = call.Function.Name switch
            {
                "numeric_mul" => ("*", a.Precision + b.Precision, a.Scale + b.Scale),
                "numeric_add" => ("+", Sum(a, b), Math.Max(a.Scale, b.Scale)),
                _ => ("-", Sum(a, b), Math.Max(a.Scale, b.Scale)),
            };
            if (Math.Max(a.Precision, b.Precision) <= NarrowDigits && scale < NarrowDigits && scale == call.Type.Decimal!.Value.Scale)
                return ($"({left} {symbol} {right})", new DecimalShape((byte)Math.Min(digits, NarrowDigits), (byte)scale));
        }

        return (Write(expression), expression.Type.Decimal!.Value);

        // The kernel adds in a digit more than the longer whole part and the longer fraction.
        static int Sum(DecimalShape a, DecimalShape b) =>
            Math.Max(a.Precision - a.Scale, b.Precision - b.Scale) + Math.Max(a.Scale, b.Scale) + 1;
    }
}
