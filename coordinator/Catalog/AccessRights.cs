using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>
/// Who may do what at one version of the catalog, by PostgreSQL's rules: superusers everything, an owner what it likes with its objects, a
/// member what the roles may that it inherits from. The one place that knows memberships; functions such as has_server_privilege ask it
/// too.
/// </summary>
/// <param name="catalog">The version.</param>
/// <param name="trusted">A user who is let in although the catalog knows no roles yet, and so may do everything; null when there is
/// none.</param>
public sealed partial class AccessRights(ICatalogSnapshot catalog, string? trusted)
{
    /// <summary>
    /// The superuser that every gateway has, who owns what came with it. Without an entry in the catalog it has no password.
    /// </summary>
    public const string BootstrapSuperuser = "federation";

    /// <summary>Stands for every role, of whatever name.</summary>
    public const string AnyRole = "";

    public static readonly Oid BootstrapOid = new(10);

    /// <summary>The predefined roles whose members may read and write the files that COPY names.</summary>
    public const string ReadsFiles = "pg_read_server_files", WritesFiles = "pg_write_server_files";

    private static readonly RoleEntry[] s_predefined = [Predefined(4569, ReadsFiles), Predefined(4570, WritesFiles)];

    /// <summary>Null when there is no such role.</summary>
    public async ValueTask<RoleEntry?> FindRoleAsync(string name, CancellationToken cancellationToken) =>
        await catalog.FindRoleAsync(name, cancellationToken) is { } role ? WithOid(role)
        : Array.Find(s_predefined, role => role.Name == name) ?? (name == BootstrapSuperuser || name == trusted ? Unlimited(name) : null);

    public async ValueTask<RoleEntry> RequireRoleAsync(string name, CancellationToken cancellationToken) =>
        await FindRoleAsync(name, cancellationToken) ?? throw new SqlException(SqlState.UndefinedObject, $"role \"{name}\" does not exist");

    public async ValueTask<IReadOnlyList<RoleEntry>> ListRolesAsync(CancellationToken cancellationToken)
    {
        var roles = (await catalog.ListRolesAsync(cancellationToken)).Select(WithOid).Concat(s_predefined).ToList();
        foreach (var name in new[] { BootstrapSuperuser, trusted })
            if (name is not null && !roles.Exists(role => role.Name == name))
                roles.Add(Unlimited(name));
        return roles;
    }

    public async ValueTask<bool> IsSuperuserAsync(string user, CancellationToken cancellationToken) =>
        await FindRoleAsync(user, cancellationToken) is { IsSuperuser: true };

    /// <summary>is_member_of_role: may become the role by SET ROLE.</summary>
    public async ValueTask<bool> IsMemberAsync(string user, string role, CancellationToken cancellationToken) =>
        user == role || await IsSuperuserAsync(user, cancellationToken)
            || await ReachesAsync(user, role, mustInherit: false, cancellationToken);

    /// <summary>
    /// Whether the user is a member by grants alone, so that another grant would make a circle. Everybody is a member of itself.
    /// </summary>
    public async ValueTask<bool> IsGrantedMemberAsync(string user, string role, CancellationToken cancellationToken) =>
        user == role || await ReachesAsync(user, role, mustInherit: false, cancellationToken);

    /// <summary>has_privs_of_role: has the role's rights without SET ROLE.</summary>
    public async ValueTask<bool> HasRightsOfAsync(string user, string role, CancellationToken cancellationToken) =>
        user == role || await IsSuperuserAsync(user, cancellationToken)
            || await ReachesAsync(user, role, mustInherit: true, cancellationToken);

    /// <summary>is_admin_of_role: may grant membership in the role.</summary>
    public async ValueTask<bool> MayGrantRoleAsync(string user, string role, CancellationToken cancellationToken)
    {
        if (await IsSuperuserAsync(user, cancellationToken)) return true;
        foreach (var member in await catalog.ListRolesAsync(cancellationToken))
            if (member.MemberOf.Any(membership => membership.IsAdmin && membership.Role == role)
                && await IsGrantedMemberAsync(user, member.Name, cancellationToken))
                return true;
        return false;
    }

    /// <summary>
    /// What the questions above answer for a role, as lists of roles: those whose rights it has, those it may become, those it may grant. A
    /// superuser's hold <see cref="AnyRole"/> besides.
    /// </summary>
    public async ValueTask<(IReadOnlyList<string> Held, IReadOnlyList<string> Memberships,
        IReadOnlyList<string> Administered)> ListRightsAsync(RoleEntry role, CancellationToken cancellationToken)
    {
        string[] any = role.IsSuperuser ? [AnyRole] : [];
        var memberships = await ReachedAsync(role.Name, mustInherit: false, cancellationToken);
        var administered = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in memberships)
            if (await catalog.FindRoleAsync(name, cancellationToken) is { } entry)
                administered.UnionWith(entry.MemberOf.Where(membership => membership.IsAdmin).Select(membership => membership.Role));
        return ([.. await ReachedAsync(role.Name, mustInherit: true, cancellationToken), .. any], [.. memberships, .. any],
            [.. administered, .. any]);
    }

    public async ValueTask<bool> MayCreateRolesAsync(string user, CancellationToken cancellationToken) =>
        await FindRoleAsync(user, cancellationToken) is { IsSuperuser: true } or { CanCreateRoles: true };

    /// <summary>Whether the user has the one right that objects of this kind have: as owner or by a grant.</summary>
    /// <param name="owner">Null for what belongs to the gateway itself.</param>
    public ValueTask<bool> MayAsync(string user, AccessTarget target, string? owner, CancellationToken cancellationToken) =>
        MayAsync(user, target, owner, mayGrant: false, cancellationToken);

    /// <summary>Whether the user may grant that right to others.</summary>
    public ValueTask<bool> MayGrantAsync(string user, AccessTarget target, string? owner, CancellationToken cancellationToken) =>
        MayAsync(user, target, owner, mayGrant: true, cancellationToken);

    /// <summary>Raises 42501 for a user without the right.</summary>
    public async ValueTask RequireAsync(string user, AccessTarget target, string? owner, CancellationToken cancellationToken)
    {
        if (!await MayAsync(user, target, owner, cancellationToken)) throw Denied(target);
    }

    /// <summary>Raises 42501 for a user who does not have the rights of the owner.</summary>
    /// <param name="kind">How errors call such an object: "foreign server", "schema", "table".</param>
    public async ValueTask RequireOwnerAsync(string user, string owner, string kind, string name, CancellationToken cancellationToken)
    {
        if (!await HasRightsOfAsync(user, owner, cancellationToken))
            throw new SqlException(SqlState.InsufficientPrivilege, $"must be owner of {kind} {name}");
    }

    /// <summary>Raises 42704 or 42501 for a role that the user cannot give an object to.</summary>
    public async ValueTask RequireNewOwnerAsync(string user, string owner, CancellationToken cancellationToken)
    {
        await RequireRoleAsync(owner, cancellationToken);
        if (!await IsMemberAsync(user, owner, cancellationToken))
            throw new SqlException(SqlState.InsufficientPrivilege, $"must be member of role \"{owner}\"");
    }

    public static SqlException Denied(AccessTarget target) =>
        new(SqlState.InsufficientPrivilege, $"permission denied for {KindOf(target.Kind)} {target.Name}");

    public static string KindOf(AccessKind kind) => kind switch
    {
        AccessKind.Server => "foreign server",
        AccessKind.Wrapper => "foreign-data wrapper",
        AccessKind.Database => "database",
        AccessKind.Table => "table",
        _ => "schema",
    };

    private async ValueTask<bool> MayAsync(string user, AccessTarget target, string? owner, bool mayGrant,
        CancellationToken cancellationToken)
    {
        if (user == owner || await IsSuperuserAsync(user, cancellationToken)
            || (owner is not null && await HasRightsOfAsync(user, owner, cancellationToken))) return true;
        foreach (var grant in (await catalog.FindAccessAsync(target, cancellationToken))?.Grants ?? [])
        {
            if (mayGrant && !grant.MayGrant) continue;
            if (grant.Grantee == UserMappingEntry.Everybody || await HasRightsOfAsync(user, grant.Grantee, cancellationToken)) return true;
        }

        return false;
    }

    private async ValueTask<bool> ReachesAsync(string user, string role, bool mustInherit, CancellationToken cancellationToken) =>
        (await ReachedAsync(user, mustInherit, cancellationToken)).Contains(role);

    /// <summary>The user, and the roles that it is a member of directly or through others.</summary>
    /// <param name="mustInherit">Whether only members that inherit hand their memberships on.</param>
    private async ValueTask<HashSet<string>> ReachedAsync(string user, bool mustInherit, CancellationToken cancellationToken)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal) { user };
        var open = new Queue<string>(seen);
        while (open.TryDequeue(out var name))
        {
            if (await catalog.FindRoleAsync(name, cancellationToken) is not { } entry || (mustInherit && !entry.Inherits)) continue;
            foreach (var membership in entry.MemberOf)
                if (seen.Add(membership.Role))
                    open.Enqueue(membership.Role);
        }

        return seen;
    }

    private static RoleEntry Predefined(uint oid, string name) =>
        new(new Oid(oid), name, IsSuperuser: false, CanLogin: false, Verifier: null);

    private static RoleEntry WithOid(RoleEntry role) => role.Name == BootstrapSuperuser ? role with { Oid = BootstrapOid } : role;

    private static RoleEntry Unlimited(string name) =>
        new(name == BootstrapSuperuser ? BootstrapOid : StableOids.OfRole(name), name, IsSuperuser: true, CanLogin: true, Verifier: null)
    {
        CanCreateRoles = true,
        CanCreateDatabases = true,
        CanReplicate = true,
        BypassesRowSecurity = true,
    };
}
