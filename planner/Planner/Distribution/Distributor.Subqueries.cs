namespace Federation.Planner.Distribution;

/// <summary>Subqueries and common table expressions: plans whose rows several tasks read whole.</summary>
internal sealed partial class Distributor
{
    private LogicalPlan LocalizeSubqueries(LogicalPlan node, bool isSpread)
    {
        if (!PlanRewriter.ExpressionsOf(node).Any(PlanRewriter.HasSubquery)) return node;
        return PlanRewriter.MapOwnExpressions(node,
            expression => PlanRewriter.Rewrite(expression, item => item, plan => Localize(plan, isSpread)));
    }

    /// <summary>
    /// Makes a plan computable by any task that has what its free columns name. The largest parts without free columns are computed once,
    /// by all tasks where that pays, and read whole by each.
    /// </summary>
    private LogicalPlan Localize(LogicalPlan plan, bool isSpread)
    {
        if (!NeedsExchange(plan, isSpread)) return plan;
        if (plan is not With && PlanColumns.FreeOf(plan).Count == 0)
        {
            var placed = InOrder(Place(plan), plan.Columns);
            if (placed.IsSpread || (isSpread && placed.Kind == PlacementKind.Single)) placed = ToReplicated(placed);
            return placed.Plan;
        }

        if (plan is With { Definitions: var definitions } with)
        {
            if (PlanColumns.FreeOf(plan).Count == 0 && !definitions.Any(definition => definition.IsRecursive))
            {
                var placed = InOrder(PlaceWith(with), with.Columns);
                if (placed.Kind != PlacementKind.Replicated) placed = ToReplicated(placed);
                return placed.Plan;
            }

            return Opaque(with, isSpread);
        }

        var inputs = plan.Inputs.Select(input => Localize(input, isSpread)).ToEquatableArray();
        return LocalizeSubqueries(plan, isSpread).WithInputs(inputs);
    }

    /// <summary>Whether tasks would each read a source, or one would read what all could.</summary>
    private bool NeedsExchange(LogicalPlan plan, bool isSpread)
    {
        if (plan is CteScan scan && _ctes.ContainsKey(scan.Cte)) return true;
        if (plan is Scan table)
            return PlaceScan(table) is var placed && (placed.IsSpread || (isSpread && placed.Kind == PlacementKind.Single));
        return plan.Inputs.Any(input => NeedsExchange(input, isSpread))
            || PlanRewriter.ExpressionsOf(plan).SelectMany(PlanRewriter.Subqueries).Any(subquery => NeedsExchange(subquery.Plan, isSpread));
    }

    private Placed PlaceCteScan(CteScan scan)
    {
        // Only the kernel resolves a name of a recursive query.
        if (!_ctes.TryGetValue(scan.Cte, out var define)) return new Placed(scan, PlacementKind.Single);
        var definition = define();
        var assignments = scan.Outputs.Select((output, i) => new Assignment(output, new ColumnRef(scan.Sources[i]))).ToEquatableArray();
        var renamed = new Project(definition.Plan, assignments);
        var names = scan.Sources.Select((source, i) => (source.Id, Output: scan.Outputs[i].Id)).GroupBy(pair => pair.Id)
            .ToDictionary(group => group.Key, group => group.First().Output);
        var keys = definition.Keys.Where(key => key.All(names.ContainsKey)).Select(key => key.Select(id => names[id]).ToEquatableArray())
            .ToEquatableArray();
        return definition.With(renamed) with { Keys = keys };
    }

    private Placed PlaceWith(With with)
    {
        if (with.Definitions.Any(definition => definition.IsRecursive))
            return new Placed(Opaque(with, isSpread: false), PlacementKind.Single);
        Define(with);
        return Place(with.Input);
    }

    /// <summary>Makes known how the names of common table expressions are read.</summary>
    private void Define(With with)
    {
        var reads = CteReads.Count(with);
        foreach (var definition in with.Definitions)
        {
            if (reads.GetValueOrDefault(definition.Id) == 1)
            {
                // Read in one place: a part of the plan like any other.
                _ctes[definition.Id] = () => Place(definition.Plan);
                continue;
            }

            var placed = Place(definition.Plan);
            if (placed.IsSpread)
            {
                var shared = Cut(placed, new Core.Tasks.TaskOutput.Broadcast(), ExchangeReading.Share);
                _ctes[definition.Id] = () => new Placed(shared, PlacementKind.Spread, placed.Keys);
            }
            else
            {
                var copied = ToReplicated(placed);
                _ctes[definition.Id] = () => copied;
            }
        }
    }

    /// <summary>A part that one task runs as it stands; names of common table expressions defined around it become exchanges.</summary>
    private LogicalPlan Opaque(LogicalPlan plan, bool isSpread)
    {
        return PlanRewriter.Rewrite(plan,
            node => PlanRewriter.MapOwnExpressions(Resolve(node),
                expression => PlanRewriter.Rewrite(expression, item => item, inner => Opaque(inner, isSpread))));

        LogicalPlan Resolve(LogicalPlan node) => node switch
        {
            CteScan scan when _ctes.ContainsKey(scan.Cte) => ToReplicated(PlaceCteScan(scan)).Plan,
            Scan scan when isSpread => ToReplicated(PlaceScan(scan)).Plan,
            _ => node,
        };
    }
}
