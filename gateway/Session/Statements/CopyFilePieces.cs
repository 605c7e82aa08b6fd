using Federation.ObjectStorage;

namespace Federation.Session.Statements;

/// <summary>
/// A file of a store, read from its start to its end; the next piece is fetched while one is worked on. Used by one thread.
/// </summary>
/// <param name="store">Where it lies.</param>
/// <param name="path">The file.</param>
/// <param name="status">The version that is read; 55000 when it is replaced meanwhile.</param>
internal sealed class CopyFilePieces(IObjectStore store, string path, ObjectStatus status) : IAsyncDisposable
{
    /// <summary>A local piece stays in the processor's cache; a remote one is worth a request.</summary>
    private readonly int _pieceBytes = (int)Math.Clamp(status.SizeBytes, 1, StoragePath.IsRemote(path) ? 8 << 20 : 256 << 10);

    private byte[] _current = [];
    private byte[] _coming = [];
    private Task<ObjectPart>? _next;
    private long _position;

    /// <summary>The next piece, valid until the next call; null at the end.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> NextAsync(CancellationToken cancellationToken)
    {
        if (_position >= status.SizeBytes) return null;
        var part = await (_next ?? FetchAsync(cancellationToken));
        _next = null;
        if (part.Count == 0) throw new SqlException(SqlState.DataCorrupted,
            $"file \"{path}\" is corrupt: it was cut off while it was read");
        _position += part.Count;
        (_current, _coming) = (_coming, _current);
        if (_position < status.SizeBytes) _next = FetchAsync(cancellationToken);
        return _current.AsMemory(0, part.Count);
    }

    public async ValueTask DisposeAsync()
    {
        // The read has the memory until it ends; its error is nobody's any more.
        if (_next is not null) await Task.WhenAny(_next);
    }

    private Task<ObjectPart> FetchAsync(CancellationToken cancellationToken)
    {
        if (_coming.Length == 0) _coming = new byte[_pieceBytes];
        return store.ReadAsync(path, _position, _coming, status.Version, cancellationToken).AsTask();
    }
}
