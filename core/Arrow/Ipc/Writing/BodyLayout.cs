namespace Federation.Arrow.Ipc;

/// <summary>
/// Nodes and buffers of a record batch while it is measured: each buffer gets its place in the body, aligned to 64 bytes.
/// </summary>
internal sealed class BodyLayout
{
    private const int Alignment = 64;

    /// <summary>Rows and NULLs of each column, depth first.</summary>
    public List<(long Length, long Nulls)> Nodes { get; } = [];

    /// <summary>Place and length of each buffer.</summary>
    public List<(long Offset, long Length)> Buffers { get; } = [];

    /// <summary>Bytes of the body so far, padding included.</summary>
    public long Length { get; private set; }

    public void Reset()
    {
        Nodes.Clear();
        Buffers.Clear();
        Length = 0;
    }

    /// <summary>Takes room for a buffer and tells where it begins.</summary>
    public long Reserve(long length)
    {
        var offset = Length;
        Buffers.Add((offset, length));
        Length += (length + Alignment - 1) & -Alignment;
        return offset;
    }
}
