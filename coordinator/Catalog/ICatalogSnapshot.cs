using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>
/// Which state of the catalog a snapshot shows: two snapshots with the same identity show the same objects. What was bound or planned
/// against a snapshot holds as long as the identity is the same.
/// </summary>
/// <param name="Version">The committed version below.</param>
/// <param name="OwnChanges">Zero without uncommitted changes; else a number that no other state of changes in this process has.</param>
public readonly record struct SnapshotId(long Version, long OwnChanges = 0);

/// <summary>The catalog in one state, which never changes. Thread-safe; lookups may read the store.</summary>
public interface ICatalogSnapshot
{
    SnapshotId Id { get; }

    /// <summary>When the committed version below was committed.</summary>
    DateTimeOffset CommittedAt { get; }

    /// <summary>Null when there is no such object.</summary>
    ValueTask<CatalogObject?> FindAsync(CatalogKey key, CancellationToken cancellationToken);

    /// <summary>Ordered by name, byte by byte.</summary>
    ValueTask<IReadOnlyList<CatalogObject>> ListAsync(CatalogList list, CancellationToken cancellationToken);
}

/// <summary>Lookups by kind.</summary>
public static class CatalogLookups
{
    public static ValueTask<IReadOnlyList<SchemaEntry>> ListSchemasAsync(this ICatalogSnapshot catalog,
        CancellationToken cancellationToken) =>
        ListAsync<SchemaEntry>(catalog, new CatalogList(ObjectKind.Schema), cancellationToken);

    public static ValueTask<SchemaEntry?> FindSchemaAsync(this ICatalogSnapshot catalog, string name,
        CancellationToken cancellationToken) =>
        FindAsync<SchemaEntry>(catalog, SchemaEntry.KeyOf(name), cancellationToken);

    public static ValueTask<IReadOnlyList<TableEntry>> ListTablesAsync(this ICatalogSnapshot catalog, string schema,
        CancellationToken cancellationToken) =>
        ListAsync<TableEntry>(catalog, new CatalogList(ObjectKind.Table, schema), cancellationToken);

    public static ValueTask<TableEntry?> FindTableAsync(this ICatalogSnapshot catalog, string schema, string name,
        CancellationToken cancellationToken) =>
        FindAsync<TableEntry>(catalog, TableEntry.KeyOf(schema, name), cancellationToken);

    public static ValueTask<IReadOnlyList<ViewEntry>> ListViewsAsync(this ICatalogSnapshot catalog, string schema,
        CancellationToken cancellationToken) =>
        ListAsync<ViewEntry>(catalog, new CatalogList(ObjectKind.View, schema), cancellationToken);

    public static ValueTask<IReadOnlyList<SequenceEntry>> ListSequencesAsync(this ICatalogSnapshot catalog, string schema,
        CancellationToken cancellationToken) =>
        ListAsync<SequenceEntry>(catalog, new CatalogList(ObjectKind.Sequence, schema), cancellationToken);

    /// <summary>Tables, then views, then sequences.</summary>
    public static async ValueTask<IReadOnlyList<RelationEntry>> ListRelationsAsync(this ICatalogSnapshot catalog, string schema,
        CancellationToken cancellationToken) =>
    [
        .. await ListTablesAsync(catalog, schema, cancellationToken),
        .. await ListViewsAsync(catalog, schema, cancellationToken),
        .. await ListSequencesAsync(catalog, schema, cancellationToken),
    ];

    public static ValueTask<SequenceEntry?> FindSequenceAsync(this ICatalogSnapshot catalog, string schema, string name,
        CancellationToken cancellationToken) =>
        FindAsync<SequenceEntry>(catalog, SequenceEntry.KeyOf(schema, name), cancellationToken);

    /// <summary>The sequence of an OID, looked for in all schemas.</summary>
    public static async ValueTask<SequenceEntry?> FindSequenceAsync(this ICatalogSnapshot catalog, Oid oid,
        CancellationToken cancellationToken)
    {
        foreach (var schema in await ListSchemasAsync(catalog, cancellationToken))
            foreach (var sequence in await ListSequencesAsync(catalog, schema.Name, cancellationToken))
                if (sequence.Oid == oid)
                    return sequence;
        return null;
    }

    public static ValueTask<ViewEntry?> FindViewAsync(this ICatalogSnapshot catalog, string schema, string name,
        CancellationToken cancellationToken) =>
        FindAsync<ViewEntry>(catalog, ViewEntry.KeyOf(schema, name), cancellationToken);

    /// <summary>The table, the view or the sequence of a name.</summary>
    public static async ValueTask<RelationEntry?> FindRelationAsync(this ICatalogSnapshot catalog, string schema, string name,
        CancellationToken cancellationToken) =>
        await FindTableAsync(catalog, schema, name, cancellationToken) is { } table ? table
            : await FindViewAsync(catalog, schema, name, cancellationToken) is { } view ? view
            : await FindSequenceAsync(catalog, schema, name, cancellationToken);

    /// <summary>The views of all schemas that have a source of some kind.</summary>
    public static async ValueTask<IReadOnlyList<ViewEntry>> FindViewsAsync(this ICatalogSnapshot catalog, Func<ViewSource, bool> reads,
        CancellationToken cancellationToken)
    {
        var found = new List<ViewEntry>();
        foreach (var schema in await ListSchemasAsync(catalog, cancellationToken))
            found.AddRange(
                (await ListViewsAsync(catalog, schema.Name, cancellationToken)).Where(view => view.Sources.Any(reads)));
        return found;
    }

    public static ValueTask<IReadOnlyList<ServerEntry>> ListServersAsync(this ICatalogSnapshot catalog,
        CancellationToken cancellationToken) =>
        ListAsync<ServerEntry>(catalog, new CatalogList(ObjectKind.Server), cancellationToken);

    public static ValueTask<ServerEntry?> FindServerAsync(this ICatalogSnapshot catalog, string name,
        CancellationToken cancellationToken) =>
        FindAsync<ServerEntry>(catalog, ServerEntry.KeyOf(name), cancellationToken);

    /// <summary>The mapping of this user, else of everybody, else null.</summary>
    public static async ValueTask<UserMappingEntry?> FindUserMappingAsync(
        this ICatalogSnapshot catalog, string server, string user, CancellationToken cancellationToken) =>
        await FindAsync<UserMappingEntry>(catalog, UserMappingEntry.KeyOf(server, user), cancellationToken)
        ?? await FindAsync<UserMappingEntry>(catalog, UserMappingEntry.KeyOf(server, UserMappingEntry.Everybody), cancellationToken);

    public static ValueTask<IReadOnlyList<UserMappingEntry>> ListUserMappingsAsync(
        this ICatalogSnapshot catalog, string server, CancellationToken cancellationToken) =>
        ListAsync<UserMappingEntry>(catalog, new CatalogList(ObjectKind.UserMapping, server), cancellationToken);

    public static ValueTask<RoleEntry?> FindRoleAsync(this ICatalogSnapshot catalog, string name, CancellationToken cancellationToken) =>
        FindAsync<RoleEntry>(catalog, RoleEntry.KeyOf(name), cancellationToken);

    public static ValueTask<IReadOnlyList<RoleEntry>> ListRolesAsync(this ICatalogSnapshot catalog, CancellationToken cancellationToken) =>
        ListAsync<RoleEntry>(catalog, new CatalogList(ObjectKind.Role), cancellationToken);

    /// <summary>What was granted on an object; null when nothing was.</summary>
    public static ValueTask<AccessEntry?> FindAccessAsync(this ICatalogSnapshot catalog, AccessTarget target,
        CancellationToken cancellationToken) =>
        FindAsync<AccessEntry>(catalog, AccessEntry.KeyOf(target), cancellationToken);

    public static async ValueTask<IReadOnlyList<AccessEntry>> ListAccessAsync(this ICatalogSnapshot catalog,
        CancellationToken cancellationToken)
    {
        var entries = new List<AccessEntry>();
        foreach (var kind in Enum.GetNames<AccessKind>())
            entries.AddRange(await ListAsync<AccessEntry>(catalog, new CatalogList(ObjectKind.Access, kind), cancellationToken));
        return entries;
    }

    private static async ValueTask<T?> FindAsync<T>(ICatalogSnapshot catalog, CatalogKey key, CancellationToken cancellationToken)
        where T : CatalogObject => (T?)await catalog.FindAsync(key, cancellationToken);

    private static async ValueTask<IReadOnlyList<T>> ListAsync<T>(ICatalogSnapshot catalog, CatalogList list,
        CancellationToken cancellationToken)
        where T : CatalogObject
    {
        var objects = await catalog.ListAsync(list, cancellationToken);
        return objects.Count == 0 ? [] : objects.Cast<T>().ToArray();
    }
}
