using System.Globalization;
using Federation.Core.Errors;

namespace Federation.ObjectStorage;

/// <summary>Files of local disks. Every call ends before it returns, so that callers that cannot wait may use it.</summary>
public sealed class LocalStore : IObjectStore
{
    public static readonly LocalStore Instance = new();

    private LocalStore()
    {
    }

    public ValueTask<ObjectStatus?> StatAsync(string path, CancellationToken cancellationToken) => ValueTask.FromResult(Guarded(path, () =>
    {
        var file = new FileInfo(path);
        return file.Exists ? StatusOf(file.Length, file.LastWriteTimeUtc) : null;
    }));

    public ValueTask<ObjectPart> ReadAsync(string path, long offset, Memory<byte> buffer, string? version,
        CancellationToken cancellationToken) => ValueTask.FromResult(Guarded(path, () =>
    {
        using var file = File.OpenHandle(path);
        var status = StatusOf(RandomAccess.GetLength(file), File.GetLastWriteTimeUtc(file));
        if (version is not null && status.Version != version) throw StoreErrors.Changed(path);
        var start = offset >= 0 ? offset : Math.Max(0, status.SizeBytes + offset);
        var filled = 0;
        while (filled < buffer.Length && RandomAccess.Read(file, buffer.Span[filled..], start + filled) is var read and > 0) filled += read;
        return new ObjectPart(filled, status);
    }));

    public ValueTask<bool> TryCreateAsync(string path, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Guarded(path, () =>
    {
        Directory.CreateDirectory(StoragePath.FolderOf(path));
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        }
        catch (IOException) when (File.Exists(path))
        {
            return false;
        }

        using (file)
        {
            file.Write(bytes.Span);
            file.Flush(flushToDisk: true);
        }

        return true;
    }));

    /// <summary>The disk is asked once for all files, so that they cost about one flush.</summary>
    public async ValueTask CreateAllAsync(IReadOnlyList<NewObject> files, CancellationToken cancellationToken)
    {
        var written = new List<(string Path, FileStream File)>();
        try
        {
            foreach (var (path, bytes) in files)
            {
                written.Add((path, Guarded(path, () =>
                {
                    Directory.CreateDirectory(StoragePath.FolderOf(path));
                    return File.Exists(path)
                        ? throw new SqlException(SqlState.DuplicateFile, $"file \"{path}\" exists already")
                        : new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
                })));
                Guarded(path, () =>
                {
                    written[^1].File.Write(bytes.Span);
                    return 0;
                });
            }

            await Task.WhenAll(written.Select(item => Task.Run(
                () => Guarded(item.Path, () =>
                {
                    item.File.Flush(flushToDisk: true);
                    return 0;
                }),
                CancellationToken.None)));
        }
        finally
        {
            foreach (var (_, file) in written) await file.DisposeAsync();
        }
    }

    public ValueTask UploadAsync(string path, string localFile, CancellationToken cancellationToken)
    {
        Guarded(path, () =>
        {
            Directory.CreateDirectory(StoragePath.FolderOf(path));
            using var source = File.OpenRead(localFile);
            using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
            source.CopyTo(file);
            file.Flush(flushToDisk: true);
            return 0;
        });
        return ValueTask.CompletedTask;
    }

    public ValueTask ReplaceAsync(string path, string localFile, CancellationToken cancellationToken)
    {
        // In the same folder, so that the rename is one step.
        var whole = $"{path}.{Guid.NewGuid():N}.tmp";
        Guarded(path, () =>
        {
            try
            {
                using (var source = File.OpenRead(localFile))
                using (var file = new FileStream(whole, FileMode.CreateNew, FileAccess.Write, FileShare.Read))
                {
                    source.CopyTo(file);
                    file.Flush(flushToDisk: true);
                }

                File.Move(whole, path, overwrite: true);
                return 0;
            }
            catch
            {
                File.Delete(whole);
                throw;
            }
        });
        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<ListedObject>> ListAsync(string folder, int most, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<ListedObject>>(Guarded(folder, () =>
    {
        var found = new DirectoryInfo(folder);
        return found.Exists
            ? found.EnumerateFileSystemInfos().Take(most)
                .Select(entry => new ListedObject(StoragePath.Combine(folder, entry.Name),
                    entry.Attributes.HasFlag(FileAttributes.Directory), null) { Written = entry.LastWriteTimeUtc }).ToArray()
            : [];
    }));

    public ValueTask<bool> IsFolderAsync(string path, CancellationToken cancellationToken) => ValueTask.FromResult(Directory.Exists(path));

    public ValueTask DeleteAsync(IReadOnlyCollection<string> paths, CancellationToken cancellationToken)
    {
        foreach (var path in paths)
        {
            Guarded(path, () =>
            {
                if (File.Exists(path)) File.Delete(path);
                return 0;
            });
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask DeleteFolderAsync(string folder, CancellationToken cancellationToken)
    {
        Guarded(folder, () =>
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
            return 0;
        });
        return ValueTask.CompletedTask;
    }

    private static ObjectStatus StatusOf(long length, DateTime writtenUtc) =>
        new(length, string.Create(CultureInfo.InvariantCulture, $"{length}-{writtenUtc.Ticks}"));

    private static T Guarded<T>(string path, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw StoreErrors.Io(path, error);
        }
    }
}
