using System.Numerics;
using System.Runtime.Intrinsics;

namespace Federation.Arrow.Ipc;

/// <summary>Operations on bits, least significant first, over memory that is readable in whole 64-bit words.</summary>
internal static unsafe class Bitmap
{
    public static long BytesFor(long bits) => (bits + 7) >> 3;

    /// <summary>Bits that are 0 among <paramref name="count"/> from <paramref name="start"/>.</summary>
    public static int CountZeros(ulong* bits, int start, int count)
    {
        var ones = 0;
        for (var done = 0; done < count; done += 64) ones += BitOperations.PopCount(Word(bits, start + done, count - done));
        return count - ones;
    }

    /// <summary>Sets bits of the target, which were 0, to those of the source; a null source is all ones.</summary>
    public static void Copy(ulong* source, int start, byte* target, long targetBit, int count)
    {
        if ((targetBit & 7) == 0 && (start & 7) == 0 && source is not null)
        {
            var bytes = count >> 3;
            Buffer.MemoryCopy((byte*)source + (start >> 3), target + (targetBit >> 3), bytes, bytes);
            start += bytes * 8;
            targetBit += bytes * 8;
            count -= bytes * 8;
        }

        while (count > 0)
        {
            // As many bits as end at the target's next byte boundary behind at most 56.
            var shift = (int)(targetBit & 7);
            var take = Math.Min(count, 64 - 8);
            var word = (source is null ? Mask(take) : Word(source, start, take)) << shift;
            var at = target + (targetBit >> 3);
            for (var left = take + shift; left > 0; left -= 8, word >>= 8) *at++ |= (byte)word;
            start += take;
            targetBit += take;
            count -= take;
        }
    }

    /// <summary>Packs bytes of 0 and not 0 into bits of the target, which were 0.</summary>
    public static void Pack(byte* source, byte* target, long targetBit, int count)
    {
        var done = 0;
        if ((targetBit & 7) == 0)
        {
            var at = (uint*)(target + (targetBit >> 3));
            for (; done + 32 <= count; done += 32)
                *at++ = ~Vector256.Equals(Vector256.Load(source + done), Vector256<byte>.Zero).ExtractMostSignificantBits();
        }

        for (; done < count; done++)
            if (source[done] != 0)
                target[(targetBit + done) >> 3] |= (byte)(1 << (int)((targetBit + done) & 7));
    }

    /// <summary>Up to 64 bits from <paramref name="start"/>, those from <paramref name="count"/> on cleared.</summary>
    public static ulong Word(ulong* bits, int start, int count)
    {
        var index = start >> 6;
        var shift = start & 63;
        var word = bits[index] >> shift;
        // The next word is read only when it holds bits that are asked for.
        if (shift > 0 && count > 64 - shift) word |= bits[index + 1] << (64 - shift);
        return word & Mask(count);
    }

    private static ulong Mask(int count) => count >= 64 ? ulong.MaxValue : (1UL << count) - 1;
}
