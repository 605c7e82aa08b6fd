namespace Federation.Planner.Distribution;

/// <summary>
/// What share of rows a predicate keeps. Where a source knows the range of a column, values are taken to lie evenly in it; other fractions
/// are the customary guesses of planners without histograms (Selinger et al., 1979).
/// </summary>
internal sealed class Selectivities
{
    private const double Equality = 0.05;
    private const double Comparison = 0.4;

    private readonly Dictionary<int, (ColumnStatistics Statistics, SqlType Type)> _columns = [];

    public Selectivities(LogicalPlan plan, IReadOnlyDictionary<TableSource, Binding.ResolvedTable> tables)
    {
        foreach (var scan in PlanRewriter.Nodes(plan).OfType<Scan>())
        {
            if (scan.Subtree is not null || !tables.TryGetValue(scan.Source, out var table)) continue;
            foreach (var known in table.Columns.Where(column => column.Statistics is not null))
                foreach (var output in scan.Outputs.Where(output => output.SourceName == known.Name))
                    _columns[output.Column.Id] = (known.Statistics!, known.Type);
        }
    }

    public double Of(Expr predicate) => predicate switch
    {
        Or or => Math.Min(1, or.Terms.Sum(Of)),
        Not not => 1 - Of(not.Operand),
        InList list => Math.Min(0.5, OfEquality(list.Operand) * list.Items.Count),
        Call { Operator: "=", Arguments: [var left, var right] } => left is Constant ? OfEquality(right) : OfEquality(left),
        Call { Operator: "<>" } => 1 - Equality,
        Call { Operator: "~~" } => 0.1,
        Constant { Value: true } => 1,
        Constant => 0,
        And => OfAll([predicate]),
        _ => Limit(predicate) is var (column, low, high) ? Share(_columns[column].Statistics, low, high) : Comparison,
    };

    /// <summary>Of predicates that all must hold. The limits of one column make one range.</summary>
    public double OfAll(IEnumerable<Expr> predicates)
    {
        var share = 1.0;
        var ranges = new Dictionary<int, (double Low, double High)>();
        foreach (var term in predicates.SelectMany(Conjuncts.Of))
        {
            if (Limit(term) is not var (column, low, high)) share *= Of(term);
            else if (ranges.TryGetValue(column, out var range)) ranges[column] = (Math.Max(low, range.Low), Math.Min(high, range.High));
            else ranges[column] = (low, high);
        }

        return ranges.Aggregate(share,
            (product, range) => product * Share(_columns[range.Key].Statistics, range.Value.Low, range.Value.High));
    }

    private static double Share(ColumnStatistics statistics, double low, double high)
    {
        (low, high) = (Math.Max(low, statistics.Low), Math.Min(high, statistics.High));
        if (high < low) return 0;
        return statistics.High > statistics.Low ? (high - low) / (statistics.High - statistics.Low) : 1;
    }

    /// <summary>
    /// The range that a comparison of a column with a constant leaves to the column; null for other predicates and for columns without a
    /// known range.
    /// </summary>
    private (int Column, double Low, double High)? Limit(Expr predicate)
    {
        if (predicate is not Call { Operator: "<" or "<=" or ">" or ">=", Arguments: [var left, var right] } call) return null;
        var isBelow = call.Operator is "<" or "<=";
        if (left is Constant) (left, right, isBelow) = (right, left, !isBelow);
        if (KnownColumn(left) is not { } column || right is not Constant { Value: var value }
            || ColumnStatistics.Position(value) is not { } limit) return null;
        return isBelow ? (column, double.NegativeInfinity, limit) : (column, limit, double.PositiveInfinity);
    }

    /// <summary>One value of as many as the column's range has.</summary>
    private double OfEquality(Expr operand) =>
        KnownColumn(operand) is { } column && _columns[column] is var (statistics, type) && statistics.CountValues(type) is var values
            && double.IsFinite(values) ? 1 / values : Equality;

    /// <summary>The column below casts, all of which keep the order; null when its range is not known.</summary>
    private int? KnownColumn(Expr expression) => expression switch
    {
        Cast cast => KnownColumn(cast.Operand),
        ColumnRef { Column.Id: var id } when _columns.ContainsKey(id) => id,
        _ => null,
    };
}
