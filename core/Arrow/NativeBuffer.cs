using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Federation.Arrow;

/// <summary>A growable block of native memory, zero-filled beyond what was written. One owner; not thread-safe.</summary>
public sealed unsafe class NativeBuffer : IDisposable
{
    private static long s_liveBytes;

    private byte* _pointer;
    private nuint _capacity;

    /// <summary>Bytes held by all buffers of the process; tests assert that it returns to where it was.</summary>
    public static long LiveBytes => Interlocked.Read(ref s_liveBytes);

    /// <summary>Counts memory of the other native holders of this assembly into <see cref="LiveBytes"/>.</summary>
    internal static void Account(long bytes) => Interlocked.Add(ref s_liveBytes, bytes);

    public byte* Pointer => _pointer;

    public long Length { get; private set; }

    /// <summary>Room for <paramref name="count"/> more bytes at the end, which become part of the buffer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* Extend(long count)
    {
        var needed = (nuint)(Length + count);
        if (needed > _capacity) Grow(needed);
        var start = _pointer + Length;
        Length += count;
        return start;
    }

    public void Append<T>(T value)
        where T : unmanaged => *(T*)Extend(sizeof(T)) = value;

    public void Append(ReadOnlySpan<byte> bytes) => bytes.CopyTo(new Span<byte>(Extend(bytes.Length), bytes.Length));

    public void Dispose()
    {
        if (_pointer is null) return;
        NativeMemory.AlignedFree(_pointer);
        Interlocked.Add(ref s_liveBytes, -(long)_capacity);
        _pointer = null;
        _capacity = 0;
        Length = 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow(nuint needed)
    {
        // Whole 64-byte lines: validity is read in 64-bit words and Arrow asks for padding to 8 bytes or more.
        var capacity = Math.Max(Math.Max(needed, _capacity * 2), 256);
        capacity = (capacity + 63) & ~(nuint)63;
        _pointer = (byte*)NativeMemory.AlignedRealloc(_pointer, capacity, 64);
        NativeMemory.Clear(_pointer + _capacity, capacity - _capacity);
        Interlocked.Add(ref s_liveBytes, (long)(capacity - _capacity));
        _capacity = capacity;
    }
}
