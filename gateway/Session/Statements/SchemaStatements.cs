using Federation.Catalog;
using Federation.Session.Catalogs;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>CREATE SCHEMA and DROP of schemas, tables and servers.</summary>
internal static class SchemaStatements
{
    public static async ValueTask<string> CreateAsync(QuerySession session, SessionServices services, CreateSchemaStatement create,
        CancellationToken cancellationToken)
    {
        var name = ManagedName(create.Name, 1);
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var owner = create.Authorization is { } role ? RoleStatements.Named(session, role) : session.User;
        var rights = await session.RightsAsync(cancellationToken);
        await rights.RequireAsync(session.User, new AccessTarget(AccessKind.Database, TableResolver.ManagedDatabase), null,
            cancellationToken);
        if (create.Authorization is not null) await rights.RequireNewOwnerAsync(session.User, owner, cancellationToken);
        if (name.StartsWith("pg_", StringComparison.Ordinal))
        {
            throw new SqlException(SqlState.ReservedName, $"unacceptable schema name \"{name}\"")
            {
                Detail = "The prefix \"pg_\" is reserved for system schemas.",
            };
        }

        if (name == "information_schema" || await catalog.FindSchemaAsync(name, cancellationToken) is not null)
        {
            if (!create.IfNotExists) throw new SqlException(SqlState.DuplicateSchema, $"schema \"{name}\" already exists");
            session.Notify(NoticeSeverity.Notice, SqlState.DuplicateSchema, $"schema \"{name}\" already exists, skipping");
            return "CREATE SCHEMA";
        }

        await session.Transaction
            .ChangeAsync(
                new CatalogChange.Create(new SchemaEntry(Oid.None, name, owner)
                    { IsClosed = true, Location = create.Location is { } location ? AllowedLocations.Check(location, services) : null }),
                cancellationToken);
        await TableRights.StartAsync(session,
            (await (await session.Transaction.GetCatalogAsync(cancellationToken)).FindSchemaAsync(name, cancellationToken))!,
            cancellationToken);
        return "CREATE SCHEMA";
    }

    /// <summary>ALTER SCHEMA … SET or RESET LOCATION, for tables that are made from then on.</summary>
    public static async ValueTask<string> AlterLocationAsync(QuerySession session, SessionServices services,
        AlterSchemaLocationStatement alter, CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var schema = await catalog.FindSchemaAsync(alter.Name, cancellationToken)
            ?? throw new SqlException(SqlState.InvalidSchemaName, $"schema \"{alter.Name}\" does not exist");
        await (await session.RightsAsync(cancellationToken)).RequireOwnerAsync(session.User, schema.Owner, "schema", schema.Name,
            cancellationToken);
        var location = alter.Location is { } given ? AllowedLocations.Check(given, services) : null;
        await session.Transaction.ChangeAsync(new CatalogChange.Alter(schema with { Location = location }), cancellationToken);
        return "ALTER SCHEMA";
    }

    /// <summary>ALTER … OWNER TO, which the present owner may do if it could be the new one too.</summary>
    public static async ValueTask<string> AlterOwnerAsync(QuerySession session, AlterOwnerStatement alter,
        CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var owner = RoleStatements.Named(session, alter.Owner);
        if (alter.Kind == DropKind.Schema)
        {
            var schema = await catalog.FindSchemaAsync(alter.Name, cancellationToken)
                ?? throw new SqlException(SqlState.InvalidSchemaName, $"schema \"{alter.Name}\" does not exist");
            await RequireMayGiveAsync(session, schema.Owner, owner, "schema", alter.Name,
                new AccessTarget(AccessKind.Database, TableResolver.ManagedDatabase), cancellationToken);
            await session.Transaction.ChangeAsync(new CatalogChange.Alter(schema with { Owner = owner }), cancellationToken);
            await TableRights.GiveAwayAsync(session, AccessRights.TargetOf(schema), schema.Owner, owner, cancellationToken);
            return "ALTER SCHEMA";
        }

        var server = await catalog.FindServerAsync(alter.Name, cancellationToken)
            ?? throw new SqlException(SqlState.UndefinedObject, $"server \"{alter.Name}\" does not exist");
        await RequireMayGiveAsync(session, server.Owner, owner, "foreign server", alter.Name,
            new AccessTarget(AccessKind.Wrapper, server.Wrapper), cancellationToken);
        await session.Transaction.ChangeAsync(new CatalogChange.Alter(server with { Owner = owner }), cancellationToken);
        return "ALTER SERVER";
    }

    /// <param name="needed">What the new owner needs a right on, to have made the object itself.</param>
    private static async ValueTask RequireMayGiveAsync(QuerySession session, string present, string owner, string kind, string name,
        AccessTarget needed, CancellationToken cancellationToken)
    {
        var rights = await session.RightsAsync(cancellationToken);
        await rights.RequireRoleAsync(owner, cancellationToken);
        if (await rights.IsSuperuserAsync(session.User, cancellationToken)) return;
        await rights.RequireOwnerAsync(session.User, present, kind, name, cancellationToken);
        await rights.RequireNewOwnerAsync(session.User, owner, cancellationToken);
        await rights.RequireAsync(owner, needed, null, cancellationToken);
    }

    public static async ValueTask<string> DropAsync(QuerySession session, DropStatement drop, CancellationToken cancellationToken)
    {
        foreach (var name in drop.Names)
        {
            switch (drop.Kind)
            {
                case DropKind.Schema: await DropSchemaAsync(session, drop, name, cancellationToken); break;
                case DropKind.Server: await DropServerAsync(session, drop, name, cancellationToken); break;
                default: return await RelationDrops.RunAsync(session, drop, cancellationToken);
            }
        }

        return $"DROP {Spelled(drop.Kind)}";
    }

    private static async ValueTask DropSchemaAsync(QuerySession session, DropStatement drop, QualifiedName qualified,
        CancellationToken cancellationToken)
    {
        var name = ManagedName(qualified, 1);
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        if (await catalog.FindSchemaAsync(name, cancellationToken) is not { } schema)
        {
            Missing(session, drop, new SqlException(SqlState.InvalidSchemaName, $"schema \"{name}\" does not exist"));
            return;
        }

        await (await session.RightsAsync(cancellationToken)).RequireOwnerAsync(session.User, schema.Owner, "schema", name,
            cancellationToken);
        var relations = await catalog.ListRelationsAsync(name, cancellationToken);
        // Sequences of columns go with their tables, without a word.
        var owned = relations.OfType<TableEntry>().SelectMany(table => table.Sequences).Select(item => item.Sequence).ToHashSet();
        await DependentViews.TakeAsync(session, $"schema {name}", relations, drop.IsCascade, owned, cancellationToken);
        await session.Transaction.ChangeAsync(new CatalogChange.Drop(schema.Key, drop.IsCascade), cancellationToken);
    }

    private static async ValueTask DropServerAsync(QuerySession session, DropStatement drop, QualifiedName qualified,
        CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        if (await catalog.FindServerAsync(qualified.Name, cancellationToken) is not { } server)
        {
            Missing(session, drop, new SqlException(SqlState.UndefinedObject, $"server \"{qualified.Name}\" does not exist"));
            return;
        }

        await (await session.RightsAsync(cancellationToken)).RequireOwnerAsync(session.User, server.Owner, "foreign server", server.Name,
            cancellationToken);
        await session.Transaction.ChangeAsync(new CatalogChange.Drop(server.Key, drop.IsCascade), cancellationToken);
    }

    /// <param name="session">The session.</param>
    /// <param name="table">The table.</param>
    /// <param name="mayOwnSchema">The owner of a schema may drop what is in it, but not change it.</param>
    /// <param name="cancellationToken">Ends the statement.</param>
    internal static async ValueTask RequireTableOwnerAsync(QuerySession session, RelationEntry table, bool mayOwnSchema,
        CancellationToken cancellationToken)
    {
        var rights = await session.RightsAsync(cancellationToken);
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        if (mayOwnSchema && await catalog.FindSchemaAsync(table.Schema, cancellationToken) is { } schema
            && await rights.HasRightsOfAsync(session.User, schema.Owner, cancellationToken)) return;
        await rights.RequireOwnerAsync(session.User, table.Owner, AlterTableStatements.NounOf(table), table.Name, cancellationToken);
    }

    internal static void Missing(QuerySession session, DropStatement drop, SqlException error)
    {
        if (!drop.IfExists) throw error;
        session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion, $"{error.Message}, skipping");
    }

    internal static string Spelled(DropKind kind) => kind switch
    {
        DropKind.ForeignTable => "FOREIGN TABLE",
        DropKind.MaterializedView => "MATERIALIZED VIEW",
        _ => kind.ToString().ToUpperInvariant(),
    };

    /// <summary>The last part of a name of the managed catalog; another catalog in front is refused.</summary>
    private static string ManagedName(QualifiedName name, int parts)
    {
        if (name.Parts.Count > parts && !TableResolver.IsManaged(name.Parts[0]))
        {
            throw new SqlException(SqlState.FeatureNotSupported, $"schemas of catalog \"{name.Parts[0]}\" cannot be changed here")
                { Position = name.Span.Position };
        }

        return name.Name;
    }
}
