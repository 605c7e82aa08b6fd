using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Plan;
using Federation.Planner;
using Federation.Planner.Binding;

namespace Federation.Session.Statements;

/// <summary>
/// Tells a transaction what a statement reads of managed tables: all of it under SERIALIZABLE, else what FOR UPDATE and its kin are about.
/// </summary>
internal static class TrackedReads
{
    /// <summary>What a run of the query tells its plan to; null when nothing of it matters.</summary>
    public static Func<FragmentedPlan, CancellationToken, ValueTask>? Of(QuerySession session, BoundQuery query) =>
        session.Transaction.IsSerializable ? (plan, token) => RecordAsync(session, plan, _ => true, token)
        : query.Locked.Count > 0 ? (plan, token) => RecordAsync(session, plan, query.Locked.ContainsKey, token)
        : null;

    private static async ValueTask RecordAsync(QuerySession session, FragmentedPlan plan, Func<TableSource, bool> isTracked,
        CancellationToken cancellationToken)
    {
        var scans = plan.Fragments.SelectMany(fragment => PlanRewriter.Nodes(fragment.Plan)).OfType<Scan>()
            .ToLookup(scan => scan.Source);
        foreach (var (source, table) in plan.Tables)
        {
            // What is pinned does not change.
            if (table.Provider is not ITableReads format || source.Pin is not null || !isTracked(source)
                || session.Temporary.Is(source.Schema)) continue;

            // A table without a scan was answered from what is known of it, of which every row is part.
            var handles = scans.Contains(source) ? scans[source].Select(scan => scan.Handle).Distinct() : [table.Handle];
            foreach (var handle in handles)
                await session.Transaction.ReadAsync(
                    TableEntry.KeyOf(source.Schema, source.Table), source.TableOid, format, handle, cancellationToken);
        }
    }
}
