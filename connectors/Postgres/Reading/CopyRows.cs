using System.Buffers;
using System.Buffers.Binary;
using Federation.Arrow;
using Federation.Core.Errors;

namespace Federation.Connectors.Postgres.Reading;

/// <summary>
/// Turns the binary COPY format into batches:
/// <code>
/// "PGCOPY\n" FF 0D 0A 00   signature, 11 bytes
/// int32 flags, int32 length of the header extension, extension
/// per row: int16 fields, then per field int32 length (-1 for NULL) and the bytes of the type's send function
/// int16 -1                 end
/// </code>
/// A row is parsed when all of it is in the buffer. Nothing is allocated per row. Owns the stream.
/// </summary>
internal sealed class CopyRows : IRemoteRows
{
    private const int MaxRows = 16384;
    private const int MaxBatchBytes = 1 << 20;
    private const int FirstBufferBytes = 128 << 10;
    private const int SignatureBytes = 11;
    private const int HeaderBytes = SignatureBytes + 8;

    private readonly CopyStream _stream;
    private readonly FieldReader[] _readers;
    private readonly BatchBuilder _batch;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(FirstBufferBytes);
    private int _start;
    private int _end;
    private int _batchBytes;
    private bool _isComplete;
    private bool _hasHeader;

    public CopyRows(CopyStream stream, BatchSchema schema)
    {
        _stream = stream;
        _readers = schema.Fields.Select(field => FieldReaders.Create(field.Name, field.Type, stream.IsUnchecked)).ToArray();
        _batch = new BatchBuilder(schema);
    }

    /// <summary>The next rows, or null after the last.</summary>
    public async ValueTask<Batch?> ReadAsync()
    {
        try
        {
            if (!_hasHeader) await ReadHeaderAsync();
            while (!_isComplete && _batch.RowCount < MaxRows && _batchBytes < MaxBatchBytes)
            {
                if (ParseRows()) continue;
                if (_isComplete) await EndAsync();
                else if (await FillAsync() == 0) throw Malformed("it ends in the middle of a row");
            }
        }
        catch (Exception exception) when (exception is not SqlException)
        {
            throw _stream.Translate(exception);
        }

        _batchBytes = 0;
        return _batch.RowCount == 0 ? null : _batch.Build();
    }

    public async ValueTask DisposeAsync()
    {
        _batch.Dispose();
        // The buffer may still be the target of a read that is cancelled here.
        await _stream.DisposeAsync();
        ArrayPool<byte>.Shared.Return(_buffer);
    }

    private async ValueTask ReadHeaderAsync()
    {
        while (_end < HeaderBytes)
            if (await FillAsync() == 0)
                throw Malformed("it has no header");
        var header = _buffer.AsSpan(0, HeaderBytes);
        if (!header.StartsWith("PGCOPY\n"u8)) throw Malformed("its signature is missing");
        var extension = BinaryPrimitives.ReadInt32BigEndian(header[(SignatureBytes + sizeof(int))..]);
        if (extension != 0) throw Malformed("it has an unknown header extension");
        _start = HeaderBytes;
        _hasHeader = true;
    }

    /// <summary>Parses the whole rows in the buffer; false when there is none.</summary>
    private bool ParseRows()
    {
        var first = _start;
        while (_batch.RowCount < MaxRows)
        {
            var length = RowLength(_buffer.AsSpan(_start, _end - _start));
            if (length <= 0)
            {
                _isComplete = length == 0;
                break;
            }

            ParseRow(_buffer.AsSpan(_start + sizeof(short), length - sizeof(short)));
            _start += length;
        }

        _batchBytes += _start - first;
        return _start > first && !_isComplete;
    }

    /// <summary>Bytes of the row at the front; -1 when not all of it is there, 0 for the end mark.</summary>
    private int RowLength(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < sizeof(short)) return -1;
        var fields = BinaryPrimitives.ReadInt16BigEndian(bytes);
        if (fields == -1) return 0;
        if (fields != _readers.Length) throw Malformed($"a row has {fields} fields instead of {_readers.Length}");
        var position = sizeof(short);
        for (var i = 0; i < fields; i++)
        {
            if (bytes.Length - position < sizeof(int)) return -1;
            var length = BinaryPrimitives.ReadInt32BigEndian(bytes[position..]);
            position += sizeof(int) + Math.Max(length, 0);
            if ((uint)position > (uint)bytes.Length) return -1;
        }

        return position;
    }

    private void ParseRow(ReadOnlySpan<byte> fields)
    {
        var columns = _batch.Columns;
        for (var i = 0; i < columns.Length; i++)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(fields);
            fields = fields[sizeof(int)..];
            if (length < 0)
            {
                columns[i].AppendNull();
                continue;
            }

            _readers[i].Read(fields[..length], columns[i]);
            fields = fields[length..];
        }

        _batch.EndRow();
    }

    /// <summary>Takes the messages after the last row, so that the connection can be used again.</summary>
    private async ValueTask EndAsync()
    {
        _start = _end = 0;
        if (await FillAsync() != 0) throw Malformed("it goes on after its end");
        _stream.End();
    }

    /// <summary>Reads once into the buffer, which grows when one row fills it.</summary>
    private async ValueTask<int> FillAsync()
    {
        if (_start == _end) _start = _end = 0;
        if (_end == _buffer.Length) MakeRoom();
        var count = await _stream.ReadAsync(_buffer.AsMemory(_end));
        _end += count;
        return count;
    }

    private void MakeRoom()
    {
        var target = _start == 0 ? ArrayPool<byte>.Shared.Rent(checked(_buffer.Length * 2)) : _buffer;
        _buffer.AsSpan(_start, _end - _start).CopyTo(target);
        if (!ReferenceEquals(target, _buffer))
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = target;
        }

        _end -= _start;
        _start = 0;
    }

    private static SqlException Malformed(string why) => new(SqlState.ProtocolViolation, $"the source's COPY stream is malformed: {why}");
}
