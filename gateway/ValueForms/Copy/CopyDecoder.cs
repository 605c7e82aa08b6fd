using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Core;
using Federation.Core.Values;
using Federation.SessionApi;

namespace Federation.ValueForms.Copy;

/// <summary>
/// Reads COPY's data, in pieces that are cut anywhere, and makes batches of its rows. Nothing is allocated per row. Used by one thread.
/// </summary>
public sealed class CopyDecoder(CopyIn copy, ValueContext context)
{
    private const int MostRows = 8192;
    private const long MostBytes = 4 << 20;

    /// <summary>
    /// Batches of rows, each to be disposed by who takes it. The errors of malformed data have the line in their context.
    /// </summary>
    /// <param name="nextAsync">The next piece, which stays valid until the next call; null at the end.</param>
    /// <param name="cancellationToken">Passed on.</param>
    public async IAsyncEnumerable<Batch> ReadAsync(
        Func<CancellationToken, ValueTask<ReadOnlyMemory<byte>?>> nextAsync, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var builder = new BatchBuilder(new BatchSchema(copy.Fields.Select(field => new Field(field.Name,
            field.Type)).ToEquatableArray()));
        ICopyRowReader reader = copy.Format == CopyFormat.Binary ? new BinaryCopyReader(copy, context) : new TextCopyReader(copy, context);
        var buffer = new CopyBuffer();
        for (var isEnd = false; !isEnd;)
        {
            var piece = await nextAsync(cancellationToken);
            isEnd = piece is null;
            buffer.Append(piece.GetValueOrDefault().Span);
            var before = builder.RowCount;
            while (reader.TryRead(buffer, isEnd, builder))
            {
                builder.EndRow();
                if (builder.RowCount < MostRows && (builder.RowCount % 64 != 0 || builder.ByteCount < MostBytes)) continue;
                copy.Progress.Add(builder.RowCount - before, 0);
                before = 0;
                yield return builder.Build();
            }

            copy.Progress.Add(builder.RowCount - before, piece?.Length ?? 0);
        }

        if (builder.RowCount > 0) yield return builder.Build();
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
    /// <summary>
    /// Appends the values of a row, if there is a whole one, and leaves it to the caller to end it; false when more data is needed, or none
    /// is left.
    /// </summary>
    /// <param name="isEnd">No more data comes.</param>
    bool TryRead(CopyBuffer buffer, bool isEnd, BatchBuilder rows);
}
