using System.Diagnostics;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Values;
using Federation.PgWire.Copy;
using Federation.PgWire.Protocol;
using Federation.PgWire.Types;
using Federation.SessionApi;
using Federation.ValueForms.Copy;

namespace Federation.PgWire.Statements;

/// <summary>
/// Carries out the messages of both query protocols on a session and writes their answers. Errors are thrown; what they skip is decided by
/// <see cref="ExtendedQueryMachine"/>.
/// </summary>
/// <param name="session">The session.</param>
/// <param name="writer">Takes the answers.</param>
/// <param name="clock">The time of now() in parameters.</param>
/// <param name="readAsync">The next message of the client, for COPY FROM STDIN; null when the client has gone.</param>
internal sealed class StatementRunner(ISession session, FrameWriter writer, TimeProvider clock,
    Func<CancellationToken, ValueTask<Frame?>> readAsync)
{
    private readonly Dictionary<string, OpenPortal> _portals = new(StringComparer.Ordinal);
    private readonly SessionReports _reports = new(session, writer);

    /// <summary>A statement was executed since the last Sync.</summary>
    private bool _hasExecuted;

    public SessionReports Reports => _reports;

    public async ValueTask RunSimpleQueryAsync(QueryMessage message, CancellationToken cancellationToken)
    {
        // A simple query destroys the unnamed statement and portal.
        session.CloseStatement("");
        await ClosePortalAsync("");
        var statements = await writer.WaitForAsync(session.SplitAsync(message.Sql, cancellationToken), cancellationToken);
        if (statements.Count == 0)
        {
            writer.WriteEmpty(BackendMessageType.EmptyQueryResponse);
            await session.EndImplicitTransactionAsync(cancellationToken);
            return;
        }

        if (statements.Count > 1) session.BeginImplicitBlock();
        else session.EndAfterStatement();
        for (var i = 0; i < statements.Count; i++)
        {
            var prepared = await writer.WaitForAsync(session.PrepareAsync(statements[i], cancellationToken), cancellationToken);
            var portal = await writer.WaitForAsync(session.BindAsync("", prepared, default, cancellationToken), cancellationToken);
            using (var open = new OpenPortal(portal, [], writer))
            {
                if (portal.RunsBeforeDescription) await open.StartAsync(cancellationToken);
                if (portal.Fields is { } fields) BackendMessages.WriteRowDescription(writer, fields, default);
                var rows = await SendRowsAsync(open, long.MaxValue, cancellationToken);
                var tag = portal.IsEmpty ? null : portal.CommandTag(rows);
                await ClosePortalAsync("");
                // A commit that fails must be reported instead of the completion of the last statement, not behind it.
                if (i == statements.Count - 1) await EndTransactionAsync(cancellationToken);
                else session.EndStatement();
                _reports.WriteNotices();
                Complete(tag);
            }
        }
    }

    public async ValueTask ParseAsync(ParseMessage message, CancellationToken cancellationToken)
    {
        await writer.WaitForAsync(
            session.PrepareAsync(message.StatementName, message.Sql, message.ParameterTypes, cancellationToken), cancellationToken);
        _reports.WriteNotices();
        writer.WriteEmpty(BackendMessageType.ParseComplete);
    }

    public async ValueTask BindAsync(BindMessage message, CancellationToken cancellationToken)
    {
        var statement = session.GetStatement(message.StatementName);
        var parameters = statement.ParameterTypes.Count == 0 && message.Parameters.Length == 0 && message.ParameterFormats.Length <= 1
            ? default
            : await DecodeAsync(message, statement, cancellationToken);
        CheckResultFormats(message, statement);
        var portal = await writer.WaitForAsync(
            session.BindAsync(message.PortalName, statement, parameters, cancellationToken), cancellationToken);
        if (_portals.Remove(message.PortalName, out var replaced)) replaced.Dispose();
        _portals.Add(message.PortalName, new OpenPortal(portal, message.ResultFormats, writer));
        _reports.WriteNotices();
        writer.WriteEmpty(BackendMessageType.BindComplete);
    }

    /// <summary>Names of objects among the parameters are looked up when they are met.</summary>
    private async ValueTask<EquatableArray<object?>> DecodeAsync(BindMessage message, IPreparedStatement statement,
        CancellationToken cancellationToken)
    {
        while (true)
        {
            UnresolvedNameException unresolved;
            try
            {
                return ParameterDecoder.Decode(message, statement.ParameterTypes, new ValueContext(session.TextFormat, Now()));
            }
            catch (UnresolvedNameException error)
            {
                unresolved = error;
            }

            await session.ResolveNameAsync(unresolved, cancellationToken);
        }
    }

    public void Describe(DescribeMessage message)
    {
        if (message.Kind == TargetKind.Statement)
        {
            var statement = session.GetStatement(message.Name);
            DemandUsableTransaction(statement.Fields);
            BackendMessages.WriteParameterDescription(writer, statement.ParameterTypes);
            WriteRowDescription(statement.Fields, default);
            return;
        }

        var portal = GetPortal(message.Name);
        DemandUsableTransaction(portal.Portal.Fields);
        WriteRowDescription(portal.Portal.Fields, portal.ResultFormats);
    }

    /// <param name="message">Which portal, and how many rows.</param>
    /// <param name="isLast">The client has sent Sync behind it.</param>
    /// <param name="cancellationToken">Ends the statement.</param>
    public async ValueTask ExecuteAsync(ExecuteMessage message, bool isLast, CancellationToken cancellationToken)
    {
        var open = GetPortal(message.PortalName);
        if (open.Portal.IsEmpty)
        {
            writer.WriteEmpty(BackendMessageType.EmptyQueryResponse);
            return;
        }

        if (open.IsDone && open.Portal.Fields is null)
            throw new SqlException(SqlState.ObjectNotInPrerequisiteState, $"portal \"{message.PortalName}\" cannot be run");
        var limit = message.MaxRows > 0 ? message.MaxRows : long.MaxValue;
        // What comes after other statements has their transaction.
        if (isLast && !_hasExecuted) session.EndAfterStatement();
        _hasExecuted = true;
        var rows = await SendRowsAsync(open, limit, cancellationToken);
        _reports.WriteNotices();
        // PostgreSQL stops as soon as the limit is reached, even when no row is left.
        if (open.Portal.Fields is not null && rows == limit)
        {
            writer.WriteEmpty(BackendMessageType.PortalSuspended);
            return;
        }

        session.EndStatement();
        Complete(open.Portal.CommandTag(rows));
    }

    public async ValueTask CloseAsync(CloseMessage message)
    {
        if (message.Kind == TargetKind.Statement) session.CloseStatement(message.Name);
        else await ClosePortalAsync(message.Name);
        writer.WriteEmpty(BackendMessageType.CloseComplete);
    }

    /// <summary>Commits the implicit transaction; the portals of a transaction end with it.</summary>
    public async ValueTask EndTransactionAsync(CancellationToken cancellationToken)
    {
        _hasExecuted = false;
        await session.EndImplicitTransactionAsync(cancellationToken);
        if (session.TransactionStatus == TransactionStatus.Idle) ReleasePortals();
        _reports.WriteNotices();
    }

    /// <summary>Tells the session of an error that the client is told of.</summary>
    public async ValueTask FailAsync(SqlException error)
    {
        await session.FailAsync(error);
        if (session.TransactionStatus != TransactionStatus.InTransaction) ReleasePortals();
    }

    public void ReleasePortals()
    {
        foreach (var portal in _portals.Values) portal.Dispose();
        _portals.Clear();
    }

    private void Complete(string? tag)
    {
        if (tag is null) writer.WriteEmpty(BackendMessageType.EmptyQueryResponse);
        else BackendMessages.WriteCommandComplete(writer, tag);
    }

    private async ValueTask<long> SendRowsAsync(OpenPortal open, long limit, CancellationToken cancellationToken)
    {
        if (open.Portal is ICopyPortal receiver) return await ReceiveAsync(receiver, cancellationToken);
        try
        {
            return open.Portal.CopyOut is { } copy ? await CopyOutWriter.SendAsync(writer, open, copy, session, cancellationToken)
                : await SendAsync(open, limit, cancellationToken);
        }
        finally
        {
            writer.Interrupt = default;
        }
    }

    private async ValueTask<long> SendAsync(OpenPortal open, long limit, CancellationToken cancellationToken)
    {
        var sent = 0L;
        while (sent < limit && await open.NextAsync(limit - sent, cancellationToken) is { } rows)
        {
            if (open.Portal.Fields is not { } fields) throw new UnreachableException("a statement without fields returned rows");
            // A client that does not read holds up the rows, not the end of the statement.
            writer.Interrupt = session.StatementToken;
            await RowWriter.WriteAsync(writer, rows, open.Encoders(fields, rows.Batch, session.TextFormat), session.StatementToken);
            sent += rows.Count;
        }

        return sent;
    }

    private async ValueTask<long> ReceiveAsync(ICopyPortal portal, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, session.StatementToken);
        BackendMessages.WriteCopyInResponse(writer, portal.CopyIn);
        await writer.FlushAsync(ended.Token);
        var rows = new CopyDecoder(portal.CopyIn, new ValueContext(session.TextFormat, Now()))
            .ReadAsync(new CopyInReceiver(readAsync).NextAsync, ended.Token);
        return await portal.ReceiveAsync(rows, cancellationToken);
    }

    private OpenPortal GetPortal(string name)
    {
        var portal = session.GetPortal(name);
        if (_portals.TryGetValue(name, out var open) && ReferenceEquals(open.Portal, portal)) return open;
        open?.Dispose();
        // A cursor that SQL declared: its columns are text.
        return _portals[name] = new OpenPortal(portal, [], writer);
    }

    private async ValueTask ClosePortalAsync(string name)
    {
        if (_portals.Remove(name, out var open)) open.Dispose();
        await session.ClosePortalAsync(name);
    }

    private static void CheckResultFormats(BindMessage message, IPreparedStatement statement)
    {
        var columns = statement.Fields?.Count ?? 0;
        if (message.ResultFormats.Length > 1 && statement.Fields is not null && message.ResultFormats.Length != columns)
            throw ProtocolErrors.Malformed(
                $"bind message has {message.ResultFormats.Length} result formats but query has {columns} columns");
    }

    private void WriteRowDescription(EquatableArray<ResultField>? fields, ReadOnlySpan<short> formats)
    {
        if (fields is { } columns) BackendMessages.WriteRowDescription(writer, columns, formats);
        else writer.WriteEmpty(BackendMessageType.NoData);
    }

    /// <summary>In a failed transaction only statements that return nothing may be described: the others might need the catalog.</summary>
    private void DemandUsableTransaction(EquatableArray<ResultField>? fields)
    {
        if (session.TransactionStatus != TransactionStatus.Failed || fields is null) return;
        throw new SqlException(
            SqlState.InFailedSqlTransaction, "current transaction is aborted, commands ignored until end of transaction block");
    }

    private PgTimestamp Now() => new((clock.GetUtcNow().Ticks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond);
}
