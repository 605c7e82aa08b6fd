using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Federation.ObjectStorage;
using Federation.Planner;

namespace Federation.Scheduling;

/// <summary>What a plan has written that nobody sees yet.</summary>
public sealed record WrittenRows(long Rows, IReadOnlyList<WrittenFile> Files)
{
    /// <summary>What the tasks did.</summary>
    public required QueryReport Report { get; init; }
}

/// <summary>
/// Runs planned queries. Trivial plans take short cuts: constants are answered here, and a plan that is one remote query streams from the
/// source without the kernel. Thread-safe.
/// </summary>
public sealed class QueryScheduler(IWorkerDirectory workers, IConnectorResolver connectors, IObjectStore? store = null)
{
    /// <summary>How many workers a plan made now could be spread over.</summary>
    public int WorkerCount => Math.Max(1, workers.Remote.Count);

    /// <summary>Runs a plan whose root writes data files.</summary>
    /// <param name="sources">The states of sources that the transaction reads; null when each statement reads the newest.</param>
    public async ValueTask<WrittenRows> WriteAsync(FragmentedPlan plan, TaskSettings settings, SourceSnapshots? sources,
        CancellationToken cancellationToken)
    {
        await using var query = await ScheduledQuery.CreateAsync(plan, sources, cancellationToken);
        var report = new QueryReport { Scheduled = query };
        if (query is { Fragments: [{ Tasks: [var only] } single] })
        {
            // One task is done in this process: no other has to be told of it, and its source may be here alone.
            var id = Guid.NewGuid();
            await using var open = await workers.Local.Runner.OpenQueryAsync(id, cancellationToken);
            var task = new TaskSpec(new TaskId(id, single.Fragment.Id, 0, 0), only.Sql, only.Inputs, single.Fragment.Query.Columns,
                single.Fragment.Output, settings)
            {
                Values = single.Fragment.Query.Values,
            };
            var done = await workers.Local.Runner.SpoolAsync(task, cancellationToken);
            report.Add(single.Fragment.Id, workers.Local.Address, done);
            return new WrittenRows(done.Rows, [.. done.Files]) { Report = report };
        }

        await using var execution = new QueryExecution(query, workers, settings, report, store ?? LocalStore.Instance);
        return await execution.WriteAsync(report, cancellationToken);
    }

    /// <summary>
    /// How a plan for all values of the parameters is read when it is one statement of a source; null for every other plan.
    /// </summary>
    public async ValueTask<RemoteRead?> FindRemoteReadAsync(FragmentedPlan plan, EquatableArray<SqlType> parameterTypes,
        CancellationToken cancellationToken)
    {
        await using var query = await ScheduledQuery.CreateAsync(plan, cancellationToken);
        if (query.RemoteOnly is not { } split) return null;
        var read = new RemoteRead(split, parameterTypes);
        return await read.PrepareAsync(connectors, cancellationToken) is null ? null : read;
    }

    /// <summary>The rows of such a plan for some values; null when the query has to be planned for them.</summary>
    public ValueTask<IAsyncEnumerable<Batch>?> TryReadAsync(
        RemoteRead read, EquatableArray<object?> parameters, CancellationToken cancellationToken) =>
        read.TryReadAsync(connectors, parameters, cancellationToken);

    /// <summary>Runs a plan and streams its rows; see <see cref="ITaskRunner{TBatch}.RunAsync"/> for ownership and cancellation.</summary>
    /// <param name="report">Filled as the query runs, when given.</param>
    /// <param name="sources">The states of sources that the transaction reads; null when each statement reads the newest.</param>
    public async IAsyncEnumerable<Batch> ExecuteAsync(
        FragmentedPlan plan, TaskSettings settings, QueryReport? report = null, SourceSnapshots? sources = null, [EnumeratorCancellation]
            CancellationToken cancellationToken = default)
    {
        if (plan.Fragments.Count == 1 && ConstantRows.TryBuild(plan.Root.Plan) is { } constant)
        {
            yield return constant;
            yield break;
        }

        await using var query = await ScheduledQuery.CreateAsync(plan, sources, cancellationToken);
        if (report is not null) report.Scheduled = query;
        if (query.RemoteOnly is { } split)
        {
            if (await connectors.ResolveAsync(split.Server, cancellationToken) is not IPageSource source)
                throw new SqlException(SqlState.FeatureNotSupported, $"server \"{split.Server}\" cannot be read");
            await foreach (var batch in source.ReadAsync(split, cancellationToken)) yield return batch;
            yield break;
        }

        if (query is { Fragments: [{ Tasks: [var only] } single] })
        {
            // One task in this process needs no query to be opened and nothing to be run again.
            var task = new TaskSpec(new TaskId(Guid.NewGuid(), 0, 0, 0), only.Sql, only.Inputs, single.Fragment.Query.Columns,
                single.Fragment.Output, settings)
            {
                Values = single.Fragment.Query.Values,
            };
            await foreach (var batch in workers.Local.Runner.RunAsync(task, cancellationToken)) yield return batch;
            yield break;
        }

        await using var execution = new QueryExecution(query, workers, settings, report, store ?? LocalStore.Instance);
        await foreach (var batch in execution.RunAsync(cancellationToken)) yield return batch;
    }
}
