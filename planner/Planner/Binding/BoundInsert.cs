namespace Federation.Planner.Binding;

/// <summary>An INSERT with its names and types settled.</summary>
/// <param name="Target">The table as the statement's snapshot has it.</param>
/// <param name="Source">The rows, with the table's columns in order, each in its column's type.</param>
/// <param name="Returning">RETURNING over the target; over the rows that were added once they are there. Null for none.</param>
public sealed record BoundInsert(ResolvedTable Target, BoundQuery Source, BoundQuery? Returning)
{
    /// <summary>The views that the rows go through, the one that the statement names first; none for a table.</summary>
    public EquatableArray<ViewAccess> Views { get; init; }

    /// <summary>The columns of the table that the statement gives values for, where it names a view.</summary>
    public EquatableArray<string> Given { get; init; }
}
