using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Execution;
using Federation.Plan;
using Federation.Planner.Binding;
using Federation.Planner.Distribution;

namespace Federation.Maintenance;

/// <summary>What a compaction has done.</summary>
/// <param name="FailedFiles">Files that were left as they are, since their rows kept changing.</param>
public sealed record CompactionResult(int RewrittenFiles = 0, int AddedFiles = 0, long RewrittenBytes = 0, int FailedFiles = 0)
{
    public static CompactionResult operator +(CompactionResult left, CompactionResult right) => new(
        left.RewrittenFiles + right.RewrittenFiles, left.AddedFiles + right.AddedFiles, left.RewrittenBytes + right.RewrittenBytes,
        left.FailedFiles + right.FailedFiles);
}

/// <summary>What a flush has done.</summary>
/// <param name="Rows">Rows that were added to the table's files.</param>
/// <param name="Deleted">Rows of files that were deleted.</param>
public sealed record FlushedTail(ITableUpdate Update, int Rows, int Deleted);

/// <summary>
/// Maintains one table. Each step is committed by itself; steps that clash with other transactions are made again from the newest state.
/// A table that is dropped meanwhile raises 42P01. Used by one thread at a time.
/// </summary>
/// <param name="table">The table, of which only the identity counts.</param>
/// <param name="job">The job that commits; null for a session.</param>
public sealed class TableMaintainer(MaintenanceServices services, TableEntry table, JobLease? job)
{
    /// <summary>A group whose rows have changed so often while it was written is left alone.</summary>
    private const int MostClashes = 5;

    /// <summary>Told after each group how many of all groups are done.</summary>
    public Action<int, int> OnProgress { get; init; } = (_, _) => { };

    /// <summary>Writes small files, and those of which much is deleted, again as larger ones.</summary>
    /// <param name="selectAsync">Gives the handle of a state whose filters choose files; null for all files.</param>
    public async ValueTask<CompactionResult> RewriteDataAsync(CompactionOptions options,
        Func<TableEntry, CancellationToken, ValueTask<ITableHandle>>? selectAsync, CancellationToken cancellationToken)
    {
        var entry = await NewestAsync(cancellationToken);
        var selected = selectAsync is null ? null : await selectAsync(entry, cancellationToken);
        var groups = await MaintenanceOf(entry).PlanCompactionAsync(entry.Pointer, selected, options, cancellationToken);
        var result = new CompactionResult();
        for (var i = 0; i < groups.Count; i++)
        {
            result += await RewriteGroupAsync(groups[i], cancellationToken);
            OnProgress(i + 1, groups.Count);
        }

        return result;
    }

    /// <summary>Makes files of the changes that the catalog keeps for the table; null when there were none.</summary>
    public async ValueTask<FlushedTail?> FlushAsync(CancellationToken cancellationToken) => await RepeatAsync(
        (entry, token) => MakeFlushAsync(services, entry, token), flushed => flushed.Update, () => [], cancellationToken);

    /// <summary>The update that makes files of a table's tail; null when it has none.</summary>
    public static async ValueTask<FlushedTail?> MakeFlushAsync(MaintenanceServices services, TableEntry entry,
        CancellationToken cancellationToken)
    {
        if (entry.Pointer.Tail is not { } tail) return null;
        var format = services.Formats.First(format => format.Name == entry.Pointer.Format);
        var (writer, tails) = ((ITableWriter)format, (ITableTail)format);
        var plan = await writer.PlanAppendAsync(entry.Pointer, cancellationToken);
        IReadOnlyList<WrittenFile> files = [];
        if (tail.LiveRows > 0)
        {
            var loaded = await tails.LoadTailAsync(entry.Pointer, cancellationToken);
            files = (await services.Runner.WriteAsync(RequestOf(entry, loaded, format), plan.Output, cancellationToken)).Files;
        }

        return new FlushedTail(await tails.FlushAsync(plan, files, cancellationToken), tail.LiveRows, tail.DeletedRows);
    }

    /// <summary>Makes one file of many files of deletes; null when there was nothing to do.</summary>
    public ValueTask<MaintenanceUpdate?> RewriteDeletesAsync(int least, CancellationToken cancellationToken) =>
        RepeatAsync((entry, token) => MaintenanceOf(entry).RewriteDeletesAsync(entry.Pointer, least, token),
            update => update.Update, () => [], cancellationToken);

    /// <summary>Merges small manifests; null when there was nothing to do.</summary>
    public ValueTask<MaintenanceUpdate?> RewriteManifestsAsync(int least, CancellationToken cancellationToken) =>
        RepeatAsync((entry, token) => MaintenanceOf(entry).RewriteManifestsAsync(entry.Pointer, least, token),
            update => update.Update, () => [], cancellationToken);

    /// <summary>Forgets old snapshots; null when there was none. Their files are removed once no older version can name them.</summary>
    public async ValueTask<ExpiryUpdate?> ExpireAsync(ExpiryOptions options, CancellationToken cancellationToken)
    {
        DeferredRemoval? removal = null;
        try
        {
            return await RepeatAsync(
                async (entry, token) =>
                {
                    if (removal is not null) await removal.DiscardAsync(services);
                    removal = null;
                    var update = await MaintenanceOf(entry).ExpireAsync(entry.Pointer, options, token);
                    if (update is null) return null;
                    removal = await DeferredRemoval.WriteAsync(services, entry, [.. update.Files.Values.SelectMany(files => files)], token);
                    return update;
                },
                update => update.Update, () => removal?.Intent is { } intent ? [intent] : [], cancellationToken);
        }
        catch (SqlException error) when (error.State != SqlState.TransactionResolutionUnknown)
        {
            if (removal is not null) await removal.DiscardAsync(services);
            throw;
        }
    }

    /// <summary>The table as it is now. Raises 42P01 when it is gone.</summary>
    public async ValueTask<TableEntry> NewestAsync(CancellationToken cancellationToken)
    {
        var catalog = await services.Catalog.GetSnapshotAsync(cancellationToken);
        if (await catalog.FindTableAsync(table.Schema, table.Name, cancellationToken) is { } same && same.Oid == table.Oid) return same;
        foreach (var schema in await catalog.ListSchemasAsync(cancellationToken))
            if ((await catalog.ListTablesAsync(schema.Name, cancellationToken)).FirstOrDefault(item => item.Oid == table.Oid) is { } moved)
                return moved;
        throw new SqlException(SqlState.UndefinedTable, $"table \"{table.Schema}.{table.Name}\" does not exist");
    }

    public ITableMaintenance MaintenanceOf(TableEntry entry) => FormatOf<ITableMaintenance>(entry);

    private T FormatOf<T>(TableEntry entry)
        where T : class =>
        services.Formats.FirstOrDefault(format => format.Name == entry.Pointer.Format) as T
        ?? throw new SqlException(SqlState.FeatureNotSupported, $"tables of format {entry.Pointer.Format} cannot be maintained");

    private async ValueTask<CompactionResult> RewriteGroupAsync(CompactionGroup group, CancellationToken cancellationToken)
    {
        for (var clashes = 0; ; clashes++)
        {
            var entry = await NewestAsync(cancellationToken);
            try
            {
                return await RewriteOnceAsync(entry, group, cancellationToken);
            }
            catch (SqlException error) when (error.State == SqlState.TRSerializationFailure)
            {
                if (clashes == MostClashes) return new CompactionResult(FailedFiles: group.Files.Count);
                // Some of the files may be gone; the rest have new deletes.
                entry = await NewestAsync(cancellationToken);
                group = await MaintenanceOf(entry).KeepLiveAsync(entry.Pointer, group, cancellationToken);
                if (group.Files.Count == 0) return new CompactionResult();
            }
        }
    }

    private async ValueTask<CompactionResult> RewriteOnceAsync(TableEntry entry, CompactionGroup group, CancellationToken cancellationToken)
    {
        var writer = FormatOf<ITableWriter>(entry);
        var plan = await writer.PlanAppendAsync(entry.Pointer, cancellationToken);
        var loaded = await MaintenanceOf(entry).LoadGroupAsync(entry.Pointer, group, cancellationToken);
        var written = await services.Runner.WriteAsync(RequestOf(entry, loaded, writer), plan.Output, cancellationToken);
        var update = await MaintenanceOf(entry).RewriteAsync(plan, group, written.Files, cancellationToken);
        await CommitAsync(entry, update, [], cancellationToken);
        return new CompactionResult(group.Files.Count, written.Rows == 0 ? 0 : written.Files.Count, group.Bytes);
    }

    private static QueryRequest RequestOf(TableEntry entry, ConnectorTable loaded, object provider) => new(Read(entry, loaded, provider),
        new Planner.ExecutionContext([], _ => null), DistributionOptions.SingleTask, new TaskSettings("UTC"));

    /// <summary>A query that gives the rows of a state as they are.</summary>
    private static BoundQuery Read(TableEntry entry, ConnectorTable loaded, object provider)
    {
        var source = new TableSource("lake", entry.Schema, entry.Name, loaded.EstimatedRows) { TableOid = entry.Oid };
        var outputs = loaded.Columns
            .Select((column, i) => new ScanColumn(new Column(i + 1, column.Name, column.Type), column.Name)).ToEquatableArray();
        return new BoundQuery(new Scan(source, loaded.Handle, outputs),
            outputs.Select(output => new OutputColumn(output.SourceName, output.Column)).ToEquatableArray(), [])
        {
            Tables = new Dictionary<TableSource, ResolvedTable>
            {
                [source] = new ResolvedTable(source, loaded.Handle, loaded.Columns) { Provider = provider },
            },
        };
    }

    private async ValueTask<T?> RepeatAsync<T>(Func<TableEntry, CancellationToken, ValueTask<T?>> makeAsync, Func<T, ITableUpdate> updateOf,
        Func<IReadOnlyList<CatalogIntent>> intents, CancellationToken cancellationToken)
        where T : class
    {
        for (var clashes = 0; ; clashes++)
        {
            using var turn = clashes == 0 ? null : await services.Catalog.Attempts.TakeTurnAsync(table.Oid, clashes, cancellationToken);
            var entry = await NewestAsync(cancellationToken);
            var made = await makeAsync(entry, cancellationToken);
            if (made is null) return null;
            try
            {
                await CommitAsync(entry, updateOf(made), intents(), cancellationToken);
                return made;
            }
            catch (SqlException error) when (error.State == SqlState.TRSerializationFailure && clashes < CommitAttempts.Most)
            {
                // Made again from the newest state.
            }
        }
    }

    private async ValueTask CommitAsync(TableEntry entry, ITableUpdate update, IReadOnlyList<CatalogIntent> intents,
        CancellationToken cancellationToken)
    {
        try
        {
            await services.Catalog.CommitAsync([new CatalogChange.UpdateTable(entry.Key, entry.Oid, update)], intents, job,
                cancellationToken);
        }
        catch (Exception error) when (error is not SqlException unknown || unknown.State != SqlState.TransactionResolutionUnknown)
        {
            await update.DiscardAsync(CancellationToken.None);
            throw;
        }
    }
}
