using System.Diagnostics;
using System.Globalization;
using Federation.Sql.Syntax;

namespace Federation.Sql.Printing;

/// <summary>Roles, GRANT and REVOKE.</summary>
internal sealed partial class SqlWriter
{
    private void RoleStatement(Statement statement)
    {
        switch (statement)
        {
            case CreateRoleStatement create:
                Write(create.IsUser ? "create user " : "create role ");
                Identifier(create.Name);
                RoleOptions(create.Options);
                break;
            case AlterRoleStatement alter:
                Write("alter role ");
                User(alter.Name);
                RoleOptions(alter.Options);
                break;
            case RenameRoleStatement rename:
                Write("alter role ");
                User(rename.Name);
                Write(" rename to ");
                Identifier(rename.NewName);
                break;
            case DropRoleStatement drop:
                Write(drop.IfExists ? "drop role if exists " : "drop role ");
                List(drop.Names, User);
                break;
            case GrantRoleStatement { IsAlterGroup: true } group:
                Write("alter group ");
                User(group.Roles[0]);
                Write(group.IsRevoke ? " drop user " : " add user ");
                List(group.Members, User);
                break;
            case GrantRoleStatement grant:
                Write(grant.IsRevoke ? "revoke " : "grant ");
                if (grant.IsOptionOnly) Write("admin option for ");
                List(grant.Roles, Identifier);
                Write(grant.IsRevoke ? " from " : " to ");
                List(grant.Members, User);
                if (grant.IsAdmin) Write(" with admin option");
                Grantor(grant.Grantor);
                break;
            case GrantStatement grant:
                Grant(grant);
                break;
            case AlterDefaultPrivilegesStatement alter:
                Write("alter default privileges ");
                if (alter.Roles.Count > 0)
                {
                    Write("for role ");
                    List(alter.Roles, User);
                    Write(" ");
                }

                if (alter.Schemas.Count > 0)
                {
                    Write("in schema ");
                    List(alter.Schemas, Identifier);
                    Write(" ");
                }

                Grant(alter.Grant);
                break;
            default:
                throw new UnreachableException(statement.GetType().Name);
        }
    }

    private void Grant(GrantStatement grant)
    {
        Write(grant.IsRevoke ? "revoke " : "grant ");
        if (grant is { IsRevoke: true, IsOption: true }) Write("grant option for ");
        List(grant.Privileges, Privilege);
        Write($" on {grant.Kind}");
        if (grant.Names.Count + grant.Tables.Count > 0) Write(" ");
        List(grant.Names, Identifier);
        List(grant.Tables, Name);
        Write(grant.IsRevoke ? " from " : " to ");
        List(grant.Grantees, User);
        if (grant is { IsRevoke: false, IsOption: true }) Write(" with grant option");
        Grantor(grant.Grantor);
        if (grant.IsCascade) Write(" cascade");
    }

    private void Privilege(GrantedPrivilege privilege)
    {
        if (privilege.Name is null) Write("all");
        else if (privilege.Name is "select" or "references" or "create") Write(privilege.Name);
        else Identifier(privilege.Name);
        if (privilege.Columns.Count == 0) return;
        Write(" (");
        List(privilege.Columns, Identifier);
        Write(")");
    }

    private void Grantor(string? grantor)
    {
        if (grantor is null) return;
        Write(" granted by ");
        User(grantor);
    }

    private void RoleOptions(EquatableArray<RoleOption> options)
    {
        foreach (var option in options)
        {
            Write(" ");
            switch (option.Attribute)
            {
                case RoleAttribute.Password when option.Text is null: Write("password null"); break;
                case RoleAttribute.Password: Text("password ", option.Text); break;
                case RoleAttribute.ValidUntil: Text("valid until ", option.Text); break;
                case RoleAttribute.ConnectionLimit: Write("connection limit " + option.Number.ToString(CultureInfo.InvariantCulture));
                break;
                case RoleAttribute.SysId: Write("sysid " + option.Number.ToString(CultureInfo.InvariantCulture)); break;
                case RoleAttribute.Members:
                case RoleAttribute.Admins:
                case RoleAttribute.MemberOf:
                    Write(option.Attribute switch { RoleAttribute.Members => "user ", RoleAttribute.Admins => "admin ", _ => "in role " });
                    List(option.Roles, User);
                    break;
                default: Write((option.IsOn ? "" : "no") + option.Attribute.ToString().ToLowerInvariant()); break;
            }
        }
    }
}
