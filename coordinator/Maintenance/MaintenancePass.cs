using System.Collections.Concurrent;
using System.Globalization;
using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Maintenance;

/// <summary>When the background service does something to a table; table properties of the same names come before these.</summary>
public sealed record MaintenanceOptions
{
    /// <summary>So many small files of a partition become one: <c>federation.compaction.min-files</c>.</summary>
    public int SmallFiles { get; init; } = 16;

    /// <summary>So many delete files of a partition become one: <c>federation.compaction.min-delete-files</c>.</summary>
    public int DeleteFiles { get; init; } = 16;

    /// <summary>A file is written again when this part of it is deleted: <c>federation.compaction.delete-ratio</c>.</summary>
    public double DeleteRatio { get; init; } = 0.3;

    /// <summary>So many small manifests are merged: Iceberg's <c>commit.manifest.min-count-to-merge</c>.</summary>
    public int Manifests { get; init; } = 100;

    /// <summary>A table keeps at most so many snapshots, whatever their age: <c>federation.history.max-snapshots</c>.</summary>
    public int MostSnapshots { get; init; } = 500;
}

/// <summary>
/// Looks at every table that this gateway's catalog has made, and maintains those that need it. One run at a time in a cluster: the job's
/// lease is part of every commit. What it remembers between runs only saves time.
/// </summary>
/// <param name="onFailure">Told of tables that could not be maintained; the others are.</param>
public sealed class MaintenancePass(MaintenanceServices services, MaintenanceOptions options, Action<string, SqlException> onFailure)
{
    /// <summary>Snapshots grow old without any commit, so tables that stay as they are get a look now and then.</summary>
    private static readonly TimeSpan s_recheck = TimeSpan.FromHours(1);

    /// <summary>The job that forgets versions of the catalog runs once an hour; a version may be readable until then.</summary>
    private static readonly TimeSpan s_slack = TimeSpan.FromHours(2);

    private readonly ConcurrentDictionary<Oid, (TablePointer Pointer, DateTimeOffset At)> _seen = new();

    /// <summary>
    /// Maintains what needs it. Raises 55000 when another process has taken the job, and the errors of the catalog.
    /// </summary>
    /// <param name="job">The lease of the job that runs; null in tests of the pass alone.</param>
    public async Task RunAsync(JobLease? job, CancellationToken cancellationToken)
    {
        var catalog = await services.Catalog.GetSnapshotAsync(cancellationToken);
        foreach (var schema in await catalog.ListSchemasAsync(cancellationToken))
            foreach (var table in await catalog.ListTablesAsync(schema.Name, cancellationToken))
                await MaintainAsync(table, job, cancellationToken);
        await DeferredRemovals.RunAsync(services, await DueAsync(cancellationToken), cancellationToken);
    }

    private async ValueTask<DateTimeOffset> DueAsync(CancellationToken cancellationToken) =>
        await services.DueAsync(cancellationToken) - (services.Retention > TimeSpan.Zero ? s_slack : TimeSpan.Zero);

    private async Task MaintainAsync(TableEntry table, JobLease? job, CancellationToken cancellationToken)
    {
        if (table.IsRegistered || table.Pointer.Metadata.Length == 0) return;
        var now = services.Clock.GetUtcNow();
        if (_seen.TryGetValue(table.Oid, out var seen) && seen.Pointer == table.Pointer && now - seen.At < s_recheck) return;
        var maintainer = new TableMaintainer(services, table, job);
        try
        {
            var properties = await maintainer.MaintenanceOf(table).ReadPropertiesAsync(table.Pointer, cancellationToken);
            if (properties.GetValueOrDefault("federation.maintenance.enabled") != "false")
                await MaintainAsync(maintainer, properties, cancellationToken);
            _seen[table.Oid] = ((await maintainer.NewestAsync(cancellationToken)).Pointer, now);
        }
        catch (SqlException error) when (error.State != SqlState.ObjectNotInPrerequisiteState)
        {
            // Tried again when the table has changed, or after a while.
            _seen[table.Oid] = (table.Pointer, now);
            if (error.State != SqlState.UndefinedTable) onFailure($"{table.Schema}.{table.Name}", error);
        }
    }

    private async Task MaintainAsync(TableMaintainer maintainer, IReadOnlyDictionary<string, string> properties,
        CancellationToken cancellationToken)
    {
        var deleteFiles = Whole("federation.compaction.min-delete-files", options.DeleteFiles);
        await maintainer.RewriteDataAsync(
            new CompactionOptions
            {
                LeastFiles = Whole("federation.compaction.min-files", options.SmallFiles), IsTiered = true,
                DeleteRatio = double.TryParse(properties.GetValueOrDefault("federation.compaction.delete-ratio"),
                    CultureInfo.InvariantCulture, out var ratio) && ratio > 0 ? ratio : options.DeleteRatio,
                TargetBytes = Math.Min(CompactionOptions.DefaultTargetBytes,
                    Whole("write.target-file-size-bytes", (int)CompactionOptions.DefaultTargetBytes)),
            }, null, cancellationToken);
        await maintainer.RewriteDeletesAsync(deleteFiles, cancellationToken);
        await maintainer.RewriteManifestsAsync(Whole("commit.manifest.min-count-to-merge", options.Manifests), cancellationToken);
        await maintainer.ExpireAsync(
            new ExpiryOptions { MostSnapshots = Whole("federation.history.max-snapshots", options.MostSnapshots) }, cancellationToken);
        if (properties.GetValueOrDefault("write.metadata.delete-after-commit.enabled") != "false")
        {
            var entry = await maintainer.NewestAsync(cancellationToken);
            var old = await maintainer.MaintenanceOf(entry).ListOldMetadataAsync(entry.Pointer, await DueAsync(cancellationToken),
                cancellationToken);
            await services.Store.DeleteAsync([.. old], cancellationToken);
        }

        int Whole(string name, int missing) => int.TryParse(properties.GetValueOrDefault(name), CultureInfo.InvariantCulture, out var value)
            && value > 0 ? value : missing;
    }
}
