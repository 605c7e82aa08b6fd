namespace Federation.Arrow;

/// <summary>Reads blocks of bytes whose length the sender claims.</summary>
public static class NativeBlockReader
{
    /// <summary>Memory taken at once for bytes that are still to come.</summary>
    private const int FirstChunkBytes = 16 << 20;

    /// <summary>A block of <paramref name="length"/> bytes, which the caller owns. Memory grows with what arrives, not with the length that is claimed.</summary>
    /// <param name="fill">Fills the memory given to it whole, or raises an error.</param>
    public static async ValueTask<NativeBlock> ReadAsync(int length, Func<Memory<byte>, CancellationToken, ValueTask> fill, CancellationToken cancellationToken)
    {
        var block = new NativeBlock(Math.Min(length, FirstChunkBytes));
        var done = 0;
        try
        {
            while (true)
            {
                await fill(block.Memory[done..], cancellationToken);
                if (block.Length == length) return block;
                done = block.Length;
                var grown = new NativeBlock((int)Math.Min(length, 4L * block.Length));
                block.GetSpan().CopyTo(grown.GetSpan());
                block.Dispose();
                block = grown;
            }
        }
        catch
        {
            block.Dispose();
            throw;
        }
    }
}
