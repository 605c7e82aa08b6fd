using Federation.Core.Values;

namespace Federation.SystemCatalog;

using Row = Dictionary<string, object?>;

/// <summary>The system tables of roles.</summary>
internal static class RoleRows
{
    /// <summary>How pg_roles and pg_user show every password, even one that is not set.</summary>
    private const string Hidden = "********";

    public static IEnumerable<Row> Roles(SystemState state) => state.Roles.Select(role => Role(role, Hidden));

    /// <summary>pg_authid, which superusers alone may read.</summary>
    public static IEnumerable<Row> Authorizations(SystemState state) => state.Roles.Select(role => Role(role, role.Verifier));

    public static IEnumerable<Row> Users(SystemState state) => state.Roles.Where(role => role.CanLogin).Select(role => User(role, Hidden));

    public static IEnumerable<Row> Shadows(SystemState state) =>
        state.Roles.Where(role => role.CanLogin).Select(role => User(role, role.Verifier));

    public static IEnumerable<Row> Groups(SystemState state) => state.Roles.Where(role => !role.CanLogin).Select(role => new Row
    {
        ["groname"] = role.Name, ["grosysid"] = (long)role.Oid.Value,
        ["grolist"] =
            PgArray.Vector([.. state.Roles.Where(member => member.MemberOf.Any(membership => membership.Role == role.Name))
                .Select(member => (object?)(long)member.Oid.Value)]),
    });

    public static IEnumerable<Row> Memberships(SystemState state) =>
        state.Roles.SelectMany(member => member.MemberOf.Select(membership => new Row
    {
        ["roleid"] = state.OidOf(membership.Role), ["member"] = (long)member.Oid.Value, ["grantor"] = state.OidOf(membership.Grantor),
        ["admin_option"] = membership.IsAdmin,
    }));

    private static Row Role(RoleState role, string? password) => new()
    {
        ["oid"] = (long)role.Oid.Value, ["rolname"] = role.Name, ["rolsuper"] = role.IsSuperuser, ["rolinherit"] = role.Inherits,
        ["rolcreaterole"] = role.CanCreateRoles,
        ["rolcreatedb"] = role.CanCreateDatabases, ["rolcanlogin"] = role.CanLogin, ["rolreplication"] = role.CanReplicate,
        ["rolconnlimit"] = role.ConnectionLimit, ["rolpassword"] = password,
        ["rolvaliduntil"] = End(role), ["rolbypassrls"] = role.BypassesRowSecurity,
    };

    private static Row User(RoleState role, string? password) => new()
    {
        ["usename"] = role.Name, ["usesysid"] = (long)role.Oid.Value, ["usecreatedb"] = role.CanCreateDatabases,
        ["usesuper"] = role.IsSuperuser, ["userepl"] = role.CanReplicate,
        ["usebypassrls"] = role.BypassesRowSecurity, ["passwd"] = password, ["valuntil"] = End(role),
    };

    private static object? End(RoleState role) => role.ValidUntil is { } end ? new PgTimestamp(end) : null;
}
