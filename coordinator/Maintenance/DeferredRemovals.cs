using System.Text;
using System.Text.Json;
using Federation.Catalog;
using Federation.Core.Errors;
using Federation.ObjectStorage;

namespace Federation.Maintenance;

/// <summary>
/// Files that the newest state of a table does not need any more, and older versions of the catalog do. Their list lies in the table's
/// folder; a <see cref="CatalogIntent"/> of the commit that made them superfluous names it, so that the list counts if and only if the
/// commit does.
/// </summary>
/// <param name="ListPath">A file with one absolute path in each line.</param>
internal sealed record DeferredRemoval(CatalogIntent Intent, string ListPath)
{
    public const string Kind = "remove files";

    /// <param name="Since">Milliseconds since 1970: when the files became superfluous.</param>
    public sealed record Body(string List, long Since);

    public static async ValueTask<DeferredRemoval> WriteAsync(MaintenanceServices services, TableEntry table,
        IReadOnlyCollection<string> files, CancellationToken cancellationToken)
    {
        var list = StoragePath.Combine(table.Pointer.Location, $"metadata/expired-{Guid.NewGuid()}.txt");
        await services.Store.CreateAsync(list, Encoding.UTF8.GetBytes(string.Concat(files.Select(file => file + "\n"))), cancellationToken);
        var body = JsonSerializer.Serialize(new Body(list, services.Clock.GetUtcNow().ToUnixTimeMilliseconds()));
        return new DeferredRemoval(new CatalogIntent(Guid.NewGuid().ToString("N"), Kind, body), list);
    }

    public ValueTask DiscardAsync(MaintenanceServices services) => services.Store.TryDeleteAsync([ListPath]);
}

/// <summary>Removes files once nobody can need them. Thread-safe.</summary>
public static class DeferredRemovals
{
    /// <summary>Removes what is due; the number of files.</summary>
    /// <param name="due">What became superfluous before this time is needed by no version and by no reader.</param>
    public static async ValueTask<int> RunAsync(MaintenanceServices services, DateTimeOffset due, CancellationToken cancellationToken)
    {
        var count = 0;
        foreach (var (intent, body) in await ListAsync(services, cancellationToken))
        {
            if (body.Since >= due.ToUnixTimeMilliseconds()) continue;
            var files = await ReadAsync(services, body.List, cancellationToken);
            await services.Store.DeleteAsync([.. files], cancellationToken);
            // The list goes last: whoever repeats this after a crash needs it.
            await services.Store.DeleteAsync([body.List], cancellationToken);
            await services.Catalog.Store.EndIntentAsync(intent.Id, cancellationToken);
            count += files.Count;
        }

        await RemoveFoldersAsync(services, due, cancellationToken);
        return count;
    }

    /// <summary>Removes the folders of dropped tables, but not of one that is back.</summary>
    private static async ValueTask RemoveFoldersAsync(MaintenanceServices services, DateTimeOffset due, CancellationToken cancellationToken)
    {
        var dropped = (await services.Catalog.Store.ListIntentsAsync(cancellationToken)).Where(intent => intent.Kind == DroppedFolder.Kind)
            .Select(intent => (Intent: intent, Body: DroppedFolder.Read(intent)))
            .Where(item => item.Body.Since < due.ToUnixTimeMilliseconds()).ToArray();
        if (dropped.Length == 0) return;
        var catalog = await services.Catalog.GetSnapshotAsync(cancellationToken);
        var live = new List<string>();
        foreach (var schema in await catalog.ListSchemasAsync(cancellationToken))
            live.AddRange((await catalog.ListTablesAsync(schema.Name, cancellationToken)).Select(table => table.Pointer.Location));
        foreach (var (intent, body) in dropped)
        {
            if (!live.Exists(folder => folder == body.Folder || StoragePath.IsWithin(folder, body.Folder)
                || StoragePath.IsWithin(body.Folder, folder)))
                await services.Store.DeleteFolderAsync(body.Folder, cancellationToken);
            await services.Catalog.Store.EndIntentAsync(intent.Id, cancellationToken);
        }
    }

    /// <summary>Files that wait for their removal: they are no orphans.</summary>
    /// <param name="folder">The folder of a table.</param>
    public static async ValueTask<IReadOnlySet<string>> PendingAsync(MaintenanceServices services, string folder,
        CancellationToken cancellationToken)
    {
        var pending = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (_, body) in await ListAsync(services, cancellationToken))
        {
            if (!StoragePath.IsWithin(body.List, folder)) continue;
            pending.Add(body.List);
            pending.UnionWith(await ReadAsync(services, body.List, cancellationToken));
        }

        return pending;
    }

    private static async ValueTask<IReadOnlyList<(CatalogIntent Intent, DeferredRemoval.Body Body)>> ListAsync(MaintenanceServices services,
        CancellationToken cancellationToken) =>
        [.. (await services.Catalog.Store.ListIntentsAsync(cancellationToken)).Where(intent => intent.Kind == DeferredRemoval.Kind)
            .Select(intent => (intent, JsonSerializer.Deserialize<DeferredRemoval.Body>(intent.Body)!))];

    private static async ValueTask<IReadOnlyList<string>> ReadAsync(MaintenanceServices services, string list,
        CancellationToken cancellationToken)
    {
        const long LongestList = 1L << 30;
        try
        {
            return Encoding.UTF8.GetString(await services.Store.ReadAllAsync(list, LongestList, cancellationToken))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (SqlException error) when (error.State == SqlState.UndefinedFile)
        {
            // Somebody was here before, and has not come to the end.
            return [];
        }
    }
}
