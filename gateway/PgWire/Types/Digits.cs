using System.Runtime.CompilerServices;

namespace Federation.PgWire.Types;

/// <summary>Numbers in decimal digits, straight into memory that has room for them. Each method gives the place behind what it wrote.</summary>
internal static unsafe class Digits
{
    /// <summary>Bytes of the longest integer of 64 bits with its sign.</summary>
    public const int MostIntegerBytes = 20;

    /// <summary>The numbers 00 to 99, two bytes each.</summary>
    private static ReadOnlySpan<byte> Twos =>
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899"u8;

    public static byte* Write(byte* target, long value)
    {
        if (value >= 0) return WriteUnsigned(target, (ulong)value);
        *target = (byte)'-';
        return WriteUnsigned(target + 1, (ulong)-value);
    }

    public static byte* WriteUnsigned(byte* target, ulong value)
    {
        var end = target + Count(value);
        var position = end;
        while (value >= 100)
        {
            (value, var rest) = Math.DivRem(value, 100UL);
            WriteTwo(position -= 2, (int)rest);
        }

        if (value >= 10) WriteTwo(position - 2, (int)value);
        else position[-1] = (byte)('0' + value);
        return end;
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
        Unsafe.WriteUnaligned(target, Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref System.Runtime.InteropServices.MemoryMarshal.GetReference(Twos), value * 2)));

    private static int Count(ulong value)
    {
        var count = 1;
        while (value >= 10_000)
        {
            value /= 10_000;
            count += 4;
        }

        return value >= 1000 ? count + 3 : value >= 100 ? count + 2 : value >= 10 ? count + 1 : count;
    }
}
