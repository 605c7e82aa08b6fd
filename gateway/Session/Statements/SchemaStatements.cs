using Federation.Catalog;
using Federation.Session.Catalogs;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>CREATE SCHEMA and DROP of schemas, tables and servers.</summary>
internal static class SchemaStatements
{
    public static async ValueTask<string> CreateAsync(QuerySession session, CreateSchemaStatement create, CancellationToken cancellationToken)
    {
        var name = ManagedName(create.Name, 1);
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
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

        await session.Transaction.ChangeAsync(new CatalogChange.CreateSchema(name, create.Authorization ?? session.User), cancellationToken);
        return "CREATE SCHEMA";
    }

    public static async ValueTask<string> DropAsync(QuerySession session, DropStatement drop, CancellationToken cancellationToken)
    {
        foreach (var name in drop.Names)
        {
            switch (drop.Kind)
            {
                case DropKind.Schema: await DropSchemaAsync(session, drop, name, cancellationToken); break;
                case DropKind.Server: await DropServerAsync(session, drop, name, cancellationToken); break;
                default: await DropTableAsync(session, drop, name, cancellationToken); break;
            }
        }

        return $"DROP {Spelled(drop.Kind)}";
    }

    private static async ValueTask DropSchemaAsync(QuerySession session, DropStatement drop, QualifiedName qualified, CancellationToken cancellationToken)
    {
        var name = ManagedName(qualified, 1);
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        if (await catalog.FindSchemaAsync(name, cancellationToken) is null)
        {
            Missing(session, drop, new SqlException(SqlState.InvalidSchemaName, $"schema \"{name}\" does not exist"));
            return;
        }

        var tables = await catalog.ListTablesAsync(name, cancellationToken);
        if (tables.Count > 0 && !drop.IsCascade)
        {
            throw new SqlException(SqlState.DependentObjectsStillExist, $"cannot drop schema {name} because other objects depend on it")
            {
                Detail = string.Join('\n', tables.Take(100).Select(table => $"table {name}.{table.Name} depends on schema {name}")),
                Hint = "Use DROP ... CASCADE to drop the dependent objects too.",
            };
        }

        await session.Transaction.ChangeAsync(new CatalogChange.DropSchema(name, drop.IsCascade), cancellationToken);
    }

    private static async ValueTask DropServerAsync(QuerySession session, DropStatement drop, QualifiedName qualified, CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        if (await catalog.FindServerAsync(qualified.Name, cancellationToken) is null)
        {
            Missing(session, drop, new SqlException(SqlState.UndefinedObject, $"server \"{qualified.Name}\" does not exist"));
            return;
        }

        await session.Transaction.ChangeAsync(new CatalogChange.DropServer(qualified.Name, drop.IsCascade), cancellationToken);
    }

    private static async ValueTask DropTableAsync(QuerySession session, DropStatement drop, QualifiedName qualified, CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var kind = Spelled(drop.Kind).ToLowerInvariant();
        var schemas = qualified.Parts.Count == 1 ? session.SearchPath() : [qualified.Qualifier!];
        if (qualified.Parts.Count == 3 && !TableResolver.IsManaged(qualified.Parts[0]))
            throw new SqlException(SqlState.FeatureNotSupported, $"tables of server \"{qualified.Parts[0]}\" cannot be dropped here");
        foreach (var schema in schemas)
        {
            if (await catalog.FindTableAsync(schema, qualified.Name, cancellationToken) is null) continue;
            if (drop.Kind != DropKind.Table)
            {
                throw new SqlException(SqlState.WrongObjectType, $"\"{qualified.Name}\" is not a {kind}")
                {
                    Hint = "Use DROP TABLE to remove a table.",
                };
            }

            await session.Transaction.ChangeAsync(new CatalogChange.DropTable(schema, qualified.Name), cancellationToken);
            return;
        }

        Missing(session, drop, new SqlException(SqlState.UndefinedTable, $"{kind} \"{qualified.Name}\" does not exist"));
    }

    private static void Missing(QuerySession session, DropStatement drop, SqlException error)
    {
        if (!drop.IfExists) throw error;
        session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion, $"{error.Message}, skipping");
    }

    private static string Spelled(DropKind kind) => kind switch
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
            throw new SqlException(SqlState.FeatureNotSupported, $"schemas of catalog \"{name.Parts[0]}\" cannot be changed here") { Position = name.Span.Position };
        }

        return name.Name;
    }
}
