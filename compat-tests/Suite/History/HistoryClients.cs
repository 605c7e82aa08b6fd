using Federation.CompatTests.Suite.Protocol;
using Federation.Core.Errors;
using Federation.Flight;
using Federation.Flight.Client;
using Federation.Flight.Protocol;
using Federation.FlightSql.Protocol;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Federation.CompatTests.Suite.History;

/// <summary>
/// A client whose statements belong to one transaction after the other. Errors of the server are <see cref="SqlException"/>, a connection
/// that broke is an <see cref="IOException"/>.
/// </summary>
internal interface IHistoryClient : IAsyncDisposable
{
    Task BeginAsync();

    Task ExecuteAsync(string sql);

    /// <summary>The value of the only row and column.</summary>
    Task<string> ReadAsync(string sql);

    Task EndAsync(bool isCommit);
}

/// <summary>PostgreSQL's protocol.</summary>
internal sealed class WireHistoryClient(RawClient client) : IHistoryClient
{
    public Task BeginAsync() => ExecuteAsync("BEGIN");

    public async Task ExecuteAsync(string sql) => await RunAsync(sql);

    public async Task<string> ReadAsync(string sql) => (await RunAsync(sql)).Rows.Single()[0]!;

    public async Task EndAsync(bool isCommit)
    {
        var tag = (await RunAsync(isCommit ? "COMMIT" : "ROLLBACK")).Tag;
        if (isCommit && tag != "COMMIT") throw new SqlException(SqlState.InFailedSqlTransaction, tag);
    }

    public ValueTask DisposeAsync() => client.DisposeAsync();

    private async Task<QueryResult> RunAsync(string sql)
    {
        var result = await client.QueryAsync(sql);
        return result.Error is { } error ? throw new SqlException(new SqlState(error.Code), error.Message) : result;
    }
}

/// <summary>Arrow Flight SQL: actions begin and end transactions.</summary>
internal sealed class FlightHistoryClient(Uri address) : IHistoryClient
{
    private readonly FlightClient _client = new(address, new FlightClientOptions());
    private ByteString _transaction = ByteString.Empty;

    public Task BeginAsync() => TranslateAsync(async () =>
    {
        var result = await ActAsync("BeginTransaction", new ActionBeginTransactionRequest());
        _transaction = Any.Parser.ParseFrom(result!.Body).Unpack<ActionBeginTransactionResult>().TransactionId;
        return 0;
    });

    public Task ExecuteAsync(string sql) => TranslateAsync(async () =>
    {
        var command = Descriptor(new CommandStatementUpdate { Query = sql, TransactionId = _transaction });
        await foreach (var _ in _client.DoPutAsync(MessagesAsync(command)))
        {
            // The count of rows.
        }

        return 0;
    });

    public Task<string> ReadAsync(string sql) => TranslateAsync(async () =>
    {
        var command = Descriptor(new CommandStatementQuery { Query = sql, TransactionId = _transaction });
        var info = await _client.GetFlightInfoAsync(command);
        string? value = null;
        await foreach (var batch in _client.ReadBatchesAsync(info.Endpoint.Single().Ticket))
            using (batch)
                for (var row = 0; row < batch.RowCount; row++)
                    value = System.Text.Encoding.UTF8.GetString(batch.Columns[0].GetBytes(row));
        return value ?? throw new InvalidOperationException($"{sql} gave no row");
    });

    public Task EndAsync(bool isCommit) => TranslateAsync(async () =>
    {
        await ActAsync("EndTransaction", new ActionEndTransactionRequest
        {
            TransactionId = _transaction,
            Action = isCommit ? ActionEndTransactionRequest.Types.EndTransaction.Commit
                : ActionEndTransactionRequest.Types.EndTransaction.Rollback,
        });
        return 0;
    });

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private static FlightDescriptor Descriptor(IMessage command) =>
        new() { Type = FlightDescriptor.Types.DescriptorType.Cmd, Cmd = Any.Pack(command).ToByteString() };

    private async Task<Result?> ActAsync(string type, IMessage body)
    {
        Result? last = null;
        var action = new Flight.Protocol.Action { Type = type, Body = Any.Pack(body).ToByteString() };
        await foreach (var result in _client.DoActionAsync(action)) last = result;
        return last;
    }

    /// <summary>A server that is gone is the same to both protocols.</summary>
    private static async Task<T> TranslateAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (SqlException error) when (error.State.Class == "08")
        {
            throw new IOException(error.Message, error);
        }
        catch (HttpRequestException error)
        {
            throw new IOException(error.Message, error);
        }
    }

    private static async IAsyncEnumerable<FlightData> MessagesAsync(FlightDescriptor command)
    {
        await Task.CompletedTask;
        yield return new FlightData(default, default) { Descriptor = command.ToByteArray() };
    }
}
