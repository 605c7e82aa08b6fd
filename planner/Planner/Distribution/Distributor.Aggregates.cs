namespace Federation.Planner.Distribution;

/// <summary>Aggregation in two steps: each task over its own rows, then over what the tasks found.</summary>
internal sealed partial class Distributor
{
    /// <summary>
    /// With fewer groups one task finishes them; more are finished by all tasks, each having the groups of its partition.
    /// </summary>
    private const double MostGatheredGroups = 20_000;

    private Placed PlaceAggregate(Aggregate aggregate)
    {
        var input = Place(aggregate.Input);
        var keys = aggregate.Keys.Select(key => key.Expression is ColumnRef reference ? reference.Column : key.Column).ToArray();
        var passed = aggregate.Keys.Where(key => key.Expression is ColumnRef).Select(key => ((ColumnRef)key.Expression).Column.Id)
            .ToHashSet();
        if (!input.IsSpread || (aggregate.Sets.Count == 0 && aggregate.Keys.Count > 0 && input.IsGroupedBy(passed)))
        {
            var whole = Over(aggregate, input);
            var names = aggregate.Keys.Where(key => key.Expression is ColumnRef).GroupBy(key => ((ColumnRef)key.Expression).Column.Id)
                .ToDictionary(group => group.Key, group => group.First().Column.Id);
            return input.IsSpread
                ? whole with
                {
                    Keys = input.Keys.Where(key => key.All(names.ContainsKey))
                        .Select(key => key.Select(id => names[id]).ToEquatableArray()).ToEquatableArray(),
                }
                : whole;
        }

        if (PartialAggregates.TrySplit(aggregate, NewColumn) is { } split)
        {
            var partial = Over(split.Partial, input);
            var exchanged = aggregate.Sets.Count > 0 || _estimates.Rows(aggregate) < MostGatheredGroups
                ? ToSingle(partial)
                : ToGroups(partial, [.. aggregate.Keys.Select(key => key.Column).Where(column => PartitionKeys.CanHash(column.Type))]);
            var final = exchanged.With(split.Final with { Input = exchanged.Plan });
            return final.With(split.Results with { Input = final.Plan });
        }

        // The rows themselves move: a group's rows must meet in one task.
        var usable = aggregate.Sets.Count > 0
            ? []
            : keys.Where(column => passed.Contains(column.Id) && PartitionKeys.CanHash(column.Type)).ToArray();
        var grouped = ToGroups(input, usable);
        var result = Over(aggregate, grouped);
        return result with { Keys = default };
    }
}
