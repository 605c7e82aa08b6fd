using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Cursors;

/// <summary>
/// A query's rows read a number at a time, by the rules of PostgreSQL's portals (pquery.c). A cursor that can scroll keeps the rows it has
/// passed in a <see cref="RowSpool"/>; one that cannot streams. At the commit that ends its transaction a cursor WITH HOLD takes all its
/// rows into a spool.
/// </summary>
internal sealed class CursorPortal(QuerySession session, IPortal rows, bool canScroll, string spillDirectory) : Portal(session)
{
    private const long All = long.MaxValue;

    private RowSpool? _spool;

    /// <summary>Which row of the result the spool's first is.</summary>
    private long _spoolBase;

    private bool _isWhole;
    private Batch? _rest;
    private int _next;

    /// <summary>Rows passed; when not at the end, the present row is the last of them.</summary>
    private long _position;

    private bool _atStart = true;
    private bool _atEnd;

    /// <summary>What pg_cursors shows of it.</summary>
    public required SystemCatalog.CursorState State { get; init; }

    /// <summary>WITH HOLD: outlives the transaction that declared it, once that commits.</summary>
    public bool IsHeld { get; set; }

    /// <summary>Savepoints that were set when it was declared: a rollback to one of them takes it away.</summary>
    public int Depth { get; set; }

    /// <summary>The query has ended and its rows are all here.</summary>
    public bool IsWhole => _isWhole;

    public override EquatableArray<ResultField>? Fields => rows.Fields;

    /// <summary>Rows of a result: <paramref name="First"/> is the first to give, downward when backward.</summary>
    private readonly record struct Range(long First, long Count, bool IsBackward);

    public override string CommandTag(long count) => rows.CommandTag(count);

    public override async ValueTask DisposeAsync()
    {
        _rest?.Dispose();
        _rest = null;
        _spool?.Dispose();
        _spool = null;
        await rows.DisposeAsync();
        await base.DisposeAsync();
    }

    /// <summary>Moves as FETCH would and gives the rows. A null count is ALL.</summary>
    public async IAsyncEnumerable<Batch> FetchAsync(FetchDirection direction, long? count, [EnumeratorCancellation]
        CancellationToken cancellationToken)
    {
        var (isForward, last) = await ApproachAsync(direction, count, cancellationToken);
        if (last == 0)
        {
            // FETCH 0 gives the present row again, and stays on it.
            if (_atStart || _atEnd) yield break;
            await BackwardAsync(1, cancellationToken);
            last = 1;
            isForward = true;
        }

        if (isForward && !canScroll && _spool is null)
        {
            await foreach (var batch in StreamAsync(last, cancellationToken)) yield return batch;
            yield break;
        }

        var range = isForward ? await ForwardAsync(last, cancellationToken) : await BackwardAsync(last, cancellationToken);
        for (var done = 0L; done < range.Count;)
        {
            var batch = _spool!.Read(range.First - _spoolBase + (range.IsBackward ? -done : done), range.Count - done, range.IsBackward);
            done += batch.RowCount;
            yield return batch;
        }
    }

    /// <summary>Moves as FETCH would and counts the rows it would give.</summary>
    public async ValueTask<long> MoveAsync(FetchDirection direction, long? count, CancellationToken cancellationToken)
    {
        var (isForward, last) = await ApproachAsync(direction, count, cancellationToken);
        if (last == 0) return _atStart || _atEnd ? 0 : 1;
        if (!isForward && last == All && direction is FetchDirection.Forward or FetchDirection.Backward)
        {
            var passed = _position > 0 && !_atEnd ? _position - 1 : _position;
            Rewind();
            return passed;
        }

        return (isForward ? await ForwardAsync(last, cancellationToken) : await BackwardAsync(last, cancellationToken)).Count;
    }

    /// <summary>Takes all rows out of the query, whose transaction ends now.</summary>
    public async ValueTask HoldAsync(CancellationToken cancellationToken)
    {
        if (_isWhole) return;
        if (_spool is null) _spoolBase = _position;
        await FillAsync(All, cancellationToken);
        await rows.DisposeAsync();
    }

    protected override async ValueTask<Batch?> AdvanceAsync(CancellationToken cancellationToken)
    {
        // Execute of the protocol on a cursor: the next rows in whatever pieces they come.
        if (!canScroll && _spool is null)
        {
            await foreach (var batch in StreamAsync(MostRows, cancellationToken)) return batch;
            return null;
        }

        if (_atEnd) return null;
        await FillAsync(_position + 1, cancellationToken);
        var left = _spool!.RowCount + _spoolBase - _position;
        var part = left == 0 ? null : _spool.Read(_position - _spoolBase, left, isBackward: false);
        Advance(part?.RowCount ?? 0, part?.RowCount ?? All);
        return part;
    }

    /// <summary>All of a movement but its last step: the direction of that and its count, 0 for "the present row".</summary>
    private async ValueTask<(bool IsForward, long Count)> ApproachAsync(FetchDirection direction, long? wanted,
        CancellationToken cancellationToken)
    {
        var count = wanted ?? All;
        switch (direction)
        {
            case FetchDirection.Absolute when count > 0:
                if (count - 1 <= _position / 2)
                {
                    Rewind();
                    if (count > 1) await ForwardAsync(count - 1, cancellationToken);
                }
                else
                {
                    var position = _atEnd ? _position + 1 : _position;
                    if (count <= position) await BackwardAsync(position - count + 1, cancellationToken);
                    else if (count > position + 1) await ForwardAsync(count - position - 1, cancellationToken);
                }

                return (true, 1);
            case FetchDirection.Absolute when count < 0:
                await ForwardAsync(All, cancellationToken);
                if (count < -1) await BackwardAsync(-count - 1, cancellationToken);
                return (false, 1);
            case FetchDirection.Absolute:
                Rewind();
                return (true, 0);
            case FetchDirection.Relative when count > 0:
                if (count > 1) await ForwardAsync(count - 1, cancellationToken);
                return (true, 1);
            case FetchDirection.Relative when count < 0:
                if (count < -1) await BackwardAsync(-count - 1, cancellationToken);
                return (false, 1);
            case FetchDirection.Backward:
                return (count < 0, Math.Abs(count));
            default:
                return (count >= 0, Math.Abs(count));
        }
    }

    private async ValueTask<Range> ForwardAsync(long count, CancellationToken cancellationToken)
    {
        if (_atEnd || count <= 0) return default;
        var first = _position;
        long taken;
        if (canScroll || _spool is not null)
        {
            await FillAsync(count == All ? All : first + count, cancellationToken);
            taken = Math.Min(count, _spool!.RowCount + _spoolBase - first);
        }
        else
        {
            taken = 0;
            await foreach (var batch in ReadAsync(count, cancellationToken))
            {
                taken += batch.RowCount;
                batch.Dispose();
            }
        }

        Advance(taken, count);
        return new Range(first, taken, IsBackward: false);
    }

    private ValueTask<Range> BackwardAsync(long count, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!canScroll) throw OnlyForward();
        if (_atStart || count <= 0) return ValueTask.FromResult(default(Range));
        var present = _atEnd ? _position : _position - 1;
        var taken = Math.Min(count, present);
        if (taken > 0 && _atEnd)
        {
            _atEnd = false;
            _position++;
        }

        if (count == All || taken < count)
        {
            _atStart = true;
            _position = 0;
        }
        else
        {
            _position -= taken;
        }

        return ValueTask.FromResult(new Range(present - 1, taken, IsBackward: true));
    }

    private async IAsyncEnumerable<Batch> StreamAsync(long count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (_atEnd) yield break;
        var taken = 0L;
        await foreach (var batch in ReadAsync(count, cancellationToken))
        {
            taken += batch.RowCount;
            _position += batch.RowCount;
            _atStart = false;
            yield return batch;
        }

        if (count == All || taken < count) _atEnd = true;
    }

    private void Advance(long taken, long count)
    {
        if (taken > 0) _atStart = false;
        if (count == All || taken < count) _atEnd = true;
        _position += taken;
    }

    private void Rewind()
    {
        if (_atStart && !_atEnd) return;
        if (!canScroll) throw OnlyForward();
        (_atStart, _atEnd, _position) = (true, false, 0);
    }

    /// <summary>Spools until that many rows of the result are there, or it ends.</summary>
    private async ValueTask FillAsync(long rowCount, CancellationToken cancellationToken)
    {
        _spool ??= new RowSpool(Fields!.Value, spillDirectory);
        while (!_isWhole && _spool.RowCount + _spoolBase < rowCount)
        {
            if (_rest is null && await rows.NextBatchAsync(cancellationToken) is { } batch) (_rest, _next) = (batch, 0);
            if (_rest is null)
            {
                _isWhole = true;
                return;
            }

            _spool.Append(_rest, _next);
            _rest.Dispose();
            _rest = null;
        }
    }

    /// <summary>The next rows straight from the query; what is left of a batch waits for the next call.</summary>
    private async IAsyncEnumerable<Batch> ReadAsync(long count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (count > 0)
        {
            if (_rest is null && await rows.NextBatchAsync(cancellationToken) is { } batch) (_rest, _next) = (batch, 0);
            if (_rest is not { } present) yield break;
            var taken = (int)Math.Min(count, present.RowCount - _next);
            count -= taken;
            if (_next == 0 && taken == present.RowCount)
            {
                _rest = null;
                yield return present;
                continue;
            }

            var part = Statements.BatchCopy.Slice(present, _next, taken, Fields!.Value);
            _next += taken;
            if (_next == present.RowCount)
            {
                present.Dispose();
                _rest = null;
            }

            yield return part;
        }
    }

    private static SqlException OnlyForward() => new(SqlState.ObjectNotInPrerequisiteState, "cursor can only scan forward")
    {
        Hint = "Declare it with SCROLL option to enable backward scan.",
    };
}
