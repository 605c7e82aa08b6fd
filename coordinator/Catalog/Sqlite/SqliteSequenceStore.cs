using Federation.Core.Types;
using Microsoft.Data.Sqlite;

namespace Federation.Catalog;

/// <summary>Where sequences are, in the embedded catalog's file.</summary>
internal sealed class SqliteSequenceStore(SqliteCatalogStore store) : ISequenceStore
{
    public ValueTask<SequencePosition?> FindAsync(Oid state, CancellationToken cancellationToken) => store.UseAsync(connection =>
    {
        using var command = SqliteCatalogStore.Command(connection, "SELECT last_value, is_called FROM sequences WHERE state = $1",
            [(long)state.Value]);
        using var reader = command.ExecuteReader();
        return reader.Read() ? new SequencePosition(reader.GetInt64(0), reader.GetBoolean(1)) : (SequencePosition?)null;
    });

    public ValueTask<bool> TryMoveAsync(Oid state, SequencePosition? from, SequencePosition to, CancellationToken cancellationToken) =>
        store.WriteAsync(connection => Move(connection, (long)state.Value, from, to) == 1, cancellationToken);

    private static int Move(SqliteConnection connection, long state, SequencePosition? from, SequencePosition to) => from is { } present
        ? SqliteCatalogStore.Run(connection,
            "UPDATE sequences SET last_value = $4, is_called = $5 WHERE state = $1 AND last_value = $2 AND is_called = $3",
            state, present.LastValue, present.IsCalled, to.LastValue, to.IsCalled)
        : SqliteCatalogStore.Run(connection, "INSERT OR IGNORE INTO sequences VALUES ($1, $2, $3)", state, to.LastValue, to.IsCalled);
}
