using System.Buffers;
using System.Runtime.InteropServices;

namespace Federation.Arrow;

/// <summary>
/// A block of native memory of fixed size, aligned to 64 bytes, with at least 8 readable zero bytes behind its end (validity is read in
/// whole words). Contents are undefined until written.
/// <para>References are counted: it starts with one, <see cref="AddReference"/> adds one, <c>Dispose</c> gives one back, and the last one
/// frees the memory. Counting is thread-safe. A <see cref="MemoryManager{T}.Memory"/> must not be used after the last reference is
/// gone.</para>
/// </summary>
public sealed unsafe class NativeBlock : MemoryManager<byte>
{
    private const int Alignment = 64;
    private const int Slack = 64;

    private byte* _pointer;
    private int _references = 1;

    public NativeBlock(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        _pointer = (byte*)NativeMemory.AlignedAlloc((nuint)length + Slack, Alignment);
        NativeMemory.Clear(_pointer + length, Slack);
        NativeBuffer.Account((long)length + Slack);
    }

    public int Length { get; }

    public byte* Pointer => _pointer;

    public static NativeBlock CopyOf(ReadOnlySpan<byte> bytes)
    {
        var block = new NativeBlock(bytes.Length);
        bytes.CopyTo(block.GetSpan());
        return block;
    }

    /// <summary>One more owner, who disposes the block too.</summary>
    public NativeBlock AddReference()
    {
        Interlocked.Increment(ref _references);
        return this;
    }

    /// <summary>Gives one reference back.</summary>
    public void Dispose() => Dispose(disposing: true);

    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_pointer is null, this);
        return new Span<byte>(_pointer, Length);
    }

    public override MemoryHandle Pin(int elementIndex = 0) => new(_pointer + elementIndex);

    public override void Unpin()
    {
        // Native memory does not move.
    }

    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Decrement(ref _references) != 0) return;
        NativeMemory.AlignedFree(_pointer);
        _pointer = null;
        NativeBuffer.Account(-((long)Length + Slack));
    }
}
