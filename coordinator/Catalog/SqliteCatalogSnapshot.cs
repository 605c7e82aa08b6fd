using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Federation.Catalog;

/// <summary>Reads the rows that were valid at one version. They never change, so what has been looked up is kept. Thread-safe.</summary>
internal sealed class SqliteCatalogSnapshot(SqliteCatalogStore store, long version, DateTimeOffset committedAt) : ICatalogSnapshot
{
    private const string Valid = "valid_from <= $1 AND (valid_to IS NULL OR valid_to > $1)";

    /// <summary>Names that do not exist are kept too, and there is no end of those.</summary>
    private const int MostKept = 10_000;

    private readonly ConcurrentDictionary<(string Kind, string Parent, string Name), object?> _found = new();

    public long Version => version;

    public DateTimeOffset CommittedAt => committedAt;

    public ValueTask<IReadOnlyList<SchemaEntry>> ListSchemasAsync(CancellationToken cancellationToken) => ListAsync<SchemaEntry>(ObjectKind.Schema, "");

    public ValueTask<SchemaEntry?> FindSchemaAsync(string name, CancellationToken cancellationToken) => FindAsync<SchemaEntry>(ObjectKind.Schema, "", name);

    public ValueTask<IReadOnlyList<TableEntry>> ListTablesAsync(string schema, CancellationToken cancellationToken) => ListAsync<TableEntry>(ObjectKind.Table, schema);

    public ValueTask<TableEntry?> FindTableAsync(string schema, string name, CancellationToken cancellationToken) => FindAsync<TableEntry>(ObjectKind.Table, schema, name);

    public ValueTask<IReadOnlyList<ServerEntry>> ListServersAsync(CancellationToken cancellationToken) => ListAsync<ServerEntry>(ObjectKind.Server, "");

    public ValueTask<ServerEntry?> FindServerAsync(string name, CancellationToken cancellationToken) => FindAsync<ServerEntry>(ObjectKind.Server, "", name);

    public async ValueTask<UserMappingEntry?> FindUserMappingAsync(string server, string user, CancellationToken cancellationToken) =>
        await FindAsync<UserMappingEntry>(ObjectKind.UserMapping, server, user) ?? await FindAsync<UserMappingEntry>(ObjectKind.UserMapping, server, UserMappingEntry.Everybody);

    public ValueTask<IReadOnlyList<UserMappingEntry>> ListUserMappingsAsync(string server, CancellationToken cancellationToken) => ListAsync<UserMappingEntry>(ObjectKind.UserMapping, server);

    public ValueTask<RoleEntry?> FindRoleAsync(string name, CancellationToken cancellationToken) => FindAsync<RoleEntry>(ObjectKind.Role, "", name);

    public ValueTask<IReadOnlyList<RoleEntry>> ListRolesAsync(CancellationToken cancellationToken) => ListAsync<RoleEntry>(ObjectKind.Role, "");

    public ValueTask<AccessEntry?> FindAccessAsync(AccessTarget target, CancellationToken cancellationToken) => FindAsync<AccessEntry>(ObjectKind.Access, target.Kind.ToString(), target.Name);

    public async ValueTask<IReadOnlyList<AccessEntry>> ListAccessAsync(CancellationToken cancellationToken)
    {
        var entries = new List<AccessEntry>();
        foreach (var kind in Enum.GetNames<AccessKind>()) entries.AddRange(await ListAsync<AccessEntry>(ObjectKind.Access, kind));
        return entries;
    }

    private ValueTask<IReadOnlyList<T>> ListAsync<T>(string kind, string parent)
    {
        try
        {
            using var connection = store.Connect();
            using var command = SqliteCatalogStore.Command(connection, $"SELECT body FROM objects WHERE kind = $2 AND parent = $3 AND {Valid} ORDER BY name", [version, kind, parent]);
            using var reader = command.ExecuteReader();
            var entries = new List<T>();
            while (reader.Read()) entries.Add(CatalogJson.Read<T>(reader.GetString(0)));
            return ValueTask.FromResult<IReadOnlyList<T>>(entries);
        }
        catch (SqliteException error)
        {
            throw SqliteCatalogStore.Failure(error, "catalog");
        }
    }

    private ValueTask<T?> FindAsync<T>(string kind, string parent, string name)
        where T : class
    {
        if (_found.TryGetValue((kind, parent, name), out var known)) return ValueTask.FromResult((T?)known);
        try
        {
            using var connection = store.Connect();
            var body = SqliteCatalogStore.Scalar(connection, $"SELECT body FROM objects WHERE kind = $2 AND parent = $3 AND name = $4 AND {Valid}", version, kind, parent, name) as string;
            var entry = body is null ? null : CatalogJson.Read<T>(body);
            if (_found.Count >= MostKept) _found.Clear();
            _found[(kind, parent, name)] = entry;
            return ValueTask.FromResult(entry);
        }
        catch (SqliteException error)
        {
            throw SqliteCatalogStore.Failure(error, "catalog");
        }
    }
}
