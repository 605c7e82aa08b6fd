using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>Where sequences are, in the shared catalog's database. A move is one statement and so one transaction there.</summary>
internal sealed class PostgresSequenceStore(PostgresCatalogStore store) : ISequenceStore
{
    public ValueTask<SequencePosition?> FindAsync(Oid state, CancellationToken cancellationToken) =>
        store.UseAsync<SequencePosition?>(
        async connection =>
        {
            await using var command = PostgresCatalogStore.Command(connection,
                "SELECT last_value, is_called FROM sequences WHERE state = $1", (long)state.Value);
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            return await reader.ReadAsync(cancellationToken) ? new SequencePosition(reader.GetInt64(0), reader.GetBoolean(1)) : null;
        },
        cancellationToken);

    public ValueTask<bool> TryMoveAsync(Oid state, SequencePosition? from, SequencePosition to, CancellationToken cancellationToken) =>
        store.UseAsync(
        async connection =>
        {
            await using var command = from is { } present
                ? PostgresCatalogStore.Command(connection,
                    "UPDATE sequences SET last_value = $4, is_called = $5 WHERE state = $1 AND last_value = $2 AND is_called = $3",
                    (long)state.Value, present.LastValue, present.IsCalled, to.LastValue, to.IsCalled)
                : PostgresCatalogStore.Command(connection, "INSERT INTO sequences VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                    (long)state.Value, to.LastValue, to.IsCalled);
            return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
        },
        cancellationToken);
}
