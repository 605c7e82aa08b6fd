using System.Numerics;
using Federation.Core.Values;

namespace Federation.ValueForms;

/// <summary>
/// The binary form of numeric: int16 number of base-10000 digits, int16 weight of the first digit, uint16 sign, uint16 display scale,
/// digits.
/// Zero digits at both ends are not sent.
/// </summary>
internal static unsafe class NumericBinary
{
    private const int Base = 10_000;
    private const int DigitWidth = 4;
    private const ushort Positive = 0x0000;
    private const ushort Negative = 0x4000;
    private const ushort NaN = 0xC000;
    private const ushort Infinity = 0xD000;
    private const ushort NegativeInfinity = 0xF000;

    public static void Write(ByteWriter writer, Int128 unscaled, int scale)
    {
        // 38 digits and the padding to a whole base-10000 digit need 11 groups at most.
        Span<short> groups = stackalloc short[12];
        var magnitude = unscaled < 0 ? (UInt128)(-unscaled) : (UInt128)unscaled;
        var padding = Padding(scale);
        var count = 0;
        // The lowest group holds only the digits that the scale leaves in it, moved up to its top.
        if (padding > 0)
        {
            var divisor = padding switch { 1 => 1000u, 2 => 100u, _ => 10u };
            (magnitude, var rest) = UInt128.DivRem(magnitude, divisor);
            groups[count++] = (short)((int)rest * (Base / (int)divisor));
        }

        if (magnitude <= ulong.MaxValue)
        {
            var low = (ulong)magnitude;
            while (low > 0)
            {
                (low, var rest) = Math.DivRem(low, (ulong)Base);
                groups[count++] = (short)rest;
            }
        }
        else
        {
            while (magnitude > 0)
            {
                (magnitude, var rest) = UInt128.DivRem(magnitude, Base);
                groups[count++] = (short)(int)rest;
            }
        }

        WriteGroups(writer, groups[..count], (scale + DigitWidth - 1) / DigitWidth, unscaled < 0 ? Negative : Positive, scale);
    }

    /// <summary>Header and groups of a scaled integer of at most 18 digits: four groups before the point, five behind it.</summary>
    public const int MostBytesOf64 = 8 + (10 * sizeof(short));

    /// <summary>As the other, for scaled integers of at most 18 digits, straight into memory; gives the place behind.</summary>
    public static byte* Write(byte* target, long unscaled, int scale)
    {
        var groups = stackalloc short[8];
        var magnitude = (ulong)Math.Abs(unscaled);
        var padding = Padding(scale);
        var count = 0;
        if (padding > 0)
        {
            var divisor = padding switch { 1 => 1000u, 2 => 100u, _ => 10u };
            (magnitude, var rest) = Math.DivRem(magnitude, divisor);
            groups[count++] = (short)((uint)rest * (Base / divisor));
        }

        while (magnitude > 0)
        {
            (magnitude, var rest) = Math.DivRem(magnitude, (ulong)Base);
            groups[count++] = (short)rest;
        }

        // Groups of zeros at the low end are not sent; the highest is not zero but for the padded one alone.
        var last = 0;
        while (last < count && groups[last] == 0) last++;
        var length = count - last;
        PutInt16(target, (short)length);
        PutInt16(target + 2, length == 0 ? (short)0 : (short)(count - 1 - ((scale + DigitWidth - 1) / DigitWidth)));
        PutInt16(target + 4, length == 0 || unscaled > 0 ? (short)Positive : (short)Negative);
        PutInt16(target + 6, (short)scale);
        target += 8;
        for (var i = count - 1; i >= last; i--, target += 2) PutInt16(target, groups[i]);
        return target;
    }

    public static void Write(ByteWriter writer, PgNumeric value) => writer.WriteBytes(NumericForm.Of(value));

    public static void WriteFromText(ByteWriter writer, ReadOnlySpan<byte> text)
    {
        // Nearly every value fits in 38 digits; the long ones and the special values take the general road.
        Int128 unscaled = 0;
        var scale = 0;
        var digits = 0;
        var seenPoint = false;
        var isNegative = text.Length > 0 && text[0] == '-';
        foreach (var c in isNegative ? text[1..] : text)
        {
            if (c is >= (byte)'0' and <= (byte)'9' && digits < 38)
            {
                unscaled = (unscaled * 10) + (c - '0');
                if (unscaled > 0) digits++;
                if (seenPoint) scale++;
            }
            else if (c == '.' && !seenPoint)
            {
                seenPoint = true;
            }
            else
            {
                Write(writer, NumberText.ParseNumeric(System.Text.Encoding.ASCII.GetString(text)));
                return;
            }
        }

        if (scale > 38) Write(writer, new PgNumeric(isNegative ? -(BigInteger)unscaled : (BigInteger)unscaled, scale));
        else Write(writer, isNegative ? -unscaled : unscaled, scale);
    }

    public static PgNumeric Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new ByteReader(bytes);
        var count = reader.ReadUInt16();
        var weight = reader.ReadInt16();
        var sign = reader.ReadUInt16();
        var scale = reader.ReadUInt16() & 0x3fff;
        var value = BigInteger.Zero;
        for (var i = 0; i < count; i++)
        {
            var digit = reader.ReadInt16();
            if (digit is < 0 or >= Base)
                throw new Core.Errors.SqlException(
                    Core.Errors.SqlState.InvalidBinaryRepresentation, "invalid digit in external \"numeric\" value");
            value = (value * Base) + digit;
        }

        reader.DemandEnd();
        switch (sign)
        {
            case NaN: return PgNumeric.NaN;
            case Infinity: return PgNumeric.Infinity;
            case NegativeInfinity: return PgNumeric.NegativeInfinity;
            case Positive or Negative: break;
            default: throw new Core.Errors.SqlException(
                Core.Errors.SqlState.InvalidBinaryRepresentation, "invalid sign in external \"numeric\" value");
        }

        // The last group stands for value * 10000^(weight - count + 1); digits below the display scale are cut off, as PostgreSQL does.
        var exponent = (weight - count + 1) * DigitWidth;
        var shift = exponent + scale;
        value = shift >= 0 ? value * BigInteger.Pow(10, shift) : value / BigInteger.Pow(10, -shift);
        return new PgNumeric(sign == Negative ? -value : value, scale);
    }

    private static void PutInt16(byte* target, short value) =>
        System.Runtime.CompilerServices.Unsafe.WriteUnaligned(target, System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(value));

    private static int Padding(int scale) => (DigitWidth - (scale % DigitWidth)) % DigitWidth;

    /// <summary><paramref name="groups"/>: lowest first, of which <paramref name="fractionGroups"/> lie behind the point.</summary>
    private static void WriteGroups(ByteWriter writer, ReadOnlySpan<short> groups, int fractionGroups, ushort sign, int scale)
    {
        var last = 0;
        while (last < groups.Length && groups[last] == 0) last++;
        var first = groups.Length - 1;
        while (first >= last && groups[first] == 0) first--;
        if (first < last)
        {
            WriteHeader(writer, 0, 0, Positive, scale);
            return;
        }

        WriteHeader(writer, first - last + 1, first - fractionGroups, sign, scale);
        for (var i = first; i >= last; i--) writer.WriteInt16(groups[i]);
    }

    private static void WriteHeader(ByteWriter writer, int count, int weight, ushort sign, int scale)
    {
        writer.WriteInt16((short)count);
        writer.WriteInt16((short)weight);
        writer.WriteInt16((short)sign);
        writer.WriteInt16((short)scale);
    }
}
