using Federation.Connectors.Spi;
using Federation.SystemCatalog;

namespace Federation.Session.Catalogs;

/// <summary>
/// The system tables of one statement. Binding needs only their columns; their rows are made when their scans are planned. Used by one
/// thread at a time.
/// </summary>
internal sealed class SystemProvider(Func<SystemTableHandle, CancellationToken, ValueTask<SystemState>> loadAsync)
    : IScanPlanner, IFilterPushdown
{
    public FilterPushdown PushFilter(ITableHandle handle, EquatableArray<ConnectorExpression> conjuncts) =>
        SystemTables.PushFilter(handle, conjuncts);

    public async ValueTask<ScanPlan> PlanScanAsync(ITableHandle handle, EquatableArray<string> columns, string inputName,
        CancellationToken cancellationToken)
    {
        var own = (SystemTableHandle)handle;
        return SystemTables.Scan(own, columns, inputName, await loadAsync(own, cancellationToken));
    }
}
