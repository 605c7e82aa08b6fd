using Federation.Core.Errors;
using Npgsql;

namespace Federation.Connectors.Postgres.Reading;

/// <summary>
/// The bytes of one <c>COPY (query) TO STDOUT (FORMAT BINARY)</c> over a pooled connection. Cancelling asks the source to cancel the query;
/// if that does not end it soon, the connection is broken. Disposal before the end does the same and gives the connection back.
/// </summary>
internal sealed class CopyStream : IAsyncDisposable
{
    /// <summary>How long a source may take to obey a cancel request; with it cancelling stays below a second.</summary>
    private static readonly TimeSpan s_cancelLimit = TimeSpan.FromMilliseconds(700);

    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlConnection _connection;
    private readonly PostgresErrors _errors;
    private readonly string _sql;
    private readonly string _shown;
    private readonly string? _snapshot;
    private readonly CancellationToken _cancellation;
    private readonly CancellationTokenSource _abandonment = new();
    private readonly Lock _lock = new();
    private CancellationTokenRegistration _registration;
    private NpgsqlRawCopyStream? _stream;
    private Task _cancelling = Task.CompletedTask;
    private int _backend;
    private bool _isEnded;

    private CopyStream(NpgsqlDataSource source, NpgsqlConnection connection, string sql, string shown, string? snapshot,
        PostgresErrors errors, CancellationToken cancellation)
    {
        _snapshot = snapshot;
        _source = source;
        _connection = connection;
        _sql = sql;
        _shown = shown;
        _errors = errors;
        _cancellation = cancellation;
    }

    /// <summary>The source does not know the encoding of its text.</summary>
    public bool IsUnchecked => _connection.PostgresParameters.TryGetValue("server_encoding", out var encoding) && encoding == "SQL_ASCII";

    /// <param name="shown">What errors say was asked.</param>
    /// <param name="snapshot">An exported snapshot that the query reads; null for the newest state.</param>
    public static async ValueTask<CopyStream> OpenAsync(NpgsqlDataSource source, string sql, string shown, string? snapshot,
        PostgresErrors errors, CancellationToken cancellationToken)
    {
        var copy = new CopyStream(source, source.CreateConnection(), sql, shown, snapshot, errors, cancellationToken);
        try
        {
            await copy.StartAsync();
            return copy;
        }
        catch
        {
            await copy.DisposeAsync();
            throw;
        }
    }

    /// <summary>Some bytes, or 0 at the end.</summary>
    public ValueTask<int> ReadAsync(Memory<byte> buffer) => _stream!.ReadAsync(buffer, _abandonment.Token);

    /// <summary>The exception for what <see cref="ReadAsync"/> threw.</summary>
    public Exception Translate(Exception exception) =>
        _cancellation.IsCancellationRequested ? new OperationCanceledException(_cancellation) : _errors.WhileReading(exception, _shown);

    /// <summary>Nothing is left to read or to cancel.</summary>
    public void End() => _isEnded = true;

    public async ValueTask DisposeAsync()
    {
        await _registration.DisposeAsync();
        if (_stream is not null)
        {
            if (!_isEnded) RequestCancel();
            // A cancel request on its way must not meet the next query of this connection.
            await _cancelling;
            await CloseStreamAsync(_stream);
        }

        await _cancelling;
        await _connection.DisposeAsync();
        _abandonment.Dispose();
    }

    private async Task StartAsync()
    {
        try
        {
            await _connection.OpenAsync(_cancellation);
        }
        catch (Exception exception) when (exception is not SqlException)
        {
            throw _cancellation.IsCancellationRequested
                ? new OperationCanceledException(_cancellation)
                : _errors.WhileConnecting(exception);
        }

        _backend = _connection.ProcessID;
        _registration = _cancellation.UnsafeRegister(static copy => ((CopyStream)copy!).RequestCancel(), this);
        try
        {
            if (_snapshot is not null) await SetSnapshotAsync(_snapshot);
            _stream = await _connection.BeginRawBinaryCopyAsync($"COPY ({_sql}) TO STDOUT (FORMAT BINARY)", _abandonment.Token);
        }
        catch (Exception exception) when (exception is not SqlException)
        {
            throw Translate(exception);
        }
    }

    /// <summary>The pool rolls the transaction back when the connection returns.</summary>
    private async ValueTask SetSnapshotAsync(string snapshot)
    {
        try
        {
            await using var begin = new NpgsqlCommand($"{PostgresSnapshot.Begin}; {PostgresSnapshot.Set(snapshot)}", _connection);
            await begin.ExecuteNonQueryAsync(_abandonment.Token);
        }
        catch (PostgresException error) when (!_cancellation.IsCancellationRequested)
        {
            throw _errors.WhileSettingSnapshot(error, _shown);
        }
    }

    private void RequestCancel()
    {
        lock (_lock)
        {
            if (!_cancelling.IsCompleted || _abandonment.IsCancellationRequested) return;
            _abandonment.CancelAfter(s_cancelLimit);
            _cancelling = Task.Run(CancelAtSourceAsync);
        }
    }

    private async Task CancelAtSourceAsync()
    {
        try
        {
            if (_stream is { } stream)
            {
                await stream.CancelAsync();
                return;
            }

            // Still waiting for the query to start, for instance for a lock: the driver offers no cancel request here.
            await using var command = _source.CreateCommand("SELECT pg_cancel_backend($1)");
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = _backend });
            await command.ExecuteNonQueryAsync(_abandonment.Token);
        }
        catch (Exception exception)
            when (exception is NpgsqlException or OperationCanceledException or ObjectDisposedException or InvalidOperationException
                or IOException)
        {
            // The source cannot be reached or the stream has just ended; what is still running ends with its connection.
            await _abandonment.CancelAsync();
        }
    }

    private static async ValueTask CloseStreamAsync(NpgsqlRawCopyStream stream)
    {
        try
        {
            await stream.DisposeAsync();
        }
        catch (Exception exception)
            when (exception is NpgsqlException or OperationCanceledException or IOException or InvalidOperationException)
        {
            // The rows that were wanted are read; a broken connection is dropped by the pool.
        }
    }
}
