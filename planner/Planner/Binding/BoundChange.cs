using Federation.Connectors.Spi;

namespace Federation.Planner.Binding;

/// <summary>What becomes of a row that a change is about.</summary>
public enum RowAction : short
{
    /// <summary>The row goes.</summary>
    Delete = 0,

    /// <summary>The row goes, and another takes its place.</summary>
    Update = 1,

    /// <summary>A row comes.</summary>
    Insert = 2,
}

/// <summary>UPDATE, DELETE, MERGE or INSERT … ON CONFLICT with its names and types settled.</summary>
/// <param name="Target">The table as the statement's snapshot has it.</param>
/// <param name="Rows">
/// One row for each change. Its outputs are the file and position of the row that goes (NULL for <see cref="RowAction.Insert"/>), the
/// action, the new values of the target's columns in order unless rows only go, and what RETURNING gives.
/// </param>
/// <param name="HasNewRows">Whether the new values are among the outputs.</param>
/// <param name="ReturningCount">How many of the outputs are RETURNING's, the last ones; null without RETURNING.</param>
/// <param name="Rights">What the statement's user has to be allowed.</param>
public sealed record BoundChange(ResolvedTable Target, BoundQuery Rows, bool HasNewRows, int? ReturningCount, ChangeRights Rights)
{
    public const int FileColumn = 0;
    public const int PositionColumn = 1;
    public const int ActionColumn = 2;
    public const int FirstNewColumn = RowIdentity.ColumnCount + 1;

    /// <summary>Set for INSERT … ON CONFLICT.</summary>
    public ConflictRule? Conflict { get; init; }

    /// <summary>What RETURNING gives.</summary>
    public IEnumerable<OutputColumn> Returning => Rows.Outputs.Skip(Rows.Outputs.Count - (ReturningCount ?? 0));
}

/// <summary>The rights that a change needs of its target and of what it reads.</summary>
/// <param name="Updated">Columns that are set; null when none may be.</param>
/// <param name="Inserted">Columns that get values in new rows; null when no row comes.</param>
/// <param name="Deletes">Whether rows may go for good.</param>
/// <param name="Reads">The columns that are read, by table; the target is among them only if one of its columns is.</param>
public sealed record ChangeRights(EquatableArray<string>? Updated, EquatableArray<string>? Inserted, bool Deletes,
    IReadOnlyDictionary<TableSource, IReadOnlySet<string>> Reads)
{
    /// <summary>The views that the change goes through, the one that the statement names first; none for a table.</summary>
    public EquatableArray<ViewAccess> Views { get; init; }
}

/// <summary>A view through which rows are changed.</summary>
/// <param name="Columns">Those of its columns that get values.</param>
public sealed record ViewAccess(TableSource View, EquatableArray<string> Columns);

/// <summary>What becomes of rows that are proposed for insertion with one key.</summary>
/// <param name="Keys">The positions of each key's columns among those of the table.</param>
/// <param name="Updates">DO UPDATE: a second row with a key is an error. It is left out by DO NOTHING.</param>
public sealed record ConflictRule(EquatableArray<EquatableArray<int>> Keys, bool Updates);
