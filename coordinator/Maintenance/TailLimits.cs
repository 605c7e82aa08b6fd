using Federation.Catalog;
using Federation.Connectors.Spi;

namespace Federation.Maintenance;

/// <summary>Which changes the catalog keeps, and when they become files.</summary>
public sealed record TailLimits
{
    /// <summary>No change is kept: each writes its files.</summary>
    public static readonly TailLimits None = new() { RowsPerChange = 0 };

    /// <summary>Changes of more rows write files.</summary>
    public int RowsPerChange { get; init; } = 100;

    /// <summary>
    /// While a table's tail is larger, changes write files. Each commit writes the tail anew, so that it stays small.
    /// </summary>
    public int RowsPerTable { get; init; } = 2_000;

    public int BytesPerTable { get; init; } = 256 << 10;

    /// <summary>A tail of so many rows becomes files at once.</summary>
    public int FlushRows { get; init; } = 250;

    public int FlushBytes { get; init; } = 32 << 10;

    /// <summary>A tail is in files after this time: other engines see a table no older than that.</summary>
    public TimeSpan FlushAge { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether a table can take a change of some rows into its tail. Others read registered tables without the catalog.</summary>
    public bool Allow(TableEntry table, long rows) => rows <= RowsPerChange && !table.IsRegistered
        && table.Pointer is { Branch: null, Metadata.Length: > 0, Tail: var tail }
        && (tail is null || (tail.Weight + rows <= RowsPerTable && tail.Bytes <= BytesPerTable));

    /// <summary>Whether a tail becomes files without waiting for its age.</summary>
    public bool IsFull(TableTail tail) => tail.Weight >= FlushRows || tail.Bytes >= FlushBytes;
}
