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
            if (change is CatalogChange.AlterSchema alter) Update(schemas, schema => schema.Name == alter.Name ? schema with { Owner = alter.Owner } : schema);
            if (change is CatalogChange.RenameRole rename) Update(schemas, schema => schema.WithRoleNamed(rename.Name, rename.NewName));
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
                case CatalogChange.RenameRole rename: Update(tables, table => table.WithRoleNamed(rename.Name, rename.NewName)); break;
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
            if (change is CatalogChange.RenameRole rename) Update(servers, server => server.WithRoleNamed(rename.Name, rename.NewName));
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
        if (_changes.Count == 0) return await @base.FindUserMappingAsync(server, user, cancellationToken);
        var mappings = await ListUserMappingsAsync(server, cancellationToken);
        return mappings.FirstOrDefault(mapping => mapping.User == user) ?? mappings.FirstOrDefault(mapping => mapping.User == UserMappingEntry.Everybody);
    }

    public async ValueTask<IReadOnlyList<UserMappingEntry>> ListUserMappingsAsync(string server, CancellationToken cancellationToken)
    {
        var mappings = (await @base.ListUserMappingsAsync(server, cancellationToken)).ToList();
        foreach (var change in _changes)
        {
            switch (change)
            {
                case CatalogChange.PutUserMapping put when put.Mapping.Server == server:
                    mappings.RemoveAll(mapping => mapping.User == put.Mapping.User);
                    mappings.Add(put.Mapping);
                    break;
                case CatalogChange.DropUserMapping drop when drop.Server == server: mappings.RemoveAll(mapping => mapping.User == drop.User); break;
                case CatalogChange.DropServer drop when drop.Name == server: mappings.Clear(); break;
                case CatalogChange.RenameRole rename: Update(mappings, mapping => mapping.WithRoleNamed(rename.Name, rename.NewName)); break;
            }
        }

        return mappings;
    }

    public async ValueTask<RoleEntry?> FindRoleAsync(string name, CancellationToken cancellationToken) =>
        _changes.Count == 0
            ? await @base.FindRoleAsync(name, cancellationToken)
            : (await ListRolesAsync(cancellationToken)).FirstOrDefault(role => role.Name == name);

    public async ValueTask<IReadOnlyList<RoleEntry>> ListRolesAsync(CancellationToken cancellationToken)
    {
        var roles = (await @base.ListRolesAsync(cancellationToken)).ToList();
        foreach (var change in _changes)
        {
            switch (change)
            {
                case CatalogChange.PutRole { IsNew: true } put: roles.Add(put.Role); break;
                case CatalogChange.PutRole put: Update(roles, role => role.Name == put.Role.Name ? put.Role with { Oid = role.Oid } : role); break;
                case CatalogChange.RenameRole rename: Update(roles, role => role.WithRoleNamed(rename.Name, rename.NewName)); break;
                case CatalogChange.DropRole drop:
                    roles.RemoveAll(role => role.Name == drop.Name);
                    Update(roles, role => role.WithoutMembershipIn(drop.Name));
                    break;
            }
        }

        return roles;
    }

    public async ValueTask<AccessEntry?> FindAccessAsync(AccessTarget target, CancellationToken cancellationToken) =>
        _changes.Count == 0
            ? await @base.FindAccessAsync(target, cancellationToken)
            : (await ListAccessAsync(cancellationToken)).FirstOrDefault(access => access.Target == target);

    public async ValueTask<IReadOnlyList<AccessEntry>> ListAccessAsync(CancellationToken cancellationToken)
    {
        var entries = (await @base.ListAccessAsync(cancellationToken)).ToList();
        foreach (var change in _changes)
        {
            switch (change)
            {
                case CatalogChange.PutAccess put:
                    entries.RemoveAll(access => access.Target == put.Target);
                    if (put.Grants.Count > 0) entries.Add(new AccessEntry(Oid.None, put.Target, put.Grants));
                    break;
                case CatalogChange.DropServer drop: entries.RemoveAll(access => access.Target == new AccessTarget(AccessKind.Server, drop.Name)); break;
                case CatalogChange.DropSchema drop: entries.RemoveAll(access => access.Target == new AccessTarget(AccessKind.Schema, drop.Name)); break;
                case CatalogChange.RenameRole rename: Update(entries, access => access.WithRoleNamed(rename.Name, rename.NewName)); break;
            }
        }

        return entries;
    }

    private static void Update<T>(List<T> entries, Func<T, T> change)
    {
        for (var i = 0; i < entries.Count; i++) entries[i] = change(entries[i]);
    }
}
