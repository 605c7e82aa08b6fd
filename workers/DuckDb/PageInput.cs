using System.Collections.Concurrent;
using Federation.Arrow;
using Federation.Core;
using Federation.Core.Types;

namespace Federation.DuckDb;

/// <summary>
/// A bounded queue of batches between a source (one writer, asynchronous) and the kernel threads that run <c>pages(handle)</c> (several
/// readers, which block). Reading ends when the kernel is done with the statement or when <see cref="Cancel"/> is called; both wake
/// everybody.
/// </summary>
public sealed class PageInput : IDisposable
{
    private readonly ConcurrentQueue<Batch> _queue = new();
    private readonly SemaphoreSlim _free;
    private readonly SemaphoreSlim _filled = new(0);
    private readonly CancellationTokenSource _ended = new();
    private readonly Lock _lock = new();
    private bool _isComplete;
    private bool _isEnded;
    private int _isOpened;

    /// <param name="capacity">Batches held at most before <see cref="WriteAsync"/> waits.</param>
    public PageInput(EquatableArray<RecordField> columns, long estimatedRows = -1, int capacity = 8)
    {
        Columns = columns;
        EstimatedRows = estimatedRows;
        _free = new SemaphoreSlim(capacity);
        Ended = _ended.Token;
    }

    public EquatableArray<RecordField> Columns { get; }

    /// <summary>Rows expected; negative when unknown. Feeds the kernel's join order.</summary>
    public long EstimatedRows { get; }

    /// <summary>The source's own error, kept whole because the kernel carries only text.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Cancelled when nobody reads any more: the source should stop.</summary>
    public CancellationToken Ended { get; }

    /// <summary>
    /// Hands a batch to the kernel. Waits while the queue is full; false when nobody reads any more (the batch is disposed).
    /// </summary>
    public async ValueTask<bool> WriteAsync(Batch batch)
    {
        try
        {
            if (!_free.Wait(0)) await _free.WaitAsync(Ended);
        }
        catch (OperationCanceledException)
        {
            batch.Dispose();
            return false;
        }

        lock (_lock)
        {
            if (!_isEnded)
            {
                _queue.Enqueue(batch);
                _filled.Release();
                return true;
            }
        }

        batch.Dispose();
        return false;
    }

    /// <summary>No more batches; readers fail with <paramref name="failure"/> when there is one.</summary>
    public void Complete(Exception? failure = null)
    {
        lock (_lock)
        {
            if (_isComplete) return;
            Failure = failure;
            _isComplete = true;
            _filled.Release();
        }
    }

    /// <summary>Ends reading and writing; queued batches are disposed.</summary>
    public void Cancel()
    {
        lock (_lock)
        {
            if (_isEnded) return;
            _isEnded = true;
        }

        // Outside of the lock: cancelling runs the continuation of a waiting writer.
        _ended.Cancel();
        while (_queue.TryDequeue(out var batch)) batch.Dispose();
    }

    public void Dispose()
    {
        Cancel();
        _ended.Dispose();
    }

    /// <summary>True for the one scan that may read this input.</summary>
    internal bool TryOpen() => Interlocked.Exchange(ref _isOpened, 1) == 0;

    /// <summary>The next batch, owned by the caller; null at the end. Blocks a kernel thread until there is one.</summary>
    internal Batch? Take()
    {
        while (true)
        {
            _filled.Wait(Ended);
            if (_queue.TryDequeue(out var batch))
            {
                _free.Release();
                return batch;
            }

            Ended.ThrowIfCanceled();
            // Complete released once; pass it on to the other readers.
            _filled.Release();
            return Failure is { } failure ? throw failure : null;
        }
    }
}

/// <summary>The page inputs of one kernel instance by handle.</summary>
public sealed class PageInputs
{
    private readonly ConcurrentDictionary<long, PageInput> _inputs = new();
    private long _last;

    /// <summary>Makes the input readable as <c>pages(handle)</c> until it is removed.</summary>
    public long Add(PageInput input)
    {
        var handle = Interlocked.Increment(ref _last);
        _inputs[handle] = input;
        return handle;
    }

    public void Remove(long handle) => _inputs.TryRemove(handle, out _);

    internal PageInput? Find(long handle) => _inputs.GetValueOrDefault(handle);
}
