using Federation.Arrow;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Values;
using Federation.PgWire.Protocol;
using Federation.PgWire.Types;
using Federation.SessionApi;

namespace Federation.PgWire.Statements;

/// <summary>
/// A portal together with what the wire knows of it: the formats of its columns and the rows that were fetched but not yet asked for. Owns
/// the batch, not the portal.
/// </summary>
internal sealed class OpenPortal(IPortal portal, short[] resultFormats, FrameWriter writer) : IDisposable
{
    private ColumnEncoder[]? _encoders;
    private Batch? _batch;
    private int _nextRow;

    public IPortal Portal => portal;

    public short[] ResultFormats => resultFormats;

    /// <summary>True once the last row was taken, or the statement without rows has run.</summary>
    public bool IsDone { get; private set; }

    /// <summary>
    /// The rows to send next: a range of a batch that stays owned by the portal until the next call. Null at the end.
    /// </summary>
    public async ValueTask<RowRange?> NextAsync(long maxRows, CancellationToken cancellationToken)
    {
        while (_batch is null || _nextRow >= _batch.RowCount)
        {
            _batch?.Dispose();
            _batch = null;
            if (IsDone) return null;
            _batch = await writer.WaitForAsync(portal.NextBatchAsync(maxRows, cancellationToken), cancellationToken);
            _nextRow = 0;
            if (_batch is not null) continue;
            IsDone = true;
            return null;
        }

        var count = (int)Math.Min(_batch.RowCount - _nextRow, maxRows);
        var range = new RowRange(_batch, _nextRow, count);
        _nextRow += count;
        return range;
    }

    /// <summary>Makes the first step now; its rows wait for <see cref="NextAsync"/>.</summary>
    public async ValueTask StartAsync(CancellationToken cancellationToken)
    {
        _batch = await writer.WaitForAsync(portal.NextBatchAsync(cancellationToken), cancellationToken);
        IsDone = _batch is null;
    }

    /// <summary>One encoder per column, chosen when the first rows are there and kept for the whole result.</summary>
    public ColumnEncoder[] Encoders(EquatableArray<ResultField> fields, Batch batch, TextFormat format)
    {
        if (_encoders is not null) return _encoders;
        var encoders = new ColumnEncoder[fields.Count];
        for (var i = 0; i < encoders.Length; i++)
        {
            // The column knows the decimal shape of its numbers; the announced type need not.
            var held = batch.Columns[i].Type;
            var type = held.HasSameBase(fields[i].Type) ? held : fields[i].Type;
            if (Format(i) is not (Codecs.Text or Codecs.Binary))
                throw new SqlException(SqlState.InvalidParameterValue, $"unsupported format code: {Format(i)}");
            encoders[i] = Codecs.Choose(type, Format(i), format);
        }

        return _encoders = encoders;
    }

    public void Dispose()
    {
        _batch?.Dispose();
        _batch = null;
    }

    private short Format(int column) => resultFormats.Length switch { 0 => Codecs.Text, 1 => resultFormats[0], _ => resultFormats[column] };
}

/// <summary>Rows <paramref name="Start"/> to <paramref name="Start"/> + <paramref name="Count"/> of a borrowed batch.</summary>
internal readonly record struct RowRange(Batch Batch, int Start, int Count);
