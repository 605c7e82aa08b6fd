using System.Globalization;
using Federation.Arrow;
using Federation.Arrow.Ipc;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Flight.Protocol;
using Federation.Flight.Server;
using Federation.FlightSql.Protocol;
using Federation.FlightSql.Sessions;
using Federation.FlightSql.Statements;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Federation.FlightSql;

/// <summary>
/// The actions: prepared statements, transactions, cancelling, session options. Bodies of Flight SQL's own actions are wrapped in Any;
/// those of Flight are plain.
/// </summary>
internal sealed class FlightSqlActions(SessionTable sessions)
{
    private delegate ValueTask<ByteString?> Handler(SessionTable sessions, FlightSession session, ByteString body,
        FlightCallContext context);

    private static readonly (string Name, string Description, Handler Run)[] s_actions =
    [
        ("CreatePreparedStatement", "Analyses a statement.", CreatePreparedStatementAsync),
        ("ClosePreparedStatement", "Forgets a prepared statement.", ClosePreparedStatementAsync),
        ("BeginTransaction", "Begins a transaction.", BeginTransactionAsync),
        ("EndTransaction", "Commits or rolls back a transaction.", EndTransactionAsync),
        ("BeginSavepoint", "Sets a savepoint.", BeginSavepointAsync),
        ("EndSavepoint", "Releases or rolls back to a savepoint.", EndSavepointAsync),
        ("CancelQuery", "Cancels a query (deprecated: CancelFlightInfo).", CancelQueryAsync),
        ("CancelFlightInfo", "Cancels a query.", CancelFlightInfoAsync),
        ("SetSessionOptions", "Sets settings of the session.", SetSessionOptionsAsync),
        ("GetSessionOptions", "Shows the settings of the session.", GetSessionOptionsAsync),
        ("CloseSession", "Ends the session.", CloseSessionAsync),
    ];

    public static async IAsyncEnumerable<ActionType> ListAsync()
    {
        await Task.CompletedTask;
        foreach (var (name, description, _) in s_actions) yield return new ActionType { Type = name, Description = description };
    }

    public async IAsyncEnumerable<Result> RunAsync(Flight.Protocol.Action action, FlightCallContext context)
    {
        using var use = await sessions.EnterAsync(context);
        var handler = Array.Find(s_actions, known => known.Name == action.Type).Run
            ?? throw new SqlException(SqlState.FeatureNotSupported, $"action \"{action.Type}\" is not supported");
        if (await handler(sessions, use.Session, action.Body, context) is { } body) yield return new Result { Body = body };
    }

    private static async ValueTask<ByteString?> CreatePreparedStatementAsync(SessionTable sessions, FlightSession session, ByteString body,
        FlightCallContext context)
    {
        var request = Commands.Unpack<ActionCreatePreparedStatementRequest>(body);
        var transaction = FlightSqlService.IdOf(request.HasTransactionId, request.TransactionId);
        var handle = FlightSession.NewHandle();
        await using var lease = await session.RentAsync(transaction, context.CancellationToken);
        var statement = await lease.Lane.PrepareAsync(handle, request.Query, context.CancellationToken);
        await lease.EndAsync(context.CancellationToken);
        session.Prepared[handle] = new PreparedEntry(handle, request.Query, transaction) { Fields = statement.Fields };
        var parameters = statement.ParameterTypes
            .Select((type, i) => new Arrow.Field($"${(i + 1).ToString(CultureInfo.InvariantCulture)}", type)).ToEquatableArray();
        var result = new ActionCreatePreparedStatementResult { PreparedStatementHandle = ByteString.CopyFromUtf8(handle),
            DatasetSchema = Frames.Encapsulate(StatementStream.SchemaOf(statement.Fields)) };
        result.ParameterSchema = Frames.Encapsulate(IpcSchema.Encode(new BatchSchema(parameters)));
        return Any.Pack(result).ToByteString();
    }

    private static async ValueTask<ByteString?> ClosePreparedStatementAsync(SessionTable sessions, FlightSession session, ByteString body,
        FlightCallContext context)
    {
        await session.CloseStatementAsync(Commands.Unpack<ActionClosePreparedStatementRequest>(body).PreparedStatementHandle.ToStringUtf8(),
            context.CancellationToken);
        return null;
    }

    private static async ValueTask<ByteString?> BeginTransactionAsync(SessionTable sessions, FlightSession session, ByteString body,
        FlightCallContext context)
    {
        Commands.Unpack<ActionBeginTransactionRequest>(body);
        var transaction = await session.BeginTransactionAsync(context.CancellationToken);
        return Any.Pack(new ActionBeginTransactionResult { TransactionId = ByteString.CopyFromUtf8(transaction) }).ToByteString();
    }

    private static async ValueTask<ByteString?> EndTransactionAsync(SessionTable sessions, FlightSession session, ByteString body,
        FlightCallContext context)
    {
        var request = Commands.Unpack<ActionEndTransactionRequest>(body);
        if (request.Action is not (ActionEndTransactionRequest.Types.EndTransaction.Commit
            or ActionEndTransactionRequest.Types.EndTransaction.Rollback))
            throw new SqlException(SqlState.InvalidParameterValue, "EndTransaction says neither commit nor rollback");
        await session.EndTransactionAsync(request.TransactionId.ToStringUtf8(),
            request.Action == ActionEndTransactionRequest.Types.EndTransaction.Commit, context.CancellationToken);
        return null;
    }

    private static async ValueTask<ByteString?> BeginSavepointAsync(SessionTable sessions, FlightSession session, ByteString body,
        FlightCallContext context)
    {
        var request = Commands.Unpack<ActionBeginSavepointRequest>(body);
        var transaction = request.TransactionId.ToStringUtf8();
        await using var lease = await session.RentAsync(DemandTransaction(transaction), context.CancellationToken);
        await lease.Lane.RunAsync($"SAVEPOINT {Quote(request.Name)}", context.CancellationToken);
        return Any.Pack(new ActionBeginSavepointResult { SavepointId = ByteString.CopyFromUtf8($"{transaction}/{request.Name}") })
            .ToByteString();
    }

    private static async ValueTask<ByteString?> EndSavepointAsync(SessionTable sessions, FlightSession session, ByteString body,
        FlightCallContext context)
    {
        var request = Commands.Unpack<ActionEndSavepointRequest>(body);
        var id = request.SavepointId.ToStringUtf8();
        var slash = id.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0) throw new SqlException(SqlState.SEInvalidSpecification, "the savepoint does not exist");
        var command = request.Action switch
        {
            ActionEndSavepointRequest.Types.EndSavepoint.Release => "RELEASE SAVEPOINT",
            ActionEndSavepointRequest.Types.EndSavepoint.Rollback => "ROLLBACK TO SAVEPOINT",
            _ => throw new SqlException(SqlState.InvalidParameterValue, "EndSavepoint says neither release nor rollback"),
        };
        await using var lease = await session.RentAsync(DemandTransaction(id[..slash]), context.CancellationToken);
        await lease.Lane.RunAsync($"{command} {Quote(id[(slash + 1)..])}", context.CancellationToken);
        return null;
    }

    private static ValueTask<ByteString?> CancelQueryAsync(SessionTable sessions, FlightSession session, ByteString body,
        FlightCallContext context)
    {
        var info = Commands.Parse(FlightInfo.Parser, Commands.Unpack<ActionCancelQueryRequest>(body).Info.Span);
        var result = new ActionCancelQueryResult { Result = (ActionCancelQueryResult.Types.CancelResult)(int)Cancel(session, info) };
        return ValueTask.FromResult<ByteString?>(Any.Pack(result).ToByteString());
    }

    private static ValueTask<ByteString?> CancelFlightInfoAsync(SessionTable sessions, FlightSession session, ByteString body,
        FlightCallContext context)
    {
        var request = Commands.Parse(CancelFlightInfoRequest.Parser, body.Span);
        return ValueTask.FromResult<ByteString?>(
            new CancelFlightInfoResult { Status = Cancel(session, request.Info ?? new FlightInfo()) }.ToByteString());
    }

    /// <summary>A query that runs is told to stop; one that was not fetched yet is forgotten.</summary>
    private static CancelStatus Cancel(FlightSession session, FlightInfo info)
    {
        var status = CancelStatus.NotCancellable;
        foreach (var endpoint in info.Endpoint)
        {
            if (endpoint.Ticket is null || Commands.Unpack(endpoint.Ticket.Ticket_) is not TicketStatementQuery ticket) continue;
            var handle = ticket.StatementHandle.ToStringUtf8();
            if (!session.Queries.TryGetValue(handle, out var query))
                throw new SqlException(SqlState.UndefinedObject, "the query does not exist or has ended");
            query.Cancel();
            status = query.IsRunning ? CancelStatus.Cancelling : CancelStatus.Cancelled;
            if (!query.IsRunning) session.Queries.TryRemove(handle, out _);
        }

        return status;
    }

    private static async ValueTask<ByteString?> SetSessionOptionsAsync(SessionTable sessions, FlightSession session, ByteString body,
        FlightCallContext context)
    {
        var request = Commands.Parse(SetSessionOptionsRequest.Parser, body.Span);
        var result = new SetSessionOptionsResult();
        foreach (var (name, option) in request.SessionOptions)
        {
            try
            {
                await SetAsync(session, name, option, context.CancellationToken);
            }
            catch (SqlException error)
            {
                var value = error.State == SqlState.UndefinedObject ? SetSessionOptionsResult.Types.ErrorValue.InvalidName
                    : error.State == SqlState.InvalidParameterValue ? SetSessionOptionsResult.Types.ErrorValue.InvalidValue
                    : SetSessionOptionsResult.Types.ErrorValue.Error;
                result.Errors[name] = new SetSessionOptionsResult.Types.Error { Value = value };
            }
        }

        return result.ToByteString();
    }

    private static async ValueTask SetAsync(FlightSession session, string name, SessionOptionValue option,
        CancellationToken cancellationToken)
    {
        // The names that Flight SQL gives to where unqualified tables are looked up.
        var setting = name == "schema" ? "search_path" : name;
        if (name == "catalog")
            throw new SqlException(SqlState.InvalidParameterValue,
                "the catalog of a session is chosen when it begins, by the header \"database\"");
        var value = option.OptionValueCase switch
        {
            SessionOptionValue.OptionValueOneofCase.StringValue => option.StringValue,
            SessionOptionValue.OptionValueOneofCase.BoolValue => option.BoolValue ? "on" : "off",
            SessionOptionValue.OptionValueOneofCase.Int64Value => option.Int64Value.ToString(CultureInfo.InvariantCulture),
            SessionOptionValue.OptionValueOneofCase.DoubleValue => option.DoubleValue.ToString("R", CultureInfo.InvariantCulture),
            SessionOptionValue.OptionValueOneofCase.StringListValue => string.Join(", ", option.StringListValue.Values.Select(Quote)),
            _ => null,
        };
        // An option without value goes back to its default.
        var sql = value is null ? $"RESET {Quote(setting)}" : $"SELECT pg_catalog.set_config({Literal(setting)}, {Literal(value)}, false)";
        await using var lease = await session.RentAsync(null, cancellationToken);
        await lease.Lane.RunAsync(sql, cancellationToken);
        session.Remember(lease.Lane, sql);
    }

    private static async ValueTask<ByteString?> GetSessionOptionsAsync(SessionTable sessions, FlightSession session, ByteString body,
        FlightCallContext context)
    {
        Commands.Parse(GetSessionOptionsRequest.Parser, body.Span);
        var result = new GetSessionOptionsResult();
        await using var lease = await session.RentAsync(null, context.CancellationToken);
        var statement =
            await lease.Lane
                .PrepareAsync(
                    "SELECT name, setting FROM pg_catalog.pg_settings UNION ALL SELECT 'catalog', pg_catalog.current_database()::text",
                    context.CancellationToken);
        await using (var portal = await lease.Lane.BindAsync(statement, default, context.CancellationToken))
        {
            while (await portal.NextAsync(context.CancellationToken) is { } batch)
            {
                using (batch)
                    for (var row = 0; row < batch.RowCount; row++)
                        result.SessionOptions[(string)batch.Columns[0].ReadValue(row)!] =
                            new SessionOptionValue { StringValue = (string?)batch.Columns[1].ReadValue(row) ?? "" };
            }
        }

        await lease.EndAsync(context.CancellationToken);
        return result.ToByteString();
    }

    private static async ValueTask<ByteString?> CloseSessionAsync(SessionTable sessions, FlightSession session, ByteString body,
        FlightCallContext context)
    {
        await sessions.CloseAsync(session);
        return new CloseSessionResult { Status = CloseSessionResult.Types.Status.Closed }.ToByteString();
    }

    private static string DemandTransaction(string id) =>
        id.Length > 0 ? id : throw new SqlException(SqlState.NoActiveSqlTransaction, "savepoints need a transaction");

    private static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
