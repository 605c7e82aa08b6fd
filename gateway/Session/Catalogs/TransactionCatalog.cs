using Federation.Catalog;

namespace Federation.Session.Catalogs;

/// <summary>
/// A snapshot with the uncommitted changes of one transaction on top, so that a transaction sees what it did and nobody else does. Used by one thread at a time.
/// </summary>
internal sealed class TransactionCatalog(ICatalogSnapshot @base) : ICatalogSnapshot
{
    private readonly List<CatalogChange> _changes = [];

    public long Version => @base.Version;

    public DateTimeOffset CommittedAt => @base.CommittedAt;

    public IReadOnlyList<CatalogChange> Changes => _changes;

    public void Add(CatalogChange change) => _changes.Add(change);

    /// <summary>Forgets the changes made after the first <paramref name="count"/>.</summary>
    public void CutTo(int count) => _changes.RemoveRange(count, _changes.Count - count);

    public async ValueTask<IReadOnlyList<SchemaEntry>> ListSchemasAsync(CancellationToken cancellationToken)
    {
        var schemas = (await @base.ListSchemasAsync(cancellationToken)).ToList();
        foreach (var change in _changes)
        {
            if (change is CatalogChange.CreateSchema create) schemas.Add(new SchemaEntry(Oid.None, create.Name, create.Owner));
            if (change is CatalogChange.DropSchema drop) schemas.RemoveAll(schema => schema.Name == drop.Name);
        }

        return schemas;
    }

    public async ValueTask<SchemaEntry?> FindSchemaAsync(string name, CancellationToken cancellationToken) =>
        _changes.Count == 0
            ? await @base.FindSchemaAsync(name, cancellationToken)
            : (await ListSchemasAsync(cancellationToken)).FirstOrDefault(schema => schema.Name == name);

    public async ValueTask<IReadOnlyList<TableEntry>> ListTablesAsync(string schema, CancellationToken cancellationToken)
    {
        var tables = (await @base.ListTablesAsync(schema, cancellationToken)).ToList();
        foreach (var change in _changes)
        {
            switch (change)
            {
                case CatalogChange.CreateTable create when create.Schema == schema:
                    tables.Add(new TableEntry(Oid.None, create.Schema, create.Name, create.Owner, create.Pointer));
                    break;
                case CatalogChange.DropTable drop when drop.Schema == schema: tables.RemoveAll(table => table.Name == drop.Name); break;
                case CatalogChange.DropSchema drop when drop.Name == schema: tables.Clear(); break;
                case CatalogChange.SetPointer set when set.Schema == schema:
                    var index = tables.FindIndex(table => table.Name == set.Name);
                    if (index >= 0) tables[index] = tables[index] with { Pointer = set.Pointer };
                    break;
            }
        }

        return tables;
    }

    public async ValueTask<TableEntry?> FindTableAsync(string schema, string name, CancellationToken cancellationToken) =>
        _changes.Count == 0
            ? await @base.FindTableAsync(schema, name, cancellationToken)
            : (await ListTablesAsync(schema, cancellationToken)).FirstOrDefault(table => table.Name == name);

    public async ValueTask<IReadOnlyList<ServerEntry>> ListServersAsync(CancellationToken cancellationToken)
    {
        var servers = (await @base.ListServersAsync(cancellationToken)).ToList();
        foreach (var change in _changes)
        {
            if (change is CatalogChange.CreateServer create) servers.Add(create.Server);
            if (change is CatalogChange.DropServer drop) servers.RemoveAll(server => server.Name == drop.Name);
            if (change is CatalogChange.AlterServer alter) servers[servers.FindIndex(server => server.Name == alter.Server.Name)] = alter.Server;
        }

        return servers;
    }

    public async ValueTask<ServerEntry?> FindServerAsync(string name, CancellationToken cancellationToken) =>
        _changes.Count == 0
            ? await @base.FindServerAsync(name, cancellationToken)
            : (await ListServersAsync(cancellationToken)).FirstOrDefault(server => server.Name == name);

    public async ValueTask<UserMappingEntry?> FindUserMappingAsync(string server, string user, CancellationToken cancellationToken)
    {
        for (var i = _changes.Count - 1; i >= 0; i--)
        {
            if (_changes[i] is CatalogChange.PutUserMapping put && put.Mapping.Server == server && (put.Mapping.User == user || put.Mapping.User == "public")) return put.Mapping;
            if (_changes[i] is CatalogChange.DropUserMapping drop && drop.Server == server && drop.User == user) return null;
            if (_changes[i] is CatalogChange.DropServer dropped && dropped.Name == server) return null;
        }

        return await @base.FindUserMappingAsync(server, user, cancellationToken);
    }

    public async ValueTask<IReadOnlyList<UserMappingEntry>> ListUserMappingsAsync(string server, CancellationToken cancellationToken)
    {
        var mappings = (await @base.ListUserMappingsAsync(server, cancellationToken)).ToDictionary(mapping => mapping.User, StringComparer.Ordinal);
        foreach (var change in _changes)
        {
            if (change is CatalogChange.PutUserMapping put && put.Mapping.Server == server) mappings[put.Mapping.User] = put.Mapping;
            if (change is CatalogChange.DropUserMapping drop && drop.Server == server) mappings.Remove(drop.User);
            if (change is CatalogChange.DropServer dropped && dropped.Name == server) mappings.Clear();
        }

        return [.. mappings.Values];
    }

    public ValueTask<RoleEntry?> FindRoleAsync(string name, CancellationToken cancellationToken) => @base.FindRoleAsync(name, cancellationToken);

    public ValueTask<IReadOnlyList<RoleEntry>> ListRolesAsync(CancellationToken cancellationToken) => @base.ListRolesAsync(cancellationToken);
}
