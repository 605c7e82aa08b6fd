namespace Federation.Connectors.Spi;

/// <summary>
/// A table format that tells whether commits have changed what a scan read: how a transaction finds, when it commits, whether its reads
/// still hold. Thread-safe.
/// </summary>
public interface ITableReads
{
    /// <summary>
    /// Whether the rows that a scan reads may be others in a later state of its table than in an earlier one. True may be wrong, false may
    /// not.
    /// </summary>
    /// <param name="read">A handle with the filters of the scan; which state it pins does not matter.</param>
    ValueTask<bool> HasChangedAsync(ITableHandle read, TablePointer earlier, TablePointer later, CancellationToken cancellationToken);
}
