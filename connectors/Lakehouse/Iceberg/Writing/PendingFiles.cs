using System.Collections.Concurrent;
using Federation.ObjectStorage;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// A store, and small files that are to be read by this process before they are there: the metadata of states that are not committed.
/// Whoever lists a folder sees none of them. Thread-safe.
/// </summary>
internal sealed class PendingFiles(IObjectStore store) : IObjectStore
{
    private readonly ConcurrentDictionary<string, byte[]> _pending = new(StringComparer.Ordinal);

    /// <param name="path">Unique.</param>
    public void Add(string path, byte[] bytes) => _pending[path] = bytes;

    public void Forget(string path) => _pending.TryRemove(path, out _);

    public ValueTask<ObjectStatus?> StatAsync(string path, CancellationToken cancellationToken) =>
        _pending.TryGetValue(path, out var bytes) ? ValueTask.FromResult<ObjectStatus?>(StatusOf(bytes))
            : store.StatAsync(path, cancellationToken);

    public ValueTask<ObjectPart> ReadAsync(string path, long offset, Memory<byte> buffer, string? version,
        CancellationToken cancellationToken)
    {
        if (!_pending.TryGetValue(path, out var bytes)) return store.ReadAsync(path, offset, buffer, version, cancellationToken);
        var start = (int)Math.Clamp(offset >= 0 ? offset : bytes.Length + offset, 0, bytes.Length);
        var count = Math.Min(buffer.Length, bytes.Length - start);
        bytes.AsSpan(start, count).CopyTo(buffer.Span);
        return ValueTask.FromResult(new ObjectPart(count, StatusOf(bytes)));
    }

    public ValueTask<bool> TryCreateAsync(string path, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        store.TryCreateAsync(path, bytes, cancellationToken);

    public ValueTask CreateAllAsync(IReadOnlyList<NewObject> files, CancellationToken cancellationToken) =>
        store.CreateAllAsync(files, cancellationToken);

    public ValueTask UploadAsync(string path, string localFile, CancellationToken cancellationToken) =>
        store.UploadAsync(path, localFile, cancellationToken);

    public ValueTask ReplaceAsync(string path, string localFile, CancellationToken cancellationToken) =>
        store.ReplaceAsync(path, localFile, cancellationToken);

    public ValueTask<IReadOnlyList<ListedObject>> ListAsync(string folder, int most, CancellationToken cancellationToken) =>
        store.ListAsync(folder, most, cancellationToken);

    public ValueTask<bool> IsFolderAsync(string path, CancellationToken cancellationToken) => store.IsFolderAsync(path, cancellationToken);

    public ValueTask DeleteAsync(IReadOnlyCollection<string> paths, CancellationToken cancellationToken) =>
        store.DeleteAsync(paths, cancellationToken);

    public ValueTask DeleteFolderAsync(string folder, CancellationToken cancellationToken) =>
        store.DeleteFolderAsync(folder, cancellationToken);

    private static ObjectStatus StatusOf(byte[] bytes) => new(bytes.Length, "pending");
}
