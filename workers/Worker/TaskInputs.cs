using Federation.Arrow;
using Federation.Core.Tasks;
using Federation.DuckDb;

namespace Federation.Worker;

/// <summary>
/// The inputs of one task that arrive as pages. Each source starts at once; its pump ends when the source does, when the kernel has read
/// enough, or when the task is cancelled.
/// </summary>
internal sealed class TaskInputs : IDisposable
{
    // Sources stop within a second of being cancelled; one that does not is left behind.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    private readonly PageInputs _pages;
    private readonly int _capacity;
    private readonly CancellationToken _cancellationToken;
    private readonly List<PageInput> _inputs = [];
    private readonly List<Task> _pumps = [];
    private readonly Dictionary<string, long> _handles = new(StringComparer.Ordinal);
    private readonly CancellationTokenRegistration _registration;

    public TaskInputs(PageInputs pages, int capacity, CancellationToken cancellationToken)
    {
        _pages = pages;
        _capacity = capacity;
        _cancellationToken = cancellationToken;
        _registration = cancellationToken.UnsafeRegister(static inputs => ((TaskInputs)inputs!).Cancel(), this);
    }

    /// <summary>The handle for <c>pages()</c> by input name.</summary>
    public IReadOnlyDictionary<string, long> Handles => _handles;

    /// <summary>The first error of a source.</summary>
    public Exception? Failure
    {
        get
        {
            lock (_inputs) return _inputs.Select(input => input.Failure).FirstOrDefault(failure => failure is not null);
        }
    }

    /// <param name="source">Null for inputs that the kernel reads itself.</param>
    public void Add(TaskInput input, Func<CancellationToken, IAsyncEnumerable<Batch>>? source)
    {
        if (source is null) return;
        var pages = new PageInput(input.Columns, input.EstimatedRows, _capacity);
        lock (_inputs) _inputs.Add(pages);
        if (_cancellationToken.IsCancellationRequested) pages.Cancel();
        _handles.Add(input.Name, _pages.Add(pages));
        _pumps.Add(Task.Run(() => PumpAsync(pages, source), CancellationToken.None));
    }

    public void Dispose()
    {
        _registration.Dispose();
        Cancel();
        foreach (var handle in _handles.Values) _pages.Remove(handle);
        // The task's own thread; pumps never fail.
        if (Task.WhenAll(_pumps).Wait(s_patience))
            foreach (var input in _inputs)
                input.Dispose();
    }

    private void Cancel()
    {
        PageInput[] inputs;
        lock (_inputs) inputs = [.. _inputs];
        foreach (var input in inputs) input.Cancel();
    }

    private static async Task PumpAsync(PageInput input, Func<CancellationToken, IAsyncEnumerable<Batch>> source)
    {
        try
        {
            await foreach (var batch in source(input.Ended).WithCancellation(input.Ended))
                if (!await input.WriteAsync(batch))
                    break;
            input.Complete();
        }
        catch (OperationCanceledException) when (input.Ended.IsCancellationRequested)
        {
            input.Complete();
        }
        catch (Exception error)
        {
            input.Complete(error);
        }
    }
}
