using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.ObjectStorage;
using Federation.Plan;

namespace Federation.Scheduling;

/// <summary>
/// Runs the fragments of one query: stages, each when those that it reads are done, on the workers that are alive, then the root, whose
/// rows stream. When a worker is lost, the tasks whose output was on it are run again elsewhere; rows that the client has already got are
/// never given twice, so a loss after the first row ends the query with an error.
/// </summary>
internal sealed class QueryExecution : IAsyncDisposable
{
    /// <summary>Losses that one query survives. More mean that something other than a worker is broken.</summary>
    private const int MostLosses = 8;

    /// <summary>
    /// Stages that run at a time: while one waits for its source another computes. More would take more memory of the workers and more
    /// connections of the sources.
    /// </summary>
    private const int ConcurrentStages = 2;

    private readonly ScheduledQuery _query;
    private readonly IWorkerDirectory _workers;
    private readonly TaskSettings _settings;
    private readonly QueryReport? _report;
    private readonly IObjectStore _store;
    private readonly Guid _id = Guid.NewGuid();
    private readonly QueryStages _stages = new();
    private readonly Dictionary<Worker, Task<IAsyncDisposable>> _opened = [];
    private int _nextWorker;

    public QueryExecution(ScheduledQuery query, IWorkerDirectory workers, TaskSettings settings, QueryReport? report, IObjectStore store)
    {
        _store = store;
        _query = query;
        _workers = workers;
        _settings = settings;
        _report = report;
        foreach (var fragment in query.Fragments)
            _stages.Add(fragment.Fragment.Id, fragment.Tasks.Count, Reads(fragment).Select(source => source.Fragment));
    }

    public async IAsyncEnumerable<Batch> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var losses = 0; ; losses++)
        {
            var rows = AttemptAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
            await using (rows)
            {
                var hasStarted = false;
                while (true)
                {
                    bool hasRow;
                    try
                    {
                        hasRow = await rows.MoveNextAsync();
                    }
                    catch (SqlException error) when (error.LostWorker is { } address && !cancellationToken.IsCancellationRequested)
                    {
                        Lose(address);
                        if (hasStarted || losses >= MostLosses)
                            throw new SqlException(error.State, error.Message, error)
                                { Hint = "A worker was lost while the query ran; run the query again." };
                        _report?.CountRetry();
                        break;
                    }

                    if (!hasRow) yield break;
                    hasStarted = true;
                    yield return rows.Current;
                }
            }
        }
    }

    /// <summary>
    /// Runs all stages, the root too, whose tasks write files. A task of a lost worker runs again: the files of its lost attempt are
    /// nobody's.
    /// </summary>
    public async Task<WrittenRows> WriteAsync(QueryReport report, CancellationToken cancellationToken)
    {
        var root = _query.Root.Fragment;
        var output = (TaskOutput.WriteFiles)root.Output;
        var isWritten = false;
        try
        {
            await WriteStagesAsync(cancellationToken);
            isWritten = true;
            var tasks = _stages[root.Id];
            return new WrittenRows(tasks.Sum(task => task.Rows), [.. tasks.SelectMany(task => task.Files)]) { Report = report };
        }
        finally
        {
            await AttemptFolders.RemoveAsync(_store, output,
                _stages[root.Id].SelectMany((task, part) => Enumerable.Range(0, task.Attempt + 1)
                .Where(attempt => !isWritten || attempt != task.Attempt).Select(attempt => new TaskId(_id, root.Id, part, attempt))));
        }
    }

    private async Task WriteStagesAsync(CancellationToken cancellationToken)
    {
        for (var losses = 0; ; losses++)
        {
            try
            {
                await RunStagesAsync(withRoot: true, cancellationToken);
                return;
            }
            catch (SqlException error) when (error.LostWorker is { } address && losses < MostLosses
                && !cancellationToken.IsCancellationRequested)
            {
                Lose(address);
                _report?.CountRetry();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task<IAsyncDisposable>[] opened;
        lock (_opened) opened = [.. _opened.Values];
        foreach (var hold in opened)
        {
            try
            {
                await (await hold).DisposeAsync();
            }
            catch (SqlException)
            {
                // The worker is gone, and what it held with it.
            }
            catch (OperationCanceledException)
            {
                // The query was cancelled before the worker had answered; it has nothing of the query.
            }
        }
    }

    private async IAsyncEnumerable<Batch> AttemptAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await RunStagesAsync(withRoot: false, cancellationToken);
        var root = _query.Root;
        if (root.Tasks.Count == 1)
        {
            // The last step is done next to the client.
            await foreach (var batch in StreamAsync(root, 0, _workers.Local, cancellationToken)) yield return batch;
            yield break;
        }

        var columns = root.Fragment.Query.Columns.Select(column => new Field(column.Name, column.Type));
        var streams = new RootStreams(root.Tasks.Count, (i, token) => StreamAsync(root, i, Next(), token));
        var rows = root.Fragment.Merge is { } merge
            ? streams.MergeAsync(new BatchSchema(columns.SkipLast(1).ToEquatableArray()), merge, cancellationToken)
            : streams.ReadAsync(cancellationToken);
        await foreach (var batch in rows) yield return batch;
    }

    private void Lose(string address)
    {
        var used = _query.Fragments.SelectMany(fragment => _stages[fragment.Fragment.Id]).Select(task => task.Worker).OfType<Worker>();
        _stages.Lose(_workers.Remote.Concat(used).Where(worker => worker.Address == address));
        _workers.Suspect(address);
    }

    /// <summary>Runs all stages, each when those that it reads are done. The first failure stops the others.</summary>
    private async Task RunStagesAsync(bool withRoot, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var slots = new SemaphoreSlim(ConcurrentStages);
        var failures = new List<SqlException>();
        var stages = new Dictionary<int, Task>();
        foreach (var fragment in _query.Fragments)
            if (withRoot || fragment != _query.Root)
                stages.Add(fragment.Fragment.Id, RunAsync(fragment, [.. Reads(fragment).Select(source => stages[source.Fragment])]));
        await Task.WhenAll(stages.Values);
        cancellationToken.ThrowIfCancellationRequested();
        if (failures.Count > 0) throw TaskFailures.Worst(failures);

        async Task RunAsync(ScheduledFragment fragment, Task[] inputs)
        {
            await Task.WhenAll(inputs);
            await slots.WaitAsync(CancellationToken.None);
            try
            {
                if (!stop.IsCancellationRequested) await RunStageAsync(fragment, stop, failures);
            }
            finally
            {
                slots.Release();
            }
        }
    }

    /// <summary>
    /// Runs those tasks of a stage whose output nobody has. Raises nothing: a failure is added to the others and stops all.
    /// </summary>
    private async Task RunStageAsync(ScheduledFragment fragment, CancellationTokenSource stop, List<SqlException> failures)
    {
        var stage = _stages[fragment.Fragment.Id];
        await Task.WhenAll(Enumerable.Range(0, stage.Length).Where(i => !stage[i].IsDone).Select(RunAsync));

        async Task RunAsync(int index)
        {
            var task = stage[index];
            var worker = Next();
            try
            {
                using var limit =
                    CancellationTokenSource.CreateLinkedTokenSource([stop.Token, worker.Lost,
                        .. Inputs(fragment).Select(input => input.Lost)]);
                await OpenAsync(worker, limit.Token);
                task.Worker = worker;
                task.Attempt++;
                var report = await worker.Runner.SpoolAsync(Bind(fragment, index, task.Attempt), limit.Token);
                (task.Rows, task.Files, task.IsDone) = (report.Rows, report.Files, true);
                _report?.Add(fragment.Fragment.Id, worker.Address, report);
            }
            catch (Exception error) when (error is SqlException or OperationCanceledException)
            {
                var failure = stop.IsCancellationRequested
                    ? TaskFailures.Canceled(error)
                    : TaskFailures.Explain(error, [worker, .. Inputs(fragment)]);
                lock (failures) failures.Add(failure);
                await stop.CancelAsync();
            }
        }
    }

    private async IAsyncEnumerable<Batch> StreamAsync(ScheduledFragment fragment, int index, Worker worker, [EnumeratorCancellation]
        CancellationToken cancellationToken)
    {
        using var limit =
            CancellationTokenSource.CreateLinkedTokenSource([cancellationToken, worker.Lost,
                .. Inputs(fragment).Select(input => input.Lost)]);
        try
        {
            await OpenAsync(worker, limit.Token);
        }
        catch (Exception error) when (IsCut(error))
        {
            throw TaskFailures.Explain(error, [worker, .. Inputs(fragment)]);
        }

        var task = _stages[fragment.Fragment.Id][index];
        task.Worker = worker;
        task.Attempt++;
        var rows = worker.Runner.RunAsync(Bind(fragment, index, task.Attempt), limit.Token).GetAsyncEnumerator(limit.Token);
        await using (rows)
        {
            while (true)
            {
                try
                {
                    if (!await rows.MoveNextAsync()) yield break;
                }
                catch (Exception error) when (IsCut(error))
                {
                    throw TaskFailures.Explain(error, [worker, .. Inputs(fragment)]);
                }

                yield return rows.Current;
            }
        }

        // Cut by the loss of a worker, and not by who asked for the rows.
        bool IsCut(Exception error) => error is SqlException or OperationCanceledException && limit.IsCancellationRequested
            && !cancellationToken.IsCancellationRequested;
    }

    /// <summary>The workers that hold what a fragment reads.</summary>
    private IEnumerable<Worker> Inputs(ScheduledFragment fragment) =>
        Reads(fragment).SelectMany(source => _stages[source.Fragment]).Select(task => task.Worker!).Distinct();

    private static IEnumerable<RemoteSource> Reads(ScheduledFragment fragment) =>
        fragment.Fragment.Query.Inputs.Select(input => input.Source).OfType<RemoteSource>();

    /// <summary>Workers in turn; the one in this process when no other is left.</summary>
    private Worker Next()
    {
        var alive = _workers.Remote.Where(worker => !worker.Lost.IsCancellationRequested && !_stages.IsLost(worker)).ToArray();
        return alive.Length == 0 ? _workers.Local : alive[Interlocked.Increment(ref _nextWorker) % alive.Length];
    }

    private Task<IAsyncDisposable> OpenAsync(Worker worker, CancellationToken cancellationToken)
    {
        lock (_opened)
        {
            if (_opened.TryGetValue(worker, out var opening) && !opening.IsFaulted && !opening.IsCanceled) return opening;
            return _opened[worker] = worker.Runner.OpenQueryAsync(_id, cancellationToken).AsTask();
        }
    }

    /// <summary>A task with its exchanges bound to where the rows are now.</summary>
    private TaskSpec Bind(ScheduledFragment fragment, int index, int attempt)
    {
        var task = fragment.Tasks[index];
        var sources = fragment.Fragment.Query.Inputs.Where(input => input.Source is RemoteSource)
            .ToDictionary(input => input.Name, input => (RemoteSource)input.Source, StringComparer.Ordinal);
        var inputs = task.Inputs
            .Select(input => input is ExchangeInput exchange ? Bind(exchange, sources[exchange.Name], index, fragment.Tasks.Count) : input);
        return new TaskSpec(
            new TaskId(_id, fragment.Fragment.Id, index, attempt), task.Sql, inputs.ToEquatableArray(), fragment.Fragment.Query.Columns,
            fragment.Fragment.Output, _settings)
        {
            Values = fragment.Fragment.Query.Values,
        };
    }

    /// <summary>An exchange with where its rows are now and how many came out, whatever the plan expected.</summary>
    private ExchangeInput Bind(ExchangeInput input, RemoteSource source, int index, int tasks)
    {
        var stage = _stages[source.Fragment];
        var made = Enumerable.Range(0, stage.Length)
            .Where(task => source.Reading != ExchangeReading.Share || task % tasks == index).ToArray();
        var partitions =
            _query.Fragments.First(candidate => candidate.Fragment.Id == source.Fragment).Fragment.Output is not TaskOutput.Hash hash
                ? 1
                : hash.Partitions;
        var read = source.Reading == ExchangeReading.Partition ? [index] : Enumerable.Range(0, partitions).ToArray();
        return input with
        {
            Sources = made.SelectMany(task =>
                read.Select(partition => new ExchangeSource(new TaskId(_id, source.Fragment, task, stage[task].Attempt),
                    stage[task].Worker!.Address, partition))).ToEquatableArray(),
            EstimatedRows = made.Sum(task => stage[task].Rows) * read.Length / partitions,
        };
    }
}
