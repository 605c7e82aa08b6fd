using Federation.Arrow;
using Federation.Arrow.Ipc;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Values;
using Federation.Flight;
using Federation.Flight.Protocol;
using Federation.Flight.Server;
using Federation.FlightSql.Metadata;
using Federation.FlightSql.Protocol;
using Federation.FlightSql.Sessions;
using Federation.FlightSql.Statements;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Federation.FlightSql;

/// <summary>
/// What the calls of Flight SQL mean. A descriptor holds a command; GetFlightInfo announces its columns, from the binder and without
/// running it, and DoGet runs it. Commands of metadata are their own tickets, so they need no state here.
/// </summary>
internal sealed class FlightSqlService(SessionTable sessions) : FlightService
{
    private const int MaxWaitingQueries = 4096;

    private readonly FlightSqlActions _actions = new(sessions);

    public override async IAsyncEnumerable<HandshakeResponse> HandshakeAsync(IAsyncEnumerable<HandshakeRequest> requests,
        FlightCallContext context)
    {
        var payload = ByteString.Empty;
        await foreach (var request in requests.WithCancellation(context.CancellationToken))
        {
            payload = request.Payload;
            break; // credentials fit in one message
        }

        var credentials = context.FindHeader("authorization") is null && !payload.IsEmpty ? ReadBasicAuth(payload) : null;
        var session = await sessions.LogInAsync(context, credentials);
        context.ResponseHeaders["authorization"] = $"Bearer {session.Token}";
        yield return new HandshakeResponse { Payload = ByteString.CopyFromUtf8(session.Token) };
    }

    public override async ValueTask<FlightInfo> GetFlightInfoAsync(FlightDescriptor descriptor, FlightCallContext context)
    {
        using var use = await sessions.EnterAsync(context);
        var command = ReadCommand(descriptor);
        var ticket = Any.Pack(command);
        IpcSchema schema;
        if (command is CommandStatementQuery query)
        {
            var transaction = IdOf(query.HasTransactionId, query.TransactionId);
            var fields = await DescribeAsync(use.Session, transaction, query.Query, context.CancellationToken);
            if (use.Session.Queries.Count >= MaxWaitingQueries)
                throw new SqlException(SqlState.ConfigurationLimitExceeded, "too many queries were announced and not fetched")
                    { Hint = "Fetch their tickets, or cancel them." };
            var handle = FlightSession.NewHandle();
            use.Session.Queries[handle] = new QueryEntry(query.Query, transaction, fields);
            ticket = Any.Pack(new TicketStatementQuery { StatementHandle = ByteString.CopyFromUtf8(handle) });
            schema = StatementStream.SchemaOf(fields);
        }
        else
        {
            schema = SchemaOf(use.Session, command);
        }

        return new FlightInfo
        {
            Schema = Frames.Encapsulate(schema),
            FlightDescriptor = descriptor,
            Endpoint = { new FlightEndpoint { Ticket = new Ticket { Ticket_ = ticket.ToByteString() } } },
            TotalRecords = -1,
            TotalBytes = -1,
            Ordered = true,
        };
    }

    public override async ValueTask<SchemaResult> GetSchemaAsync(FlightDescriptor descriptor, FlightCallContext context)
    {
        using var use = await sessions.EnterAsync(context);
        var command = ReadCommand(descriptor);
        var schema = command is CommandStatementQuery query
            ? StatementStream.SchemaOf(
                await DescribeAsync(use.Session, IdOf(query.HasTransactionId, query.TransactionId), query.Query, context.CancellationToken))
            : SchemaOf(use.Session, command);
        return new SchemaResult { Schema = Frames.Encapsulate(schema) };
    }

    public override async IAsyncEnumerable<FlightData> DoGetAsync(Ticket ticket, FlightCallContext context)
    {
        using var use = await sessions.EnterAsync(context);
        var command = Commands.Unpack(ticket.Ticket_);
        var messages = command switch
        {
            TicketStatementQuery query => RunQueryAsync(use.Session, query.StatementHandle.ToStringUtf8(), context.CancellationToken),
            // Some clients send the command itself as the ticket.
            CommandStatementQuery query => RunDirectlyAsync(use.Session, query, context.CancellationToken),
            CommandPreparedStatementQuery prepared =>
                RunPreparedAsync(use.Session, FindPrepared(use.Session, prepared.PreparedStatementHandle), context.CancellationToken),
            _ => MetadataStreams.RunAsync(use.Session, command, context.CancellationToken),
        };
        await foreach (var message in messages.WithCancellation(context.CancellationToken)) yield return message;
    }

    public override async IAsyncEnumerable<PutResult> DoPutAsync(IAsyncEnumerable<FlightData> data, FlightCallContext context)
    {
        using var use = await sessions.EnterAsync(context);
        await using var messages = data.GetAsyncEnumerator(context.CancellationToken);
        if (!await messages.MoveNextAsync()) throw new SqlException(SqlState.ProtocolViolation, "DoPut without a message");
        IMessage command;
        IpcSchema? schema;
        using (var first = messages.Current)
        {
            if (first.Descriptor.IsEmpty)
                throw new SqlException(SqlState.ProtocolViolation, "the first message of DoPut has no descriptor");
            command = ReadCommand(Commands.Parse(FlightDescriptor.Parser, first.Descriptor.Span));
            schema = first.Header.IsEmpty ? null : IpcSchema.Decode(first.Header);
        }

        switch (command)
        {
            case CommandStatementUpdate update:
                yield return Counted(
                    await StatementStream.RunUpdateAsync(use.Session, IdOf(update.HasTransactionId, update.TransactionId), update.Query,
                        null, [], context.CancellationToken));
                break;
            case CommandPreparedStatementUpdate update:
                var statement = FindPrepared(use.Session, update.PreparedStatementHandle);
                var bound = await ReadParametersAsync(use.Session, statement, schema, messages, context.CancellationToken);
                var rows = bound ?? statement.Rows;
                // A batch without rows executes nothing.
                var count = bound is { Count: 0 } && schema!.Batch.Fields.Count > 0 ? 0
                    : await StatementStream.RunUpdateAsync(use.Session, statement.Transaction, statement.Sql, statement.Handle, rows,
                        context.CancellationToken);
                yield return Counted(count);
                break;
            case CommandPreparedStatementQuery query:
                var prepared = FindPrepared(use.Session, query.PreparedStatementHandle);
                prepared.Rows = await ReadParametersAsync(use.Session, prepared, schema, messages, context.CancellationToken) ?? [];
                yield return new PutResult { AppMetadata =
                    new DoPutPreparedStatementResult { PreparedStatementHandle = query.PreparedStatementHandle }.ToByteString() };
                break;
            default: throw new SqlException(SqlState.FeatureNotSupported, $"DoPut of {command.Descriptor.Name} is not supported");
        }
    }

    public override IAsyncEnumerable<Result> DoActionAsync(Flight.Protocol.Action action, FlightCallContext context) =>
        _actions.RunAsync(action, context);

    public override IAsyncEnumerable<ActionType> ListActionsAsync(FlightCallContext context) => FlightSqlActions.ListAsync();

    internal static string? IdOf(bool isSet, ByteString id) => isSet && !id.IsEmpty ? id.ToStringUtf8() : null;

    /// <summary>The result columns of a statement; null when it returns no rows. Nothing is run.</summary>
    private static async ValueTask<EquatableArray<SessionApi.ResultField>?> DescribeAsync(FlightSession session, string? transaction,
        string sql, CancellationToken cancellationToken)
    {
        await using var lease = await session.RentAsync(transaction, cancellationToken);
        var statement = await lease.Lane.PrepareAsync(sql, cancellationToken);
        await lease.EndAsync(cancellationToken);
        return statement.Fields;
    }

    private static IMessage ReadCommand(FlightDescriptor descriptor) => descriptor.Type == FlightDescriptor.Types.DescriptorType.Cmd
        ? Commands.Unpack(descriptor.Cmd)
        : throw new SqlException(SqlState.FeatureNotSupported, "only descriptors that hold a Flight SQL command are supported");

    private static IpcSchema SchemaOf(FlightSession session, IMessage command) => command is CommandPreparedStatementQuery prepared
        ? StatementStream.SchemaOf(FindPrepared(session, prepared.PreparedStatementHandle).Fields)
        : MetadataStreams.SchemaOf(command);

    private static PreparedEntry FindPrepared(FlightSession session, ByteString handle) =>
        session.Prepared.GetValueOrDefault(handle.ToStringUtf8())
        ?? throw new SqlException(SqlState.InvalidSqlStatementName, "the prepared statement does not exist or was closed");

    private static IAsyncEnumerable<FlightData> RunPreparedAsync(FlightSession session, PreparedEntry statement,
        CancellationToken cancellationToken) =>
        StatementStream.RunAsync(session, statement.Transaction, statement.Sql, statement.Handle, statement.Rows, statement.Fields,
            cancellationToken);

    private static async IAsyncEnumerable<FlightData> RunQueryAsync(FlightSession session, string handle,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!session.Queries.TryGetValue(handle, out var query) || query.IsRunning)
            throw new SqlException(SqlState.UndefinedObject, "the ticket does not exist or was used");
        query.IsRunning = true;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, query.Cancelled);
        try
        {
            await foreach (var message in StatementStream.RunAsync(session, query.Transaction, query.Sql, null, [], query.Fields,
                either.Token)) yield return message;
        }
        finally
        {
            session.Queries.TryRemove(handle, out _);
            query.Dispose();
        }
    }

    private static async IAsyncEnumerable<FlightData> RunDirectlyAsync(FlightSession session, CommandStatementQuery query,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var transaction = IdOf(query.HasTransactionId, query.TransactionId);
        var fields = await DescribeAsync(session, transaction, query.Query, cancellationToken);
        await foreach (var message in StatementStream.RunAsync(session, transaction, query.Query, null, [], fields, cancellationToken))
            yield return message;
    }

    /// <summary>The rows that follow; null when the client sent no schema, and so no parameters.</summary>
    private static async ValueTask<List<EquatableArray<object?>>?> ReadParametersAsync(
        FlightSession session, PreparedEntry statement, IpcSchema? schema, IAsyncEnumerator<FlightData> messages,
        CancellationToken cancellationToken)
    {
        if (schema is null) return null;
        await using var lease = await session.RentAsync(statement.Transaction, cancellationToken);
        var types = (await lease.Lane.PrepareAsync(statement.Handle, statement.Sql, cancellationToken)).ParameterTypes;
        var context = new ValueContext(lease.Lane.TextFormat, default);
        using var reader = new IpcBatchReader(schema);
        var rows = new List<EquatableArray<object?>>();
        while (await messages.MoveNextAsync())
        {
            using var message = messages.Current;
            if (message.Header.IsEmpty) continue;
            using var batch = reader.Read(message.Header.Span, message.TakeBody());
            if (batch is not null) ParameterReader.Read(batch, types, context, rows);
        }

        return types.Count == 0 ? null : rows;
    }

    private static PutResult Counted(long rows) => new() { AppMetadata = new DoPutUpdateResult { RecordCount = rows }.ToByteString() };

    private static Credentials ReadBasicAuth(ByteString payload)
    {
        var basic = Commands.Parse(BasicAuth.Parser, payload.Span);
        return new Credentials(basic.Username, basic.Password);
    }
}
