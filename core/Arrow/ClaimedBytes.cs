namespace Federation.Arrow;

/// <summary>Reads bytes whose number the sender claims: memory grows with what arrives, not with the claim.</summary>
public static class ClaimedBytes
{
    /// <summary>Memory taken at once for bytes that are still to come.</summary>
    private const int FirstChunkBytes = 16 << 20;

    /// <param name="fill">Fills the memory given to it whole, or raises an error.</param>
    public static async ValueTask<byte[]> ReadAsync(int length, Func<Memory<byte>, CancellationToken, ValueTask> fill,
        CancellationToken cancellationToken)
    {
        var bytes = new byte[Math.Min(length, FirstChunkBytes)];
        var done = 0;
        while (true)
        {
            await fill(bytes.AsMemory(done), cancellationToken);
            if (bytes.Length == length) return bytes;
            done = bytes.Length;
            Array.Resize(ref bytes, Grown(done, length));
        }
    }

    /// <summary>A block of <paramref name="length"/> bytes, which the caller owns.</summary>
    /// <param name="fill">Fills the memory given to it whole, or raises an error.</param>
    public static async ValueTask<NativeBlock> ReadBlockAsync(int length, Func<Memory<byte>, CancellationToken, ValueTask> fill,
        CancellationToken cancellationToken)
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
                var grown = new NativeBlock(Grown(done, length));
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

    private static int Grown(int present, int claimed) => (int)Math.Min(claimed, 4L * present);
}
