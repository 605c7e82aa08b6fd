using Federation.Catalog;
using Federation.Core.Security;
using Federation.Session.Catalogs;
using Federation.SessionApi;
using Federation.Sql.Syntax;
using Federation.SystemCatalog;

namespace Federation.Session.Statements;

/// <summary>GRANT and REVOKE on schemas and tables, whose rights are those of PostgreSQL (aclchk.c).</summary>
internal static class ObjectGrants
{
    /// <summary>The rights of all kinds of objects, and their letters.</summary>
    private static readonly Dictionary<string, char> s_letters = new(StringComparer.Ordinal)
    {
        ["insert"] = 'a', ["select"] = 'r', ["update"] = 'w', ["delete"] = 'd', ["truncate"] = 'D', ["references"] = 'x', ["trigger"] = 't',
        ["execute"] = 'X', ["usage"] = 'U', ["create"] = 'C',
        ["temporary"] = 'T', ["temp"] = 'T', ["connect"] = 'c', ["set"] = 's', ["alter system"] = 'A', ["rule"] = ' ',
    };

    public static async ValueTask<string> RunAsync(QuerySession session, GrantStatement grant, CancellationToken cancellationToken)
    {
        var (type, letters) = grant.Kind switch
        {
            "schema" => ("schema", AccessRights.SchemaLetters),
            "sequence" or "all sequences in schema" => ("sequence", AccessRights.SequenceLetters),
            // What is granted as if on a table may be a sequence.
            "table" => ("relation", AccessRights.TableLetters + "U"),
            _ => ("relation", AccessRights.TableLetters),
        };
        var (whole, columns) = Letters(grant, type, letters);
        var grantees = await GranteesAsync(session, grant, cancellationToken);
        if (grant.Kind == "schema")
        {
            if (columns.Count > 0) throw new SqlException(SqlState.InvalidGrantOperation, "column privileges are only valid for relations");
            foreach (var name in grant.Names)
                await ChangeAsync(session, grant, await SchemaAsync(session, name, cancellationToken), grantees, whole, cancellationToken);
        }
        else
        {
            foreach (var table in await TablesAsync(session, grant, cancellationToken))
                await ChangeAsync(session, grant, table, grantees, whole, columns, cancellationToken);
        }

        return grant.IsRevoke ? "REVOKE" : "GRANT";
    }

    /// <summary>The letters of what is granted: on whole objects, null for none, and by column.</summary>
    /// <param name="type">How errors call the objects.</param>
    /// <param name="all">The letters that they have.</param>
    internal static (string? Whole, IReadOnlyDictionary<string, string> Columns) Letters(GrantStatement grant, string type, string all)
    {
        // What sequences have is told of tables when they are found to be none.
        var isTable = grant.Kind is "table" or "all tables in schema";
        var whole = default(string);
        var columns = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, onColumns) in grant.Privileges)
        {
            var letters = onColumns.Count > 0 ? AccessRights.ColumnLetters : all;
            if (name is not null)
            {
                if (!s_letters.TryGetValue(name, out var letter))
                    throw new SqlException(SqlState.SyntaxError, $"unrecognized privilege type \"{name}\"");
                if (!letters.Contains(letter, StringComparison.Ordinal))
                    throw new SqlException(SqlState.InvalidGrantOperation,
                        $"invalid privilege type {(name == "temp" ? "TEMPORARY" : name.ToUpperInvariant())} for "
                            + $"{(onColumns.Count > 0 ? "column" : type == "relation" && letter == 'U' && isTable ? "table" : type)}");
                letters = letter.ToString();
            }

            if (onColumns.Count == 0) whole = Union(whole ?? "", letters);
            foreach (var column in onColumns) columns[column] = Union(columns.GetValueOrDefault(column) ?? "", letters);
        }

        return (whole, columns);
    }

    /// <summary>The roles, PUBLIC as in entries of the catalog.</summary>
    internal static async ValueTask<IReadOnlyList<string>> GranteesAsync(QuerySession session, GrantStatement grant,
        CancellationToken cancellationToken)
    {
        if (grant.Grantor is { } grantor && RoleStatements.Named(session, grantor) != session.User)
            throw new SqlException(SqlState.FeatureNotSupported, "grantor must be current user");
        var rights = await session.RightsAsync(cancellationToken);
        var grantees = new List<string>();
        foreach (var name in grant.Grantees)
        {
            var grantee = RoleStatements.Named(session, name);
            if (grantee != UserMappingEntry.Everybody) await rights.RequireRoleAsync(grantee, cancellationToken);
            else if (grant is { IsRevoke: false, IsOption: true })
                throw new SqlException(SqlState.InvalidGrantOperation, "grant options can only be granted to roles");
            grantees.Add(grantee == UserMappingEntry.Everybody ? "" : grantee);
        }

        return grantees;
    }

    /// <summary>An access list after the statement.</summary>
    internal static IReadOnlyList<AclItem> Changed(IReadOnlyList<AclItem> items, GrantStatement grant, IReadOnlyList<string> grantees,
        string letters, string grantor, string owner)
    {
        if (letters.Length == 0) return items;
        foreach (var grantee in grantees)
        {
            items = grant.IsRevoke
                ? AccessList.Revoke(items, grantee, grantor, letters, grant.IsOption, owner, grant.IsCascade)
                : AccessList.Grant(items, new AclItem(grantee, AccessList.Letters(letters, grant.IsOption), grantor));
        }

        return items;
    }

    internal static async ValueTask StoreAsync(QuerySession session, AccessEntry? present, AccessEntry changed,
        CancellationToken cancellationToken)
    {
        if (present is not null && present.Grants.SequenceEqual(changed.Grants) && present.IsWhole == changed.IsWhole) return;
        await session.Transaction.ChangeAsync(present is null ? new CatalogChange.Create(changed) : new CatalogChange.Alter(changed),
            cancellationToken);
    }

    private static string Union(string one, string other) =>
        string.Concat(
            AclItem.AllLetters.Where(letter => one.Contains(letter, StringComparison.Ordinal)
                || other.Contains(letter, StringComparison.Ordinal)));

    private static async ValueTask<SchemaEntry> SchemaAsync(QuerySession session, string name, CancellationToken cancellationToken)
    {
        if (SystemTables.IsSystemSchema(name)) throw OfSystem(name);
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        if (await catalog.FindSchemaAsync(name, cancellationToken) is { } schema) return schema;
        throw await OfServerAsync(catalog, name, cancellationToken)
            ?? new SqlException(SqlState.InvalidSchemaName, $"schema \"{name}\" does not exist");
    }

    private static async ValueTask<IReadOnlyList<RelationEntry>> TablesAsync(QuerySession session, GrantStatement grant,
        CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var tables = new List<RelationEntry>();
        if (grant.Kind is "all tables in schema" or "all sequences in schema")
        {
            foreach (var name in grant.Names)
                tables.AddRange(
                    (await catalog.ListRelationsAsync((await SchemaAsync(session, name, cancellationToken)).Name, cancellationToken))
                    .Where(relation => relation is SequenceEntry == (grant.Kind == "all sequences in schema")));
            return tables;
        }

        foreach (var name in grant.Tables)
        {
            var found = await FindAsync(session, name, cancellationToken);
            if (found is null && name.Parts.Count == 2) await SchemaAsync(session, name.Parts[0], cancellationToken);
            if (await session.FindRelationAsync(name, cancellationToken) is { } entry) tables.Add(RequireKind(grant, entry));
            else if (found is { IsComputed: true }) throw OfSystem(name.Name);
            else if (found is not null) throw OfServer(found.Source.Catalog);
            else throw new SqlException(SqlState.UndefinedTable, $"relation \"{string.Join('.', name.Parts)}\" does not exist");
        }

        return tables;
    }

    private static RelationEntry RequireKind(GrantStatement grant, RelationEntry relation) =>
        grant.Kind == "sequence" && relation is not SequenceEntry
            ? throw new SqlException(SqlState.WrongObjectType, $"\"{relation.Name}\" is not a sequence")
            : relation;

    /// <summary>PostgreSQL says no position here.</summary>
    private static async ValueTask<Planner.Binding.ResolvedTable?> FindAsync(QuerySession session, QualifiedName name,
        CancellationToken cancellationToken)
    {
        try
        {
            return await session.FindTableAsync(name, cancellationToken);
        }
        catch (SqlException error)
        {
            throw error.Moved(0);
        }
    }

    private static async ValueTask ChangeAsync(QuerySession session, GrantStatement grant, SchemaEntry schema,
        IReadOnlyList<string> grantees, string? letters, CancellationToken cancellationToken)
    {
        var rights = await session.RightsAsync(cancellationToken);
        var access = await rights.AccessToAsync(schema, cancellationToken);
        var target = AccessRights.TargetOf(schema);
        var (grantor, granted) = await GrantorAsync(session, rights, grant, access, access.Items, letters!, AccessRights.SchemaLetters,
            target, schema.Name, cancellationToken);
        var present = await (await session.Transaction.GetCatalogAsync(cancellationToken)).FindAccessAsync(target, cancellationToken);
        var changed = (present ?? new AccessEntry(Oid.None, target, [])).With(null,
            Changed(access.Items, grant, grantees, granted, grantor, schema.Owner));
        await StoreAsync(session, present, changed, cancellationToken);
    }

    private static async ValueTask ChangeAsync(
        QuerySession session, GrantStatement grant, RelationEntry table, IReadOnlyList<string> grantees, string? whole,
        IReadOnlyDictionary<string, string> columns, CancellationToken cancellationToken)
    {
        var rights = await session.RightsAsync(cancellationToken);
        var access = await rights.AccessToAsync(table, cancellationToken);
        var target = new AccessTarget(AccessKind.Table, table.Name);
        var all = AccessRights.LettersOf(table);
        whole = whole is null ? null : FittingLetters(session, grant, table, whole, all);
        var present =
            await (await session.Transaction.GetCatalogAsync(cancellationToken)).FindAccessAsync(table.AccessTarget, cancellationToken);
        var changed = present ?? new AccessEntry(Oid.None, table.AccessTarget, []);
        changed = changed with { Shown = $"{table.Schema}.{table.Name}" };
        if (whole is not null)
        {
            var (grantor, letters) = await GrantorAsync(session, rights, grant, access, access.Items, whole, all,
                target, table.Name, cancellationToken);
            changed = changed.With(null, Changed(access.Items, grant, grantees, letters, grantor, table.Owner));

            // What ends for the whole table ends for each of its columns.
            if (grant.IsRevoke)
                foreach (var column in changed.Columns.ToArray())
                    changed = changed.With(column,
                        Changed(changed.ItemsOf(column), grant, grantees, OfColumns(letters), grantor, table.Owner));
        }

        if (columns.Count > 0) await RequireColumnsAsync(session, table, columns.Keys, cancellationToken);
        foreach (var (column, asked) in columns)
        {
            var own = changed.ItemsOf(column);
            var (grantor, letters) = await GrantorAsync(session, rights, grant, access, [.. access.Items, .. own], asked,
                AccessRights.ColumnLetters, target, table.Name, cancellationToken);
            changed = changed.With(column, Changed(own, grant, grantees, letters, grantor, table.Owner));
        }

        await StoreAsync(session, present, changed, cancellationToken);
    }

    /// <summary>ALL means what the kind of relation has; a table has no USAGE, and a sequence nothing but what sequences have.</summary>
    private static string FittingLetters(QuerySession session, GrantStatement grant, RelationEntry relation, string letters, string all)
    {
        if (grant.Privileges.Any(privilege => privilege is { Name: null, Columns.Count: 0 })) return all;
        var left = string.Concat(letters.Where(letter => all.Contains(letter, StringComparison.Ordinal)));
        if (left.Length == letters.Length) return letters;
        if (relation is not SequenceEntry)
            throw new SqlException(SqlState.InvalidGrantOperation, "invalid privilege type USAGE for table");
        session.Notify(NoticeSeverity.Warning, SqlState.InvalidGrantOperation,
            $"sequence \"{relation.Name}\" only supports USAGE, SELECT, and UPDATE privileges");
        return left;
    }

    private static string OfColumns(string letters) =>
        string.Concat(letters.Where(letter => AccessRights.ColumnLetters.Contains(letter, StringComparison.Ordinal)));

    /// <summary>
    /// As whom the statement is done, and what of it. Raises 42501 for who has no right at all on the object; a warning says what could not
    /// be done.
    /// </summary>
    private static async ValueTask<(string Grantor, string Letters)> GrantorAsync(
        QuerySession session, AccessRights rights, GrantStatement grant, ObjectAccess access, IReadOnlyList<AclItem> items, string asked,
        string all, AccessTarget target, string name, CancellationToken cancellationToken)
    {
        var (grantor, letters) = await rights.GrantorAsync(session.User, access.Owner, items, asked, cancellationToken);
        if (letters.Length == asked.Length) return (grantor, letters);
        if (letters.Length == 0 && !await rights.HasAnyAsync(session.User, items, all, cancellationToken))
            throw AccessRights.Denied(target);
        var (verb, state) = grant.IsRevoke
            ? ("could be revoked", SqlState.WarningPrivilegeNotRevoked)
            : ("were granted", SqlState.WarningPrivilegeNotGranted);
        if (letters.Length == 0) session.Notify(NoticeSeverity.Warning, state, $"no privileges {verb} for \"{name}\"");
        else if (grant.Privileges.All(privilege => privilege.Name is not null))
            session.Notify(NoticeSeverity.Warning, state, $"not all privileges {verb} for \"{name}\"");
        return (grantor, letters);
    }

    private static async ValueTask RequireColumnsAsync(QuerySession session, RelationEntry table, IEnumerable<string> columns,
        CancellationToken cancellationToken)
    {
        var found = await session.FindTableAsync(new QualifiedName([TableResolver.ManagedCatalog, table.Schema, table.Name]),
            cancellationToken);
        foreach (var column in columns)
            if (found is not null && found.Columns.All(known => known.Name != column))
                throw new SqlException(SqlState.UndefinedColumn, $"column \"{column}\" of relation \"{table.Name}\" does not exist");
    }

    private static async ValueTask<SqlException?> OfServerAsync(ICatalogSnapshot catalog, string schema,
        CancellationToken cancellationToken)
    {
        var dot = schema.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && await catalog.FindServerAsync(schema[..dot], cancellationToken) is { } server ? OfServer(server.Name) : null;
    }

    private static SqlException OfServer(string server) =>
        new(SqlState.FeatureNotSupported, "privileges on tables and schemas of a server are not supported")
    {
        Hint = $"Use GRANT USAGE ON FOREIGN SERVER {server}: who may use a server may read its tables.",
    };

    private static SqlException OfSystem(string name) =>
        new(SqlState.FeatureNotSupported, $"privileges on \"{name}\", which is part of the system catalog, cannot be changed");
}
