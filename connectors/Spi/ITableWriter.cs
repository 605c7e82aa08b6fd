using Federation.Core;
using Federation.Core.Tasks;
using Federation.Core.Types;

namespace Federation.Connectors.Spi;

/// <summary>
/// A table format whose tables the managed catalog makes and changes. A change is planned for one state of a table, its rows are written by
/// workers, and the files become an update. The update is applied to whatever state is current when the transaction commits, maybe several
/// times: only the catalog's commit makes a state visible. Thread-safe.
/// </summary>
public interface ITableWriter
{
    /// <summary>Writes the first state of a new table into an empty folder. Raises 0A000 for a type that the format cannot hold.</summary>
    ValueTask<TablePointer> CreateAsync(NewTable table, CancellationToken cancellationToken);

    /// <summary>The type that a new column has once the table exists: the declared one, or the nearest that the format can hold.</summary>
    SqlType StoredType(SqlType declared);

    /// <summary>How rows that are added to a table are written. Raises 0A000 for a table that cannot be written.</summary>
    ValueTask<WritePlan> PlanAppendAsync(TablePointer pointer, CancellationToken cancellationToken);

    /// <summary>The update that adds files written by the plan.</summary>
    ValueTask<ITableUpdate> AppendAsync(WritePlan plan, IReadOnlyList<WrittenFile> files, CancellationToken cancellationToken);

    /// <summary>
    /// The update that takes rows away and adds the files written by the plan: UPDATE, DELETE and MERGE. Files that the change needs
    /// besides are written here.
    /// </summary>
    /// <param name="files">None when no row is added.</param>
    /// <param name="removed">Rows of the state that the plan was made for.</param>
    ValueTask<ITableUpdate> ChangeRowsAsync(WritePlan plan, IReadOnlyList<WrittenFile> files, RowSelection removed,
        CancellationToken cancellationToken);

    /// <summary>The update that takes all rows away that the table has when the update is applied: TRUNCATE.</summary>
    ValueTask<ITableUpdate> TruncateAsync(TablePointer pointer, CancellationToken cancellationToken);

    /// <summary>The rows that an update has added, and no others, in a state that the update was applied to.</summary>
    ValueTask<ConnectorTable> LoadAddedAsync(TablePointer pointer, ITableUpdate update, CancellationToken cancellationToken);
}

/// <summary>
/// A table format whose tables can get other columns. Rows written before are read as the changed columns say; they are not written again.
/// Thread-safe.
/// </summary>
public interface ITableAlterer
{
    /// <summary>
    /// The update that changes the columns of a table, one change after the other. Raises 0A000 for what the format cannot express.
    /// </summary>
    /// <param name="pointer">The state that the changes were checked against.</param>
    ValueTask<ITableUpdate> AlterAsync(TablePointer pointer, EquatableArray<ColumnChange> changes, CancellationToken cancellationToken);
}

/// <summary>
/// One change of a table's columns, or of how its files are laid out by them. Names are those that the changes before have left.
/// </summary>
public abstract record ColumnChange
{
    private ColumnChange() { }

    /// <param name="Initial">What the column is in rows that are there already; null for NULL. In the CLR form of its type.</param>
    public sealed record Add(NewColumn Column, object? Initial) : ColumnChange;

    /// <summary>Another column that gets the name later has none of the values.</summary>
    public sealed record Drop(string Name) : ColumnChange;

    public sealed record Rename(string Name, string NewName) : ColumnChange;

    /// <summary>Gives a column a type that holds every value of the present one.</summary>
    public sealed record Widen(string Name, SqlType Type) : ColumnChange;

    /// <summary>
    /// Gives a column any other type. The rows that are there lose their values: whoever changes the table writes them anew. Raises 42P16
    /// for a column by which the table is partitioned or sorted.
    /// </summary>
    public sealed record Retype(string Name, SqlType Type) : ColumnChange;

    /// <summary>Changes no column, but makes sure that all rows of the state that follows are those that were looked at.</summary>
    public sealed record KeepRows : ColumnChange;

    /// <param name="IsNullable">False once somebody has found that no row of the state is NULL there.</param>
    public sealed record SetNullable(string Name, bool IsNullable) : ColumnChange;

    /// <summary>How new files are parted; files that are there keep their parts.</summary>
    public sealed record SetPartitioning(EquatableArray<TableTransform> Terms) : ColumnChange;

    /// <param name="Name">Null for the name that the format gives.</param>
    public sealed record AddPartitionField(TableTransform Term, string? Name) : ColumnChange;

    /// <param name="Term">A plain column stands for the field of that name, if there is one.</param>
    public sealed record DropPartitionField(TableTransform Term) : ColumnChange;

    /// <summary>The order of rows in new files; none for any.</summary>
    public sealed record SetOrder(EquatableArray<TableOrder> Terms) : ColumnChange;
}

/// <summary>A change of a table whose files are written. Immutable; opaque to everybody but its format.</summary>
public interface ITableUpdate
{
    /// <summary>
    /// Makes the state that follows from a state of the table. This process can read it at once; others find it when it was published.
    /// Raises 40001 when the change cannot follow on it: another transaction has changed a row that this change takes away.
    /// </summary>
    ValueTask<TablePointer> ApplyAsync(TablePointer current, CancellationToken cancellationToken);

    /// <summary>Writes the state that the change was applied to last, right before the commit that names it.</summary>
    ValueTask PublishAsync(CancellationToken cancellationToken);

    /// <summary>Removes the files of a change that was never committed. What cannot be removed is left to maintenance.</summary>
    ValueTask DiscardAsync(CancellationToken cancellationToken);
}

/// <param name="Location">An absolute folder that does not exist yet.</param>
public sealed record NewTable(string Location, EquatableArray<NewColumn> Columns)
{
    /// <summary>Rows of different values lie in different files.</summary>
    public EquatableArray<TableTransform> PartitionedBy { get; init; }

    /// <summary>The order of the rows in each file.</summary>
    public EquatableArray<TableOrder> SortedBy { get; init; }

    public EquatableArray<KeyValuePair<string, string>> Properties { get; init; }

    /// <summary>The folder's name was made for this table alone, so nobody has to look whether it is empty.</summary>
    public bool HasUniqueLocation { get; init; }
}

/// <summary>A column, or what a function of it gives, by which the files of a table are laid out.</summary>
/// <param name="Transform">
/// As the format writes it. Iceberg: identity, bucket[16], truncate[4], year, month, day, hour, void.
/// </param>
public sealed record TableTransform(string Column, string Transform);

public sealed record TableOrder(TableTransform Term, bool IsDescending, bool IsNullsFirst);

/// <param name="Default">What rows that do not name the column get, as SQL text; null for NULL.</param>
public sealed record NewColumn(string Name, SqlType Type, bool IsNullable = true, string? Default = null);

/// <summary>How rows are written into files that the table's readers expect.</summary>
/// <param name="Pointer">The state that the plan was made for.</param>
/// <param name="Output">Where each task's rows go; the columns of the rows are those of the table, in order.</param>
public sealed record WritePlan(TablePointer Pointer, TaskOutput.WriteFiles Output);
