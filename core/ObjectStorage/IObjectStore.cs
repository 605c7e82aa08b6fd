namespace Federation.ObjectStorage;

/// <summary>
/// Where files lie: a local disk or an object store. A path is absolute and names its store (<see cref="StoragePath"/>). Files are written
/// once and whole, so a reader never sees half of one. Thread-safe. Errors are <c>SqlException</c> that name the path: 58P01 for what is
/// missing, 42501 for what is forbidden, 53100 for a full store, 58030 for any other failure of the store, and 08006 for a store that
/// cannot be reached.
/// </summary>
public interface IObjectStore
{
    /// <summary>What is known of a file without reading it; null when there is none, or when the path is a folder.</summary>
    ValueTask<ObjectStatus?> StatAsync(string path, CancellationToken cancellationToken);

    /// <summary>Fills the buffer from a position of the file on. Fewer bytes are read only at the file's end.</summary>
    /// <param name="path">The file.</param>
    /// <param name="offset">Counted from the start; a negative one from the end, where a file shorter than that is read from its
    /// start.</param>
    /// <param name="buffer">Takes the bytes; stays the caller's.</param>
    /// <param name="version">The version that must still be there, or null for whichever is; 55000 when it was replaced.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    ValueTask<ObjectPart> ReadAsync(string path, long offset, Memory<byte> buffer, string? version, CancellationToken cancellationToken);

    /// <summary>
    /// Writes a small file unless there is one of this name. Of several writers at once exactly one succeeds. When it returns, the bytes
    /// survive a crash.
    /// </summary>
    /// <returns>Whether the file is this writer's.</returns>
    ValueTask<bool> TryCreateAsync(string path, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>
    /// Writes small files whose names nobody else has, in about the time of one or two; 58P02 when one is there already. Whoever sees the
    /// last one sees the others. When it returns, all survive a crash; when it fails, some may be there.
    /// </summary>
    async ValueTask CreateAllAsync(IReadOnlyList<NewObject> files, CancellationToken cancellationToken)
    {
        await Task.WhenAll(files.SkipLast(1).Select(file => this.CreateAsync(file.Path, file.Bytes, cancellationToken).AsTask()));
        await this.CreateAsync(files[^1].Path, files[^1].Bytes, cancellationToken);
    }

    /// <summary>
    /// Copies a local file, of any size, to a path that no other writer uses. When it returns, the bytes survive a crash.
    /// </summary>
    ValueTask UploadAsync(string path, string localFile, CancellationToken cancellationToken);

    /// <summary>
    /// Copies a local file, of any size, to a path in a folder that exists, in place of the file that may be there: readers see the old one
    /// or the new one, whole. When it returns, the bytes survive a crash.
    /// </summary>
    ValueTask ReplaceAsync(string path, string localFile, CancellationToken cancellationToken);

    /// <summary>The files and folders directly in a folder, in no order; nothing when there is no such folder.</summary>
    /// <param name="folder">The folder, with or without a slash at its end.</param>
    /// <param name="most">How many are wanted at most.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    ValueTask<IReadOnlyList<ListedObject>> ListAsync(string folder, int most, CancellationToken cancellationToken);

    /// <summary>Whether there is a folder, or something below it where folders are but names.</summary>
    ValueTask<bool> IsFolderAsync(string path, CancellationToken cancellationToken);

    /// <summary>Removes files. Those that are missing are not missed.</summary>
    ValueTask DeleteAsync(IReadOnlyCollection<string> paths, CancellationToken cancellationToken);

    /// <summary>Removes a folder with everything in it. One that is missing is not missed.</summary>
    ValueTask DeleteFolderAsync(string folder, CancellationToken cancellationToken);
}

/// <summary>A small file that is to be written.</summary>
public sealed record NewObject(string Path, ReadOnlyMemory<byte> Bytes);

/// <param name="SizeBytes">The file's length.</param>
/// <param name="Version">Changes whenever the content does: an object's etag; the length and time of the last write of a local
/// file.</param>
public sealed record ObjectStatus(long SizeBytes, string Version);

/// <param name="Count">Bytes read.</param>
/// <param name="Status">The file that they were read from.</param>
public readonly record struct ObjectPart(int Count, ObjectStatus Status);

/// <param name="Path">Of a folder without a slash at its end.</param>
/// <param name="Status">Null when the listing does not say it: for folders, and for local files.</param>
public sealed record ListedObject(string Path, bool IsFolder, ObjectStatus? Status)
{
    /// <summary>When it was written last, UTC; the zero time for folders.</summary>
    public DateTime Written { get; init; }

    public string Name => StoragePath.NameOf(Path);
}
