using Federation.Connectors.Spi;
using Federation.ObjectStorage;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// The metadata files of the states that a change was applied to. This process reads them at once; the file of the last one is written
/// right before the commit that names it, because whoever reads the folder by itself takes the one with the highest number. Used by one
/// thread at a time.
/// </summary>
internal sealed class StagedMetadata(PendingFiles store)
{
    private readonly List<(string Path, byte[] Bytes)> _pending = [];
    private (TablePointer Before, TablePointer After)? _applied;
    private string? _published;

    /// <summary>What came of the state, when the change was applied to it last; null for any other state.</summary>
    public TablePointer? After(TablePointer current) => _applied is { } applied && applied.Before == current ? applied.After : null;

    /// <summary>Makes the state that follows on one.</summary>
    public TablePointer Add(TablePointer current, MetadataDocument document)
    {
        var after = current with { Metadata = IcebergWriter.NextMetadataFile(current.Metadata) };
        var file = (Path: StoragePath.Combine(after.Location, after.Metadata), Bytes: document.ToBytes());
        _pending.Add(file);
        store.Add(file.Path, file.Bytes);
        _applied = (current, after);
        return after;
    }

    /// <summary>Writes the last state.</summary>
    public async ValueTask PublishAsync(CancellationToken cancellationToken)
    {
        var (path, bytes) = _pending[^1];
        if (_published == path) return;
        // Another commit came before: nobody names what was published for this one.
        if (_published is not null) await store.TryDeleteAsync([_published]);
        await store.CreateAsync(path, bytes, cancellationToken);
        _published = path;
        ForgetPending();
    }

    /// <summary>Forgets the states, and removes what was published of them.</summary>
    public async ValueTask DiscardAsync()
    {
        ForgetPending();
        if (_published is not null) await store.TryDeleteAsync([_published]);
    }

    private void ForgetPending()
    {
        foreach (var (path, _) in _pending) store.Forget(path);
    }
}
