using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Federation.Core.Hashing;

/// <summary>
/// The 32-bit Murmur3 hash (x86 variant, seed 0) with the input forms of Iceberg's bucket transform (spec, appendix B). int, date and
/// boolean hash as 8-byte longs: the spec's own vector for dates demands it.
/// </summary>
public static class Murmur3
{
    public static int Hash(ReadOnlySpan<byte> bytes)
    {
        const uint c1 = 0xcc9e2d51, c2 = 0x1b873593;
        uint hash = 0;
        var length = bytes.Length;
        while (bytes.Length >= 4)
        {
            hash ^= BitOperations.RotateLeft(BinaryPrimitives.ReadUInt32LittleEndian(bytes) * c1, 15) * c2;
            hash = (BitOperations.RotateLeft(hash, 13) * 5) + 0xe6546b64;
            bytes = bytes[4..];
        }

        if (!bytes.IsEmpty)
        {
            uint tail = 0;
            for (var i = bytes.Length - 1; i >= 0; i--) tail = (tail << 8) | bytes[i];
            hash ^= BitOperations.RotateLeft(tail * c1, 15) * c2;
        }

        hash ^= (uint)length;
        hash = (hash ^ (hash >> 16)) * 0x85ebca6b;
        hash = (hash ^ (hash >> 13)) * 0xc2b2ae35;
        return (int)(hash ^ (hash >> 16));
    }

    public static int Hash(long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Hash(bytes);
    }

    public static int Hash(string value) => Hash(Encoding.UTF8.GetBytes(value));

    /// <summary>RFC 4122 byte order, which is not that of <c>Guid.ToByteArray()</c>.</summary>
    public static int Hash(Guid value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        return Hash(bytes);
    }

    /// <summary>A decimal's unscaled value as the shortest big-endian two's complement number.</summary>
    public static int Hash(BigInteger unscaled) => Hash(unscaled.ToByteArray(isUnsigned: false, isBigEndian: true));

    /// <summary>The bucket number of a hash.</summary>
    public static int Bucket(int hash, int count) => (hash & int.MaxValue) % count;
}
