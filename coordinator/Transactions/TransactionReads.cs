using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Core.Errors;

namespace Federation.Transactions;

/// <summary>
/// What a transaction has read of the catalog and of the rows of its tables. A transaction that writes and whose reads still hold when it
/// commits is as if it had run at that moment alone: the order of commits is a serial order. One that only reads sees one version and is
/// as if it had run right after the commit of that version, so nothing has to hold. Used by one thread at a time.
/// </summary>
internal sealed class TransactionReads : ICommitCondition
{
    private readonly HashSet<TableRead> _tables = [];
    private ICatalogSnapshot? _readPoint;
    private RecordingSnapshot? _catalog;

    /// <summary>
    /// The read point of a transaction all of whose reads count: what is looked up in it is remembered. A statement that is prepared at one
    /// read point and run at another relies on the second alone.
    /// </summary>
    public ICatalogSnapshot Record(ICatalogSnapshot readPoint)
    {
        _tables.Clear();
        _readPoint = readPoint;
        return _catalog = new RecordingSnapshot(readPoint);
    }

    /// <summary>A scan of a table in the state that a committed version has.</summary>
    public void Add(TableEntry table, ITableReads format, ITableHandle handle) => _tables.Add(new TableRead(table, format, handle));

    public async ValueTask RequireAsync(ICatalogSnapshot newest, CancellationToken cancellationToken)
    {
        if (_catalog is not null && _readPoint!.Id != newest.Id)
        {
            foreach (var key in _catalog.Objects)
                if (!IsSame(await _readPoint.FindAsync(key, cancellationToken), await newest.FindAsync(key, cancellationToken)))
                    throw Clash($"\"{key.Name}\" has been changed.");
            foreach (var list in _catalog.Lists)
            {
                var (before, now) = (await _readPoint.ListAsync(list, cancellationToken), await newest.ListAsync(list, cancellationToken));
                if (before.Count != now.Count || !before.Zip(now).All(pair => IsSame(pair.First, pair.Second)))
                    throw Clash("Objects of the catalog have been made, changed or dropped.");
            }
        }

        foreach (var read in _tables)
        {
            if (await newest.FindTableAsync(read.Table.Schema, read.Table.Name, cancellationToken) is not { } now
                || now.Oid != read.Table.Oid
                || await read.Format.HasChangedAsync(read.Handle, read.Table.Pointer, now.Pointer, cancellationToken))
                throw Clash($"Rows that were read of table \"{read.Table.Name}\" have been changed.");
        }
    }

    /// <summary>The rows of a table are compared by what was read of them.</summary>
    private static bool IsSame(CatalogObject? before, CatalogObject? now) => (before, now) switch
    {
        (TableEntry table, TableEntry other) => other with { Pointer = table.Pointer, ChangedAt = table.ChangedAt } == table,
        (null, null) => true,
        ({ } one, { } other) => one.Oid == other.Oid && one.ChangedAt == other.ChangedAt,
        _ => false,
    };

    private static SqlException Clash(string reason) =>
        new(SqlState.TRSerializationFailure, "could not serialize access due to read/write dependencies among transactions")
        {
            Detail = reason,
            Hint = "The transaction might succeed if retried.",
        };

    private sealed record TableRead(TableEntry Table, ITableReads Format, ITableHandle Handle);
}
