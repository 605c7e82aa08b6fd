using Federation.Core;
using Federation.Core.Errors;

namespace Federation.Catalog;

/// <summary>Where entries of the catalog name a role: what a new name changes, and what keeps a role from being dropped. Pure.</summary>
public static class RoleReferences
{
    public static SchemaEntry WithRoleNamed(this SchemaEntry schema, string name, string newName) => schema.Owner == name ? schema with { Owner = newName } : schema;

    public static TableEntry WithRoleNamed(this TableEntry table, string name, string newName) => table.Owner == name ? table with { Owner = newName } : table;

    public static ServerEntry WithRoleNamed(this ServerEntry server, string name, string newName) => server.Owner == name ? server with { Owner = newName } : server;

    public static UserMappingEntry WithRoleNamed(this UserMappingEntry mapping, string name, string newName) => mapping.User == name ? mapping with { User = newName } : mapping;

    public static AccessEntry WithRoleNamed(this AccessEntry access, string name, string newName) => access with
    {
        Grants = access.Grants.Select(grant => grant with
        {
            Grantee = grant.Grantee == name ? newName : grant.Grantee,
            Grantor = grant.Grantor == name ? newName : grant.Grantor,
        }).ToEquatableArray(),
    };

    public static RoleEntry WithRoleNamed(this RoleEntry role, string name, string newName) => role with
    {
        Name = role.Name == name ? newName : role.Name,
        MemberOf = role.MemberOf.Select(membership => membership with
        {
            Role = membership.Role == name ? newName : membership.Role,
            Grantor = membership.Grantor == name ? newName : membership.Grantor,
        }).ToEquatableArray(),
    };

    public static RoleEntry WithoutMembershipIn(this RoleEntry role, string other) => role with { MemberOf = role.MemberOf.Where(membership => membership.Role != other).ToEquatableArray() };

    /// <summary>How PostgreSQL describes the dependency of an entry on a role; null when there is none.</summary>
    public static string? Dependency(this SchemaEntry schema, string role) => schema.Owner == role ? $"owner of schema {schema.Name}" : null;

    public static string? Dependency(this TableEntry table, string role) => table.Owner == role ? $"owner of table {table.Schema}.{table.Name}" : null;

    public static string? Dependency(this ServerEntry server, string role) => server.Owner == role ? $"owner of server {server.Name}" : null;

    public static string? Dependency(this UserMappingEntry mapping, string role) => mapping.User == role ? $"owner of user mapping for {role} on server {mapping.Server}" : null;

    public static string? Dependency(this AccessEntry access, string role) =>
        access.Grants.Any(grant => grant.Grantee == role || grant.Grantor == role) ? $"privileges for {Described(access.Target)}" : null;

    public static SqlException StillNeeded(string role, IEnumerable<string> dependencies) =>
        new(SqlState.DependentObjectsStillExist, $"role \"{role}\" cannot be dropped because some objects depend on it") { Detail = string.Join('\n', dependencies) };

    private static string Described(AccessTarget target) => target.Kind switch
    {
        AccessKind.Server => $"server {target.Name}",
        AccessKind.Wrapper => $"foreign-data wrapper {target.Name}",
        AccessKind.Database => $"database {target.Name}",
        _ => $"schema {target.Name}",
    };
}
