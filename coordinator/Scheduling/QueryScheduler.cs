using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Federation.Plan;
using Federation.Planner;
using Federation.Planner.Binding;
using Federation.Planner.Explain;
using Federation.Planner.Writing;

namespace Federation.Scheduling;

/// <summary>A fragment with its scans planned: what a worker gets, and what EXPLAIN shows.</summary>
public sealed record ScheduledFragment(Fragment Fragment, TaskSpec Task, IReadOnlyDictionary<TableSource, ScanNotes> Notes);

/// <summary>
/// Turns fragments into tasks and runs them on a worker. Trivial plans take short cuts: constants are answered here, and a plan that is one remote query streams from the source
/// without the kernel. Thread-safe.
/// </summary>
public sealed class QueryScheduler(ITaskRunner<Batch> worker, IConnectorResolver connectors)
{
    /// <summary>Plans the scans of a fragment and completes its task.</summary>
    public static async ValueTask<ScheduledFragment> ScheduleAsync(FragmentedPlan plan, Guid queryId, TaskSettings settings, CancellationToken cancellationToken)
    {
        var fragment = plan.Root;
        var inputs = new List<TaskInput>();
        var notes = new Dictionary<TableSource, ScanNotes>();
        var prelude = new List<string>();
        foreach (var input in fragment.Query.Inputs)
        {
            var (splits, note) = await PlanInputAsync(plan, input, cancellationToken);
            notes[input.Scan.Source] = note;
            if (splits.Count == 1)
            {
                inputs.Add(Named(splits[0], input.Name, input, fragment.Query.Sql));
                continue;
            }

            // Several splits are united under the name that the SQL uses.
            for (var i = 0; i < splits.Count; i++) inputs.Add(Named(splits[i], $"{input.Name}.{i}", input, fragment.Query.Sql));
            var parts = Enumerable.Range(0, splits.Count).Select(i => $"SELECT * FROM {KernelLiterals.Identifier($"{input.Name}.{i}")}");
            prelude.Add($"{KernelLiterals.Identifier(input.Name)} AS NOT MATERIALIZED ({string.Join(" UNION ALL ", parts)})");
        }

        var sql = prelude.Count == 0 ? fragment.Query.Sql : $"WITH {string.Join(", ", prelude)} SELECT * FROM ({fragment.Query.Sql}) AS united";
        var task = new TaskSpec(new TaskId(queryId, fragment.Id, 0, 0), sql, inputs.ToEquatableArray(), fragment.Query.Columns, fragment.Output, settings);
        return new ScheduledFragment(fragment, task, notes);
    }

    /// <summary>Runs a plan and streams its rows; see <see cref="ITaskRunner{TBatch}.RunAsync"/> for ownership and cancellation.</summary>
    public async IAsyncEnumerable<Batch> ExecuteAsync(FragmentedPlan plan, TaskSettings settings, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (ConstantRows.TryBuild(plan.Root.Plan) is { } constant)
        {
            yield return constant;
            yield break;
        }

        var scheduled = await ScheduleAsync(plan, Guid.NewGuid(), settings, cancellationToken);
        var rows = RemoteOnly(scheduled) is { } split
            ? connectors.Resolve(split.Server) is IPageSource source
                ? source.ReadAsync(split, cancellationToken)
                : throw new SqlException(SqlState.FeatureNotSupported, $"server \"{split.Server}\" cannot be read")
            : worker.RunAsync(scheduled.Task, cancellationToken);
        await foreach (var batch in rows) yield return batch;
    }

    /// <summary>The split of a plan that does nothing but read it, in the order in which the source gives its columns.</summary>
    public static ConnectorSplit? RemoteOnly(ScheduledFragment scheduled)
    {
        var plan = scheduled.Fragment.Plan;
        while (true)
        {
            if (plan is Project { Assignments: var assignments, Input: var input } && assignments.All(assignment => assignment.Expression is ColumnRef)
                && assignments.Select(assignment => ((ColumnRef)assignment.Expression).Column).SequenceEqual(input.Columns))
            {
                plan = input;
                continue;
            }

            return plan is Scan { Outputs.Count: > 0 } && scheduled.Task.Inputs is [ConnectorSplit split] ? split : null;
        }
    }

    private static async ValueTask<(EquatableArray<TaskInput> Splits, ScanNotes Notes)> PlanInputAsync(
        FragmentedPlan plan, WrittenInput input, CancellationToken cancellationToken)
    {
        var table = plan.Tables[input.Scan.Source];
        if (table.InlineRows is { } rows) return ([Inline(input, table, rows)], new ScanNotes(null, [$"{rows.Count} rows in memory"]));
        if (table.Provider is not IScanPlanner planner)
            throw new SqlException(SqlState.FeatureNotSupported, $"table \"{input.Scan.Source}\" cannot be read");
        var columns = input.Scan.Outputs.Select(output => output.SourceName).ToEquatableArray();
        var scan = await planner.PlanScanAsync(input.Scan.Handle, columns, input.Name, cancellationToken);
        var splits = scan.Splits.Select(split => split is ConnectorSplit remote && table.ProviderKey is { } key ? remote with { Server = key } : split).ToEquatableArray();
        return (splits, new ScanNotes(scan.RemoteSql, scan.Details));
    }

    private static TaskInput Inline(WrittenInput input, ResolvedTable table, EquatableArray<EquatableArray<object?>> rows)
    {
        var positions = input.Scan.Outputs.Select(output => Array.FindIndex(table.Columns.ToArray(), column => column.Name == output.SourceName)).ToArray();
        if (positions.Length == 0) positions = [0];
        var fields = positions.Select(position => new RecordField(table.Columns[position].Name, table.Columns[position].Type)).ToEquatableArray();
        return new InlineRows(input.Name, fields, rows.Select(row => positions.Select(position => row[position]).ToEquatableArray()).ToEquatableArray());
    }

    /// <summary>How often the SQL names an input; an expression that the writer repeats repeats its subqueries too.</summary>
    private static int Mentions(string sql, string name)
    {
        var identifier = KernelLiterals.Identifier(name);
        var count = 0;
        for (var at = sql.IndexOf(identifier, StringComparison.Ordinal); at >= 0; at = sql.IndexOf(identifier, at + identifier.Length, StringComparison.Ordinal)) count++;
        return count;
    }

    /// <summary>A split under the name and with the column names that the SQL uses.</summary>
    private static TaskInput Named(TaskInput split, string name, WrittenInput input, string sql) => split with
    {
        Name = name,
        Columns = input.ColumnNames.Count == 0
            ? split.Columns
            : split.Columns.Select((column, i) => column with { Name = input.ColumnNames[i] }).ToEquatableArray(),
        IsReadTwice = split is InlineRows || Mentions(sql, input.Name) > 1,
        EstimatedRows = split.EstimatedRows >= 0 ? split.EstimatedRows : input.Scan.Source.EstimatedRows,
    };
}
