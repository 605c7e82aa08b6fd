using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.SystemCatalog;

namespace Federation.Session.Catalogs;

/// <summary>
/// Gathers what system tables show. The managed database lists its own tables and, under dotted schema names, those of every attached server; a server's database lists that server
/// alone. A source that cannot be reached shows no tables: listing must not fail because one source is down.
/// </summary>
internal sealed class SystemStates(TableResolver resolver, ICatalogSnapshot snapshot, string database, string user, IReadOnlyList<string> searchPath, Func<IReadOnlyList<SettingState>> settings)
{
    public async ValueTask<SystemState> LoadAsync(string table, CancellationToken cancellationToken)
    {
        var servers = await snapshot.ListServersAsync(cancellationToken);
        var roles = (await snapshot.ListRolesAsync(cancellationToken)).Select(role => role.Name).Append(user).Distinct().ToArray();
        var schemas = new List<SchemaState>();
        var relations = new List<RelationState>();
        var showsSchemas = SystemTables.ShowsSchemas(table);
        if (showsSchemas && TableResolver.IsManaged(database))
        {
            foreach (var schema in await snapshot.ListSchemasAsync(cancellationToken))
            {
                schemas.Add(new SchemaState(schema.Oid, schema.Name));
                if (!SystemTables.ShowsRelations(table)) continue;
                foreach (var entry in await snapshot.ListTablesAsync(schema.Name, cancellationToken))
                    relations.Add(await RelationAsync(entry.Oid, schema.Name, entry.Name, database, schema.Name, table, cancellationToken));
            }
        }

        foreach (var server in showsSchemas ? servers : [])
        {
            if (!TableResolver.IsManaged(database) && server.Name != database) continue;
            var prefix = TableResolver.IsManaged(database) ? server.Name + "." : "";
            try
            {
                await AddServerAsync(server, prefix, table, schemas, relations, cancellationToken);
            }
            catch (SqlException error) when (error.Blame == Blame.External)
            {
                continue;
            }
        }

        var mappings = new List<MappingState>();
        if (SystemTables.ShowsMappings(table))
            foreach (var server in servers)
                mappings.AddRange((await snapshot.ListUserMappingsAsync(server.Name, cancellationToken)).Select(mapping => new MappingState(mapping.Oid, server.Oid, server.Name, mapping.User)));

        return new SystemState(database, user)
        {
            Mappings = mappings,
            Databases = [TableResolver.ManagedDatabase, .. servers.Select(server => server.Name)],
            Roles = roles,
            Schemas = schemas,
            Relations = relations,
            SearchPath = searchPath,
            Settings = SystemTables.ShowsSettings(table) ? settings() : [],
            Servers = servers.Select(server => new ServerState(server.Oid, server.Name, server.Wrapper, server.Options.Select(option => $"{option.Key}={option.Value}").ToArray())).ToArray(),
        };
    }

    private async ValueTask AddServerAsync(
        ServerEntry server, string prefix, string table, List<SchemaState> schemas, List<RelationState> relations, CancellationToken cancellationToken)
    {
        var (connector, _) = await resolver.ConnectAsync(server, cancellationToken);
        if (connector is not IConnectorMetadata metadata) return;
        foreach (var schema in await metadata.ListSchemasAsync(cancellationToken))
        {
            schemas.Add(new SchemaState(StableOid(server.Name, schema, ""), prefix + schema));
            if (!SystemTables.ShowsRelations(table)) continue;
            foreach (var name in await metadata.ListTablesAsync(schema, cancellationToken))
                relations.Add(await RelationAsync(StableOid(server.Name, schema, name), prefix + schema, name, server.Name, schema, table, cancellationToken));
        }
    }

    private async ValueTask<RelationState> RelationAsync(
        Oid oid, string shownSchema, string name, string catalog, string schema, string table, CancellationToken cancellationToken)
    {
        var loaded = SystemTables.ShowsColumns(table) ? await resolver.FindAsync(catalog, schema, name, null, cancellationToken) : null;
        return new RelationState(oid, shownSchema, name, 'r', loaded?.Source.EstimatedRows ?? -1, loaded?.Columns ?? []);
    }

    /// <summary>An OID above those that the catalog gives, the same at every start (FNV-1a of the full name).</summary>
    private static Oid StableOid(string server, string schema, string name)
    {
        var hash = 2166136261u;
        foreach (var character in $"{server}\0{schema}\0{name}") hash = (hash ^ character) * 16777619u;
        return new Oid(0x8000_0000u | hash);
    }
}
