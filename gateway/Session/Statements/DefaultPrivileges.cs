using Federation.Catalog;
using Federation.Core.Security;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>ALTER DEFAULT PRIVILEGES: what objects of a role have when they are made.</summary>
internal static class DefaultPrivileges
{
    /// <summary>The kinds of objects: letter in pg_default_acl, how errors call them, and the rights that they have.</summary>
    private static readonly Dictionary<string, (char Type, string Noun, string Letters)> s_kinds = new(StringComparer.Ordinal)
    {
        ["tables"] = ('r', "relation", AccessRights.TableLetters),
        ["sequences"] = ('S', "sequence", "rwU"),
        ["functions"] = ('f', "function", "X"),
        ["types"] = ('T', "type", "U"),
        ["schemas"] = ('n', "schema", AccessRights.SchemaLetters),
    };

    public static async ValueTask<string> RunAsync(QuerySession session, AlterDefaultPrivilegesStatement alter,
        CancellationToken cancellationToken)
    {
        var grant = alter.Grant;
        var (type, noun, all) = s_kinds[grant.Kind];
        if (grant.Privileges.Any(privilege => privilege.Columns.Count > 0))
            throw new SqlException(SqlState.InvalidGrantOperation, "default privileges cannot be set for columns");
        if (type == 'n' && alter.Schemas.Count > 0)
            throw new SqlException(SqlState.InvalidGrantOperation, "cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS");
        var letters = ObjectGrants.Letters(grant, noun, all).Whole!;
        var grantees = await ObjectGrants.GranteesAsync(session, grant, cancellationToken);
        var rights = await session.RightsAsync(cancellationToken);
        var roles = alter.Roles.Count == 0 ? [session.User] : alter.Roles.Select(role => RoleStatements.Named(session, role)).ToArray();
        foreach (var role in roles)
        {
            await rights.RequireRoleAsync(role, cancellationToken);
            if (!await rights.IsMemberAsync(session.User, role, cancellationToken))
                throw new SqlException(SqlState.InsufficientPrivilege, $"must be member of role \"{role}\"");
        }

        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var schemas = new List<SchemaEntry?>();
        foreach (var name in alter.Schemas)
            schemas.Add(await catalog.FindSchemaAsync(name, cancellationToken)
                ?? throw new SqlException(SqlState.InvalidSchemaName, $"schema \"{name}\" does not exist"));
        if (schemas.Count == 0) schemas.Add(null);
        foreach (var role in roles)
            foreach (var schema in schemas)
                await ChangeAsync(session, new DefaultScope(role, schema?.Name, schema?.Oid ?? Oid.None, type), grant, grantees, letters,
                    cancellationToken);
        return "ALTER DEFAULT PRIVILEGES";
    }

    /// <summary>What is the same for all schemas replaces what objects would have; what is for one schema comes to it.</summary>
    private static async ValueTask ChangeAsync(QuerySession session, DefaultScope scope, GrantStatement grant,
        IReadOnlyList<string> grantees, string letters, CancellationToken cancellationToken)
    {
        var plain = scope.Schema is null ? AccessRights.PlainDefault(scope.Role, scope.Type) : [];
        var present = await (await session.Transaction.GetCatalogAsync(cancellationToken)).FindAccessAsync(scope.Target, cancellationToken);
        var items = ObjectGrants.Changed(present?.ItemsOf(null) ?? plain, grant, grantees, letters, scope.Role, scope.Role);
        if (!items.ToHashSet().SetEquals(plain))
        {
            var sorted = await (await session.RightsAsync(cancellationToken)).SortedAsync(items, cancellationToken);
            await ObjectGrants.StoreAsync(session, present,
                (present ?? new AccessEntry(Oid.None, scope.Target, []) { Scope = scope }).With(null, sorted), cancellationToken);
        }
        else if (present is not null)
        {
            await session.Transaction.ChangeAsync(new CatalogChange.Drop(present.Key), cancellationToken);
        }
    }
}
