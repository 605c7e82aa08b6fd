using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Scheduling;

namespace Federation.Session;

/// <summary>What all sessions of a gateway share.</summary>
public sealed record SessionServices(ICatalogStore Catalog, ConnectorPool Connectors, QueryScheduler Scheduler, IReadOnlyList<ITableFormat> Formats, TimeProvider Clock)
{
    /// <summary>Folders that locations given in SQL must lie in.</summary>
    public IReadOnlyList<string> AllowedRoots { get; init; } = [];

    /// <summary>Where rows of cursors go that do not fit in memory.</summary>
    public string SpillDirectory { get; init; } = Path.GetTempPath();

    public DateTimeOffset StartedAt { get; init; }

    public StatementCache Statements { get; } = new();

    /// <summary>Where statements are parsed, bound, planned and written.</summary>
    public PlanningThreads Planning { get; } = new(Environment.ProcessorCount);
}
