using Federation.Connectors.Lakehouse.Iceberg.Tail;
using Federation.Connectors.Lakehouse.Iceberg.Writing;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Tasks;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>Small changes that the catalog keeps for a table.</summary>
public sealed partial class IcebergFormat
{
    public bool CanKeep(WritePlan plan) => _tails.CanKeep(plan);

    public async ValueTask<ITableUpdate> KeepAsync(WritePlan plan, EquatableArray<EquatableArray<object?>> rows, RowSelection removed,
        CancellationToken cancellationToken) => removed.Count == 0
            ? _tails.Keep(plan, rows, removed)
            // Manifests may have to be read.
            : await Task.Run(() => _tails.Keep(plan, rows, removed), cancellationToken);

    public ValueTask<KeyLookup> FindKeyAsync(TablePointer after, ITableUpdate update, EquatableArray<string> columns,
        TablePointer? known, CancellationToken cancellationToken) => ValueTask.FromResult(
        update is not RowDelta { KeepsFiles: true, Tail.Added: { } added } || after.Tail is not { } tail ? KeyLookup.Unknown
            : known?.Metadata == after.Metadata ? TailKeys.Look(Open(after), tail, added, columns, known.Tail, knowsFiles: true)
            : TailKeys.Look(Open(after), tail, added, columns, null, knowsFiles: false));

    public async ValueTask<ConnectorTable> LoadTailAsync(TablePointer pointer, CancellationToken cancellationToken)
    {
        var loaded = await LoadAsync(pointer, null, cancellationToken);
        var handle = (IcebergTableHandle)loaded.Handle;
        return loaded with
        {
            Handle = handle with { SnapshotId = null, Tail = handle.Tail is { } tail ? tail with { Deletes = [] } : null },
            EstimatedRows = -1, IsRowCountExact = false,
        };
    }

    public async ValueTask<ConnectorTable> LoadAtAsync(TablePointer now, TablePointer then, long microseconds,
        CancellationToken cancellationToken)
    {
        var (found, before) = await Task.Run(() =>
        {
            var (table, earlier) = (Open(now), Open(then));
            return (table.At(microseconds), earlier.Metadata.CurrentSnapshotId is { } id ? earlier.SnapshotOf(id) : null);
        }, cancellationToken);
        if (found is null || (before is not null && found.SequenceNumber <= before.SequenceNumber))
            return await LoadAsync(then, null, cancellationToken);
        // A snapshot is older than the commit that names it: its own time finds the catalog before that commit.
        var loaded = await LoadAsync(now, new TableVersion.AsOf(microseconds), cancellationToken);
        if (found.ChangesTail || then.Tail is not { } tail) return loaded;
        return loaded with
        {
            Handle = (IcebergTableHandle)loaded.Handle with { Tail = tail },
            EstimatedRows = loaded.EstimatedRows + tail.LiveRows - tail.DeletedRows,
        };
    }

    public async ValueTask<ITableUpdate> FlushAsync(WritePlan plan, IReadOnlyList<WrittenFile> files,
        CancellationToken cancellationToken) => await Task.Run(() => _tails.FlushAsync(plan, files, cancellationToken), cancellationToken);
}
