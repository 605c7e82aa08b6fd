using Federation.Connectors.Spi;
using Federation.ObjectStorage;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// The metadata of the states that a change was applied to: manifests, their lists, and the files of the table's metadata. This process
/// reads them at once; those of the last state are written right before the commit that names it. A change that is rolled back has written
/// none, and whoever reads the folder by itself, and takes the metadata file with the highest number, finds what that one names. Used by
/// one thread at a time.
/// </summary>
internal sealed class StagedMetadata(PendingFiles store)
{
    /// <summary>The state of files that all states name.</summary>
    private const int Every = 0;

    private readonly List<(NewObject File, int State)> _pending = [];
    private readonly List<(string Path, int State)> _written = [];
    private (TablePointer Before, TablePointer After)? _applied;

    /// <summary>The number of states so far.</summary>
    private int _states;

    /// <summary>What came of the state, when the change was applied to it last; null for any other state.</summary>
    public TablePointer? After(TablePointer current) => _applied is { } applied && applied.Before == current ? applied.After : null;

    /// <summary>A file that all states of the change name.</summary>
    public void AddToEvery(string path, byte[] bytes) => Add(path, bytes, Every);

    /// <summary>A file that only the state names which is made next.</summary>
    public void AddToNext(string path, byte[] bytes) => Add(path, bytes, _states + 1);

    /// <summary>Makes the state that follows on one.</summary>
    public TablePointer Add(TablePointer current, MetadataDocument document)
    {
        var after = current with { Metadata = IcebergWriter.NextMetadataFile(current.Metadata) };
        AddToNext(StoragePath.Combine(after.Location, after.Metadata), document.ToBytes());
        _states++;
        _applied = (current, after);
        return after;
    }

    /// <summary>Writes the last state.</summary>
    public async ValueTask PublishAsync(CancellationToken cancellationToken)
    {
        // Another commit came before: nobody names what was published of an earlier state.
        await RemoveAsync(item => item.State != Every && item.State != _states);
        var missing = _pending.Where(item => item.State == Every || item.State == _states)
            .Where(item => !_written.Exists(written => written.Path == item.File.Path)).ToArray();
        if (missing.Length == 0) return;
        // A failure may leave some of them.
        _written.AddRange(missing.Select(item => (item.File.Path, item.State)));
        await store.CreateAllAsync([.. missing.Select(item => item.File)], cancellationToken);
        ForgetPending();
    }

    /// <summary>Forgets the states, and removes what was published of them.</summary>
    public async ValueTask DiscardAsync()
    {
        ForgetPending();
        await RemoveAsync(_ => true);
    }

    private void Add(string path, byte[] bytes, int state)
    {
        _pending.Add((new NewObject(path, bytes), state));
        store.Add(path, bytes);
    }

    private async ValueTask RemoveAsync(Predicate<(string Path, int State)> isMeant)
    {
        var removed = _written.FindAll(isMeant);
        if (removed.Count == 0) return;
        await store.TryDeleteAsync([.. removed.Select(item => item.Path)]);
        _written.RemoveAll(isMeant);
    }

    private void ForgetPending()
    {
        foreach (var (file, _) in _pending) store.Forget(file.Path);
        _pending.Clear();
    }
}
