namespace Federation.Sql.Syntax;

/// <summary>What an option of CREATE or ALTER ROLE says something about.</summary>
public enum RoleAttribute
{
    Superuser,
    CreateRole,
    CreateDb,
    Inherit,
    Login,
    Replication,
    BypassRls,
    Password,
    ConnectionLimit,
    ValidUntil,
    SysId,

    /// <summary>ROLE and USER: the new role's members.</summary>
    Members,

    /// <summary>ADMIN: members that may grant the new role.</summary>
    Admins,

    /// <summary>IN ROLE and IN GROUP: the roles that the new one is a member of.</summary>
    MemberOf,
}

/// <param name="IsOn">False for NOSUPERUSER and its like.</param>
/// <param name="Text">The password, null for PASSWORD NULL; the time of VALID UNTIL.</param>
public sealed record RoleOption(RoleAttribute Attribute, bool IsOn = true, string? Text = null, long Number = 0,
    EquatableArray<string> Roles = default) : SyntaxNode;

/// <summary>
/// CREATE ROLE, or CREATE USER, whose roles may log in. Names of roles can be "public", "current_user", "current_role" and "session_user",
/// as in mappings.
/// </summary>
public sealed record CreateRoleStatement(string Name, bool IsUser, EquatableArray<RoleOption> Options) : Statement;

public sealed record AlterRoleStatement(string Name, EquatableArray<RoleOption> Options) : Statement;

public sealed record RenameRoleStatement(string Name, string NewName) : Statement;

public sealed record DropRoleStatement(EquatableArray<string> Names, bool IfExists) : Statement;

/// <summary>GRANT and REVOKE of roles; ALTER GROUP … ADD and DROP USER.</summary>
/// <param name="IsOptionOnly">REVOKE ADMIN OPTION FOR.</param>
public sealed record GrantRoleStatement(EquatableArray<string> Roles, EquatableArray<string> Members, bool IsRevoke, bool IsAdmin,
    bool IsOptionOnly) : Statement
{
    public string? Grantor { get; init; }

    public bool IsAlterGroup { get; init; }
}

/// <param name="Name">In lower case; null for ALL.</param>
/// <param name="Columns">The columns of a table that it is for; none for the whole.</param>
public sealed record GrantedPrivilege(string? Name, EquatableArray<string> Columns);

/// <summary>GRANT and REVOKE of rights on servers, wrappers, databases, schemas and tables.</summary>
/// <param name="Kind">"foreign server", "foreign data wrapper", "database", "schema", "table", "all tables in schema"; in ALTER DEFAULT
/// PRIVILEGES "tables", "sequences", "functions", "types" or "schemas".</param>
/// <param name="Names">Of the objects, or of the schemas of all tables; none for tables.</param>
/// <param name="IsOption">WITH GRANT OPTION, or GRANT OPTION FOR.</param>
public sealed record GrantStatement(string Kind, EquatableArray<string> Names, EquatableArray<GrantedPrivilege> Privileges,
    EquatableArray<string> Grantees, bool IsRevoke, bool IsOption) : Statement
{
    /// <summary>The tables of kind "table".</summary>
    public EquatableArray<QualifiedName> Tables { get; init; } = [];

    public string? Grantor { get; init; }

    public bool IsCascade { get; init; }
}

/// <summary>ALTER DEFAULT PRIVILEGES.</summary>
/// <param name="Roles">FOR ROLE; none for the present user.</param>
/// <param name="Schemas">IN SCHEMA; none for all.</param>
public sealed record AlterDefaultPrivilegesStatement(EquatableArray<string> Roles, EquatableArray<string> Schemas, GrantStatement Grant)
    : Statement;
