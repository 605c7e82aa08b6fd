namespace Federation.Connectors.Lakehouse.Pruning;

/// <summary>
/// What is known of a column's values in some files: every value that is neither NULL nor NaN lies between the bounds. Bounds may be loose.
/// Values are the column's own, or the results of a function of them when <paramref name="Function"/> is given.
/// </summary>
/// <param name="Lower">Null when unknown.</param>
/// <param name="MayHaveValue">Some value may be neither NULL nor NaN.</param>
internal sealed record ColumnRange(
    object? Lower, object? Upper, bool MayHaveNull, bool MayHaveValue, bool MayHaveNaN, IRangeFunction? Function = null)
{
    public static readonly ColumnRange OnlyNull = new(null, null, true, false, false);

    /// <summary>False only when no row can fulfil the comparison.</summary>
    public bool MayMatch(Predicate.Compare comparison)
    {
        if (!MayHaveValue && !MayHaveNaN) return false;
        // NaN is greater than every number and equal to itself.
        if (ValueOrder.IsNaN(comparison.Value)) return true;
        if (MayHaveNaN && comparison.Operator is (Comparison.Greater or Comparison.GreaterOrEqual or Comparison.NotEqual)) return true;
        if (!MayHaveValue) return false;
        if (Function is null) return MayMatch(comparison.Operator, comparison.Value);
        if (Function.Apply(comparison.Value, comparison.Type) is not { } result) return true;
        var misrecorded = Function.Misrecorded(result);
        return comparison.Operator switch
        {
            Comparison.Equal => MayMatch(Comparison.Equal, result) || (misrecorded is not null && MayMatch(Comparison.Equal, misrecorded)),
            // The function may map values on either side of the constant to the same result.
            Comparison.Less or Comparison.LessOrEqual => !Function.IsMonotone || MayMatch(Comparison.LessOrEqual, misrecorded ?? result),
            Comparison.Greater or Comparison.GreaterOrEqual => !Function.IsMonotone || MayMatch(Comparison.GreaterOrEqual, result),
            _ => true,
        };
    }

    public bool MayStartWith(string prefix)
    {
        if (!MayHaveValue) return false;
        if (Function is not null)
        {
            if (!Function.IsPrefix || Function.Apply(prefix, Core.Types.SqlType.Text) is not string cut) return true;
            prefix = cut;
        }

        if (Upper is string upper && ValueOrder.CompareText(upper, prefix) < 0) return false;
        if (Lower is not string lower) return true;
        // Beyond the prefix every value that begins with it is smaller than a bound that does not.
        return ValueOrder.CompareText(lower.AsSpan(0, Math.Min(lower.Length, prefix.Length)), prefix) <= 0;
    }

    private bool MayMatch(Comparison comparison, object value)
    {
        if (value is Guid uuid && (Lower is Guid || Upper is Guid)) return MayMatchUuid(comparison, uuid);
        var lower = Lower is null ? null : ValueOrder.Compare(Lower, value);
        var upper = Upper is null ? null : ValueOrder.Compare(Upper, value);
        return MayMatch(comparison, lower, upper);
    }

    private static bool MayMatch(Comparison comparison, int? lower, int? upper) => comparison switch
    {
        Comparison.Equal => lower is not > 0 && upper is not < 0,
        Comparison.NotEqual => !(lower == 0 && upper == 0),
        Comparison.Less => lower is not >= 0,
        Comparison.LessOrEqual => lower is not > 0,
        Comparison.Greater => upper is not <= 0,
        _ => upper is not < 0,
    };

    // Older Java writers ordered uuids by signed halves, so their bounds can be the wrong way round; only what both orders rule out is out.
    private bool MayMatchUuid(Comparison comparison, Guid value)
    {
        var unsigned = MayMatch(comparison, (Lower as Guid?)?.CompareTo(value), (Upper as Guid?)?.CompareTo(value));
        return unsigned || MayMatch(comparison, CompareSigned(Lower as Guid?, value), CompareSigned(Upper as Guid?, value));
    }

    private static int? CompareSigned(Guid? left, Guid right)
    {
        if (left is not { } value) return null;
        Span<byte> a = stackalloc byte[16], b = stackalloc byte[16];
        value.TryWriteBytes(a, bigEndian: true, out _);
        right.TryWriteBytes(b, bigEndian: true, out _);
        a[0] ^= 0x80;
        b[0] ^= 0x80;
        a[8] ^= 0x80;
        b[8] ^= 0x80;
        return a.SequenceCompareTo(b);
    }
}
