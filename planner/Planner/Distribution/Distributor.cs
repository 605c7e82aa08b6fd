using System.Diagnostics;
using System.Globalization;

namespace Federation.Planner.Distribution;

/// <summary>
/// Cuts a plan at exchanges so that several workers share it. Bottom-up each node is placed: rows of large scans are spread over tasks,
/// what needs rows from several tasks gets an exchange below it, the cheapest that does. A fragment is what lies between exchanges; the
/// last one streams to the client.
/// </summary>
internal sealed partial class Distributor
{
    private readonly DistributionOptions _options;
    private readonly IReadOnlyDictionary<TableSource, Binding.ResolvedTable> _tables;
    private readonly RowEstimates _estimates;
    private readonly List<PlacedFragment> _fragments = [];
    private readonly Dictionary<CteId, Func<Placed>> _ctes = [];
    private int _lastColumn;

    private Distributor(LogicalPlan plan, IReadOnlyDictionary<TableSource, Binding.ResolvedTable> tables, DistributionOptions options)
    {
        _options = options;
        _tables = tables;
        _estimates = new RowEstimates(plan, tables);
        _lastColumn = PlanColumns.HighestOf(plan);
    }

    /// <summary>A part of a plan between exchanges. Fragments come in the order in which they can run; the last is the root.</summary>
    /// <param name="Tasks">How many tasks run it.</param>
    public sealed record PlacedFragment(int Id, LogicalPlan Plan, Core.Tasks.TaskOutput Output, int Tasks, RowMerge? Merge = null);

    /// <summary>The fragments of a plan; a single one when it is not worth cutting, and then why, for people.</summary>
    public static (IReadOnlyList<PlacedFragment> Fragments, string? KeptWhole) Distribute(
        LogicalPlan plan, IReadOnlyDictionary<TableSource, Binding.ResolvedTable> tables, DistributionOptions options)
    {
        PlacedFragment[] whole = [new PlacedFragment(0, plan, new Core.Tasks.TaskOutput.Stream(), 1)];
        if (options.Workers < 2) return (whole, null);
        var rows = Scans(plan, tables).Sum(scan => Math.Max(0.0, scan.Source.EstimatedRows));
        if (rows < options.MinRows)
            return (whole,
                rows == 0 ? null
                    : string.Create(CultureInfo.InvariantCulture, $"the scans have ~{rows} rows, plans are spread from {options.MinRows}"));
        var distributor = new Distributor(plan, tables, options);
        var decorrelated = new Decorrelation(distributor.NewColumn, distributor._estimates).Apply(plan);
        var (root, order, merge) = distributor.PlaceResult(decorrelated);
        var columns = order is null ? plan.Columns : plan.Columns.Append(order).ToEquatableArray();
        distributor.Add(InOrder(root, columns), new Core.Tasks.TaskOutput.Stream(), merge);
        return distributor.Excess(plan) is { } excess ? (whole, excess) : (FragmentColumns.Settle(distributor._fragments), null);
    }

    /// <summary>
    /// What the stages and the moving of rows add, where it is more than what the other workers take off one; null where spreading pays.
    /// </summary>
    private string? Excess(LogicalPlan plan)
    {
        var saved = Scans(plan, _tables).Sum(ScanCost) * (_options.Workers - 1) / _options.Workers;
        var moved = _fragments.Sum(fragment => PlanRewriter.Nodes(fragment.Plan).OfType<RemoteSource>()
            .Sum(source => (double)source.EstimatedRows * (source.Reading == ExchangeReading.Whole ? fragment.Tasks : 1)));
        return saved >= ((_fragments.Count - 1.0) * _options.StageRows) + (moved * _options.MoveRows)
            ? null
            : string.Create(CultureInfo.InvariantCulture,
                $"{_fragments.Count - 1} more stages and ~{moved:0} rows moved between them would take longer than {_options.Workers} "
                    + $"workers save");
    }

    private double ScanCost(Scan scan)
    {
        var planner = _tables.GetValueOrDefault(scan.Source)?.Provider as Connectors.Spi.IScanPlanner;
        return _estimates.Of(scan).BaseRows * (planner?.RowCost ?? 1);
    }

    /// <summary>The columns in an order that somebody counts on; joins put them in the order of joining.</summary>
    private static Placed InOrder(Placed placed, EquatableArray<Column> columns) =>
        placed.Plan.Columns.Equals(columns) ? placed : placed.With(new Project(placed.Plan, columns.Select(Pass).ToEquatableArray()));

    private static Assignment Pass(Column column) => new(column, new ColumnRef(column));

    private static IEnumerable<Scan> Scans(LogicalPlan plan, IReadOnlyDictionary<TableSource, Binding.ResolvedTable> tables) =>
        PlanRewriter.Nodes(plan).OfType<Scan>()
            .Where(scan => tables.GetValueOrDefault(scan.Source)?.IsComputed != true && scan.Limit is null);

    private Column NewColumn(string name, SqlType type) => new(++_lastColumn, name, type);

    private Placed Place(LogicalPlan plan)
    {
        switch (plan)
        {
            case Scan scan: return PlaceScan(scan);
            case RemoteSource: return new Placed(plan, PlacementKind.Replicated);
            case Values or FunctionScan: return Own(plan, PlacementKind.Replicated);
            case CteScan scan: return PlaceCteScan(scan);
            case Filter filter:
                return filter.Input is Join { Type: JoinType.Inner, IsLateral: false }
                    ? PlaceInnerJoins(filter)
                    : Over(filter, Place(filter.Input));
            case Project project: return PlaceProject(project, Place(project.Input));
            case ProjectSet set: return Over(set, Place(set.Input));
            case Join { Type: JoinType.Inner, IsLateral: false }: return PlaceInnerJoins(plan);
            case Join join: return PlaceJoin(join);
            case Aggregate aggregate: return PlaceAggregate(aggregate);
            case Window window: return PlaceWindow(window);
            case Distinct distinct: return PlaceDistinct(distinct);
            case DistinctOn or Sort: return Over(plan, ToSingle(Place(plan.Inputs[0])));
            case Limit limit: return PlaceLimit(limit, Place(limit.Input is Sort sort ? sort.Input : limit.Input));
            case SetOperation operation: return PlaceSetOperation(operation);
            case With with: return PlaceWith(with);
            default: throw new UnreachableException(plan.GetType().Name);
        }
    }

    private Placed PlaceScan(Scan scan)
    {
        if (_tables.GetValueOrDefault(scan.Source)?.IsComputed == true) return new Placed(scan, PlacementKind.Replicated);

        // One statement is read by one task.
        var isLarge = scan.Limit is null && scan.Subtree is null && (scan.EstimatedRows < 0 || ScanCost(scan) >= _options.SplitRows);
        return new Placed(scan, isLarge ? PlacementKind.Spread : PlacementKind.Single);
    }

    /// <summary>A node with one input, over the tasks that have the input.</summary>
    private Placed Over(LogicalPlan node, Placed input)
    {
        var placed = Own(node, input.Kind);
        return placed with { Plan = placed.Plan.WithInputs([input.Plan]), Keys = input.Keys };
    }

    /// <summary>
    /// A node with its subqueries made readable by the node's tasks. What may give other rows each time is computed once.
    /// </summary>
    private Placed Own(LogicalPlan node, PlacementKind kind)
    {
        if (kind == PlacementKind.Replicated
            && PlanRewriter.ExpressionsOf(node)
                .Any(expression => PlanRewriter.IsVolatile(expression) || PlanRewriter.HasSubquery(expression)))
                    kind = PlacementKind.Single;
        return new Placed(LocalizeSubqueries(node, kind == PlacementKind.Spread), kind);
    }

    private Placed PlaceProject(Project project, Placed input)
    {
        var placed = Over(project, input);
        if (!input.IsSpread) return placed;

        // A list survives when each of its columns is passed on, under whatever name.
        var renamed = new Dictionary<int, int>();
        foreach (var assignment in project.Assignments)
            if (assignment.Expression is ColumnRef { Column.Id: var source })
                renamed.TryAdd(source, assignment.Column.Id);
        var keys = input.Keys.Where(key => key.All(renamed.ContainsKey)).Select(key => key.Select(id => renamed[id]).ToEquatableArray())
            .ToEquatableArray();
        return placed with { Keys = keys };
    }

    /// <param name="input">What the limit reads; below its sort when it has one.</param>
    private Placed PlaceLimit(Limit limit, Placed input)
    {
        if (!input.IsSpread || !TryCount(limit, out var skipped, out var rows) || rows is not { } taken)
            return Over(limit, limit.Input is Sort whole ? Over(whole, ToSingle(input)) : ToSingle(input));

        // Each task keeps as many rows as the whole would; the first of those are the answer.
        var most = new Constant(skipped + taken, SqlType.Int8);
        if (limit.Input is not Sort order) return Over(limit, ToSingle(input.With(new Limit(input.Plan, most, null))));
        var sorted = Over(order, input);
        var first = ToSingle(sorted.With(new Limit(sorted.Plan, most, null, limit.WithTies)));
        return Over(limit, Over(order, first));
    }

    private Placed PlaceWindow(Window window)
    {
        var input = Place(window.Input);
        if (!input.IsSpread) return Over(window, input);
        var shared = window.Calls
            .Select(call => ((WindowCall)call.Expression).PartitionBy.OfType<ColumnRef>().Select(reference => reference.Column)
                .Where(column => PartitionKeys.CanHash(column.Type)).ToArray())
            .Aggregate((first, second) => [.. first.Intersect(second)]);
        return Over(window, ToGroups(input, shared));
    }

    private Placed PlaceDistinct(Distinct distinct)
    {
        var input = Place(distinct.Input);
        if (input.IsGroupedBy(input.Plan.Columns.Select(column => column.Id).ToHashSet())) return Over(distinct, input);
        return Over(distinct, ToGroups(Over(distinct, input), [.. distinct.Columns.Where(column => PartitionKeys.CanHash(column.Type))]));
    }

    private Placed PlaceSetOperation(SetOperation operation)
    {
        if (operation is { Type: SetOperationType.Union, IsAll: false })
            return PlaceDistinct(new Distinct(operation with { IsAll = true }));
        Placed left = InOrder(Place(operation.Left), operation.Left.Columns),
            right = InOrder(Place(operation.Right), operation.Right.Columns);
        if (!left.IsSpread && !right.IsSpread) return Both(left, right);
        if (operation.Type == SetOperationType.Union)
        {
            // A side that one task computes would be repeated by every task.
            return left.IsSpread && right.IsSpread
                ? new Placed(operation.WithInputs([left.Plan, right.Plan]), PlacementKind.Spread)
                : Both(ToSingle(left), ToSingle(right));
        }

        var positions = Enumerable.Range(0, operation.Outputs.Count).Where(i => PartitionKeys.CanHash(operation.Outputs[i].Type)
            && operation.Left.Columns[i].Type.KernelName == operation.Right.Columns[i].Type.KernelName).ToArray();
        if (positions.Length == 0) return Both(ToSingle(left), ToSingle(right));
        left = ToHash(left, [.. positions.Select(i => operation.Left.Columns[i])]);
        right = ToHash(right, [.. positions.Select(i => operation.Right.Columns[i])]);
        return new Placed(operation.WithInputs([left.Plan, right.Plan]), PlacementKind.Spread,
            [positions.Select(i => operation.Outputs[i].Id).ToEquatableArray()]);

        Placed Both(Placed a, Placed b) => new(operation.WithInputs([a.Plan, b.Plan]), Together(a, b));
    }

    private static PlacementKind Together(Placed left, Placed right) =>
        left.Kind == PlacementKind.Replicated && right.Kind == PlacementKind.Replicated ? PlacementKind.Replicated : PlacementKind.Single;
}
