using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// Changes the columns of a table by metadata alone. It follows on rows that others have added since, but on no other change of columns;
/// one that relies on what the rows are follows only on the rows that were looked at. Used by one thread at a time.
/// </summary>
/// <param name="planned">The state that the changes were checked against.</param>
/// <param name="tail">The tail of that state.</param>
internal sealed class SchemaUpdate(IcebergWriter writer, EquatableArray<ColumnChange> changes, TableMetadata planned, TableTail? tail,
    TimeProvider clock) : ITableUpdate
{
    private readonly StagedMetadata _metadata = new(writer.Store);

    public ValueTask<TablePointer> ApplyAsync(TablePointer current, CancellationToken cancellationToken)
    {
        if (_metadata.After(current) is { } applied) return ValueTask.FromResult(applied);
        var table = writer.Open(current);
        IcebergWriter.RequireWritable(table.Metadata);
        IcebergWriter.RequireSchema(table.Metadata, planned.CurrentSchemaId);
        if (ReliesOnRows && (StateOf(table.Metadata) != StateOf(planned) || current.Tail != tail))
        {
            throw new SqlException(SqlState.TRSerializationFailure, "could not serialize access due to concurrent update")
                { Detail = "Rows of the table were changed by another transaction after they had been checked." };
        }

        var document = MetadataDocument.Load(table.Store, table.Metadata.Path);
        var updates = new SchemaChanges(document, table.Metadata, current.Tail is not null).Apply(changes);
        MetadataUpdates.Apply(document, updates, clock.GetUtcNow().ToUnixTimeMilliseconds(),
            IcebergWriter.Recorded(table, table.Metadata.Path));
        return ValueTask.FromResult(_metadata.Add(current, document));
    }

    public ValueTask PublishAsync(CancellationToken cancellationToken) => _metadata.PublishAsync(cancellationToken);

    public ValueTask DiscardAsync(CancellationToken cancellationToken) => _metadata.DiscardAsync();

    private bool ReliesOnRows => changes.Any(change => change is ColumnChange.KeepRows or ColumnChange.SetNullable { IsNullable: false }
        or ColumnChange.Add { Column.IsNullable: false, Initial: null });

    /// <summary>An append keeps the id of its snapshot when it is applied to other rows, but gets another sequence number.</summary>
    private static (long?, long) StateOf(TableMetadata metadata) => (metadata.CurrentSnapshotId,
        metadata.CurrentSnapshotId is { } id && metadata.Snapshots.TryGetValue(id, out var snapshot) ? snapshot.SequenceNumber : 0);
}
