using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Federation.Connectors.Spi;
using Federation.Plan;
using Federation.Planner;
using Federation.Planner.Binding;
using Federation.Planner.Explain;
using Federation.Planner.Writing;

namespace Federation.Scheduling;

/// <summary>
/// What one task of a fragment reads, and its SQL. Exchanges have no sources yet: those are known when their tasks have run.
/// </summary>
public sealed record ScheduledTask(string Sql, EquatableArray<TaskInput> Inputs);

/// <summary>A fragment with its scans planned and dealt out to tasks.</summary>
public sealed record ScheduledFragment(Fragment Fragment, IReadOnlyList<ScheduledTask> Tasks, IReadOnlyDictionary<Scan, ScanNotes> Notes);

/// <summary>
/// A query whose splits are planned: what will run, and what EXPLAIN shows. Disposing it releases what the sources hold open for the
/// splits.
/// </summary>
public sealed class ScheduledQuery : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _holds = [];
    private readonly Dictionary<ISnapshotSource, ISourceSnapshot> _snapshots = [];

    private ScheduledQuery(FragmentedPlan plan) => Plan = plan;

    public FragmentedPlan Plan { get; }

    /// <summary>In the order of the plan's: producers before readers, the root last.</summary>
    public IReadOnlyList<ScheduledFragment> Fragments { get; private set; } = [];

    public ScheduledFragment Root => Fragments[^1];

    /// <summary>
    /// The split of a plan that does nothing but read it, in the order in which the source gives its columns; null for other plans.
    /// </summary>
    public ConnectorSplit? RemoteOnly
    {
        get
        {
            if (Root is not { Tasks: [{ Inputs: [ConnectorSplit split] }] } || Fragments.Count > 1) return null;
            var plan = Root.Fragment.Plan;
            while (true)
            {
                if (plan is Project { Assignments: var assignments, Input: var input }
                    && assignments.All(assignment => assignment.Expression is ColumnRef)
                    && assignments.Select(assignment => ((ColumnRef)assignment.Expression).Column).SequenceEqual(input.Columns))
                {
                    plan = input;
                    continue;
                }

                return plan is Scan { Outputs.Count: > 0 } ? split : null;
            }
        }
    }

    /// <summary>A query that is not run.</summary>
    public static ValueTask<ScheduledQuery> CreateAsync(FragmentedPlan plan, CancellationToken cancellationToken) =>
        CreateAsync(new ScheduledQuery(plan), cancellationToken);

    /// <summary>A query that is run. All its scans of one source read one state of it.</summary>
    /// <param name="transaction">The states that its transaction reads; null when each statement reads the newest.</param>
    public static async ValueTask<ScheduledQuery> CreateAsync(FragmentedPlan plan, SourceSnapshots? transaction,
        CancellationToken cancellationToken)
    {
        var query = new ScheduledQuery(plan);
        try
        {
            await query.OpenSnapshotsAsync(transaction, cancellationToken);
        }
        catch
        {
            await query.DisposeAsync();
            throw;
        }

        return await CreateAsync(query, cancellationToken);
    }

    private static async ValueTask<ScheduledQuery> CreateAsync(ScheduledQuery query, CancellationToken cancellationToken)
    {
        try
        {
            var fragments = new List<ScheduledFragment>();
            foreach (var fragment in query.Plan.Fragments) fragments.Add(await query.ScheduleAsync(fragment, cancellationToken));
            query.Fragments = fragments;
            return query;
        }
        catch
        {
            await query.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var hold in _holds) await hold.DisposeAsync();
        _holds.Clear();
    }

    private async ValueTask OpenSnapshotsAsync(SourceSnapshots? transaction, CancellationToken cancellationToken)
    {
        var scans = new Dictionary<ISnapshotSource, int>();
        foreach (var scan in Plan.Fragments.SelectMany(fragment => fragment.Query.Inputs).Select(input => input.Source).OfType<Scan>())
            if (Plan.Tables[scan.Source].Provider is ISnapshotSource source)
                scans[source] = scans.GetValueOrDefault(source) + 1;
        // One scan sees one state by itself.
        var least = transaction is null ? 2 : 1;
        if (transaction is null) _holds.Add(transaction = new SourceSnapshots());
        foreach (var (source, count) in scans)
            if (count >= least)
                _snapshots[source] = await transaction.GetAsync(source, cancellationToken);
    }

    private async ValueTask<ScheduledFragment> ScheduleAsync(Fragment fragment, CancellationToken cancellationToken)
    {
        var inputs = new List<TaskInput>[fragment.Tasks];
        var prelude = new List<string>[fragment.Tasks];
        for (var i = 0; i < fragment.Tasks; i++) (inputs[i], prelude[i]) = ([], []);
        var notes = new Dictionary<Scan, ScanNotes>();
        foreach (var input in fragment.Query.Inputs)
        {
            var shares = input.Source switch
            {
                RemoteSource source => Enumerable.Range(0, fragment.Tasks)
                    .Select(i =>
                        (IReadOnlyList<TaskInput>)[
                            new ExchangeInput(input.Name,
                                WrittenQuery.Given(source.Outputs.Select(column => new RecordField(column.Name, column.Type))
                                    .ToEquatableArray()), []) { EstimatedRows = source.EstimatedRows }])
                    .ToArray(),
                Scan scan => await PlanScanAsync(fragment, scan, input.Name, notes, cancellationToken),
                _ => throw new SqlException(SqlState.InternalError, $"{input.Source.GetType().Name} cannot be read by a task"),
            };
            for (var i = 0; i < fragment.Tasks; i++) AddInput(inputs[i], prelude[i], shares[i], input, fragment.Query.Sql);
        }

        var tasks = Enumerable.Range(0, fragment.Tasks).Select(i => new ScheduledTask(
            prelude[i].Count == 0
                ? fragment.Query.Sql
                : $"WITH {string.Join(", ", prelude[i])} SELECT * FROM ({fragment.Query.Sql}) AS united",
            inputs[i].ToEquatableArray()));
        return new ScheduledFragment(fragment, [.. tasks], notes);
    }

    private async ValueTask<IReadOnlyList<TaskInput>[]> PlanScanAsync(
        Fragment fragment, Scan scan, string name, Dictionary<Scan, ScanNotes> notes, CancellationToken cancellationToken)
    {
        var table = Plan.Tables[scan.Source];
        if (table.Provider is not IScanPlanner planner)
            throw new SqlException(SqlState.FeatureNotSupported, $"table \"{scan.Source}\" cannot be read");
        var columns = scan.Outputs.Select(output => output.SourceName).ToEquatableArray();
        var handle = planner is ISnapshotSource source && _snapshots.TryGetValue(source, out var snapshot)
            ? snapshot.At(scan.Handle)
            : scan.Handle;
        var plan = fragment.Tasks > 1 && planner is IPartitionedScanPlanner partitioned
            ? await partitioned.PlanScanAsync(handle, columns, name, fragment.Tasks, cancellationToken)
            : await planner.PlanScanAsync(handle, columns, name, cancellationToken);
        if (plan.Hold is { } hold) _holds.Add(hold);
        notes[scan] = new ScanNotes(plan.RemoteSql, plan.Details);
        var splits = plan.Splits.ToArray();
        if (fragment.Tasks == 1) return [splits];
        if (table.IsComputed) return Enumerable.Repeat<IReadOnlyList<TaskInput>>(splits, fragment.Tasks).ToArray();
        var dealt = SplitAssignment.Deal(splits, fragment.Tasks);
        for (var i = 0; i < dealt.Length; i++)
            if (dealt[i].Count == 0)
                dealt[i] = [new InlineRows(name, splits[0].Columns, [])];
        return dealt;
    }

    private static void AddInput(List<TaskInput> inputs, List<string> prelude, IReadOnlyList<TaskInput> splits,
        WrittenInput input, string sql)
    {
        if (splits is [var only])
        {
            inputs.Add(Named(only, input.Name, input, sql));
            return;
        }

        // Several splits are united under the name that the SQL uses.
        for (var i = 0; i < splits.Count; i++) inputs.Add(Named(splits[i], $"{input.Name}.{i}", input, sql));
        var parts = Enumerable.Range(0, splits.Count).Select(i => $"SELECT * FROM {KernelLiterals.Identifier($"{input.Name}.{i}")}");
        prelude.Add($"{KernelLiterals.Identifier(input.Name)} AS NOT MATERIALIZED ({string.Join(" UNION ALL ", parts)})");
    }

    /// <summary>How often the SQL names an input; an expression that the writer repeats repeats its subqueries too.</summary>
    private static int Mentions(string sql, string name)
    {
        var identifier = KernelLiterals.Identifier(name);
        var count = 0;
        for (var at = sql.IndexOf(identifier, StringComparison.Ordinal); at >= 0;
            at = sql.IndexOf(identifier, at + identifier.Length, StringComparison.Ordinal)) count++;
        return count;
    }

    /// <summary>A split under the name and with the column names that the SQL uses.</summary>
    private static TaskInput Named(TaskInput split, string name, WrittenInput input, string sql) => split with
    {
        Name = name,
        Columns = input.ColumnNames.Count == 0
            ? split.Columns
            : split.Columns.Select((column, i) => column with { Name = input.ColumnNames[i] }).ToEquatableArray(),
        IsReadTwice = split is InlineRows || input.IsRepeated || Mentions(sql, input.Name) > 1,
        EstimatedRows = split.EstimatedRows >= 0 ? split.EstimatedRows : input.Source is Scan scan ? scan.EstimatedRows : -1,
    };
}
