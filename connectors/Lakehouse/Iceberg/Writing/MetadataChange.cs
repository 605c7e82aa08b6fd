using Federation.Connectors.Spi;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// A change of a table's metadata alone: which snapshots there are, and what branches and tags name. It is worked out anew for the state
/// that it is applied to. Used by one thread at a time.
/// </summary>
/// <param name="change">What changes in a state; raises why it cannot follow.</param>
internal sealed class MetadataChange(IcebergWriter writer, Func<IcebergTable, MetadataDocument, IReadOnlyList<MetadataUpdate>> change,
    TimeProvider clock) : ITableUpdate
{
    private readonly StagedMetadata _metadata = new(writer.Store);

    /// <summary>The main branch goes elsewhere: its tail was made for what it was.</summary>
    public bool ForgetsTail { get; init; }

    public ValueTask<TablePointer> ApplyAsync(TablePointer current, CancellationToken cancellationToken)
    {
        if (_metadata.After(current) is { } applied) return ValueTask.FromResult(After(applied));
        var table = writer.Open(current);
        IcebergWriter.RequireWritable(table.Metadata);
        var document = MetadataDocument.Load(table.Store, table.Metadata.Path);
        MetadataUpdates.Apply(document, change(table, document), clock.GetUtcNow().ToUnixTimeMilliseconds(),
            IcebergWriter.Recorded(table, table.Metadata.Path));
        return ValueTask.FromResult(After(_metadata.Add(current, document)));
    }

    private TablePointer After(TablePointer pointer) => ForgetsTail ? pointer with { Tail = null } : pointer;

    public ValueTask PublishAsync(CancellationToken cancellationToken) => _metadata.PublishAsync(cancellationToken);

    public ValueTask DiscardAsync(CancellationToken cancellationToken) => _metadata.DiscardAsync();
}
