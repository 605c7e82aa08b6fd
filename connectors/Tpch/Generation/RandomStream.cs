using System.Runtime.CompilerServices;

namespace Federation.Connectors.Tpch.Generation;

/// <summary>
/// One of the random streams of the TPC-H generator: Lehmer's generator with multiplier 16807 modulo 2^31 - 1 (rnd.c of dbgen). Each column
/// draws from a stream of its own, a fixed number of times per row, so a stream can be set to any row in logarithmic time. A copy goes on
/// by itself.
/// </summary>
internal struct RandomStream
{
    private const ulong Modulus = 2147483647;
    private const ulong Multiplier = 16807;

    private ulong _state;

    /// <param name="seed">The stream's start, given by the specification's generator for each column.</param>
    /// <param name="draws">Numbers of the stream to skip.</param>
    public RandomStream(uint seed, long draws) => _state = Reduce(seed * PowerOf(draws));

    /// <summary>What the state is multiplied with to skip <paramref name="draws"/> numbers.</summary>
    public static ulong PowerOf(long draws)
    {
        var result = 1UL;
        for (var factor = Multiplier; draws > 0; draws >>= 1)
        {
            if ((draws & 1) != 0) result = Reduce(result * factor);
            factor = Reduce(factor * factor);
        }

        return result;
    }

    /// <summary>A uniform integer of <paramref name="low"/> … <paramref name="low"/> + <paramref name="range"/> - 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Next(int low, double range)
    {
        _state = Reduce(_state * Multiplier);
        // Division first, in double precision: the generator's rounding is part of the data.
        return low + (int)(_state / (double)Modulus * range);
    }

    /// <summary>
    /// The six-bit groups of an alphanumeric string: dbgen asks for 0 … 2^31 - 1, whose range overflows to a negative number there.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long NextCharacters()
    {
        _state = Reduce(_state * Multiplier);
        return (long)(_state / (double)Modulus * int.MinValue);
    }

    /// <summary>Skips numbers by the power that <see cref="PowerOf"/> gave.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Skip(ulong power) => _state = Reduce(_state * power);

    // Both factors are below 2^31, so one fold brings the product below 2^32 and a subtraction below the modulus.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Reduce(ulong product)
    {
        var folded = (product & Modulus) + (product >> 31);
        // Of the fold of a 62-bit product, at most 2^32 - 2, one subtraction is enough.
        return folded >= Modulus ? folded - Modulus : folded;
    }
}
