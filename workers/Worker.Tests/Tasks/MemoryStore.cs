using System.Collections.Concurrent;
using Federation.ObjectStorage;

namespace Federation.Worker.Tests.Tasks;

/// <summary>Files in memory, under the paths of a remote store. It counts what is read.</summary>
internal sealed class MemoryStore : IObjectStore
{
    private readonly ConcurrentDictionary<string, (byte[] Bytes, string Version)> _files = new(StringComparer.Ordinal);

    /// <summary>Parts that were read, in order.</summary>
    public ConcurrentQueue<(string Path, long Offset, int Count)> Reads { get; } = new();

    public long BytesRead => Reads.Sum(read => (long)read.Count);

    public void Put(string path, byte[] bytes, string version = "1") => _files[path] = (bytes, version);

    public bool Has(string path) => _files.ContainsKey(path);

    public byte[] Get(string path) => _files[path].Bytes;

    public ValueTask<ObjectStatus?> StatAsync(string path, CancellationToken cancellationToken) =>
        ValueTask.FromResult(_files.TryGetValue(path, out var file) ? new ObjectStatus(file.Bytes.Length, file.Version) : null);

    public ValueTask<ObjectPart> ReadAsync(string path, long offset, Memory<byte> buffer, string? version,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!_files.TryGetValue(path, out var file)) throw StoreErrors.Missing(path);
        if (version is not null && version != file.Version) throw StoreErrors.Changed(path);
        var start = offset >= 0 ? Math.Min(offset, file.Bytes.Length) : Math.Max(0, file.Bytes.Length + offset);
        var count = (int)Math.Min(buffer.Length, file.Bytes.Length - start);
        file.Bytes.AsMemory((int)start, count).CopyTo(buffer);
        Reads.Enqueue((path, start, count));
        return ValueTask.FromResult(new ObjectPart(count, new ObjectStatus(file.Bytes.Length, file.Version)));
    }

    public ValueTask<bool> TryCreateAsync(string path, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        ValueTask.FromResult(_files.TryAdd(path, (bytes.ToArray(), "1")));

    public ValueTask ReplaceAsync(string path, string localFile, CancellationToken cancellationToken) =>
        UploadAsync(path, localFile, cancellationToken);

    public async ValueTask UploadAsync(string path, string localFile, CancellationToken cancellationToken) =>
        Put(path, await File.ReadAllBytesAsync(localFile, cancellationToken));

    public ValueTask<IReadOnlyList<ListedObject>> ListAsync(string folder, int most, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public ValueTask<bool> IsFolderAsync(string path, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DeleteAsync(IReadOnlyCollection<string> paths, CancellationToken cancellationToken)
    {
        foreach (var path in paths) _files.TryRemove(path, out _);
        return ValueTask.CompletedTask;
    }

    public ValueTask DeleteFolderAsync(string folder, CancellationToken cancellationToken) =>
        DeleteAsync([.. _files.Keys.Where(path => StoragePath.IsWithin(path, folder))], cancellationToken);
}
