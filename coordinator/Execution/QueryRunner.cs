using Federation.Core.Errors;
using Federation.Core.Execution;
using Federation.Core.Tasks;
using Federation.Planner;
using Federation.Planner.Binding;
using Federation.Planner.Distribution;
using Federation.Scheduling;

namespace Federation.Execution;

/// <summary>A bound query and how it is to be run.</summary>
/// <param name="Query">The query.</param>
/// <param name="Context">Its parameters, and what session functions give.</param>
/// <param name="Distribution">How far the plan may be spread.</param>
/// <param name="Settings">What tasks are told of the session.</param>
public sealed record QueryRequest(BoundQuery Query, Planner.ExecutionContext Context, DistributionOptions Distribution,
    TaskSettings Settings)
{
    /// <summary>About how many characters the statement and its parameters have: what planning takes time for.</summary>
    public int Length { get; init; }

    /// <summary>Binds the query again so that no numeric can overflow 38 digits; null for a query that has no such form.</summary>
    public Func<CancellationToken, ValueTask<BoundQuery>>? BindWideAsync { get; init; }

    /// <summary>Awaited between planning and the first task.</summary>
    public Func<CancellationToken, ValueTask>? BeforeStartAsync { get; init; }

    /// <summary>Told of the plan, whose scans say what of which tables is read.</summary>
    public Func<FragmentedPlan, CancellationToken, ValueTask>? PlannedAsync { get; init; }

    /// <summary>The states of sources that the transaction reads; null when each statement reads the newest.</summary>
    public SourceSnapshots? Sources { get; init; }

    /// <summary>
    /// Makes the calls of a query that only the session can make, and gives the query that is left to run; see
    /// <see cref="BoundQuery.HasSessionCalls"/>.
    /// </summary>
    public Func<QueryRequest, BoundQuery, CancellationToken, ValueTask<ExpandedQuery>>? ExpandAsync { get; init; }

    /// <summary>What executions of the query have in common; null for a query that is run once.</summary>
    public ReadShortcut? Shortcut { get; init; }

    /// <summary>Told what the run does; null when nobody keeps a record.</summary>
    public QueryRecord? Record { get; init; }
}

/// <summary>A query after the calls that the session makes, and the rows of it that the session keeps until it has run.</summary>
/// <param name="IsLocal">It reads rows of this process, so that it is one task.</param>
public sealed record ExpandedQuery(BoundQuery Query, bool IsLocal, Func<ValueTask> ReleaseAsync) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => ReleaseAsync();
}

/// <summary>Plans, schedules and runs queries. Thread-safe.</summary>
public sealed class QueryRunner(QueryScheduler scheduler, PlanningThreads planning, TimeProvider clock)
{
    /// <summary>A run that has not begun: asking it for rows begins it.</summary>
    public QueryRun Run(QueryRequest request) => new(this, request);

    /// <summary>The query's fragments, without running them.</summary>
    public async ValueTask<FragmentedPlan> PlanAsync(QueryRequest request, BoundQuery query, CancellationToken cancellationToken)
    {
        var asked = clock.GetTimestamp();
        var begun = asked;
        var plan = await planning.RunAsync(
            request.Length,
            () =>
            {
                begun = clock.GetTimestamp();
                return QueryPlanner.Plan(query, request.Context, request.Distribution);
            },
            cancellationToken);
        request.Record?.Planned(QueryRecord.SourcesOf(plan), clock.GetElapsedTime(asked, begun), clock.GetElapsedTime(begun));
        if (request.PlannedAsync is { } planned) await planned(plan, cancellationToken);
        return plan;
    }

    /// <summary>Runs a query whose rows its tasks write into files, on as many workers as the plan has tasks.</summary>
    public async ValueTask<WrittenRows> WriteAsync(QueryRequest request, TaskOutput.WriteFiles output, CancellationToken cancellationToken)
    {
        try
        {
            return await WriteAsync(request, request.Query, output, cancellationToken);
        }
        catch (SqlException error) when (error.NeedsWideNumerics && request.BindWideAsync is not null)
        {
            return await WriteAsync(request, await request.BindWideAsync(cancellationToken), output, cancellationToken);
        }
    }

    private async ValueTask<WrittenRows> WriteAsync(QueryRequest request, BoundQuery query, TaskOutput.WriteFiles output,
        CancellationToken cancellationToken)
    {
        await using var expanded = await ExpandAsync(request, query, cancellationToken);
        if (expanded is not null) (request, query) = (LocalIf(expanded, request), expanded.Query);
        var plan = await PlanWriteAsync(request, query, output, cancellationToken);
        if (request.BeforeStartAsync is { } before) await before(cancellationToken);
        var written = await scheduler.WriteAsync(plan, request.Settings, request.Sources, cancellationToken);
        request.Record?.Read(written.Rows);
        request.Record?.Done(written.Report);
        return written;
    }

    /// <summary>The query without calls that only the session can make; null when it has none.</summary>
    internal static async ValueTask<ExpandedQuery?> ExpandAsync(QueryRequest request, BoundQuery query,
        CancellationToken cancellationToken) =>
        (query.HasSessionCalls || query.HasSteps) && request.ExpandAsync is { } expand
            ? await expand(request, query, cancellationToken)
            : null;

    internal static QueryRequest LocalIf(ExpandedQuery expanded, QueryRequest request) =>
        expanded.IsLocal ? request with { Distribution = DistributionOptions.SingleTask } : request;

    /// <summary>The fragments of a query whose rows are written, without running them.</summary>
    public async ValueTask<FragmentedPlan> PlanWriteAsync(QueryRequest request, BoundQuery query, TaskOutput.WriteFiles output,
        CancellationToken cancellationToken)
    {
        var plan = await PlanAsync(request, query, cancellationToken);
        // Tasks that give sorted rows give a column to merge them by, which no table has.
        if (plan.Root.Merge is not null)
            plan = await PlanAsync(request with { Distribution = DistributionOptions.SingleTask }, query, cancellationToken);
        return plan with { Fragments = [.. plan.Fragments.SkipLast(1), plan.Root with { Output = output }] };
    }

    /// <summary>The rows of a query that is one statement of a source, without planning it again; null when it has to be planned.</summary>
    internal async ValueTask<PlannedRead?> TryReadAsync(ReadShortcut shortcut, QueryRequest request, CancellationToken cancellationToken)
    {
        if (await shortcut.FindAsync(request, () => PrepareReadAsync(request, cancellationToken)) is not { } generic) return null;
        if (await scheduler.TryReadAsync(generic.Read, request.Context.Parameters, cancellationToken) is not { } rows) return null;
        request.Record?.Planned(generic.Sources, TimeSpan.Zero, TimeSpan.Zero);
        return new PlannedRead(generic.Plan, rows);
    }

    /// <summary>Whether all executions of the request's query would be one statement of a source.</summary>
    public async ValueTask<bool> HasGenericReadAsync(QueryRequest request, CancellationToken cancellationToken)
    {
        request.Shortcut!.ExpectRuns();
        return await request.Shortcut.FindAsync(request, () => PrepareReadAsync(request, cancellationToken)) is not null;
    }

    private async ValueTask<GenericRead?> PrepareReadAsync(QueryRequest request, CancellationToken cancellationToken)
    {
        var plan = await planning.RunAsync(request.Length,
            () => QueryPlanner.TryPlanGeneric(request.Query, request.Context, request.Distribution), cancellationToken);
        if (plan is null || await scheduler.FindRemoteReadAsync(plan, request.Query.ParameterTypes, cancellationToken) is not { } read)
            return null;
        return new GenericRead(plan, read, QueryRecord.SourcesOf(plan));
    }

    internal IAsyncEnumerable<Arrow.Batch> ExecuteAsync(FragmentedPlan plan, QueryRequest request, QueryReport report,
        CancellationToken cancellationToken) =>
        scheduler.ExecuteAsync(plan, request.Settings, report, request.Sources, cancellationToken);
}

/// <param name="Plan">The plan that gives the rows.</param>
internal sealed record PlannedRead(FragmentedPlan Plan, IAsyncEnumerable<Arrow.Batch> Rows);
