using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Federation.ValueForms;

/// <summary>
/// Numbers in decimal digits, straight into memory that has room for them. Each method gives the place behind what it wrote.
/// </summary>
internal static unsafe class Digits
{
    /// <summary>Bytes of the longest integer of 64 bits with its sign.</summary>
    public const int MostIntegerBytes = 20;

    /// <summary>The numbers 00 to 99, two bytes each.</summary>
    private static ReadOnlySpan<byte> Twos =>
        "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"u8
        + "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899"u8;

    /// <summary>Powers of ten from 10^0 to 10^18.</summary>
    private static readonly ulong[] s_powers = [
        .. Enumerable.Range(0, 19).Select(exponent => ulong.Parse("1" + new string('0', exponent), CultureInfo.InvariantCulture))];

    private static readonly ulong[] s_counts = MakeCounts();

    public static byte* Write(byte* target, long value)
    {
        if (value >= 0) return WriteUnsigned(target, (ulong)value);
        *target = (byte)'-';
        return WriteUnsigned(target + 1, (ulong)-value);
    }

    public static byte* WriteUnsigned(byte* target, ulong value)
    {
        if (value > uint.MaxValue) return WriteLarge(target, value);
        var left = (uint)value;
        var end = target + Count(left);
        var position = end;
        while (left >= 100)
        {
            var rest = left;
            left /= 100;
            WriteTwo(position -= 2, (int)(rest - (left * 100)));
        }

        if (left >= 10) WriteTwo(position - 2, (int)left);
        else position[-1] = (byte)('0' + left);
        return end;
    }

    /// <summary>
    /// The number with a point before its last <paramref name="scale"/> digits, 1 to 18, and a zero before the point where no digit is. Up
    /// to eight bytes behind it are overwritten.
    /// </summary>
    public static byte* WriteScaled(byte* target, ulong value, int scale)
    {
        var end = value < s_powers[scale] ? WritePadded(target, value, scale + 1) : WriteUnsigned(target, value);
        var fraction = end - scale;
        if (scale <= sizeof(ulong)) Unsafe.WriteUnaligned(fraction + 1, Unsafe.ReadUnaligned<ulong>(fraction));
        else Buffer.MemoryCopy(fraction, fraction + 1, scale, scale);
        *fraction = (byte)'.';
        return end + 1;
    }

    /// <summary>Exactly <paramref name="count"/> digits, zeros in front.</summary>
    public static byte* WritePadded(byte* target, ulong value, int count)
    {
        for (var position = count; position > 0;)
        {
            if (position >= 2)
            {
                (value, var rest) = Math.DivRem(value, 100UL);
                WriteTwo(target + (position -= 2), (int)rest);
            }
            else
            {
                target[--position] = (byte)('0' + (value % 10));
            }
        }

        return target + count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteTwo(byte* target, int value) =>
        Unsafe.WriteUnaligned(target,
            Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref System.Runtime.InteropServices.MemoryMarshal.GetReference(Twos), value * 2)));

    private static byte* WriteLarge(byte* target, ulong value)
    {
        const uint Half = 100_000_000;
        var (high, low) = Math.DivRem(value, Half);
        return WritePadded(WriteUnsigned(target, high), low, 8);
    }

    /// <summary>
    /// The number of digits: the table holds, per position of the highest bit, what carries into the upper half when a power of ten is
    /// reached (D. Lemire's method).
    /// </summary>
    private static int Count(uint value) => (int)((value + s_counts[BitOperations.Log2(value)]) >> 32);

    private static ulong[] MakeCounts()
    {
        var counts = new ulong[32];
        for (var bit = 0; bit < counts.Length; bit++)
        {
            var digits = (1UL << bit).ToString(CultureInfo.InvariantCulture).Length;
            var next = s_powers[digits];
            counts[bit] = next > uint.MaxValue || next >= 1UL << (bit + 1) ? (ulong)digits << 32 : ((ulong)(digits + 1) << 32) - next;
        }

        return counts;
    }
}
