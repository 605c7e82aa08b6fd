using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Core.Security;
using Federation.Session.Peers;
using Federation.SystemCatalog;

namespace Federation.Session.Catalogs;

/// <summary>
/// Gathers what a system table shows. The managed database lists its own tables and, under dotted schema names, those of every attached
/// server; a server's database lists that server alone. What is broken breaks only itself: a server that cannot be listed shows no tables,
/// a table that cannot be looked at shows no columns, each with a warning that says why. The error comes when the table is read.
/// </summary>
/// <param name="database">The catalog that the session is in.</param>
/// <param name="shownDatabase">What the session calls it.</param>
/// <param name="listings">What the statement's other system tables have asked of sources.</param>
/// <param name="filter">What of schemas and relations the scan can show.</param>
/// <param name="warn">Takes the warnings.</param>
internal sealed class SystemStates(
    TableResolver resolver, SessionServices services, ICatalogSnapshot snapshot, string database, string shownDatabase, string user,
    AccessRights rights, IReadOnlyList<string> searchPath,
    Func<IReadOnlyList<SettingState>> settings, SourceListings listings, SystemFilter filter, Action<SqlException, string> warn)
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
        var session = resolver.Session;
        IReadOnlyList<SessionState> others =
            SystemTables.ShowsAllSessions(table) ? await PeerSessions.ListSessionsAsync(session, services.Peers, cancellationToken) : [];
        return new SystemState(shownDatabase, user)
        {
            Sessions = showsSessions ? [.. session.Registry.Describe(), .. others] : [],
            Queries = SystemTables.ShowsQueries(table) ? await QueriesAsync(cancellationToken) : [],
            Now = resolver.Session.TransactionTime,
            Cursors = showsSessions ? resolver.Session.Portals.Describe() : [],
            Locks = showsSessions ? services.AdvisoryLocks.Describe() : [],
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
            DefaultAccess = _access.Defaults()
                .Select(entry => new DefaultAccessState(entry.Oid, entry.Scope!.Role, entry.Scope.SchemaOid, entry.Scope.Type,
                    entry.ItemsOf(null))).ToArray(),
        };
    }

    /// <summary>Superusers see all statements, others their own.</summary>
    private async ValueTask<IReadOnlyList<QueryState>> QueriesAsync(CancellationToken cancellationToken)
    {
        var isSuperuser = await rights.IsSuperuserAsync(user, cancellationToken);
        var own = QueryStates.Of(services.Queries.List(), services.Clock.GetUtcNow());
        var others = await PeerSessions.ListQueriesAsync(resolver.Session, services.Peers, cancellationToken);
        return [.. own.Concat(others).Where(query => isSuperuser || query.User == user)];
    }

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
            owners.UnionWith((await snapshot.ListUserMappingsAsync(server.Name, cancellationToken)).Select(mapping => mapping.User)
                .Where(name => name != UserMappingEntry.Everybody));
        }

        foreach (var schema in await snapshot.ListSchemasAsync(cancellationToken))
        {
            owners.Add(schema.Owner);
            owners.UnionWith((await snapshot.ListRelationsAsync(schema.Name, cancellationToken)).Select(entry => entry.Owner));
        }

        owners.UnionWith(_access.Names);
        owners.UnionWith(resolver.Session.Registry.Describe().Select(session => session.User));
        return [.. owners];
    }

    private static AccessState StateOf(ObjectAccess access) => new(access.Items, access.Columns) { IsDefault = access.IsDefault };

    private ServerState StateOf(ServerEntry server) => new(server.Oid, server.Name, server.Wrapper, Visible(server, server.Options))
    {
        Owner = server.Owner,
        Type = server.Type,
        Version = server.ServerVersion,
        Grants = _access.GrantsOn(AccessKind.Server, server.Name, 'U'),
    };

    /// <summary>
    /// A mapping with its options for those whom they concern: superusers, the server's owner for the mapping of everybody, and the user of
    /// the mapping.
    /// </summary>
    private async ValueTask<MappingState> MappingOfAsync(ServerEntry server, UserMappingEntry mapping, CancellationToken cancellationToken)
    {
        var isForAll = mapping.User == UserMappingEntry.Everybody;
        var isShown = await rights.IsSuperuserAsync(user, cancellationToken)
            || (isForAll ? await rights.HasRightsOfAsync(user, server.Owner, cancellationToken) : mapping.User == user
                && await resolver.MayUseAsync(server, cancellationToken));
        return new MappingState(mapping.Oid, server.Oid, server.Name, isForAll ? null : mapping.User,
            isShown ? Visible(server, mapping.Options) : null);
    }

    /// <summary>Options as PostgreSQL shows them, without secrets.</summary>
    private string[] Visible(ServerEntry server, EquatableArray<KeyValuePair<string, string>> options) =>
        options.Where(option => !services.Connectors.IsSecret(server, option.Key))
            .Select(option => $"{option.Key}={option.Value}").ToArray();

    private static RoleState StateOf(RoleEntry role) => new(
        role.Oid, role.Name, role.IsSuperuser, role.Inherits, role.CanCreateRoles, role.CanCreateDatabases, role.CanLogin,
        role.CanReplicate, role.BypassesRowSecurity, role.ConnectionLimit,
        role.Verifier is { } verifier ? ScramVerifiers.Format(verifier) : null, role.ValidUntil,
        role.MemberOf.Select(membership => new MembershipState(membership.Role, membership.IsAdmin, membership.Grantor)).ToArray());

    private async ValueTask AddManagedAsync(string table, CancellationToken cancellationToken)
    {
        foreach (var schema in await snapshot.ListSchemasAsync(cancellationToken))
        {
            if (!filter.TakesSchema(schema.Name, schema.Oid)) continue;
            _schemas.Add(new SchemaState(schema.Oid, schema.Name)
            {
                Location = schema.Location,
                Owner = schema.Owner,
                Access = StateOf(AccessRights.AccessTo(schema, _access.Find(AccessRights.TargetOf(schema)))),
            });
            if (!SystemTables.ShowsRelations(table)) continue;
            foreach (var entry in await snapshot.ListRelationsAsync(schema.Name, cancellationToken))
                if (filter.TakesRelation(entry.Name, entry.Oid)
                    || ManagedRelations.IndexNames(entry).Any(index => filter.TakesRelation(index.Name, index.Oid)))
                    await AddManagedAsync(ManagedRelations.StateOf(entry) with
                    {
                        Access = StateOf(AccessRights.AccessTo(entry, _access.Find(entry.AccessTarget))),
                        Updates = entry is ViewEntry view && SystemTables.ShowsUpdates(table)
                            ? await ViewUpdates.OfAsync(snapshot, view, cancellationToken)
                            : null,
                    }, table, cancellationToken);
        }
    }

    /// <summary>The tables that have to do with foreign keys, which in PostgreSQL are enforced by triggers.</summary>
    private async ValueTask<IReadOnlySet<Oid>> LinkedAsync(CancellationToken cancellationToken)
    {
        if (_linked is not null) return _linked;
        var linked = new HashSet<Oid>();
        foreach (var schema in await snapshot.ListSchemasAsync(cancellationToken))
            foreach (var table in await snapshot.ListTablesAsync(schema.Name, cancellationToken))
                foreach (var target in table.Constraints.Select(key => key.Target).OfType<ForeignKeyTarget>())
                    linked.UnionWith([table.Oid, target.Table]);
        return _linked = linked;
    }

    private IReadOnlySet<Oid>? _linked;

    /// <summary>Adds a managed relation, with its columns if the table shows them and they can be had.</summary>
    private async ValueTask AddManagedAsync(RelationState relation, string table, CancellationToken cancellationToken)
    {
        try
        {
            if (relation.Kind == 'S' && table == "pg_sequences") relation = await WithLastValueAsync(relation, cancellationToken);
            if (relation.Kind is not ('v' or 'S') && (SystemTables.ShowsColumns(table) || SystemTables.ShowsDetails(table)))
            {
                if (await resolver.FindAsync(database, relation.Schema, relation.Name, null, cancellationToken) is not { } found) return;
                relation = relation with
                {
                    Rows = found.Source.EstimatedRows,
                    Columns = found.Columns,
                    ColumnCount = Math.Max(found.Columns.Count, relation.ColumnCount),
                };
                var entry = (await snapshot.FindTableAsync(relation.Schema, relation.Name, cancellationToken))!;
                relation = ManagedRelations.WithDetails(relation, entry, await SequencesOfAsync(entry, cancellationToken),
                    await ReferencedByAsync(entry, cancellationToken));
            }
        }
        catch (SqlException error) when (IsOfSource(error))
        {
            warn(error, $"columns of table \"{relation.Schema}\".\"{relation.Name}\" are not shown");
        }

        if ((await LinkedAsync(cancellationToken)).Contains(relation.Oid))
            relation = relation with { Flags = relation.Flags | RelationFlags.HasTriggers };
        _relations.Add(relation);
        _relations.AddRange(ManagedRelations.IndexesOf(relation));
    }

    /// <summary>The value given last, for those who may see it.</summary>
    private async ValueTask<RelationState> WithLastValueAsync(RelationState relation, CancellationToken cancellationToken)
    {
        var sequence = (await snapshot.FindSequenceAsync(relation.Schema, relation.Name, cancellationToken))!;
        var position = await services.Transactions.Catalog.Sequences.FindAsync(sequence, cancellationToken);
        return relation with
        {
            Details = relation.Details with
            {
                Sequence = ManagedRelations.DetailsOf(sequence, position.IsCalled ? position.LastValue : null),
            },
        };
    }

    /// <summary>The sequences that go with a table or stand in its defaults, and how this session calls them.</summary>
    private async ValueTask<IReadOnlyList<(SequenceEntry Entry, string Shown)>> SequencesOfAsync(TableEntry table,
        CancellationToken cancellationToken)
    {
        if (table.Sequences.Count == 0 && !table.Defaults.Any(item => item.Value.Contains("::regclass", StringComparison.Ordinal)))
            return [];
        var found = new List<(SequenceEntry, string)>();
        foreach (var schema in await snapshot.ListSchemasAsync(cancellationToken))
            foreach (var sequence in await snapshot.ListSequencesAsync(schema.Name, cancellationToken))
                if (table.Sequences.Any(item => item.Sequence == sequence.Oid)
                    || table.Defaults.Any(item => SequenceRules.Uses(item.Value, sequence.Oid)))
                    found.Add((sequence, SystemNames.Relation(sequence.Schema, sequence.Name, searchPath)));
        return found;
    }

    /// <summary>The tables that a table's foreign keys refer to.</summary>
    private async ValueTask<IReadOnlyDictionary<Oid, ReferencedTable>> ReferencedByAsync(TableEntry table,
        CancellationToken cancellationToken)
    {
        var found = new Dictionary<Oid, ReferencedTable>();
        var wanted = table.Constraints.Select(key => key.Target).OfType<ForeignKeyTarget>()
            .Select(target => target.Table == Oid.None ? table.Oid : target.Table).ToHashSet();
        if (wanted.Count == 0) return found;
        foreach (var schema in await snapshot.ListSchemasAsync(cancellationToken))
            foreach (var entry in await snapshot.ListTablesAsync(schema.Name, cancellationToken))
                if (wanted.Contains(entry.Oid)
                    && await resolver.FindAsync(database, entry.Schema, entry.Name, null, cancellationToken) is { } resolved)
                    found[entry.Oid] = new ReferencedTable(entry, resolved.Columns,
                        SystemNames.Relation(entry.Schema, entry.Name, searchPath));
        return found;
    }

    private async ValueTask AddServerAsync(ServerEntry server, string table, CancellationToken cancellationToken)
    {
        var prefix = TableResolver.IsManaged(database) ? server.Name + "." : "";
        // A filter by schemas of other servers leaves nothing to ask of this one, and so does one by relations that were found before.
        if (filter.Schemas is { } wanted && !wanted.Any(name => name.StartsWith(prefix, StringComparison.Ordinal))) return;
        if (filter.RelationOids is { } oids && SystemTables.ShowsRelations(table) && oids.All(IsKnown)) return;
        try
        {
            var schemas = (await listings.SchemasAsync(server, cancellationToken))
                .Where(name => filter.TakesSchema(prefix + name, StableOids.OfSchema(server.Name, name))).ToArray();
            foreach (var schema in schemas)
                _schemas.Add(new SchemaState(StableOids.OfSchema(server.Name, schema), prefix + schema)
                    { Owner = server.Owner, Grants = _access.GrantsOn(AccessKind.Server, server.Name, 'U') ?? [] });
            if (SystemTables.ShowsTypes(table) && await resolver.ConnectAsync(server, cancellationToken) is ISourceTypes source)
                _types.AddRange(
                    (await source.ListTypesAsync(null, cancellationToken))
                        .Select(type => new TypeState(type.Type, StableOids.OfSchema(server.Name, type.Type.Source!.Schema))
                            { Listed = type, ShownSchema = prefix + type.Type.Source.Schema }));
            if (SystemTables.ShowsRelations(table) && schemas.Length > 0
                && await SelectAsync(server, schemas, prefix, table, cancellationToken) is { } selection)
            {
                var listed = await ListAsync(server, selection, schemas, prefix, cancellationToken);
                var details = SystemTables.ShowsDetails(table) && listed.Count > 0
                    ? await listings.DetailsAsync(server, selection, cancellationToken)
                    : null;
                foreach (var described in listed)
                    AddRelation(server, described,
                        details?.GetValueOrDefault(new RelationName(described.Schema, described.Listed.Name)), prefix);
            }
        }
        catch (SqlException error) when (IsOfSource(error))
        {
            warn(error, $"tables of server \"{server.Name}\" are not shown");
        }
    }

    /// <summary>The tables of a selection. If the server lives and refuses all at once, each schema is asked for by itself.</summary>
    private async ValueTask<IReadOnlyList<DescribedTable>> ListAsync(ServerEntry server, TableSelection selection,
        IReadOnlyList<string> schemas, string prefix, CancellationToken cancellationToken)
    {
        try
        {
            return await listings.TablesAsync(server, selection, cancellationToken);
        }
        catch (SqlException error) when (IsOfSource(error) && !IsConnectionLost(error))
        {
            if (schemas.Count == 1)
            {
                warn(error, $"tables of schema \"{prefix}{schemas[0]}\" are not shown");
                return [];
            }
        }

        var found = new List<DescribedTable>();
        foreach (var schema in schemas)
            found.AddRange(await ListAsync(server, selection with { Schemas = [schema] }, [schema], prefix, cancellationToken));
        return found;
    }

    private bool IsKnown(long oid) =>
        SystemTables.IsSystemRelation(new Oid((uint)oid)) || _relations.Exists(relation => relation.Oid.Value == oid);

    /// <summary>
    /// The tables of a server that the filter leaves; null when there are none. OIDs are made from names, so that the names behind them are
    /// found by listing all.
    /// </summary>
    private async ValueTask<TableSelection?> SelectAsync(ServerEntry server, string[] schemas, string prefix, string table,
        CancellationToken cancellationToken)
    {
        var everything = new TableSelection(null, null, WithColumns: false)
        {
            OfAllKinds = SystemTables.ShowsDetails(table),
            SearchPath = prefix.Length == 0 ? searchPath.ToEquatableArray() : [],
        };
        var wanted = everything with { WithColumns = SystemTables.ShowsColumns(table), WithDefaults = !SystemTables.ShowsDetails(table) };
        if (filter.RelationOids is null)
            return wanted with
            {
                Schemas = filter is { Schemas: null, SchemaOids: null } ? null : schemas.ToEquatableArray(),
                Tables = filter.Relations,
            };
        if (!wanted.WithColumns && !wanted.OfAllKinds) return everything;
        var named = (await ListAsync(server, everything, schemas, prefix, cancellationToken)).Where(item => Takes(server, item)).ToArray();
        return named.Length == 0 ? null
            : wanted with
            {
                Schemas = named.Select(item => item.Schema).Distinct().ToEquatableArray(),
                Tables = named.Select(item => item.Listed.Name).Distinct().ToEquatableArray(),
            };
    }

    private bool Takes(ServerEntry server, DescribedTable table) =>
        filter.TakesRelation(table.Listed.Name, StableOids.OfTable(server.Name, table.Schema, table.Listed.Name))
        || table.Listed.Indexes.Any(index => filter.TakesRelation(index, StableOids.OfTable(server.Name, table.Schema, index)));

    private void AddRelation(ServerEntry server, DescribedTable described, RelationDetails? details, string prefix)
    {
        var (schema, listed) = (described.Schema, described.Listed);
        if (described.Failure is { } failure)
        {
            if (!IsOfSource(failure)) throw failure;
            warn(failure, $"columns of table \"{prefix}{schema}\".\"{listed.Name}\" are not shown");
        }

        var relation = new RelationState(StableOids.OfTable(server.Name, schema, listed.Name), prefix + schema, listed.Name, listed.Kind,
            listed.EstimatedRows, described.Columns)
        {
            ColumnCount = Math.Max(listed.ColumnCount, described.Columns.Count),
            Definition = listed.Definition,
            PrettyDefinition = listed.PrettyDefinition,
            Flags = listed.Flags,
            Details = details
                ?? RelationDetails.None with { Columns = [.. described.Columns.Select(column => column.Details).OfType<ColumnDetails>()] },
            Source = new RelationSource(server.Name, schema),
            Owner = server.Owner,
            // Who may use the server may read its tables.
            Grants = _access.GrantsOn(AccessKind.Server, server.Name, 'r') ?? [],
        };
        _relations.Add(relation);
        foreach (var index in relation.Details.Indexes)
            _relations.Add(new RelationState(StableOids.OfTable(server.Name, schema, index.Name), relation.Schema, index.Name,
                index.IsPartitioned ? 'I' : 'i', (long)index.Rows, [])
            {
                ColumnCount = index.Columns.Count,
                Source = relation.Source,
                Owner = server.Owner,
                Index = new IndexState(relation.Oid, relation.Name, index),
            });
    }

    /// <summary>Cancelling ends the statement, and so does a defect of ours; all else is about the source.</summary>
    private static bool IsOfSource(SqlException error) => error.State.Class != "57" && error.State != SqlState.InternalError;

    private static bool IsConnectionLost(SqlException error) => error.State.Class == "08";
}
