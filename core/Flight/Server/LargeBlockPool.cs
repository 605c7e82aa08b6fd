using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace Federation.Flight.Server;

/// <summary>
/// Memory for the transport in blocks that hold much of a page. Kestrel's own blocks of 4 KB make a system call of a page's bytes out of
/// dozens of pieces, each pinned by itself. Thread-safe.
/// </summary>
internal sealed class LargeBlockPool : MemoryPool<byte>
{
    private const int BlockBytes = 64 * 1024;

    /// <summary>Free blocks that are kept: 8 MiB.</summary>
    private const int MostFree = 128;

    private readonly ConcurrentQueue<Block> _free = new();

    public override int MaxBufferSize => BlockBytes;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
        return _free.TryDequeue(out var block) ? block.Take() : new Block(this);
    }

    protected override void Dispose(bool disposing)
    {
        // Blocks are managed memory: what is still in use is collected when its user lets go.
        if (disposing) _free.Clear();
    }

    private sealed class Block(LargeBlockPool pool) : IMemoryOwner<byte>
    {
        // Pinned, so that a send does not have to.
        private readonly Memory<byte> _memory = System.Runtime.InteropServices.MemoryMarshal
            .CreateFromPinnedArray(GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true), 0, BlockBytes);
        private int _isRented = 1;

        public Memory<byte> Memory => _memory;

        public Block Take()
        {
            _isRented = 1;
            return this;
        }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isRented, 0) == 1 && pool._free.Count < MostFree) pool._free.Enqueue(this);
        }
    }

    /// <summary>Gives every part of the transport the same pool.</summary>
    internal sealed class Factory : IMemoryPoolFactory<byte>
    {
        private readonly LargeBlockPool _pool = new();

        public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => _pool;
    }
}
