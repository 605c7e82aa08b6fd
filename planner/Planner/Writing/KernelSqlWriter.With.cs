namespace Federation.Planner.Writing;

/// <summary>WITH: which definitions the kernel holds, and which inputs it reads again.</summary>
public sealed partial class KernelSqlWriter
{
    private readonly Dictionary<CteId, string> _ctes = [];

    /// <summary>
    /// The kernel would write these out at every use where it is told NOT MATERIALIZED or sees a LIMIT, and an input can be read once.
    /// </summary>
    private readonly HashSet<CteId> _repeated;

    /// <summary>How many recursive terms are being written around what is written now.</summary>
    private int _repetitions;

    private string WriteCteScan(CteScan scan)
    {
        var items = scan.Outputs.Select((output, i) => $"{_names.Of(scan.Sources[i])} AS {_names.Of(output)}").ToArray();
        return $"(SELECT {(items.Length == 0 ? "1" : string.Join(", ", items))} FROM {KernelLiterals.Identifier(_ctes[scan.Cte])}) AS "
            + $"{_names.NewTable()}";
    }

    private SelectBlock WriteWith(With with)
    {
        var definitions = new List<string>();
        var scope = new HoistScope([], definitions);
        _hoisted.Add(scope);
        foreach (var definition in with.Definitions)
        {
            _ctes[definition.Id] = _names.NewRelation(definition.Id.Name);
            var name = KernelLiterals.Identifier(_ctes[definition.Id]);
            var columns = definition.Plan.Columns.Count == 0
                ? ""
                : $"({string.Join(", ", definition.Plan.Columns.Select(column => _names.Of(column)))})";
            var body = definition is { IsRecursive: true, Plan: SetOperation union }
                ? $"SELECT * FROM {Derived(union.Left)} UNION{(union.IsAll ? " ALL" : "")} SELECT * FROM {Repeated(union.Right)}"
                : Listed(definition.Plan);
            var hint = definition.IsMaterialized is true || _repeated.Contains(definition.Id) || _workarounds.IsCut(definition.Plan)
                ? "MATERIALIZED "
                : "";
            definitions.Add($"{name}{columns} AS {hint}({body})");
            scope.Names.Add(definition.Id);
        }

        var recursive = with.Definitions.Any(definition => definition.IsRecursive) ? "RECURSIVE " : "";
        var block = Block(with.Input);
        _hoisted.Remove(scope);
        if (block.With.Length > 0 || block is { Items: null, Whole: null }) block = Wrap(block);
        block.With = $"WITH {recursive}{string.Join(", ", definitions)} ";
        return block;
    }

    /// <summary>The term that a recursive query runs again and again.</summary>
    private string Repeated(LogicalPlan plan)
    {
        _repetitions++;
        var text = Derived(plan);
        _repetitions--;
        return text;
    }
}
