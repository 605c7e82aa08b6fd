namespace Federation.Connectors.Spi;

/// <summary>
/// A table format that shows what its tables are made of, as tables: <c>"t$snapshots"</c>, <c>"t$files"</c> and so on. Their rows are made
/// when scans of them are planned. Thread-safe.
/// </summary>
public interface ITableInspection
{
    /// <summary>What plans scans of the handles.</summary>
    IScanPlanner InspectionPlanner { get; }

    /// <summary>The columns of a table about a state of another; null when there is none of that name.</summary>
    /// <param name="kind">The name behind the dollar sign.</param>
    ConnectorTable? FindInspection(TablePointer pointer, string kind);
}
