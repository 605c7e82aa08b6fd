using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>SHA-2 digests of bytea.</summary>
internal static class DigestFunctions
{
    public static readonly ScalarFunction[] All =
    [
        new("pg_sha224", [SqlType.Bytea], SqlType.Bytea, static (ref FunctionRow row) => row.Set(Sha224.Hash(row.GetBytes(0)).AsSpan())),
        new("pg_sha384", [SqlType.Bytea], SqlType.Bytea, static (ref FunctionRow row) =>
        {
            Span<byte> digest = stackalloc byte[SHA384.HashSizeInBytes];
            SHA384.HashData(row.GetBytes(0), digest);
            row.Set((ReadOnlySpan<byte>)digest);
        }),
        new("pg_sha512", [SqlType.Bytea], SqlType.Bytea, static (ref FunctionRow row) =>
        {
            Span<byte> digest = stackalloc byte[SHA512.HashSizeInBytes];
            SHA512.HashData(row.GetBytes(0), digest);
            row.Set((ReadOnlySpan<byte>)digest);
        }),
    ];
}

/// <summary>SHA-224 (FIPS 180-4), which the platform does not have: SHA-256 from another start, cut to seven words.</summary>
internal static class Sha224
{
    private const int BlockBytes = 64;
    private const int ResultWords = 7;

    private static readonly uint[] s_start =
        [0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4];

    /// <summary>The first 32 bits of the fractions of the cube roots of the first 64 primes.</summary>
    private static readonly uint[] s_rounds = MakeRounds();

    public static byte[] Hash(ReadOnlySpan<byte> data)
    {
        var state = (uint[])s_start.Clone();
        var rest = data;
        for (; rest.Length >= BlockBytes; rest = rest[BlockBytes..]) AddBlock(state, rest[..BlockBytes]);

        // The end: a one bit, zeros, and the length in bits in the last eight bytes of a block.
        Span<byte> last = stackalloc byte[BlockBytes * 2];
        rest.CopyTo(last);
        last[rest.Length] = 0x80;
        var blocks = rest.Length < BlockBytes - 8 ? 1 : 2;
        BinaryPrimitives.WriteUInt64BigEndian(last[((blocks * BlockBytes) - 8)..], (ulong)data.Length * 8);
        for (var i = 0; i < blocks; i++) AddBlock(state, last.Slice(i * BlockBytes, BlockBytes));
        var digest = new byte[ResultWords * 4];
        for (var i = 0; i < ResultWords; i++) BinaryPrimitives.WriteUInt32BigEndian(digest.AsSpan(i * 4), state[i]);
        return digest;
    }

    private static void AddBlock(uint[] state, ReadOnlySpan<byte> block)
    {
        Span<uint> words = stackalloc uint[64];
        for (var i = 0; i < 16; i++) words[i] = BinaryPrimitives.ReadUInt32BigEndian(block[(i * 4)..]);
        unchecked
        {
            for (var i = 16; i < 64; i++)
            {
                var (near, far) = (words[i - 15], words[i - 2]);
                words[i] = words[i - 16] + words[i - 7]
                    + (uint.RotateRight(near, 7) ^ uint.RotateRight(near, 18) ^ (near >> 3))
                    + (uint.RotateRight(far, 17) ^ uint.RotateRight(far, 19) ^ (far >> 10));
            }

            var (a, b, c, d, e, f, g, h) = (state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7]);
            for (var i = 0; i < 64; i++)
            {
                var first = h + (uint.RotateRight(e, 6) ^ uint.RotateRight(e, 11) ^ uint.RotateRight(e, 25))
                    + ((e & f) ^ (~e & g)) + s_rounds[i] + words[i];
                var second = (uint.RotateRight(a, 2) ^ uint.RotateRight(a, 13) ^ uint.RotateRight(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
                (h, g, f, e, d, c, b, a) = (g, f, e, d + first, c, b, a, first + second);
            }

            ReadOnlySpan<uint> sums = [a, b, c, d, e, f, g, h];
            for (var i = 0; i < sums.Length; i++) state[i] += sums[i];
        }
    }

    private static uint[] MakeRounds()
    {
        var rounds = new List<uint>();
        for (var candidate = 2; rounds.Count < 64; candidate++)
            if (Enumerable.Range(2, candidate - 2).All(divisor => candidate % divisor != 0))
                rounds.Add((uint)(CubeRoot((BigInteger)candidate << 96) & uint.MaxValue));
        return [.. rounds];
    }

    /// <summary>Of a cube of 96 fractional bits, whose root then has 32.</summary>
    private static BigInteger CubeRoot(BigInteger value)
    {
        BigInteger low = 0, high = (BigInteger)1 << 36;
        while (high - low > 1)
        {
            var middle = (low + high) >> 1;
            if (middle * middle * middle <= value) low = middle;
            else high = middle;
        }

        return low;
    }
}
