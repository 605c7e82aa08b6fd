namespace Federation.Planner.Writing;

/// <summary>
/// Kernel identifiers of one statement: each column gets its own name when nobody has it yet, else the name with its number.
/// </summary>
internal sealed class KernelNames
{
    private readonly Dictionary<int, string> _columns = [];
    private readonly HashSet<string> _used = new(StringComparer.OrdinalIgnoreCase);
    private int _tables;
    private int _variables;

    /// <summary>The quoted identifier of a column.</summary>
    public string Of(Column column) => KernelLiterals.Identifier(Plain(column));

    /// <summary>The identifier without quotes, as inputs name their columns.</summary>
    public string Plain(Column column)
    {
        if (_columns.TryGetValue(column.Id, out var name)) return name;
        name = column.Name.Length == 0 || !_used.Add(column.Name) ? $"{column.Name}_{column.Id}" : column.Name;
        while (name != column.Name && !_used.Add(name)) name += "_";
        _columns.Add(column.Id, name);
        return name;
    }

    /// <summary>A name for a derived table.</summary>
    public string NewTable() => $"t{++_tables}";

    /// <summary>
    /// The quoted name of a lambda's parameter or of a column that only the written SQL has; no column of the plan gets it.
    /// </summary>
    public string NewVariable()
    {
        string name;
        do name = $"v{++_variables}"; while (!_used.Add(name));
        return KernelLiterals.Identifier(name);
    }

    /// <summary>A name for an input or a common table expression, after the thing it stands for.</summary>
    public string NewRelation(string wish)
    {
        var name = wish;
        for (var i = 2; !_used.Add("\0" + name); i++) name = $"{wish}_{i}";
        return name;
    }
}
