using Federation.Connectors.Spi;
using Federation.Planner.Binding;
using Federation.Sql;
using Federation.Sql.Syntax;
using Federation.SystemCatalog;

namespace Federation.Session.Catalogs;

/// <summary>
/// Looks up objects for the reg types: tables by the rules for names in queries, all else in the rows of the system tables.
/// </summary>
internal sealed class ObjectLookup(TableResolver resolver)
{
    /// <summary>The object of a name. Raises PostgreSQL's error for its kind when there is none.</summary>
    public async ValueTask<Oid> FindAsync(PgType type, string name, CancellationToken cancellationToken)
    {
        switch (type.Name)
        {
            case "regclass": return await FindRelationAsync(name, cancellationToken);
            case "regtype": return await FindTypeAsync(name, cancellationToken);
            case "regnamespace": return await FindRowAsync("pg_namespace", "nspname", NameKeys.Single(name), cancellationToken)
                ?? throw new SqlException(SqlState.InvalidSchemaName, $"schema \"{NameKeys.Single(name)}\" does not exist");
            case "regrole": return await FindRowAsync("pg_roles", "rolname", NameKeys.Single(name), cancellationToken)
                ?? throw new SqlException(SqlState.UndefinedObject, $"role \"{NameKeys.Single(name)}\" does not exist");
            case "regcollation":
                var parts = NameKeys.Parts(name);
                return (parts is [_] or ["pg_catalog", _]
                    ? await FindRowAsync("pg_collation", "collname", parts[^1], cancellationToken)
                    : null)
                    ?? throw new SqlException(SqlState.UndefinedObject,
                        $"collation \"{string.Join('.', parts)}\" for encoding \"UTF8\" does not exist");
            default: throw new System.Diagnostics.UnreachableException(type.Name);
        }
    }

    /// <summary>
    /// The names of all objects that the reg types stand for, as the session would write them: relations, types of servers, schemas, roles.
    /// </summary>
    public async ValueTask<IReadOnlyDictionary<(PgType, Oid), string>> NamesAsync(IReadOnlySet<PgType> types,
        CancellationToken cancellationToken)
    {
        var names = new Dictionary<(PgType, Oid), string>();
        await AddAsync(PgTypes.Regclass, "pg_federation", "relation_names", "name", text => text);
        await AddAsync(PgTypes.Regtype, "pg_federation", "source_type_names", "name", text => text);
        await AddAsync(PgTypes.Regnamespace, "pg_catalog", "pg_namespace", "nspname", Sql.Printing.SqlPrinter.QuoteReserved);
        await AddAsync(PgTypes.Regrole, "pg_federation", "role_names", "name", Sql.Printing.SqlPrinter.QuoteReserved);
        return names;

        async ValueTask AddAsync(PgType type, string schema, string table, string column, Func<string, string> shown)
        {
            if (!types.Contains(type)) return;
            var (found, rows) = await resolver.ReadSystemAsync(schema, table, cancellationToken);
            var (oid, name) = (IndexOf(found, "oid"), IndexOf(found, column));
            foreach (var row in rows) names.TryAdd((type, new Oid((uint)(long)row[oid]!)), shown((string)row[name]!));
        }
    }

    /// <summary>The schemas that the database has, its own system schemas among them.</summary>
    public async ValueTask<IReadOnlySet<string>> SchemasAsync(CancellationToken cancellationToken)
    {
        var (found, rows) = await resolver.ReadSystemAsync("pg_catalog", "pg_namespace", cancellationToken);
        var name = IndexOf(found, "nspname");
        return rows.Select(row => (string)row[name]!).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Those of them that the user may look up names in.</summary>
    public async ValueTask<IReadOnlySet<string>> UsableSchemasAsync(CancellationToken cancellationToken)
    {
        var usable = new HashSet<string>(StringComparer.Ordinal);
        foreach (var schema in await SchemasAsync(cancellationToken))
            if (await resolver.MayUseSchemaAsync(schema, cancellationToken))
                usable.Add(schema);
        return usable;
    }

    private async ValueTask<Oid> FindRelationAsync(string name, CancellationToken cancellationToken)
    {
        var parts = NameKeys.Parts(name);
        if (parts.Length > 3)
            throw new SqlException(SqlState.SyntaxError, $"improper relation name (too many dotted names): {string.Join('.', parts)}");
        if (await resolver.ResolveAsync(new TableName(new QualifiedName([.. parts])), null, cancellationToken) is { } table)
            return table.Source.TableOid;
        if (await FindPartAsync(NameKeys.Of(parts), cancellationToken) is { } part) return part;
        if (parts.Length == 2 && !(await SchemasAsync(cancellationToken)).Contains(parts[0]))
            throw new SqlException(SqlState.InvalidSchemaName, $"schema \"{parts[0]}\" does not exist");
        throw new SqlException(SqlState.UndefinedTable, $"relation \"{string.Join('.', parts)}\" does not exist");
    }

    /// <summary>An index, a sequence or a composite type of an attached server: relations that no query reads.</summary>
    private async ValueTask<Oid?> FindPartAsync(string key, CancellationToken cancellationToken)
    {
        var (found, rows) = await resolver.ReadSystemAsync("pg_federation", "relation_keys", cancellationToken);
        var (oid, name) = (IndexOf(found, "oid"), IndexOf(found, "key"));
        return rows.Where(row => (string)row[name]! == key).Select(row => (Oid?)new Oid((uint)(long)row[oid]!)).FirstOrDefault();
    }

    private async ValueTask<Oid> FindTypeAsync(string name, CancellationToken cancellationToken)
    {
        var written = SqlParser.ParseTypeName(name);
        var source = await resolver.FindTypeAsync(written.Name, cancellationToken);
        return TypeNames.Bind(written, source).AnnouncedOid;
    }

    private async ValueTask<Oid?> FindRowAsync(string table, string column, string value, CancellationToken cancellationToken)
    {
        var (found, rows) = await resolver.ReadSystemAsync("pg_catalog", table, cancellationToken);
        var (oid, name) = (IndexOf(found, "oid"), IndexOf(found, column));
        return rows.Where(row => (string)row[name]! == value).Select(row => (Oid?)new Oid((uint)(long)row[oid]!)).FirstOrDefault();
    }

    private static int IndexOf(ResolvedTable table, string column) =>
        Enumerable.Range(0, table.Columns.Count).First(i => table.Columns[i].Name == column);
}
