using System.Buffers.Binary;
using System.Numerics;

namespace Federation.Core.Values;

/// <summary>
/// The binary form of a numeric of any length (numeric_send in numeric.c): big-endian int16 number of digits of base 10,000, weight of the
/// first, sign and display scale, then the digits. Zero digits at both ends are left out.
/// </summary>
public static class NumericForm
{
    public static byte[] Of(PgNumeric value)
    {
        const int Base = 10_000;
        const int DigitWidth = 4;
        // An infinity has a bit of PostgreSQL's in-memory header in the place of its scale.
        if (!value.IsFinite)
            return value.Kind switch
            {
                NumericKind.NaN => [0, 0, 0, 0, 0xc0, 0, 0, 0],
                NumericKind.Infinity => [0, 0, 0, 0, 0xd0, 0, 0, 0x20],
                _ => [0, 0, 0, 0, 0xf0, 0, 0, 0x20],
            };
        var behind = (value.Scale + DigitWidth - 1) / DigitWidth;
        var rest = BigInteger.Abs(value.Unscaled) * BigInteger.Pow(10, (behind * DigitWidth) - value.Scale);
        var digits = new List<short>();
        while (!rest.IsZero)
        {
            rest = BigInteger.DivRem(rest, Base, out var digit);
            digits.Add((short)digit);
        }

        digits.Reverse();
        var weight = digits.Count == 0 ? 0 : digits.Count - behind - 1;
        while (digits.Count > 0 && digits[^1] == 0) digits.RemoveAt(digits.Count - 1);
        var bytes = new byte[(4 + digits.Count) * sizeof(short)];
        ReadOnlySpan<short> header = [(short)digits.Count, (short)weight, (short)(value.Sign < 0 ? 0x4000 : 0), (short)value.Scale];
        for (var i = 0; i < header.Length; i++) BinaryPrimitives.WriteInt16BigEndian(bytes.AsSpan(i * sizeof(short)), header[i]);
        for (var i = 0; i < digits.Count; i++)
            BinaryPrimitives.WriteInt16BigEndian(bytes.AsSpan((i + header.Length) * sizeof(short)), digits[i]);
        return bytes;
    }
}
