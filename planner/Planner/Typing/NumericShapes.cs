namespace Federation.Planner.Typing;

/// <summary>
/// Which numerics the kernel can hold as DECIMAL(p,s). PostgreSQL's numeric keeps a display scale per value; where all values of an
/// expression have one scale, a scaled integer gives the same text. Everything else (quotients, averages, mixed scales, unbounded columns)
/// is held as text.
/// </summary>
public static class NumericShapes
{
    /// <summary>
    /// A product or sum may be capped at 38 digits while this many stay in front of the point; more raises 22003 in the kernel.
    /// </summary>
    private const int MinimumIntegerDigits = 18;

    /// <summary>The shape of a function's numeric result from the shapes of its arguments; null for text.</summary>
    /// <param name="isWide">Shapes are taken only where no value can overflow them; sums are held as text.</param>
    public static DecimalShape? OfCall(FunctionEntry function, EquatableArray<Expr> arguments, bool isWide = false)
    {
        var shape = OfCallWithinCap(function, arguments);
        if (isWide && function.Name == "extract"
            && arguments is [Constant { Value: string field }, { Type: { IsArray: false, Category: 'D' } }] && IsEndless(field))
                return null;
        return isWide && shape is { Precision: DecimalShape.MaxPrecision } ? null : shape;
    }

    private static DecimalShape? OfCallWithinCap(FunctionEntry function, EquatableArray<Expr> arguments)
    {
        var shapes = arguments.Select(argument => argument.Type.IsNumeric ? argument.Type.Decimal : null).ToArray();
        return function.Name switch
        {
            "numeric_add" or "numeric_sub" when shapes is [{ } left, { } right] => Sum(left, right),
            "numeric_mul" when shapes is [{ } left, { } right] => Capped(left.Precision + right.Precision, left.Scale + right.Scale),
            "numeric_uminus" or "numeric_uplus" or "numeric_abs" or "abs" when shapes is [{ } shape] => shape,
            "min" or "max" when shapes is [{ } shape] => shape,
            "sum" when shapes is [{ } shape] => new DecimalShape(DecimalShape.MaxPrecision, shape.Scale),
            "sum" when arguments is [{ Type: { } type }] && type.HasSameBase(SqlType.Int8) =>
                new DecimalShape(DecimalShape.MaxPrecision, 0),
            "ceil" or "ceiling" or "floor" when shapes is [{ } shape] => Capped(shape.Precision - shape.Scale + 1, 0),
            "round" when shapes is [{ } shape] => Capped(shape.Precision - shape.Scale + 1, 0),
            "round" when shapes is [{ } shape, _] && arguments[1] is Constant { Value: int digits and >= 0 and <= 20 } =>
                Capped(shape.Precision - shape.Scale + 1 + digits, digits),
            "extract" when arguments is [Constant { Value: string field }, ..] => OfExtract(field, arguments[1].Type),
            "lag" or "lead" when arguments.Count == 3 => Unite([arguments[0].Type, arguments[2].Type]),
            "first_value" or "last_value" or "nth_value" or "lag" or "lead" or "any_value" or "mode" when shapes.Length > 0 => shapes[0],
            _ => null,
        };
    }

    /// <summary>The shape of a value converted to numeric without modifier.</summary>
    public static DecimalShape? OfConversion(SqlType source) => source switch
    {
        { IsArray: true } => null,
        { IsNumeric: true } => source.Decimal,
        _ when source.HasSameBase(SqlType.Int2) => new DecimalShape(5, 0),
        _ when source.HasSameBase(SqlType.Int4) => new DecimalShape(10, 0),
        _ when source.HasSameBase(SqlType.Int8) => new DecimalShape(19, 0),
        _ => null,
    };

    /// <summary>The shape that holds values of all these types without changing what any shows; null when their scales differ.</summary>
    public static DecimalShape? Unite(IEnumerable<SqlType> types)
    {
        DecimalShape? united = null;
        foreach (var type in types)
        {
            if (type.Decimal is not { } shape) return null;
            if (united is { } present && present.Scale != shape.Scale) return null;
            united = united is { } other ? new DecimalShape(Math.Max(other.Precision, shape.Precision), shape.Scale) : shape;
        }

        return united;
    }

    /// <summary>The least shape of a constant; null when it has too many digits.</summary>
    public static DecimalShape? OfConstant(Core.Values.PgNumeric value)
    {
        if (!value.IsFinite) return null;
        var digits = System.Numerics.BigInteger.Abs(value.Unscaled).ToString().Length;
        var precision = Math.Max(digits, Math.Max(value.Scale, 1));
        return precision <= DecimalShape.MaxPrecision ? new DecimalShape((byte)precision, (byte)value.Scale) : null;
    }

    private static DecimalShape? Sum(DecimalShape left, DecimalShape right)
    {
        var scale = Math.Max(left.Scale, right.Scale);
        return Capped(Math.Max(left.Precision - left.Scale, right.Precision - right.Scale) + 1 + scale, scale);
    }

    private static DecimalShape? Capped(int precision, int scale)
    {
        if (precision <= DecimalShape.MaxPrecision) return new DecimalShape((byte)Math.Max(precision, Math.Max(scale, 1)), (byte)scale);
        return DecimalShape.MaxPrecision - scale >= MinimumIntegerDigits ? new DecimalShape(DecimalShape.MaxPrecision, (byte)scale) : null;
    }

    /// <summary>Units that are infinite at the infinities, and therefore no scaled integer.</summary>
    private static bool IsEndless(string field) => Writing.KernelExpressionWriter.IsEndless(field);

    private static DecimalShape? OfExtract(string field, SqlType source) => field.ToLowerInvariant() switch
    {
        "second" or "seconds" or "sec" or "secs" or "s" => new DecimalShape(18, 6),
        "epoch" when source.HasSameBase(SqlType.Date) => new DecimalShape(18, 0),
        "epoch" => new DecimalShape(24, 6),
        "millisecond" or "milliseconds" or "msec" or "msecs" or "ms" => new DecimalShape(18, 3),
        "julian" when !source.HasSameBase(SqlType.Date) => null,
        _ => new DecimalShape(18, 0),
    };
}
