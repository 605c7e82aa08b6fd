using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.ObjectStorage;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// Changes the columns of a table by metadata alone. It follows on rows that others have added since, but on no other change of columns;
/// one that relies on what the rows are follows only on the rows that were looked at. Used by one thread at a time.
/// </summary>
/// <param name="planned">The state that the changes were checked against.</param>
internal sealed class SchemaUpdate(IcebergWriter writer, EquatableArray<ColumnChange> changes, TableMetadata planned, TimeProvider clock)
    : ITableUpdate
{
    /// <summary>Metadata files that are to be read before they are there; the last is that of the newest state.</summary>
    private readonly List<(string Path, byte[] Bytes)> _pending = [];

    private string? _published;
    private (TablePointer Before, TablePointer After)? _applied;

    public ValueTask<TablePointer> ApplyAsync(TablePointer current, CancellationToken cancellationToken)
    {
        if (_applied is { } applied && applied.Before == current) return ValueTask.FromResult(applied.After);
        var table = writer.Open(current);
        IcebergWriter.RequireWritable(table.Metadata);
        IcebergWriter.RequireSchema(table.Metadata, planned.CurrentSchemaId);
        if (ReliesOnRows && StateOf(table.Metadata) != StateOf(planned))
        {
            throw new SqlException(SqlState.TRSerializationFailure, "could not serialize access due to concurrent update")
                { Detail = "Rows of the table were changed by another transaction after they had been checked." };
        }

        var document = MetadataDocument.Load(table.Store, table.Metadata.Path);
        var updates = new SchemaChanges(document, table.Metadata).Apply(changes);
        MetadataUpdates.Apply(document, updates, clock.GetUtcNow().ToUnixTimeMilliseconds(),
            IcebergWriter.Recorded(table, table.Metadata.Path));
        var metadata = IcebergWriter.NextMetadataFile(current.Metadata);
        _pending.Add((StoragePath.Combine(current.Location, metadata), document.ToBytes()));
        writer.Store.Add(_pending[^1].Path, _pending[^1].Bytes);
        var after = current with { Metadata = metadata };
        _applied = (current, after);
        return ValueTask.FromResult(after);
    }

    public async ValueTask PublishAsync(CancellationToken cancellationToken)
    {
        var (path, bytes) = _pending[^1];
        if (_published == path) return;
        // Another commit came before: nobody names what was published for this one.
        if (_published is not null) await writer.Store.TryDeleteAsync([_published]);
        await writer.Store.CreateAsync(path, bytes, cancellationToken);
        _published = path;
        ForgetPending();
    }

    public async ValueTask DiscardAsync(CancellationToken cancellationToken)
    {
        ForgetPending();
        if (_published is not null) await writer.Store.TryDeleteAsync([_published]);
    }

    private bool ReliesOnRows => changes.Any(change => change is ColumnChange.KeepRows or ColumnChange.SetNullable { IsNullable: false }
        or ColumnChange.Add { Column.IsNullable: false, Initial: null });

    /// <summary>An append keeps the id of its snapshot when it is applied to other rows, but gets another sequence number.</summary>
    private static (long?, long) StateOf(TableMetadata metadata) => (metadata.CurrentSnapshotId,
        metadata.CurrentSnapshotId is { } id && metadata.Snapshots.TryGetValue(id, out var snapshot) ? snapshot.SequenceNumber : 0);

    private void ForgetPending()
    {
        foreach (var (path, _) in _pending) writer.Store.Forget(path);
    }
}
