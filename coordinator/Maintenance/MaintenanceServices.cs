using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Execution;
using Federation.ObjectStorage;

namespace Federation.Maintenance;

/// <summary>What maintenance works with.</summary>
public sealed record MaintenanceServices(CatalogDatabase Catalog, QueryRunner Runner, IReadOnlyList<ITableFormat> Formats,
    IObjectStore Store, TimeProvider Clock)
{
    /// <summary>How long a version of the catalog can be read after it was replaced: files that it names stay that long.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// Since when some session of the catalog has been reading; null for nobody. Raises 08006 when that cannot be found out.
    /// </summary>
    public Func<CancellationToken, ValueTask<DateTimeOffset?>> OldestReaderAsync { get; init; } =
        _ => ValueTask.FromResult<DateTimeOffset?>(null);

    /// <summary>
    /// What was replaced before this time is named by no version of the catalog that can be read, and read by nobody.
    /// </summary>
    public async ValueTask<DateTimeOffset> DueAsync(CancellationToken cancellationToken)
    {
        var due = Clock.GetUtcNow() - Retention;
        return await OldestReaderAsync(cancellationToken) is { } oldest && oldest < due ? oldest : due;
    }
}
