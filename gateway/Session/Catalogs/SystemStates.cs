using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Core.Security;
using Federation.Execution;
using Federation.SystemCatalog;

namespace Federation.Session.Catalogs;

/// <summary>
/// Gathers what system tables show. The managed database lists its own tables and, under dotted schema names, those of every attached server; a server's database lists that server
/// alone. What is broken breaks only itself: a server that cannot be listed shows no tables, a table that cannot be looked at shows no columns, each with a warning that says why. The error comes when the
/// table is read.
/// </summary>
/// <param name="database">The catalog that the session is in.</param>
/// <param name="shownDatabase">What the session calls it.</param>
/// <param name="warn">Takes the warnings.</param>
internal sealed class SystemStates(
    TableResolver resolver, SessionServices services, ICatalogSnapshot snapshot, string database, string shownDatabase, string user, AccessRights rights, IReadOnlyList<string> searchPath,
    Func<IReadOnlyList<SettingState>> settings, Action<SqlException, string> warn)
{
    private readonly List<SchemaState> _schemas = [];
    private readonly List<RelationState> _relations = [];
    private readonly List<TypeState> _types = [];
    private AccessLists _access = new([]);

    public async ValueTask<SystemState> LoadAsync(string table, CancellationToken cancellationToken)
    {
        var servers = await snapshot.ListServersAsync(cancellationToken);
        _access = new AccessLists(await snapshot.ListAccessAsync(cancellationToken));
        if (SystemTables.ShowsSchemas(table))
        {
            if (TableResolver.IsManaged(database)) await AddManagedAsync(table, cancellationToken);
            foreach (var server in servers)
                if ((TableResolver.IsManaged(database) || server.Name == database) && await resolver.MayUseAsync(server, cancellationToken))
                    await AddServerAsync(server, table, cancellationToken);
        }

        var mappings = new List<MappingState>();
        if (SystemTables.ShowsMappings(table))
            foreach (var server in servers)
                foreach (var mapping in await snapshot.ListUserMappingsAsync(server.Name, cancellationToken))
                    mappings.Add(await MappingOfAsync(server, mapping, cancellationToken));

        var showsSessions = SystemTables.ShowsSessions(table);
        return new SystemState(shownDatabase, user)
        {
            Sessions = showsSessions ? resolver.Session.Registry.Describe() : [],
            Queries = SystemTables.ShowsQueries(table) ? await QueriesAsync(cancellationToken) : [],
            Now = resolver.Session.TransactionTime,
            Cursors = showsSessions ? resolver.Session.DescribeCursors() : [],
            Prepared = showsSessions ? resolver.Session.DescribePrepared() : [],
            Mappings = mappings,
            Databases = [TableResolver.ManagedDatabase, .. servers.Select(server => server.Name)],
            Roles = (await rights.ListRolesAsync(cancellationToken)).Select(StateOf).ToArray(),
            Schemas = _schemas,
            Relations = _relations,
            Types = _types,
            SearchPath = searchPath,
            Settings = SystemTables.ShowsSettings(table) ? settings() : [],
            Servers = servers.Select(StateOf).ToArray(),
            Rights = SystemTables.ShowsRights(table) ? await RightsAsync(cancellationToken) : [],
            Owners = SystemTables.ShowsRoleNames(table) ? await OwnersAsync(servers, cancellationToken) : [],
            Wrappers = services.Connectors.Factories.Select(factory => factory.WrapperName).Order(StringComparer.Ordinal).ToArray(),
            DatabaseGrants = _access.GrantsOn(AccessKind.Database, TableResolver.ManagedDatabase, 'C') ?? [],
            WrapperGrants = _access.GrantsOnAll(AccessKind.Wrapper, 'U'),
        };
    }

    /// <summary>Superusers see all statements, others their own.</summary>
    private async ValueTask<IReadOnlyList<QueryState>> QueriesAsync(CancellationToken cancellationToken)
    {
        var isSuperuser = await rights.IsSuperuserAsync(user, cancellationToken);
        var now = services.Clock.GetUtcNow();
        return [.. services.Queries.List().Where(query => isSuperuser || query.Origin.User == user).Select(query => StateOf(query, now))];
    }

    private static QueryState StateOf(LoggedQuery query, DateTimeOffset now) => new(
        query.Id, query.Origin.ProcessId, query.Origin.User, query.Origin.Database, query.Origin.Text, query.Figures.State.ToString().ToLowerInvariant())
    {
        Address = query.Origin.Address.Length == 0 ? null : query.Origin.Address,
        CatalogVersion = query.Figures.CatalogVersion == 0 ? null : query.Figures.CatalogVersion,
        SqlState = query.Figures.SqlState,
        StartedAt = QuerySession.ToTimestamp(query.StartedAt),
        EndedAt = query.Figures.EndedAt is { } end ? QuerySession.ToTimestamp(end) : null,
        Elapsed = query.Elapsed(now).TotalMilliseconds,
        Queued = query.Figures.Queued.TotalMilliseconds,
        Planning = query.Figures.Planning.TotalMilliseconds,
        Rows = query.Figures.Rows,
        Tasks = query.Figures.Tasks,
        Retries = query.Figures.Retries,
        ExchangedBytes = query.Figures.ExchangedBytes,
        Sources = query.Figures.Sources,
    };

    private async ValueTask<IReadOnlyList<RoleRights>> RightsAsync(CancellationToken cancellationToken)
    {
        var found = new List<RoleRights>();
        foreach (var role in await rights.ListRolesAsync(cancellationToken))
        {
            var (held, memberships, administered) = await rights.ListRightsAsync(role, cancellationToken);
            found.Add(new RoleRights(role.Oid, role.Name, held, memberships, administered));
        }

        return found;
    }

    /// <summary>Everybody who owns something, has a session, a mapping or a right, or gave one.</summary>
    private async ValueTask<IReadOnlyList<string>> OwnersAsync(IReadOnlyList<ServerEntry> servers, CancellationToken cancellationToken)
    {
        var owners = new HashSet<string>(StringComparer.Ordinal);
        foreach (var server in servers)
        {
            owners.Add(server.Owner);
            owners.UnionWith((await snapshot.ListUserMappingsAsync(server.Name, cancellationToken)).Select(mapping => mapping.User).Where(name => name != UserMappingEntry.Everybody));
        }

        foreach (var schema in await snapshot.ListSchemasAsync(cancellationToken))
        {
            owners.Add(schema.Owner);
            owners.UnionWith((await snapshot.ListTablesAsync(schema.Name, cancellationToken)).Select(entry => entry.Owner));
        }

        owners.UnionWith(_access.Names);
        owners.UnionWith(resolver.Session.Registry.Describe().Select(session => session.User));
        return [.. owners];
    }

    private ServerState StateOf(ServerEntry server) => new(server.Oid, server.Name, server.Wrapper, Visible(server, server.Options))
    {
        Owner = server.Owner,
        Type = server.Type,
        Version = server.ServerVersion,
        Grants = _access.GrantsOn(AccessKind.Server, server.Name, 'U'),
    };

    /// <summary>A mapping with its options for those whom they concern: superusers, the server's owner for the mapping of everybody, and the user of the mapping.</summary>
    private async ValueTask<MappingState> MappingOfAsync(ServerEntry server, UserMappingEntry mapping, CancellationToken cancellationToken)
    {
        var isForAll = mapping.User == UserMappingEntry.Everybody;
        var isShown = await rights.IsSuperuserAsync(user, cancellationToken)
            || (isForAll ? await rights.HasRightsOfAsync(user, server.Owner, cancellationToken) : mapping.User == user && await resolver.MayUseAsync(server, cancellationToken));
        return new MappingState(mapping.Oid, server.Oid, server.Name, isForAll ? null : mapping.User, isShown ? Visible(server, mapping.Options) : null);
    }

    /// <summary>Options as PostgreSQL shows them, without secrets.</summary>
    private string[] Visible(ServerEntry server, EquatableArray<KeyValuePair<string, string>> options) =>
        options.Where(option => !services.Connectors.IsSecret(server, option.Key)).Select(option => $"{option.Key}={option.Value}").ToArray();

    private static RoleState StateOf(RoleEntry role) => new(
        role.Oid, role.Name, role.IsSuperuser, role.Inherits, role.CanCreateRoles, role.CanCreateDatabases, role.CanLogin, role.CanReplicate, role.BypassesRowSecurity, role.ConnectionLimit,
        role.Verifier is { } verifier ? ScramVerifiers.Format(verifier) : null, role.ValidUntil,
        role.MemberOf.Select(membership => new MembershipState(membership.Role, membership.IsAdmin, membership.Grantor)).ToArray());

    private async ValueTask AddManagedAsync(string table, CancellationToken cancellationToken)
    {
        foreach (var schema in await snapshot.ListSchemasAsync(cancellationToken))
        {
            // Everybody may use a schema of the gateway; making tables in it is what can be granted.
            _schemas.Add(new SchemaState(schema.Oid, schema.Name) { Owner = schema.Owner, Grants = [new AclItem("", "U", schema.Owner), .. _access.GrantsOn(AccessKind.Schema, schema.Name, 'C') ?? []] });
            if (!SystemTables.ShowsRelations(table)) continue;
            foreach (var entry in await snapshot.ListTablesAsync(schema.Name, cancellationToken))
            {
                var relation = new RelationState(entry.Oid, schema.Name, entry.Name, 'r', -1, []) { ColumnCount = 0, Owner = entry.Owner, Grants = [new AclItem("", "r", entry.Owner)] };
                await AddRelationAsync(relation, database, schema.Name, table, cancellationToken);
            }
        }
    }

    private async ValueTask AddServerAsync(ServerEntry server, string table, CancellationToken cancellationToken)
    {
        IConnectorMetadata metadata;
        IReadOnlyList<string> schemas;
        try
        {
            var (connector, _) = await resolver.ConnectAsync(server, cancellationToken);
            if (connector is not IConnectorMetadata found) return;
            metadata = found;
            schemas = await metadata.ListSchemasAsync(cancellationToken);
            if (SystemTables.ShowsTypes(table) && connector is ISourceTypes source)
                _types.AddRange((await source.ListTypesAsync(null, cancellationToken)).Select(type => new TypeState(type, StableOids.OfSchema(server.Name, type.Source!.Schema))));
        }
        catch (SqlException error) when (IsOfSource(error))
        {
            warn(error, $"tables of server \"{server.Name}\" are not shown");
            return;
        }

        var prefix = TableResolver.IsManaged(database) ? server.Name + "." : "";
        foreach (var schema in schemas)
        {
            _schemas.Add(new SchemaState(StableOids.OfSchema(server.Name, schema), prefix + schema) { Owner = server.Owner, Grants = _access.GrantsOn(AccessKind.Server, server.Name, 'U') ?? [] });
            if (SystemTables.ShowsRelations(table) && !await AddSchemaAsync(server, metadata, schema, prefix, table, cancellationToken)) return;
        }
    }

    /// <summary>False when the server has gone away meanwhile: asking for each of its tables would only take time.</summary>
    private async ValueTask<bool> AddSchemaAsync(ServerEntry server, IConnectorMetadata metadata, string schema, string prefix, string table, CancellationToken cancellationToken)
    {
        IReadOnlyList<ListedTable> listed;
        try
        {
            listed = await metadata.ListTablesAsync(schema, cancellationToken);
        }
        catch (SqlException error) when (IsOfSource(error))
        {
            warn(error, $"tables of schema \"{prefix}{schema}\" are not shown");
            return !IsConnectionLost(error);
        }

        var isLost = false;
        foreach (var entry in listed)
        {
            var relation = new RelationState(StableOids.OfTable(server.Name, schema, entry.Name), prefix + schema, entry.Name, entry.Kind, entry.EstimatedRows, [])
            {
                ColumnCount = Math.Max(entry.ColumnCount, 0),
                Definition = entry.Definition,
                Owner = server.Owner,
                // Who may use the server may read its tables.
                Grants = _access.GrantsOn(AccessKind.Server, server.Name, 'r') ?? [],
            };
            if (isLost) _relations.Add(relation);
            else isLost = !await AddRelationAsync(relation, server.Name, schema, table, cancellationToken);
        }

        return !isLost;
    }

    /// <summary>Adds the relation, with its columns if the table shows them and they can be had. False when its server has gone away.</summary>
    private async ValueTask<bool> AddRelationAsync(RelationState relation, string catalog, string schema, string table, CancellationToken cancellationToken)
    {
        try
        {
            if (SystemTables.ShowsColumns(table))
            {
                // A table that was dropped since it was listed is not there any more.
                if (await resolver.FindAsync(catalog, schema, relation.Name, null, cancellationToken) is not { } found) return true;
                relation = relation with { Rows = found.Source.EstimatedRows, Columns = found.Columns, ColumnCount = Math.Max(found.Columns.Count, relation.ColumnCount) };
            }

            _relations.Add(relation);
            return true;
        }
        catch (SqlException error) when (IsOfSource(error))
        {
            warn(error, $"columns of table \"{relation.Schema}\".\"{relation.Name}\" are not shown");
            _relations.Add(relation);
            return !IsConnectionLost(error);
        }
    }

    /// <summary>Cancelling ends the statement, and so does a defect of ours; all else is about the source.</summary>
    private static bool IsOfSource(SqlException error) => error.State.Class != "57" && error.State != SqlState.InternalError;

    private static bool IsConnectionLost(SqlException error) => error.State.Class == "08";
}
