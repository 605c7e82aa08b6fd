using Federation.Planner;
using Federation.Planner.Distribution;
using Federation.Scheduling;

namespace Federation.Execution;

/// <summary>
/// What executions of one bound query have in common. A query that is run again is planned once for all values, and when the plan is one
/// statement of a source, later executions send the values there and plan nothing. Belongs to the bound query: a query that is bound again
/// begins with a new one. Thread-safe.
/// </summary>
public sealed class ReadShortcut
{
    private volatile Found? _found;
    private volatile bool _hasRun;

    /// <summary>
    /// The plan for all values; null when there is none, and at the first execution, after which most queries never come again.
    /// </summary>
    internal async ValueTask<GenericRead?> FindAsync(QueryRequest request, Func<ValueTask<GenericRead?>> prepareAsync)
    {
        if (_found is { } found && found.Distribution == request.Distribution && found.PushesSubtrees == request.Context.PushesSubtrees)
            return found.Read;
        if (!_hasRun)
        {
            _hasRun = true;
            return null;
        }

        var read = await prepareAsync();
        _found = new Found(request.Distribution, request.Context.PushesSubtrees, read);
        return read;
    }

    /// <summary>The query is known to be run again.</summary>
    internal void ExpectRuns() => _hasRun = true;

    private sealed record Found(DistributionOptions Distribution, bool PushesSubtrees, GenericRead? Read);
}

/// <summary>A plan for all values, and how it is read.</summary>
/// <param name="Sources">The tables it reads, by name.</param>
internal sealed record GenericRead(FragmentedPlan Plan, RemoteRead Read, IReadOnlyList<string> Sources);
