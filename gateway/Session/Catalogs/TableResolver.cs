using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Plan;
using Federation.Planner.Binding;
using Federation.Sql.Syntax;
using Federation.SystemCatalog;

namespace Federation.Session.Catalogs;

/// <summary>
/// What a table name means in one session: catalog.schema.table as in Trino, with PostgreSQL's search path. The database of the connection
/// is the current catalog; the managed one also reaches every other catalog's schemas under dotted schema names ("pg.public".t).
/// </summary>
internal sealed class TableResolver(SessionServices services, ICatalogSnapshot snapshot, string database, string user, AccessRights rights,
    Func<IReadOnlyList<string>> searchPath, Func<IReadOnlyList<SettingState>> settings, Action<SqlException, string> warn)
{
    public const string ManagedDatabase = "federation";
    public const string ManagedCatalog = "lake";

    /// <summary>What the session calls its database; system tables show it.</summary>
    public required string ShownDatabase { get; init; }

    /// <summary>Whether tables of sources that have them come with types for all of their values.</summary>
    public bool IsWide { get; init; }

    /// <summary>The session that asks, for what system tables show of it and of the others.</summary>
    public required QuerySession Session { get; init; }

    /// <summary>
    /// The databases that every PostgreSQL has, to which tools connect before they know any other: names of the managed database, unless a
    /// server is called so.
    /// </summary>
    public static bool IsMaintenanceDatabase(string name) => name is "postgres" or "template1";

    /// <summary>The pinned table, or null when nothing has this name.</summary>
    public async ValueTask<ResolvedTable?> ResolveAsync(TableName name, TableVersion? version, CancellationToken cancellationToken)
    {
        if (name.Changes.Count > 0) return await new TableChanges(services, snapshot, Session, this).LoadAsync(name, cancellationToken);
        var parts = name.Name.Parts;
        switch (parts.Count)
        {
            case 1:
                if (await FindSystemAsync("pg_catalog", parts[0], cancellationToken) is { } system) return system;
                foreach (var schema in searchPath())
                    if (await MayUseSchemaAsync(database, schema, cancellationToken)
                        && await FindAsync(database, schema, parts[0], version, cancellationToken) is { } found)
                        return found;
                return null;
            case 2:
                return await FindSystemAsync(parts[0], parts[1], cancellationToken)
                    ?? await FindUsableAsync(name, database, parts[0], version, cancellationToken);
            case 3:
                return (parts[0] == database || parts[0] == ShownDatabase)
                    && await FindSystemAsync(parts[1], parts[2], cancellationToken) is { } own
                    ? own
                    : await FindUsableAsync(name, parts[0] == ShownDatabase ? database : parts[0], parts[1], version, cancellationToken);
            default:
                throw new SqlException(SqlState.SyntaxError, $"improper qualified name (too many dotted names): {name.Name}")
                    { Position = name.Span.Position };
        }
    }

    /// <summary>The table of a name that says its schema, which the user must be allowed to use.</summary>
    private async ValueTask<ResolvedTable?> FindUsableAsync(TableName name, string catalog, string schema, TableVersion? version,
        CancellationToken cancellationToken) =>
        await MayUseSchemaAsync(catalog, schema, cancellationToken)
            ? await FindAsync(catalog, schema, name.Name.Name, version, cancellationToken)
            : throw AccessRights.Denied(new AccessTarget(AccessKind.Schema, schema)).At(name.Name.Span.Position);

    /// <summary>
    /// Whether the user may look up names in a schema: true for one that is not there, and for those of servers, which have no rights of
    /// their own.
    /// </summary>
    public ValueTask<bool> MayUseSchemaAsync(string schema, CancellationToken cancellationToken) =>
        MayUseSchemaAsync(database, schema, cancellationToken);

    private async ValueTask<bool> MayUseSchemaAsync(string catalog, string schema, CancellationToken cancellationToken) =>
        !IsManaged(catalog) || await snapshot.FindSchemaAsync(schema, cancellationToken) is not { } entry
            || await rights.MayAsync(user, entry, 'U', cancellationToken);

    /// <summary>
    /// The managed table that a name means, by the rules of <see cref="ResolveAsync"/>; null when it means another kind of table or none.
    /// </summary>
    public async ValueTask<TableEntry?> FindEntryAsync(QualifiedName name, CancellationToken cancellationToken) =>
        await FindRelationAsync(name, cancellationToken) as TableEntry;

    /// <summary>The managed table that a statement changes: that of the name, or a branch of one, "t$branch_name".</summary>
    public async ValueTask<TableEntry?> FindTargetAsync(QualifiedName name, CancellationToken cancellationToken)
    {
        if (await FindEntryAsync(name, cancellationToken) is { } entry) return entry;
        if (BranchOf(name.Name) is not var (table, branch)) return null;
        return await FindEntryAsync(new QualifiedName([.. name.Parts.SkipLast(1), table]), cancellationToken) is { } found
            ? found with { Pointer = found.Pointer with { Branch = branch } }
            : null;
    }

    private static (string Table, string Branch)? BranchOf(string name)
    {
        const string Mark = "$branch_";
        var at = name.IndexOf(Mark, StringComparison.Ordinal);
        return at > 0 && at + Mark.Length < name.Length ? (name[..at], name[(at + Mark.Length)..]) : null;
    }

    /// <summary>The managed table or view that a name means; null when it means something else or nothing.</summary>
    public async ValueTask<RelationEntry?> FindRelationAsync(QualifiedName name, CancellationToken cancellationToken)
    {
        var parts = name.Parts;
        if (parts.Count == 3 && !IsManaged(parts[0] == ShownDatabase ? database : parts[0])) return null;
        if (parts.Count < 3 && !IsManaged(database)) return null;
        foreach (var schema in parts.Count == 1 ? searchPath() : [Session.Temporary.Real(parts[^2])])
            if (await snapshot.FindRelationAsync(schema, name.Name, cancellationToken) is { } entry
                && (parts.Count > 1 || await MayUseSchemaAsync(ManagedDatabase, schema, cancellationToken)))
                return entry;
        return null;
    }

    /// <summary>A state of a managed table that is not in the catalog: the rows that a change has added.</summary>
    public static ResolvedTable Of(TableEntry entry, ConnectorTable state, object provider) => new(
        new TableSource(ManagedCatalog, entry.Schema, entry.Name, state.EstimatedRows) { TableOid = entry.Oid }, state.Handle,
        state.Columns) { Provider = provider };

    /// <summary>Whether a catalog of this name can be connected to.</summary>
    public static async ValueTask<bool> IsDatabaseAsync(ICatalogSnapshot snapshot, string name, CancellationToken cancellationToken) =>
        IsManaged(name) || await snapshot.FindServerAsync(name, cancellationToken) is not null;

    public static bool IsManaged(string catalog) => catalog is ManagedDatabase or ManagedCatalog;

    /// <summary>The connector of a server for this session's user. Raises 42501 for a user who may not use the server.</summary>
    public async ValueTask<IConnector> ConnectAsync(ServerEntry server, CancellationToken cancellationToken)
    {
        if (!await MayUseAsync(server, cancellationToken)) throw AccessRights.Denied(new AccessTarget(AccessKind.Server, server.Name));
        return services.Connectors.Get(server, await snapshot.FindUserMappingAsync(server.Name, user, cancellationToken));
    }

    public ValueTask<bool> MayUseAsync(ServerEntry server, CancellationToken cancellationToken) =>
        rights.MayAsync(user, new AccessTarget(AccessKind.Server, server.Name), server.Owner, cancellationToken);

    public async ValueTask<ResolvedTable?> FindAsync(string catalog, string schema, string table, TableVersion? version,
        CancellationToken cancellationToken)
    {
        if (IsManaged(catalog))
        {
            schema = Session.Temporary.Real(schema);
            if (await snapshot.FindTableAsync(schema, table, cancellationToken) is { } entry)
                return await LoadAsync(entry, version, cancellationToken);
            if (await snapshot.FindSequenceAsync(schema, table, cancellationToken) is { } sequence)
                return await SequenceTables.LoadAsync(services, sequence, cancellationToken);
            if (await snapshot.FindViewAsync(schema, table, cancellationToken) is { } view)
                return await new ViewResolver(services, snapshot, rights, Session, As).LoadAsync(view, version, cancellationToken);
            if (BranchOf(table) is var (main, branch)
                && await snapshot.FindTableAsync(schema, main, cancellationToken) is { Pointer.Metadata.Length: > 0 } branched)
            {
                var loaded = await LoadAsync(branched with { Pointer = branched.Pointer with { Branch = branch } }, version,
                    cancellationToken);
                return loaded with { Source = loaded.Source with { Table = table, Pin = $"branch {branch}", About = main } };
            }

            if (await FindInspectionAsync(schema, table, version, cancellationToken) is { } about) return about;
            var dot = schema.IndexOf('.', StringComparison.Ordinal);
            return dot <= 0 ? null : await FindRemoteAsync(schema[..dot], schema[(dot + 1)..], table, version, cancellationToken);
        }

        return await FindRemoteAsync(catalog, schema, table, version, cancellationToken);
    }

    /// <summary>
    /// The type of an attached server that a name means, by the same rules as the name of a table; null when there is none.
    /// </summary>
    public async ValueTask<PgType?> FindTypeAsync(QualifiedName name, CancellationToken cancellationToken)
    {
        var parts = name.Parts;
        switch (parts.Count)
        {
            case 1:
                foreach (var schema in searchPath())
                    if (await FindTypeAsync(database, schema, parts[0], cancellationToken) is { } found)
                        return found;
                return null;
            case 2: return await FindTypeAsync(database, parts[0], parts[1], cancellationToken);
            case 3: return await FindTypeAsync(parts[0], parts[1], parts[2], cancellationToken);
            default: return null;
        }
    }

    private async ValueTask<PgType?> FindTypeAsync(string catalog, string schema, string type, CancellationToken cancellationToken)
    {
        if (IsManaged(catalog))
        {
            var dot = schema.IndexOf('.', StringComparison.Ordinal);
            if (dot <= 0) return null;
            (catalog, schema) = (schema[..dot], schema[(dot + 1)..]);
        }

        if (await snapshot.FindServerAsync(catalog, cancellationToken) is not { } server) return null;
        var connector = await ConnectAsync(server, cancellationToken);
        if (connector is not ISourceTypes source) return null;
        return (await source.ListTypesAsync(schema, cancellationToken))
            .FirstOrDefault(candidate => candidate.Type.Source!.Name == type)?.Type;
    }

    private async ValueTask<ResolvedTable?> FindSystemAsync(string schema, string table, CancellationToken cancellationToken)
    {
        if (!SystemTables.IsSystemSchema(schema) || !SystemTables.Exists(schema, table)) return null;
        if (SystemTables.IsForSuperusers(table) && !await rights.IsSuperuserAsync(user, cancellationToken))
            throw new SqlException(SqlState.InsufficientPrivilege,
                $"permission denied for {(table == "pg_shadow" ? "view" : "table")} {table}");
        return SystemTables.Find(schema, table, ShownDatabase, System);
    }

    /// <summary>
    /// The system tables as the present statement sees them; what is asked of a source for one of them is there for the others.
    /// </summary>
    public SystemProvider System => _system ??= new SystemProvider(LoadSystemAsync);

    /// <summary>Finds what another user may read, in the managed database.</summary>
    private TableResolver As(string other) =>
        new(services, snapshot, ManagedDatabase, other, rights, searchPath, settings, warn)
            { ShownDatabase = ShownDatabase, Session = Session, IsWide = IsWide };

    /// <summary>The rows of a system table, each in the order of the table's columns.</summary>
    public async ValueTask<(ResolvedTable Table, EquatableArray<EquatableArray<object?>> Rows)> ReadSystemAsync(string schema, string table,
        CancellationToken cancellationToken)
    {
        var found = await FindSystemAsync(schema, table, cancellationToken)
            ?? throw new global::System.Diagnostics.UnreachableException(table);
        var handle = (SystemTableHandle)found.Handle;
        return (found, SystemTables.RowsOf(handle, await LoadSystemAsync(handle, cancellationToken)));
    }

    private ValueTask<SystemState> LoadSystemAsync(SystemTableHandle handle, CancellationToken cancellationToken)
    {
        // The names behind oid::regclass are looked up in passing; nobody asked for a list.
        Action<SqlException, string> warning = SystemTables.IsInternal(handle.Schema) ? (_, _) => { } : warn;
        _listings ??= new SourceListings(this);
        return new SystemStates(this, services, snapshot, database, ShownDatabase, user, rights, searchPath(), settings, _listings,
            handle.Filter, warning).LoadAsync(handle.Table, cancellationToken);
    }

    private SystemProvider? _system;
    private SourceListings? _listings;

    private async ValueTask<ResolvedTable?> FindRemoteAsync(string catalog, string schema, string table, TableVersion? version,
        CancellationToken cancellationToken)
    {
        if (await snapshot.FindServerAsync(catalog, cancellationToken) is not { } server) return null;
        var connector = await ConnectAsync(server, cancellationToken);
        if (connector is not IConnectorMetadata metadata)
            throw new SqlException(SqlState.FeatureNotSupported, $"server \"{catalog}\" has no tables");
        var lookup = IsWide && version is null && connector is IWideTables wide ? wide.FindWideTableAsync(schema, table, cancellationToken)
            : metadata.FindTableAsync(schema, table, version, cancellationToken);
        if (await lookup is not { } found) return null;
        var source = new TableSource(catalog, schema, table, found.EstimatedRows)
            { IsRowCountExact = found.IsRowCountExact, TableOid = StableOids.OfTable(catalog, schema, table) };
        return new ResolvedTable(source, found.Handle, found.Columns)
            { Provider = connector, ProviderKey = connector.Key, OwnsRows = found.OwnsRows };
    }

    /// <summary>A table about a managed one, as the transaction sees it: "t$files".</summary>
    private async ValueTask<ResolvedTable?> FindInspectionAsync(string schema, string name, TableVersion? version,
        CancellationToken cancellationToken)
    {
        var dollar = name.LastIndexOf('$');
        if (dollar <= 0 || await snapshot.FindTableAsync(schema, name[..dollar], cancellationToken) is not { } entry
            || services.Formats.FirstOrDefault(format => format.Name == entry.Pointer.Format) is not ITableInspection inspection
            || entry.Pointer.Metadata.Length == 0
            || inspection.FindInspection(entry.Pointer, name[(dollar + 1)..]) is not { } found) return null;
        if (version is not null)
            throw new SqlException(SqlState.FeatureNotSupported, $"\"{name}\" has no versions");
        var source = new TableSource(ManagedCatalog, schema, name, found.EstimatedRows) { About = entry.Name };
        return new ResolvedTable(source, found.Handle, found.Columns) { Provider = inspection.InspectionPlanner, OwnsRows = false };
    }

    /// <summary>The state that the catalog had of a table at a time; null when it does not know any more.</summary>
    private async ValueTask<TablePointer?> StateAtAsync(TableEntry entry, long microseconds, CancellationToken cancellationToken)
    {
        if (microseconds < 0 || microseconds > (DateTimeOffset.MaxValue - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond)
            return null;
        var time = DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);
        if (await services.Catalog.Store.FindVersionAsync(time, cancellationToken) is not { } version) return null;
        var then = await services.Catalog.GetSnapshotAsync(version.Version, cancellationToken);
        return await then.FindTableAsync(entry.Schema, entry.Name, cancellationToken) is { } same && same.Oid == entry.Oid
            ? same.Pointer : null;
    }

    private async ValueTask<ResolvedTable> LoadAsync(TableEntry entry, TableVersion? version, CancellationToken cancellationToken)
    {
        var format = services.Formats.FirstOrDefault(format => format.Name == entry.Pointer.Format)
            ?? throw new SqlException(SqlState.FeatureNotSupported,
                $"table \"{entry.Name}\" has format {entry.Pointer.Format}, which this gateway cannot read");
        var loaded = version is TableVersion.AsOf { Microseconds: var time } && entry.Pointer.Branch is null && format is ITableTail tails
            && await StateAtAsync(entry, time, cancellationToken) is { Tail: not null } then
            ? await tails.LoadAtAsync(entry.Pointer, then, time, cancellationToken)
            : await format.LoadAsync(entry.Pointer, version, cancellationToken);
        var source = new TableSource(ManagedCatalog, entry.Schema, entry.Name, loaded.EstimatedRows)
        {
            TableOid = entry.Oid,
            IsRowCountExact = loaded.IsRowCountExact,
            Pin = version switch
            {
                TableVersion.Named named => $"version {named.Version}",
                TableVersion.AsOf asOf =>
                    $"as of {ValueText.Format(new PgTimestamp(asOf.Microseconds), SqlType.Timestamptz, TextFormat.Default)}",
                _ => null,
            },
        };
        var columns = entry.Generated.Count == 0 ? loaded.Columns : loaded.Columns
            .Select(column => column with { IsGenerated = entry.Generated.Any(item => item.Key == column.Name) }).ToEquatableArray();
        return new ResolvedTable(source, loaded.Handle, columns)
        {
            Provider = format,
            FollowsFolder = entry.Pointer.Metadata.Length == 0,
            Identities = entry.Sequences.Where(item => item.IsIdentity)
                .Select(item => new ColumnIdentity(item.Column, item.Kind == ColumnSequenceKind.Always, item.Sequence)).ToEquatableArray(),
            Generated = entry.Generated.Select(item => new GeneratedColumn(item.Key, item.Value)).ToEquatableArray(),
            Checks = entry.Constraints.Where(constraint => constraint.Kind == ConstraintKind.Check)
                .Select(constraint => new RowCheck(constraint.Name, constraint.Condition!)).ToEquatableArray(),
            Keys = entry.Constraints.Where(constraint => constraint.Kind is ConstraintKind.PrimaryKey or ConstraintKind.Unique)
                .Select(constraint => new RowKey(constraint.Name, constraint.Columns)).ToEquatableArray(),
        };
    }
}
