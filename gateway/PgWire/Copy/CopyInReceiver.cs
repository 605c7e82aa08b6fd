using System.Runtime.CompilerServices;
using System.Text;
using Federation.Arrow;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Values;
using Federation.PgWire.Protocol;
using Federation.SessionApi;

namespace Federation.PgWire.Copy;

/// <summary>
/// COPY … FROM STDIN (https://www.postgresql.org/docs/15/protocol-flow.html#PROTOCOL-COPY): reads the client's messages until CopyDone and makes rows of them. Used by one thread.
/// </summary>
/// <param name="readAsync">The next message; null when the client has gone.</param>
internal sealed class CopyInReceiver(CopyIn copy, ValueContext context, Func<CancellationToken, ValueTask<Frame?>> readAsync)
{
    private const int MostRows = 2048;
    private const long MostBytes = 4 << 20;

    private readonly CopyBuffer _buffer = new();

    /// <summary>Batches of rows, each to be disposed by who takes it. 57014 when the client gives up, and the errors of malformed data with the line in their context.</summary>
    public async IAsyncEnumerable<Batch> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var builder = new BatchBuilder(new BatchSchema(copy.Fields.Select(field => new Field(field.Name, field.Type)).ToEquatableArray()));
        ICopyRowReader reader = copy.Format switch
        {
            CopyFormat.Binary => new BinaryCopyReader(copy, context),
            CopyFormat.Csv => new TextCopyReader(copy, context, new CsvLines(copy)),
            _ => new TextCopyReader(copy, context, new TextLines(copy)),
        };
        var values = new object?[copy.Fields.Count];
        for (var isEnd = false; !isEnd;)
        {
            isEnd = !await ReceiveAsync(cancellationToken);
            while (reader.TryRead(_buffer, isEnd, values))
            {
                for (var i = 0; i < values.Length; i++) builder.Columns[i].AppendValue(values[i]);
                builder.EndRow();
                if (builder.RowCount >= MostRows || (builder.RowCount % 64 == 0 && builder.ByteCount >= MostBytes)) yield return builder.Build();
            }
        }

        if (builder.RowCount > 0) yield return builder.Build();
    }

    /// <summary>False at CopyDone.</summary>
    private async ValueTask<bool> ReceiveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var frame = await readAsync(cancellationToken) ?? throw new SqlException(SqlState.ConnectionFailure, "unexpected EOF on client connection with an open transaction") { IsFatal = true };
            switch (frame.Type)
            {
                case FrontendMessageType.CopyData:
                    _buffer.Append(frame.Body.Span);
                    return true;
                case FrontendMessageType.CopyDone: return false;
                case FrontendMessageType.CopyFail:
                    throw new SqlException(SqlState.QueryCanceled, $"COPY from stdin failed: {Encoding.UTF8.GetString(frame.Body.Span).TrimEnd('\0')}");
                case FrontendMessageType.Flush or FrontendMessageType.Sync: break;
                default:
                    throw new SqlException(SqlState.ProtocolViolation, $"unexpected message type 0x{(byte)frame.Type:X2} during COPY from stdin");
            }
        }
    }
}

/// <summary>Bytes that have come and have not been read.</summary>
internal sealed class CopyBuffer
{
    private byte[] _bytes = new byte[64 << 10];
    private int _start;
    private int _end;

    public ReadOnlySpan<byte> Unread => _bytes.AsSpan(_start, _end - _start);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_end + bytes.Length > _bytes.Length)
        {
            var unread = _end - _start;
            var target = unread + bytes.Length <= _bytes.Length ? _bytes : new byte[Math.Max(_bytes.Length * 2, unread + bytes.Length)];
            Unread.CopyTo(target);
            (_bytes, _start, _end) = (target, 0, unread);
        }

        bytes.CopyTo(_bytes.AsSpan(_end));
        _end += bytes.Length;
    }

    public void Advance(int count) => _start += count;
}

/// <summary>Takes rows out of a buffer.</summary>
internal interface ICopyRowReader
{
    /// <summary>Reads a row if there is a whole one; false when more data is needed, or none is left.</summary>
    /// <param name="isEnd">No more data comes.</param>
    /// <param name="values">Takes the row, in the CLR forms of Values.cs.</param>
    bool TryRead(CopyBuffer buffer, bool isEnd, object?[] values);
}
