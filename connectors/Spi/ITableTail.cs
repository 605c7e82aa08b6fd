using Federation.Core;
using Federation.Core.Tasks;
using Federation.Core.Types;

namespace Federation.Connectors.Spi;

/// <summary>A table format whose tables may have a <see cref="TableTail"/>. Thread-safe.</summary>
public interface ITableTail
{
    /// <summary>Whether rows of the table can be kept in its tail: their values mean the same there as in files.</summary>
    bool CanKeep(WritePlan plan);

    /// <summary>The update that adds rows and takes rows away, all in the table's tail. No file is written.</summary>
    /// <param name="rows">A value for each column of the table, in order, in the CLR forms of Values.cs.</param>
    /// <param name="removed">Rows of the state that the plan was made for.</param>
    ValueTask<ITableUpdate> KeepAsync(WritePlan plan, EquatableArray<EquatableArray<object?>> rows, RowSelection removed,
        CancellationToken cancellationToken);

    /// <summary>Looks for rows with the key of a row that an update has added, without reading files.</summary>
    /// <param name="after">The state that came of the update.</param>
    /// <param name="columns">The key's.</param>
    /// <param name="known">A state before the update in which the key was looked for already; null for none.</param>
    ValueTask<KeyLookup> FindKeyAsync(TablePointer after, ITableUpdate update, EquatableArray<string> columns, TablePointer? known,
        CancellationToken cancellationToken);

    /// <summary>The rows of a state's tail, and no others, in their order.</summary>
    ValueTask<ConnectorTable> LoadTailAsync(TablePointer pointer, CancellationToken cancellationToken);

    /// <summary>The table as it was at a time, with what its tail was then.</summary>
    /// <param name="now">The present state, whose metadata tells of older ones.</param>
    /// <param name="then">The state that the catalog had at the time.</param>
    /// <param name="microseconds">Since 1970-01-01 00:00:00 UTC.</param>
    ValueTask<ConnectorTable> LoadAtAsync(TablePointer now, TablePointer then, long microseconds, CancellationToken cancellationToken);

    /// <summary>
    /// The update that makes files of the tail that the plan's state has. Changes that came to the tail since stay in it. 40001 when the
    /// tail was flushed meanwhile.
    /// </summary>
    /// <param name="files">The rows of the tail, in their order where the table is not partitioned.</param>
    ValueTask<ITableUpdate> FlushAsync(WritePlan plan, IReadOnlyList<WrittenFile> files, CancellationToken cancellationToken);
}

/// <summary>What is known of the keys of added rows.</summary>
/// <param name="IsKnown">False when files have to be read to know it.</param>
/// <param name="Duplicate">A key that two rows have, in CLR forms with their types; null for none.</param>
public sealed record KeyLookup(bool IsKnown, EquatableArray<(object Value, SqlType Type)>? Duplicate)
{
    public static readonly KeyLookup Unknown = new(false, null);

    public static readonly KeyLookup Unique = new(true, null);
}
