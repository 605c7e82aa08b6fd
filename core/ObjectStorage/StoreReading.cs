using System.Buffers;
using Federation.Core.Errors;

namespace Federation.ObjectStorage;

/// <summary>Reads and clean-up that callers of stores share.</summary>
public static class StoreReading
{
    /// <summary>Most metadata files are smaller, and need one request.</summary>
    private const int FirstRead = 512 << 10;

    /// <summary>A whole file that fits in memory; 54000 for a longer one.</summary>
    /// <param name="store">Where it lies.</param>
    /// <param name="path">The file.</param>
    /// <param name="most">The most bytes that it may have.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    public static async ValueTask<byte[]> ReadAllAsync(this IObjectStore store, string path, long most, CancellationToken cancellationToken)
    {
        var first = ArrayPool<byte>.Shared.Rent(FirstRead);
        try
        {
            var part = await store.ReadAsync(path, 0, first, null, cancellationToken);
            if (part.Status.SizeBytes > most)
                throw new SqlException(SqlState.ProgramLimitExceeded, $"file \"{path}\" cannot be read: it is longer than {most} bytes");
            if (part.Count == part.Status.SizeBytes) return first.AsSpan(0, part.Count).ToArray();
            var whole = new byte[part.Status.SizeBytes];
            first.AsSpan(0, part.Count).CopyTo(whole);
            var rest = await store.ReadAsync(path, part.Count, whole.AsMemory(part.Count), part.Status.Version, cancellationToken);
            return part.Count + rest.Count == whole.Length
                ? whole
                : throw new SqlException(SqlState.DataCorrupted, $"file \"{path}\" is corrupt: it was cut off while it was read");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(first);
        }
    }

    /// <summary>As <see cref="ReadAllAsync"/>, for code that parses as it reads; see <see cref="Await{T}"/>.</summary>
    public static byte[] ReadAll(this IObjectStore store, string path, long most) =>
        Await(store.ReadAllAsync(path, most, CancellationToken.None));

    public static ObjectPart Read(this IObjectStore store, string path, long offset, Memory<byte> buffer, string? version = null) =>
        Await(store.ReadAsync(path, offset, buffer, version, CancellationToken.None));

    public static ObjectStatus? Stat(this IObjectStore store, string path) => Await(store.StatAsync(path, CancellationToken.None));

    public static IReadOnlyList<ListedObject> List(this IObjectStore store, string folder) =>
        Await(store.ListAsync(folder, int.MaxValue, CancellationToken.None));

    public static bool IsFolder(this IObjectStore store, string path) => Await(store.IsFolderAsync(path, CancellationToken.None));

    /// <summary>Writes a small file whose name nobody else has; 58P02 when it is there already.</summary>
    public static async ValueTask CreateAsync(this IObjectStore store, string path, ReadOnlyMemory<byte> bytes,
        CancellationToken cancellationToken)
    {
        if (!await store.TryCreateAsync(path, bytes, cancellationToken))
            throw new SqlException(SqlState.DuplicateFile, $"file \"{path}\" exists already");
    }

    /// <summary>
    /// Removes files that nothing names. What cannot be removed now is left to maintenance: an orphan costs space, not correctness.
    /// </summary>
    public static async ValueTask TryDeleteAsync(this IObjectStore store, IReadOnlyCollection<string> paths)
    {
        try
        {
            await store.DeleteAsync(paths, CancellationToken.None);
        }
        catch (SqlException)
        {
            // See above.
        }
    }

    /// <summary>As <see cref="TryDeleteAsync"/> for a folder.</summary>
    public static async ValueTask TryDeleteFolderAsync(this IObjectStore store, string folder)
    {
        try
        {
            await store.DeleteFolderAsync(folder, CancellationToken.None);
        }
        catch (SqlException)
        {
            // See above.
        }
    }

    /// <summary>
    /// The one place where a thread waits for a store: parsers of metadata pull what they read. A local file is there at once; for a remote
    /// one the thread is a planning thread or one of the pool, which grows while its threads wait.
    /// </summary>
    private static T Await<T>(ValueTask<T> work) => work.IsCompletedSuccessfully ? work.Result : work.AsTask().GetAwaiter().GetResult();
}
