using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Core;
using Federation.FlightSql.Sessions;

namespace Federation.FlightSql.Statements;

/// <summary>Queries that the server asks for itself.</summary>
internal static class SessionQueries
{
    /// <summary>The rows of a query with text parameters; the caller owns each batch.</summary>
    public static async IAsyncEnumerable<Batch> QueryAsync(this FlightSession session, string sql, object?[] parameters,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var lease = await session.RentAsync(null, cancellationToken);
        var statement = await lease.Lane.PrepareAsync(sql, cancellationToken);
        await using (var portal = await lease.Lane.BindAsync(statement, new EquatableArray<object?>(parameters), cancellationToken))
            while (await portal.NextAsync(cancellationToken) is { } batch)
                yield return batch;
        await lease.EndAsync(cancellationToken);
    }
}
