using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Core.Errors;
using Federation.Planner;
using Federation.Planner.Binding;
using Federation.Scheduling;

namespace Federation.Execution;

/// <summary>One run of a query. Used by one thread at a time.</summary>
public sealed class QueryRun
{
    private readonly QueryRunner _runner;
    private readonly QueryRequest _request;

    internal QueryRun(QueryRunner runner, QueryRequest request)
    {
        _runner = runner;
        _request = request;
    }

    /// <summary>The fragments that were run last; null before planning.</summary>
    public FragmentedPlan? Plan { get; private set; }

    /// <summary>What the tasks did, and what was scheduled.</summary>
    public QueryReport Report { get; private set; } = new();

    /// <summary>Rows given so far.</summary>
    public long Rows { get; private set; }

    /// <summary>
    /// The rows. Each batch belongs to who takes it. Numerics are held in 38 digits first; when a value does not fit and no row has been
    /// given yet, the query runs again with numerics of any length.
    /// </summary>
    public async IAsyncEnumerable<Batch> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var kept = new KeptRows();
        var rows = await StartAsync(_request.Query, kept, cancellationToken);
        bool hasRows;
        try
        {
            hasRows = await rows.MoveNextAsync();
        }
        catch (SqlException error) when (error.NeedsWideNumerics && _request.BindWideAsync is not null)
        {
            await rows.DisposeAsync();
            rows = await StartAsync(await _request.BindWideAsync(cancellationToken), kept, cancellationToken);
            hasRows = await rows.MoveNextAsync();
        }
        catch
        {
            await rows.DisposeAsync();
            throw;
        }

        await using (rows)
        {
            for (; hasRows; hasRows = await rows.MoveNextAsync())
            {
                Rows += rows.Current.RowCount;
                _request.Record?.Read(rows.Current.RowCount);
                yield return rows.Current;
            }
        }

        _request.Record?.Done(Report);
    }

    private async ValueTask<IAsyncEnumerator<Batch>> StartAsync(BoundQuery query, KeptRows kept, CancellationToken cancellationToken)
    {
        var request = _request;
        if (await QueryRunner.ExpandAsync(request, query, cancellationToken) is { } expanded)
        {
            kept.Queries.Add(expanded);
            (request, query) = (QueryRunner.LocalIf(expanded, request), expanded.Query);
        }

        // What is prepared for all values reads the newest state.
        if (_request is { Shortcut: { } shortcut, Sources: null } && ReferenceEquals(query, _request.Query)
            && await _runner.TryReadAsync(shortcut, _request, cancellationToken) is { } read)
        {
            Plan = read.Plan;
            return read.Rows.GetAsyncEnumerator(cancellationToken);
        }

        Plan = await _runner.PlanAsync(request, query, cancellationToken);
        Report = new QueryReport();
        if (_request.BeforeStartAsync is { } before) await before(cancellationToken);
        return _runner.ExecuteAsync(Plan, _request, Report, cancellationToken).GetAsyncEnumerator(cancellationToken);
    }

    /// <summary>What the session keeps until the run is over.</summary>
    private sealed class KeptRows : IAsyncDisposable
    {
        public List<ExpandedQuery> Queries { get; } = [];

        public async ValueTask DisposeAsync()
        {
            foreach (var query in Queries) await query.DisposeAsync();
        }
    }
}
