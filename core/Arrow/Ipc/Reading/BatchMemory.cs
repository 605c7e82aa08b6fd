namespace Federation.Arrow.Ipc;

/// <summary>
/// What a decoded batch or dictionary owns: the received body, blocks for values that had to be converted, and dictionaries that its
/// columns point into. References are counted, thread-safe; the last one frees everything.
/// <para>Converted values are charged against a budget, so that a small message cannot ask for much memory.</para>
/// </summary>
internal sealed unsafe class BatchMemory(NativeBlock? body, long budget) : IDisposable
{
    private readonly List<IDisposable> _held = [];
    private long _budget = budget;
    private int _references = 1;

    /// <summary>64 readable zero bytes for columns without rows; never freed.</summary>
    public static readonly byte* Zeros = AllocateZeros();

    public NativeBlock? Body { get; } = body;

    /// <summary>Uninitialised memory, aligned to 64 bytes, whose last word is readable whole.</summary>
    public byte* Allocate(long bytes)
    {
        Charge(bytes);
        if (bytes > int.MaxValue) throw IpcErrors.TooLarge("column");
        var block = new NativeBlock((int)bytes);
        _held.Add(block);
        return block.Pointer;
    }

    public byte* AllocateCleared(long bytes)
    {
        var pointer = Allocate(bytes);
        System.Runtime.InteropServices.NativeMemory.Clear(pointer, (nuint)bytes);
        return pointer;
    }

    /// <summary>Counts work or memory that the message causes elsewhere.</summary>
    public void Charge(long bytes)
    {
        _budget -= bytes;
        if (_budget < 0) throw IpcErrors.TooLarge("message, compared with the bytes that were sent for it,");
    }

    /// <summary>Keeps something until this memory goes; takes the ownership.</summary>
    public void Hold(IDisposable owned) => _held.Add(owned);

    public BatchMemory AddReference()
    {
        Interlocked.Increment(ref _references);
        return this;
    }

    public void Dispose()
    {
        if (Interlocked.Decrement(ref _references) != 0) return;
        Body?.Dispose();
        foreach (var held in _held) held.Dispose();
        _held.Clear();
    }

    private static byte* AllocateZeros()
    {
        var zeros = (byte*)System.Runtime.InteropServices.NativeMemory.AlignedAlloc(64, 64);
        System.Runtime.InteropServices.NativeMemory.Clear(zeros, 64);
        return zeros;
    }
}
