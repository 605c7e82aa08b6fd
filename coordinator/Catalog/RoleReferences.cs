using Federation.Core;
using Federation.Core.Errors;

namespace Federation.Catalog;

/// <summary>Where entries of the catalog name a role: what a new name changes, and what keeps a role from being dropped. Pure.</summary>
public static class RoleReferences
{
    /// <summary>The object with a role under its new name, wherever it names the role.</summary>
    public static CatalogObject WithRoleNamed(this CatalogObject entry, string name, string newName) => entry switch
    {
        SchemaEntry schema => schema.WithRoleNamed(name, newName),
        RelationEntry relation => relation.WithRoleNamed(name, newName),
        ServerEntry server => server.WithRoleNamed(name, newName),
        UserMappingEntry mapping => mapping.WithRoleNamed(name, newName),
        AccessEntry access => access.WithRoleNamed(name, newName),
        RoleEntry role => role.WithRoleNamed(name, newName),
        _ => throw new System.Diagnostics.UnreachableException(entry.GetType().Name),
    };

    /// <summary>
    /// How PostgreSQL describes what an object needs a role for; null when it does not. Memberships end with the role and are no
    /// dependency.
    /// </summary>
    public static string? Dependency(this CatalogObject entry, string role) => entry switch
    {
        SchemaEntry schema when schema.Owner == role => $"owner of schema {schema.Name}",
        RelationEntry relation when relation.Owner == role =>
            $"owner of {ObjectKinds.Of(relation.Key.Kind).Noun} {relation.Schema}.{relation.Name}",
        ServerEntry server when server.Owner == role => $"owner of server {server.Name}",
        UserMappingEntry mapping when mapping.User == role => $"owner of user mapping for {role} on server {mapping.Server}",
        AccessEntry { Scope: { } scope } when scope.Role == role => $"owner of {Described(scope)}",
        AccessEntry access when access.Grants.Any(grant => grant.Grantee == role || grant.Grantor == role) =>
            $"privileges for {Described(access)}",
        _ => null,
    };

    private static SchemaEntry WithRoleNamed(this SchemaEntry schema, string name, string newName) =>
        schema.Owner == name ? schema with { Owner = newName } : schema;

    private static RelationEntry WithRoleNamed(this RelationEntry relation, string name, string newName) =>
        relation.Owner == name ? relation with { Owner = newName } : relation;

    private static ServerEntry WithRoleNamed(this ServerEntry server, string name, string newName) =>
        server.Owner == name ? server with { Owner = newName } : server;

    private static UserMappingEntry WithRoleNamed(this UserMappingEntry mapping, string name, string newName) =>
        mapping.User == name ? mapping with { User = newName } : mapping;

    private static AccessEntry WithRoleNamed(this AccessEntry access, string name, string newName) =>
        access.Scope is { } scope && scope.Role == name
            ? (access with { Scope = scope with { Role = newName }, Target = (scope with { Role = newName }).Target })
                .WithGrantsNamed(name, newName)
            : access.WithGrantsNamed(name, newName);

    private static AccessEntry WithGrantsNamed(this AccessEntry access, string name, string newName) => access with
    {
        Grants = access.Grants.Select(grant => grant with
        {
            Grantee = grant.Grantee == name ? newName : grant.Grantee,
            Grantor = grant.Grantor == name ? newName : grant.Grantor,
        }).ToEquatableArray(),
    };

    private static RoleEntry WithRoleNamed(this RoleEntry role, string name, string newName) => role with
    {
        Name = role.Name == name ? newName : role.Name,
        MemberOf = role.MemberOf.Select(membership => membership with
        {
            Role = membership.Role == name ? newName : membership.Role,
            Grantor = membership.Grantor == name ? newName : membership.Grantor,
        }).ToEquatableArray(),
    };

    public static RoleEntry WithoutMembershipIn(this RoleEntry role, string other) =>
        role with { MemberOf = role.MemberOf.Where(membership => membership.Role != other).ToEquatableArray() };

    public static SqlException StillNeeded(string role, IEnumerable<string> dependencies) =>
        new(SqlState.DependentObjectsStillExist, $"role \"{role}\" cannot be dropped because some objects depend on it")
            { Detail = string.Join('\n', dependencies) };

    private static string Described(AccessEntry access) => access switch
    {
        { Scope: { } scope } => Described(scope),
        { Target: { Kind: AccessKind.Server } target } => $"server {target.Name}",
        { Target: { Kind: AccessKind.Wrapper } target } => $"foreign-data wrapper {target.Name}",
        { Target: { Kind: AccessKind.Database } target } => $"database {target.Name}",
        { Target: { Kind: AccessKind.Table } } => $"table {access.Shown}",
        _ => $"schema {access.Target.Name}",
    };

    private static string Described(DefaultScope scope)
    {
        var objects = scope.Type switch { 'r' => "relations", 'S' => "sequences", 'f' => "functions", 'T' => "types", _ => "schemas" };
        return $"default privileges on new {objects} belonging to role "
            + $"{scope.Role}{(scope.Schema is null ? "" : $" in schema {scope.Schema}")}";
    }
}
