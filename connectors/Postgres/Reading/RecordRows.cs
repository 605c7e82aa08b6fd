using System.Buffers.Binary;
using Federation.Arrow;
using Federation.Core.Errors;
using Npgsql;
using NpgsqlTypes;

namespace Federation.Connectors.Postgres.Reading;

/// <summary>
/// The rows of a prepared statement whose only column is <c>record_send(ROW(…))</c>:
/// <code>
/// int32 fields; per field: uint32 OID of its type, int32 length (-1 for NULL) and the bytes of the type's send function
/// </code> The driver prepares the statement on each pooled connection when it comes again, so that the source neither parses nor plans it.
/// The connection goes back when the last row is read.
/// </summary>
/// <param name="onMany">Called when there are more rows than one batch takes.</param>
internal sealed class RecordRows(
    NpgsqlDataSource source, string sql, string[] values, string shown, PostgresErrors errors, BatchSchema schema, Action onMany,
    CancellationToken cancellation) : IRemoteRows
{
    private const int MaxRows = 16384;
    private const int MaxBatchBytes = 1 << 20;

    private readonly BatchBuilder _batch = new(schema);
    private FieldReader[] _readers = [];
    private NpgsqlConnection? _connection;
    private NpgsqlCommand? _command;
    private NpgsqlDataReader? _reader;
    private bool _isComplete;

    public async ValueTask<Batch?> ReadAsync()
    {
        if (_isComplete) return null;
        if (_reader is null) await StartAsync();
        try
        {
            var bytes = 0;
            while (_batch.RowCount < MaxRows && bytes < MaxBatchBytes)
            {
                if (!await _reader!.ReadAsync(cancellation))
                {
                    _isComplete = true;
                    await CloseAsync();
                    return _batch.RowCount == 0 ? null : _batch.Build();
                }

                var record = _reader.GetFieldValue<byte[]>(0);
                bytes += record.Length;
                Append(record);
            }
        }
        catch (Exception exception) when (exception is not SqlException)
        {
            throw Translate(exception);
        }

        onMany();
        return _batch.Build();
    }

    public async ValueTask DisposeAsync()
    {
        _batch.Dispose();
        // What is not read would have to be read to its end before the connection can be used again.
        if (!_isComplete && _reader is not null) _command!.Cancel();
        try
        {
            await CloseAsync();
        }
        catch (Exception exception)
            when (exception is NpgsqlException or OperationCanceledException or IOException or InvalidOperationException)
        {
            // The rows that were wanted are read; a broken connection is dropped by the pool.
        }
    }

    private async ValueTask StartAsync()
    {
        _connection = source.CreateConnection();
        try
        {
            await _connection.OpenAsync(cancellation);
        }
        catch (Exception exception) when (exception is not SqlException)
        {
            throw cancellation.IsCancellationRequested ? new OperationCanceledException(cancellation) : errors.WhileConnecting(exception);
        }

        // A source that does not know the encoding of its text.
        var isUnchecked = _connection.PostgresParameters.TryGetValue("server_encoding", out var encoding) && encoding == "SQL_ASCII";
        _readers = schema.Fields.Select(field => FieldReaders.Create(field.Name, field.Type, isUnchecked)).ToArray();
        _command = new NpgsqlCommand(sql, _connection) { CommandTimeout = 0 };
        // The statement says of what type they are.
        foreach (var value in values) _command.Parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Unknown, Value = value });
        try
        {
            _reader = await _command.ExecuteReaderAsync(cancellation);
        }
        catch (Exception exception) when (exception is not SqlException)
        {
            throw Translate(exception);
        }
    }

    private void Append(ReadOnlySpan<byte> record)
    {
        var count = BinaryPrimitives.ReadInt32BigEndian(record);
        var columns = _batch.Columns;
        if (count != columns.Length)
            throw new SqlException(SqlState.ProtocolViolation, $"a row of the source has {count} fields instead of {columns.Length}");
        var rest = record[sizeof(int)..];
        for (var i = 0; i < count; i++)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(rest[sizeof(int)..]);
            rest = rest[(2 * sizeof(int))..];
            if (length < 0)
            {
                columns[i].AppendNull();
                continue;
            }

            _readers[i].Read(rest[..length], columns[i]);
            rest = rest[length..];
        }

        _batch.EndRow();
    }

    private Exception Translate(Exception exception) =>
        cancellation.IsCancellationRequested ? new OperationCanceledException(cancellation) : errors.WhileReading(exception, shown);

    private async ValueTask CloseAsync()
    {
        var (reader, command, connection) = (_reader, _command, _connection);
        (_reader, _command, _connection) = (null, null, null);
        try
        {
            if (reader is not null) await reader.DisposeAsync();
            if (command is not null) await command.DisposeAsync();
        }
        finally
        {
            if (connection is not null) await connection.DisposeAsync();
        }
    }
}
