namespace Federation.Planner.Binding;

/// <summary>An INSERT with its names and types settled.</summary>
/// <param name="Target">The table as the statement's snapshot has it.</param>
/// <param name="Source">The rows, with the table's columns in order, each in its column's type.</param>
/// <param name="Returning">RETURNING over the target; over the rows that were added once they are there. Null for none.</param>
public sealed record BoundInsert(ResolvedTable Target, BoundQuery Source, BoundQuery? Returning);
