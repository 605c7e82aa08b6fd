using Federation.Core.Tasks;

namespace Federation.Planner.Distribution;

/// <summary>Exchanges: where one fragment ends and another begins.</summary>
internal sealed partial class Distributor
{
    /// <summary>Ends a fragment and gives its id.</summary>
    private int Add(Placed root, TaskOutput output, RowMerge? merge = null)
    {
        var id = _fragments.Count;
        _fragments.Add(new PlacedFragment(id, root.Plan, output, root.IsSpread ? _options.Workers : 1, merge));
        return id;
    }

    private RemoteSource Cut(Placed input, TaskOutput output, ExchangeReading reading)
    {
        var estimate = _estimates.Of(input.Plan);
        return new RemoteSource(Add(input, output), reading, input.Plan.Columns, Count(estimate.Rows), Count(estimate.BaseRows));

        static long Count(double rows) => (long)Math.Min(long.MaxValue / 2, rows);
    }

    /// <summary>All rows in one task.</summary>
    private Placed ToSingle(Placed input) =>
        input.IsSpread ? new Placed(Cut(input, new TaskOutput.Gather(), ExchangeReading.Whole), PlacementKind.Single) : input;

    /// <summary>All rows in every task.</summary>
    private Placed ToReplicated(Placed input) => input.Kind == PlacementKind.Replicated
        ? input
        : new Placed(Cut(input, new TaskOutput.Broadcast(), ExchangeReading.Whole), PlacementKind.Replicated);

    /// <summary>Rows placed by the hash of columns.</summary>
    private Placed ToHash(Placed input, Column[] columns)
    {
        var keys = columns.Select(column => column.Id).ToEquatableArray();
        if (input.IsSpread && input.Keys.Any(key => key.Equals(keys))) return input;
        var positions = columns.Select(column => Array.FindIndex(input.Plan.Columns.ToArray(), candidate => candidate.Id == column.Id))
            .ToEquatableArray();
        return new Placed(Cut(input, new TaskOutput.Hash(positions, _options.Workers), ExchangeReading.Partition),
            PlacementKind.Spread, [keys]);
    }

    /// <summary>Rows that agree in these columns in one task; in a single one when no column can be hashed.</summary>
    private Placed ToGroups(Placed input, Column[] columns)
    {
        if (input.IsGroupedBy(columns.Select(column => column.Id).ToHashSet())) return input;
        return columns.Length == 0 ? ToSingle(input) : ToHash(input, columns);
    }
}
