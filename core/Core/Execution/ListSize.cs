namespace Federation.Core.Execution;

/// <summary>What a list of texts takes that grows item by item; counted in <see cref="ValueMemory"/> as it does.</summary>
public struct ListSize
{
    /// <summary>An item's object, its place in a list and its place in the kernel's.</summary>
    private const int ItemBytes = 64;

    private const long CountedBytes = 16L << 20;

    private long _bytes;

    /// <param name="characters">Of the item that was added.</param>
    public void Add(int characters)
    {
        _bytes += ItemBytes + (characters * 4L);
        if (_bytes < CountedBytes) return;
        ValueMemory.Reserve(_bytes);
        _bytes = 0;
    }
}
