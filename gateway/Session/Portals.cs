using Federation.Arrow;
using Federation.Session.Cursors;
using Federation.SessionApi;

namespace Federation.Session;

/// <summary>
/// A statement being run. Its token lives as long as the portal, which several statements of the protocol may ask for rows; each of them
/// can cancel it.
/// </summary>
internal abstract class Portal(QuerySession session) : IPortal
{
    private CancellationTokenSource? _cancellation;

    public abstract EquatableArray<ResultField>? Fields { get; }

    public virtual bool IsEmpty => false;

    public virtual bool RunsBeforeDescription => false;

    public virtual CopyOut? CopyOut => null;

    protected QuerySession Session { get; } = session;

    /// <summary>How many rows the call that runs asks for.</summary>
    protected long MostRows { get; private set; } = long.MaxValue;

    public async ValueTask<Batch?> NextBatchAsync(long mostRows, CancellationToken cancellationToken)
    {
        MostRows = mostRows;
        try
        {
            return await NextBatchAsync(cancellationToken);
        }
        finally
        {
            MostRows = long.MaxValue;
        }
    }

    public async ValueTask<Batch?> NextBatchAsync(CancellationToken cancellationToken)
    {
        _cancellation ??= new CancellationTokenSource();
        var statement = Session.ContinueStatement();
        using var link = cancellationToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), _cancellation);
        using var watch = statement.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), _cancellation);
        try
        {
            _cancellation.Token.ThrowIfCancellationRequested();
            return await AdvanceAsync(_cancellation.Token);
        }
        catch (Exception error)
            when (_cancellation.IsCancellationRequested && error is OperationCanceledException or SqlException { State.Code: "57014" })
        {
            throw Session.Cancelled();
        }
    }

    public abstract string CommandTag(long rows);

    public virtual ValueTask DisposeAsync()
    {
        _cancellation?.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The next rows or null; the token lives as long as the portal.</summary>
    protected abstract ValueTask<Batch?> AdvanceAsync(CancellationToken cancellationToken);
}

/// <summary>A portal over a stream of batches that is made when first asked for.</summary>
internal sealed class RowPortal(
    QuerySession session,
    EquatableArray<ResultField>? fields,
    Func<CancellationToken, IAsyncEnumerable<Batch>> open,
    Func<long, string> tag) : Portal(session)
{
    private IAsyncEnumerator<Batch>? _rows;
    private Batch? _first;
    private bool _isPrefetched;
    private bool _isRunning;
    private bool _isSpooling;

    /// <summary>What is left of the rows, when others needed what the query held.</summary>
    private RowSpool? _spool;
    private long _spoolPosition;
    private SqlException? _failure;

    public override EquatableArray<ResultField>? Fields => fields;

    /// <summary>Set for FETCH.</summary>
    public bool RunsFirst { get; init; }

    public override bool RunsBeforeDescription => RunsFirst;

    /// <summary>Set for COPY.</summary>
    public CopyOut? Copy { get; init; }

    public override CopyOut? CopyOut => Copy;

    /// <summary>It waits for its reader, and its rows can be put aside.</summary>
    public bool CanSpool => !_isRunning && _spool is null && fields is not null && Copy is null;

    public override string CommandTag(long rows) => tag(rows);

    /// <summary>
    /// Reads the query to its end. Its error, if it has one, is for who reads the rows; an end of the disk or a cancel is everybody's.
    /// </summary>
    public async ValueTask SpoolAsync(string directory, CancellationToken cancellationToken)
    {
        var spool = new RowSpool(fields!.Value, directory, RowSpool.SuspendedMemoryLimit);
        _isSpooling = true;
        try
        {
            while (await NextBatchAsync(cancellationToken) is { } batch)
            {
                using (batch) spool.Append(batch, 0);
            }
        }
        catch (SqlException error) when (error.State != SqlState.QueryCanceled && error.State != SqlState.DiskFull)
        {
            _failure = error;
        }
        catch
        {
            spool.Dispose();
            throw;
        }

        _spool = spool;
        await CloseAsync();
    }

    /// <summary>Runs up to the first rows now, so that an error comes before anything is announced.</summary>
    public async ValueTask PrefetchAsync(CancellationToken cancellationToken)
    {
        _first = await NextBatchAsync(cancellationToken);
        _isPrefetched = true;
    }

    public override async ValueTask DisposeAsync()
    {
        _first?.Dispose();
        _first = null;
        _spool?.Dispose();
        await CloseAsync();
        await base.DisposeAsync();
    }

    protected override async ValueTask<Batch?> AdvanceAsync(CancellationToken cancellationToken)
    {
        if (_isPrefetched)
        {
            _isPrefetched = false;
            var first = _first;
            _first = null;
            return first;
        }

        if (_spool is not null) return NextSpooled();
        _isRunning = true;
        try
        {
            if (!_isSpooling) await Session.Suspended.EnterAsync(this, cancellationToken);
            _rows ??= open(cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (await _rows.MoveNextAsync())
            {
                if (_rows.Current.RowCount > 0) return _rows.Current;
                _rows.Current.Dispose();
            }

            Session.Suspended.Leave(this);
            return null;
        }
        finally
        {
            _isRunning = false;
        }
    }

    private Batch? NextSpooled()
    {
        if (_spoolPosition == _spool!.RowCount) return _failure is null ? null : throw _failure;
        var batch = _spool.Read(_spoolPosition, long.MaxValue, isBackward: false);
        _spoolPosition += batch.RowCount;
        return batch;
    }

    private async ValueTask CloseAsync()
    {
        Session.Suspended.Leave(this);
        if (_rows is not null) await _rows.DisposeAsync();
        _rows = null;
    }
}

/// <summary>A statement that does its work in one step and returns no rows.</summary>
internal sealed class CommandPortal(QuerySession session, Func<CancellationToken, ValueTask<string>> run) : Portal(session)
{
    private string? _tag;

    public override EquatableArray<ResultField>? Fields => null;

    public override string CommandTag(long rows) => _tag ?? throw new InvalidOperationException("the command has not run");

    protected override async ValueTask<Batch?> AdvanceAsync(CancellationToken cancellationToken)
    {
        _tag ??= await run(cancellationToken);
        return null;
    }
}

/// <summary>The empty query.</summary>
internal sealed class EmptyPortal(QuerySession session) : Portal(session)
{
    public override EquatableArray<ResultField>? Fields => null;

    public override bool IsEmpty => true;

    public override string CommandTag(long rows) => "";

    protected override ValueTask<Batch?> AdvanceAsync(CancellationToken cancellationToken) => ValueTask.FromResult<Batch?>(null);
}
