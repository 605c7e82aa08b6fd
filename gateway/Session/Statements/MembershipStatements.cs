using Federation.Catalog;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>GRANT and REVOKE of roles, and ALTER GROUP.</summary>
internal static class MembershipStatements
{
    public static async ValueTask<string> RunAsync(QuerySession session, GrantRoleStatement grant, CancellationToken cancellationToken)
    {
        if (grant.Grantor is { } grantor && RoleStatements.Named(session, grantor) != session.User)
            throw new SqlException(SqlState.FeatureNotSupported, "grantor must be current user");
        foreach (var role in grant.Roles)
        {
            if (grant.IsRevoke)
                await RevokeAsync(session, RoleStatements.Named(session, role), grant.Members, grant.IsOptionOnly, cancellationToken);
            else await GrantAsync(session, RoleStatements.Named(session, role), grant.Members, grant.IsAdmin, cancellationToken);
        }

        return grant.IsAlterGroup ? "ALTER ROLE" : grant.IsRevoke ? "REVOKE ROLE" : "GRANT ROLE";
    }

    public static async ValueTask GrantAsync(QuerySession session, string role, EquatableArray<string> members, bool isAdmin,
        CancellationToken cancellationToken)
    {
        await RequireAdministratorAsync(session, role, cancellationToken);
        foreach (var name in members)
        {
            var rights = await session.RightsAsync(cancellationToken);
            var member = await rights.RequireRoleAsync(RoleStatements.Named(session, name), cancellationToken);
            // A circle would make every role in it the same.
            if (await rights.IsGrantedMemberAsync(role, member.Name, cancellationToken))
                throw new SqlException(SqlState.InvalidGrantOperation, $"role \"{role}\" is a member of role \"{member.Name}\"");
            var present = member.MemberOf.FirstOrDefault(membership => membership.Role == role);
            if (present is not null && (present.IsAdmin || !isAdmin))
            {
                session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion,
                    $"role \"{member.Name}\" is already a member of role \"{role}\"");
                continue;
            }

            await PutAsync(session, member.WithoutMembershipIn(role), new Membership(role, isAdmin, session.User), cancellationToken);
        }
    }

    private static async ValueTask RevokeAsync(QuerySession session, string role, EquatableArray<string> members, bool isOptionOnly,
        CancellationToken cancellationToken)
    {
        await RequireAdministratorAsync(session, role, cancellationToken);
        foreach (var name in members)
        {
            var member = await (await session.RightsAsync(cancellationToken)).RequireRoleAsync(RoleStatements.Named(session, name),
                cancellationToken);
            if (member.MemberOf.FirstOrDefault(membership => membership.Role == role) is not { } present)
                session.Notify(NoticeSeverity.Warning, SqlState.Warning, $"role \"{member.Name}\" is not a member of role \"{role}\"");
            else await PutAsync(session, member.WithoutMembershipIn(role), isOptionOnly ? present with { IsAdmin = false } : null,
                cancellationToken);
        }
    }

    private static async ValueTask RequireAdministratorAsync(QuerySession session, string role, CancellationToken cancellationToken)
    {
        var rights = await session.RightsAsync(cancellationToken);
        if ((await rights.RequireRoleAsync(role, cancellationToken)).IsSuperuser)
        {
            if (!await rights.IsSuperuserAsync(session.User, cancellationToken))
                throw new SqlException(SqlState.InsufficientPrivilege, "must be superuser to alter superusers");
        }
        else if (!await rights.MayCreateRolesAsync(session.User, cancellationToken)
            && !await rights.MayGrantRoleAsync(session.User, role, cancellationToken))
        {
            throw new SqlException(SqlState.InsufficientPrivilege, $"must have admin option on role \"{role}\"");
        }
    }

    private static async ValueTask PutAsync(QuerySession session, RoleEntry member, Membership? membership,
        CancellationToken cancellationToken)
    {
        var changed = membership is null ? member : member with { MemberOf = [.. member.MemberOf, membership] };
        await RoleStatements.ChangeAsync(session, changed,
            isNew: await RoleStatements.IsImplicitAsync(session, member.Name, cancellationToken), cancellationToken);
    }
}
