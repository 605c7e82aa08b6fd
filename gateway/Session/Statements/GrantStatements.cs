using Federation.Catalog;
using Federation.Session.Catalogs;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>
/// GRANT and REVOKE. Servers, wrappers and the managed database have one right each; <see cref="ObjectGrants"/> has the objects with more.
/// </summary>
internal static class GrantStatements
{
    private static readonly Dictionary<string, (AccessKind Kind, string Privilege)> s_kinds = new(StringComparer.Ordinal)
    {
        ["foreign server"] = (AccessKind.Server, "usage"),
        ["foreign data wrapper"] = (AccessKind.Wrapper, "usage"),
        ["database"] = (AccessKind.Database, "create"),
    };

    /// <summary>Privileges that PostgreSQL has on these objects and this engine does not.</summary>
    private static readonly string[] s_otherPrivileges = ["connect", "temporary", "temp"];

    public static async ValueTask<string> RunAsync(QuerySession session, SessionServices services, GrantStatement grant,
        CancellationToken cancellationToken)
    {
        if (!s_kinds.ContainsKey(grant.Kind)) return await ObjectGrants.RunAsync(session, grant, cancellationToken);
        var (kind, privilege) = s_kinds[grant.Kind];
        foreach (var item in grant.Privileges)
        {
            var other = item.Name ?? privilege;
            if (item.Columns.Count > 0)
                throw new SqlException(SqlState.InvalidGrantOperation, "column privileges are only valid for relations");
            if (other == privilege) continue;
            var noun = grant.Kind.Replace("data wrapper", "-data wrapper", StringComparison.Ordinal)
                .Replace("foreign -", "foreign-", StringComparison.Ordinal);
            throw kind is AccessKind.Database && s_otherPrivileges.Contains(other)
                ? new SqlException(SqlState.FeatureNotSupported,
                    $"privilege {other.ToUpperInvariant()} on {grant.Kind} objects is not supported") { Detail = "Everybody has it." }
                : new SqlException(SqlState.InvalidGrantOperation, $"invalid privilege type {other.ToUpperInvariant()} for {noun}");
        }

        var grantees = (await ObjectGrants.GranteesAsync(session, grant, cancellationToken))
            .Select(grantee => grantee.Length == 0 ? UserMappingEntry.Everybody : grantee).ToList();
        foreach (var name in grant.Names)
        {
            var target = new AccessTarget(kind, kind == AccessKind.Database ? TableResolver.ManagedDatabase : name);
            var owner = await OwnerAsync(session, services, kind, name, cancellationToken);
            if (!await (await session.RightsAsync(cancellationToken)).MayGrantAsync(session.User, target, owner, cancellationToken))
                throw AccessRights.Denied(target with { Name = name });
            await ChangeAsync(session, grant, target, grantees, cancellationToken);
        }

        return grant.IsRevoke ? "REVOKE" : "GRANT";
    }

    private static async ValueTask ChangeAsync(QuerySession session, GrantStatement grant, AccessTarget target, List<string> grantees,
        CancellationToken cancellationToken)
    {
        var entry = await (await session.Transaction.GetCatalogAsync(cancellationToken)).FindAccessAsync(target, cancellationToken);
        var present = entry?.Grants ?? [];
        var grants = present.ToList();
        foreach (var grantee in grantees)
        {
            var index = grants.FindIndex(item => item.Grantee == grantee);
            if (!grant.IsRevoke)
            {
                var given = new AccessGrant(grantee, grant.IsOption || (index >= 0 && grants[index].MayGrant), session.User);
                if (index < 0) grants.Add(given);
                else if (given.MayGrant != grants[index].MayGrant) grants[index] = given;
            }
            else if (index >= 0)
            {
                var dependents = grants.Where(item => item.Grantor == grantee && item.Grantee != grantee).ToArray();
                if (dependents.Length > 0 && !grant.IsCascade && grants[index].MayGrant)
                    throw new SqlException(SqlState.DependentObjectsStillExist, "dependent privileges exist")
                        { Hint = "Use CASCADE to revoke them too." };
                if (grants[index].MayGrant) grants.RemoveAll(dependents.Contains);
                index = grants.FindIndex(item => item.Grantee == grantee);
                if (grant.IsOption) grants[index] = grants[index] with { MayGrant = false };
                else grants.RemoveAt(index);
            }
        }

        if (grants.SequenceEqual(present)) return;
        CatalogChange change = entry is null ? new CatalogChange.Create(new AccessEntry(Oid.None, target, grants.ToEquatableArray()))
            : grants.Count == 0 ? new CatalogChange.Drop(entry.Key)
            : new CatalogChange.Alter(entry with { Grants = grants.ToEquatableArray() });
        await session.Transaction.ChangeAsync(change, cancellationToken);
    }

    /// <summary>Raises an error for an object that does not exist. Null for what belongs to the gateway itself.</summary>
    private static async ValueTask<string?> OwnerAsync(QuerySession session, SessionServices services, AccessKind kind, string name,
        CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        switch (kind)
        {
            case AccessKind.Server:
                return (await catalog.FindServerAsync(name, cancellationToken)
                    ?? throw new SqlException(SqlState.UndefinedObject, $"server \"{name}\" does not exist")).Owner;
            case AccessKind.Wrapper:
                services.Connectors.FindFactory(name);
                return null;
            default:
                return TableResolver.IsManaged(name)
                    ? null
                    : throw new SqlException(SqlState.InvalidCatalogName, $"database \"{name}\" does not exist");
        }
    }
}
