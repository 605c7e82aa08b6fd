namespace Federation.Planner.Distribution;

/// <summary>
/// Coarse row counts for choosing exchanges; the kernel has its own statistics for the order of joins within a task. The fractions are the
/// customary guesses of planners without histograms (Selinger et al., 1979).
/// </summary>
internal sealed class RowEstimates
{
    /// <summary>What a source without statistics is taken to have.</summary>
    private const double UnknownRows = 1_000_000;

    private readonly Selectivities _selectivities;

    /// <param name="plan">The plan whose parts will be asked about, and plans made of such parts.</param>
    public RowEstimates(LogicalPlan plan, IReadOnlyDictionary<TableSource, Binding.ResolvedTable> tables) =>
        _selectivities = new Selectivities(plan, tables);

    /// <param name="Rows">Rows that come out.</param>
    /// <param name="BaseRows">Rows of the largest table below, before filters: how many keys a join on it may meet.</param>
    public readonly record struct Estimate(double Rows, double BaseRows);

    public double Rows(LogicalPlan plan) => Of(plan).Rows;

    public Estimate Of(LogicalPlan plan)
    {
        switch (plan)
        {
            case Scan scan:
            {
                var rows = scan.EstimatedRows < 0 ? UnknownRows : scan.EstimatedRows;
                var kept = rows * _selectivities.OfAll(scan.Filters);
                return new Estimate(Math.Max(1, scan.Limit is { } limit ? Math.Min(limit, kept) : kept), Math.Max(1, rows));
            }

            case RemoteSource source: return new Estimate(Math.Max(1, source.EstimatedRows), Math.Max(1, source.BaseRows));
            case Values values: return new Estimate(values.Rows.Count, values.Rows.Count);
            case FunctionScan: return new Estimate(1000, 1000);
            case CteScan: return new Estimate(UnknownRows, UnknownRows);
            case Filter filter:
            {
                var input = Of(filter.Input);
                return input with { Rows = Math.Max(1, input.Rows * Selectivity(filter.Predicate)) };
            }

            case Aggregate aggregate:
            {
                var rows = aggregate.Keys.Count == 0 ? 1 : Math.Max(1, Rows(aggregate.Input) / 20);
                return new Estimate(rows, rows);
            }

            case Limit { Count: Constant { Value: long count } } limit:
            {
                var rows = Math.Min(count, Rows(limit.Input));
                return new Estimate(rows, rows);
            }

            case Join join: return OfJoin(join.Type, Of(join.Left), Of(join.Right), join.Condition is not Constant);
            case SetOperation operation:
            {
                var rows = Rows(operation.Left) + Rows(operation.Right);
                return new Estimate(rows, rows);
            }

            default: return plan.Inputs.Count == 0 ? new Estimate(1, 1) : Of(plan.Inputs[plan.Inputs.Count - 1]);
        }
    }

    /// <summary>
    /// A join on keys: each row of the larger table meets its one row of the smaller one, if a filter has not dropped it.
    /// </summary>
    /// <param name="keys">How many values the compared columns may have at most. Where that is fewer than either side has rows, many rows
    /// meet many.</param>
    public static Estimate OfJoin(JoinType type, Estimate left, Estimate right, bool hasCondition, double keys = double.PositiveInfinity)
    {
        if (!hasCondition) return new Estimate(left.Rows * right.Rows, Math.Max(left.BaseRows, right.BaseRows));
        var matched = left.Rows * right.Rows / Math.Max(1, Math.Min(keys, Math.Min(left.BaseRows, right.BaseRows)));
        var rows = type switch
        {
            JoinType.Left => Math.Max(left.Rows, matched),
            JoinType.Right => Math.Max(right.Rows, matched),
            JoinType.Full => Math.Max(left.Rows + right.Rows, matched),
            JoinType.Semi => left.Rows * Math.Min(0.5, Kept(left, right, keys)),
            JoinType.Anti => left.Rows / 2,
            _ => matched,
        };
        return new Estimate(Math.Max(1, rows), Math.Max(left.BaseRows, right.BaseRows));
    }

    /// <summary>The share of a table's rows whose keys are among the keys of other rows: 1 when nothing speaks against it.</summary>
    public static double Kept(Estimate rows, Estimate others, double keys = double.PositiveInfinity) =>
        Math.Min(1, others.Rows / Math.Max(1, Math.Min(keys, Math.Min(rows.BaseRows, others.BaseRows))));

    public double Selectivity(Expr predicate) => _selectivities.Of(predicate);
}
