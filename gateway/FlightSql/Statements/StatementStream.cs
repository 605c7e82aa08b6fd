using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Arrow.Ipc;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Flight;
using Federation.FlightSql.Sessions;
using Federation.SessionApi;

namespace Federation.FlightSql.Statements;

/// <summary>
/// Runs a statement and streams its rows as Flight messages. What it did commits at the end of the stream, unless a transaction is open;
/// leaving the stream early ends it like a portal that is closed.
/// </summary>
internal static class StatementStream
{
    /// <summary>Bodies near this size are large enough for the transport and small enough to be held by every client.</summary>
    private const long MaxBodyBytes = 16 << 20;

    /// <summary>Small batches of the kernel travel together.</summary>
    private const int RowsTogether = 64 * 1024;

    /// <summary>Rows do not wait longer than this for others to travel with.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(20);

    /// <summary>The columns of a result as Arrow; none for statements without rows.</summary>
    public static IpcSchema SchemaOf(EquatableArray<ResultField>? fields) =>
        IpcSchema.Encode(new BatchSchema((fields ?? default).Select(field => new Field(field.Name, field.Type)).ToEquatableArray()),
            IpcForm.Portable);

    /// <summary>One execution per row of parameters, their results one after the other, in one implicit transaction.</summary>
    /// <param name="announced">The columns that the client knows; a statement whose columns have changed since raises 0A000.</param>
    public static async IAsyncEnumerable<FlightData> RunAsync(
        FlightSession session,
        string? transaction,
        string sql,
        string? handle,
        IReadOnlyList<EquatableArray<object?>> rows,
        EquatableArray<ResultField>? announced,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var schema = SchemaOf(announced);
        var writer = new IpcBatchWriter(schema);
        await using var lease = await session.RentAsync(transaction, cancellationToken);
        var statement = handle is null
            ? await lease.Lane.PrepareAsync(sql, cancellationToken)
            : await lease.Lane.PrepareAsync(handle, sql, cancellationToken);
        if (!SchemaOf(statement.Fields).Batch.Equals(schema.Batch))
            throw new SqlException(SqlState.FeatureNotSupported, "cached plan must not change result type");
        // The portal is opened before anything is sent, so that its errors come first.
        for (var i = 0; i < Math.Max(rows.Count, 1); i++)
        {
            await using var portal = await lease.Lane.BindAsync(statement, i < rows.Count ? rows[i] : default, cancellationToken);
            if (portal.Portal.CopyOut is not null)
                throw new SqlException(SqlState.FeatureNotSupported, "COPY is not supported by Flight SQL");
            if (i == 0) yield return new FlightData(schema);
            await foreach (var message in MessagesAsync(portal, writer, schema, cancellationToken)) yield return message;
            RememberSettings(session, lease.Lane, transaction, sql, portal.Portal);
        }

        await lease.EndAsync(cancellationToken);
    }

    /// <summary>A statement for what it does: the rows it counts, and those it returns dropped.</summary>
    public static async ValueTask<long> RunUpdateAsync(
        FlightSession session, string? transaction, string sql, string? handle, IReadOnlyList<EquatableArray<object?>> rows,
        CancellationToken cancellationToken)
    {
        await using var lease = await session.RentAsync(transaction, cancellationToken);
        var statement = handle is null
            ? await lease.Lane.PrepareAsync(sql, cancellationToken)
            : await lease.Lane.PrepareAsync(handle, sql, cancellationToken);
        var count = 0L;
        for (var i = 0; i < Math.Max(rows.Count, 1); i++)
        {
            await using var portal = await lease.Lane.BindAsync(statement, i < rows.Count ? rows[i] : default, cancellationToken);
            var returned = 0L;
            while (await portal.NextAsync(cancellationToken) is { } batch)
            {
                returned += batch.RowCount;
                batch.Dispose();
            }

            count += CountOf(portal.Portal, returned);
            RememberSettings(session, lease.Lane, transaction, sql, portal.Portal);
        }

        await lease.EndAsync(cancellationToken);
        return count;
    }

    private static async IAsyncEnumerable<FlightData> MessagesAsync(LanePortal portal, IpcBatchWriter writer, IpcSchema schema,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var shaper = new BatchShaper(schema.Batch);
        var pending = new List<Batch>();
        var pendingRows = 0;
        Task<Batch?>? next = null;
        try
        {
            while (true)
            {
                next ??= portal.NextAsync(cancellationToken).AsTask();
                if (pending.Count > 0 && !next.IsCompleted) await Task.WhenAny(next, Task.Delay(s_patience, CancellationToken.None));
                if (pending.Count == 0 || next.IsCompleted)
                {
                    var batch = await next;
                    next = null;
                    if (batch is null) break;
                    pendingRows += batch.RowCount;
                    pending.Add(shaper.Shape(batch));
                    if (pendingRows < RowsTogether) continue;
                }

                foreach (var message in Encode(writer, pending)) yield return message;
                pendingRows = 0;
            }

            foreach (var message in Encode(writer, pending)) yield return message;
        }
        finally
        {
            foreach (var batch in pending) batch.Dispose();
            if (next is not null) await DropAsync(next);
        }
    }

    /// <summary>The pending batches as messages; the list is empty afterwards.</summary>
    private static IEnumerable<FlightData> Encode(IpcBatchWriter writer, List<Batch> pending)
    {
        if (pending.Count == 0) yield break;
        if (pending.Count == 1)
        {
            foreach (var message in writer.EncodeSplit(pending[0], MaxBodyBytes)) yield return new FlightData(message);
        }
        else
        {
            yield return new FlightData(writer.Encode(pending));
        }

        foreach (var batch in pending) batch.Dispose();
        pending.Clear();
    }

    /// <summary>Waits for a step that nobody needs any more.</summary>
    private static async Task DropAsync(Task<Batch?> next)
    {
        try
        {
            (await next)?.Dispose();
        }
        catch (Exception exception) when (exception is SqlException or OperationCanceledException)
        {
            // The call fails for a reason of its own; this step was cancelled with it.
        }
    }

    private static void RememberSettings(FlightSession session, SessionLane lane, string? transaction, string sql, IPortal portal)
    {
        if (portal.IsEmpty || portal.Fields is not null || !string.IsNullOrEmpty(transaction)
            || lane.TransactionStatus != TransactionStatus.Idle) return;
        if (portal.CommandTag(0) is "SET" or "RESET" or "DISCARD ALL") session.Remember(lane, sql);
    }

    /// <summary>The number at the end of the command tag; 0 for commands that count nothing.</summary>
    private static long CountOf(IPortal portal, long returned)
    {
        if (portal.IsEmpty) return 0;
        var tag = portal.CommandTag(returned);
        return long.TryParse(tag.AsSpan(tag.LastIndexOf(' ') + 1), System.Globalization.CultureInfo.InvariantCulture, out var count)
            ? count
            : 0;
    }
}
