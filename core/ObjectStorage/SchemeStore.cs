using Federation.Core.Errors;

namespace Federation.ObjectStorage;

/// <summary>Local files and, where the process has been told how to reach it, S3: the scheme of a path says which. Thread-safe.</summary>
/// <param name="s3">Null when S3 cannot be reached.</param>
/// <param name="refusal">The error for paths on S3 then; 0A000 when it is not given.</param>
public sealed class SchemeStore(IObjectStore? s3 = null, Func<SqlException>? refusal = null) : IObjectStore, IDisposable
{
    public ValueTask<ObjectStatus?> StatAsync(string path, CancellationToken cancellationToken) =>
        Of(path).StatAsync(path, cancellationToken);

    public ValueTask<ObjectPart> ReadAsync(string path, long offset, Memory<byte> buffer, string? version,
        CancellationToken cancellationToken) =>
        Of(path).ReadAsync(path, offset, buffer, version, cancellationToken);

    public ValueTask<bool> TryCreateAsync(string path, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        Of(path).TryCreateAsync(path, bytes, cancellationToken);

    public async ValueTask CreateAllAsync(IReadOnlyList<NewObject> files, CancellationToken cancellationToken)
    {
        // Files that belong together lie in one store.
        if (files.Count > 0) await Of(files[0].Path).CreateAllAsync(files, cancellationToken);
    }

    public ValueTask UploadAsync(string path, string localFile, CancellationToken cancellationToken) =>
        Of(path).UploadAsync(path, localFile, cancellationToken);

    public ValueTask ReplaceAsync(string path, string localFile, CancellationToken cancellationToken) =>
        Of(path).ReplaceAsync(path, localFile, cancellationToken);

    public ValueTask<IReadOnlyList<ListedObject>> ListAsync(string folder, int most, CancellationToken cancellationToken) =>
        Of(folder).ListAsync(folder, most, cancellationToken);

    public ValueTask<bool> IsFolderAsync(string path, CancellationToken cancellationToken) =>
        Of(path).IsFolderAsync(path, cancellationToken);

    public async ValueTask DeleteAsync(IReadOnlyCollection<string> paths, CancellationToken cancellationToken)
    {
        foreach (var group in paths.GroupBy(StoragePath.IsRemote)) await Of(group.First()).DeleteAsync([.. group], cancellationToken);
    }

    public ValueTask DeleteFolderAsync(string folder, CancellationToken cancellationToken) =>
        Of(folder).DeleteFolderAsync(folder, cancellationToken);

    /// <summary>Ends what is known of S3.</summary>
    public void Dispose() => (s3 as IDisposable)?.Dispose();

    private IObjectStore Of(string path) => !StoragePath.IsRemote(path) ? LocalStore.Instance
        : s3 ?? throw refusal?.Invoke() ?? new SqlException(SqlState.FeatureNotSupported, $"location \"{path}\" is not supported");
}
