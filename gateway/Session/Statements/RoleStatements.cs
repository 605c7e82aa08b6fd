using Federation.Catalog;
using Federation.Core.Security;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>CREATE, ALTER and DROP ROLE, with the checks of PostgreSQL 15's user.c in their order.</summary>
internal static class RoleStatements
{
    public static ValueTask<string> RunAsync(QuerySession session, Statement statement, CancellationToken cancellationToken) =>
        statement switch
    {
        CreateRoleStatement create => CreateAsync(session, create, cancellationToken),
        AlterRoleStatement alter => AlterAsync(session, alter, cancellationToken),
        RenameRoleStatement rename => RenameAsync(session, rename, cancellationToken),
        DropRoleStatement drop => DropAsync(session, drop, cancellationToken),
        _ => throw new System.Diagnostics.UnreachableException(statement.GetType().Name),
    };

    /// <summary>The role that a name or one of the words current_user, current_role and session_user means.</summary>
    public static string Named(QuerySession session, string name) => name switch
    {
        "current_user" or "current_role" or "user" => session.User,
        "session_user" => session.Identity.SessionUser,
        _ => name,
    };

    private static async ValueTask<string> CreateAsync(QuerySession session, CreateRoleStatement create,
        CancellationToken cancellationToken)
    {
        var rights = await session.RightsAsync(cancellationToken);
        var role = Apply(session, new RoleEntry(Oid.None, create.Name, IsSuperuser: false, CanLogin: create.IsUser, Verifier: null),
            create.Options);
        if (role.IsSuperuser) await RequireSuperuserAsync(session, rights, "must be superuser to create superusers", cancellationToken);
        else if (role.CanReplicate)
            await RequireSuperuserAsync(session, rights, "must be superuser to create replication users", cancellationToken);
        else if (role.BypassesRowSecurity)
            await RequireSuperuserAsync(session, rights, "must be superuser to create bypassrls users", cancellationToken);
        else if (!await rights.MayCreateRolesAsync(session.User, cancellationToken)) throw Denied("permission denied to create role");
        RequireUnreserved(create.Name);
        if (await rights.FindRoleAsync(create.Name, cancellationToken) is not null)
            throw new SqlException(SqlState.DuplicateObject, $"role \"{create.Name}\" already exists");
        await PutAsync(session, role, isNew: true, cancellationToken);

        foreach (var option in create.Options)
        {
            switch (option.Attribute)
            {
                case RoleAttribute.MemberOf:
                    foreach (var parent in option.Roles)
                        await MembershipStatements.GrantAsync(session, parent, [create.Name], isAdmin: false, cancellationToken);
                    break;
                case RoleAttribute.Members or RoleAttribute.Admins:
                    await MembershipStatements.GrantAsync(session, create.Name, option.Roles,
                        isAdmin: option.Attribute == RoleAttribute.Admins, cancellationToken);
                    break;
                case RoleAttribute.SysId:
                    session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion, "SYSID can no longer be specified");
                    break;
            }
        }

        return "CREATE ROLE";
    }

    private static async ValueTask<string> AlterAsync(QuerySession session, AlterRoleStatement alter, CancellationToken cancellationToken)
    {
        var rights = await session.RightsAsync(cancellationToken);
        var present = await rights.RequireRoleAsync(Named(session, alter.Name), cancellationToken);
        RequireUnreserved(present.Name);
        if (present.IsSuperuser || Says(alter, RoleAttribute.Superuser))
            await RequireSuperuserAsync(session, rights, "must be superuser to alter superuser roles or change superuser attribute",
                cancellationToken);
        else if (present.CanReplicate || Says(alter, RoleAttribute.Replication))
            await RequireSuperuserAsync(session, rights, "must be superuser to alter replication roles or change replication attribute",
                cancellationToken);
        else if (Says(alter, RoleAttribute.BypassRls))
            await RequireSuperuserAsync(session, rights, "must be superuser to change bypassrls attribute", cancellationToken);
        else if (!await rights.MayCreateRolesAsync(session.User, cancellationToken))
        {
            // Everybody may change the own password, and nothing else.
            if (present.Name != session.User || !alter.Options.All(option => option.Attribute == RoleAttribute.Password))
                throw Denied("permission denied");
        }

        var role = Apply(session, present, alter.Options);
        await PutAsync(session, role, isNew: await IsImplicitAsync(session, present.Name, cancellationToken), cancellationToken);
        foreach (var option in alter.Options.Where(option => option.Attribute == RoleAttribute.Members))
            await MembershipStatements.GrantAsync(session, present.Name, option.Roles, isAdmin: false, cancellationToken);
        return "ALTER ROLE";
    }

    private static async ValueTask<string> RenameAsync(QuerySession session, RenameRoleStatement rename,
        CancellationToken cancellationToken)
    {
        var rights = await session.RightsAsync(cancellationToken);
        var present = await rights.RequireRoleAsync(Named(session, rename.Name), cancellationToken);
        if (present.Name == session.Identity.SessionUser)
            throw new SqlException(SqlState.FeatureNotSupported, "session user cannot be renamed");
        if (present.Name == session.User) throw new SqlException(SqlState.FeatureNotSupported, "current user cannot be renamed");
        RequireUnreserved(present.Name);
        RequireUnreserved(rename.NewName);
        if (await rights.FindRoleAsync(rename.NewName, cancellationToken) is not null)
            throw new SqlException(SqlState.DuplicateObject, $"role \"{rename.NewName}\" already exists");
        if (present.IsSuperuser) await RequireSuperuserAsync(session, rights, "must be superuser to rename superusers", cancellationToken);
        else if (!await rights.MayCreateRolesAsync(session.User, cancellationToken)) throw Denied("permission denied to rename role");
        if (await IsImplicitAsync(session, present.Name, cancellationToken))
            throw new SqlException(SqlState.FeatureNotSupported, $"role \"{present.Name}\" cannot be renamed");
        await session.Transaction.ChangeAsync(new CatalogChange.RenameRole(present.Name, rename.NewName), cancellationToken);
        return "ALTER ROLE";
    }

    private static async ValueTask<string> DropAsync(QuerySession session, DropRoleStatement drop, CancellationToken cancellationToken)
    {
        var rights = await session.RightsAsync(cancellationToken);
        if (!await rights.MayCreateRolesAsync(session.User, cancellationToken)) throw Denied("permission denied to drop role");
        foreach (var name in drop.Names)
        {
            if (name is "public" or "current_user" or "current_role" or "session_user")
                throw new SqlException(SqlState.InvalidParameterValue, "cannot use special role specifier in DROP ROLE");
            if (await rights.FindRoleAsync(name, cancellationToken) is not { } role)
            {
                if (!drop.IfExists) throw new SqlException(SqlState.UndefinedObject, $"role \"{name}\" does not exist");
                session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion, $"role \"{name}\" does not exist, skipping");
                continue;
            }

            if (name == session.User) throw new SqlException(SqlState.ObjectInUse, "current user cannot be dropped");
            if (name == session.Identity.SessionUser) throw new SqlException(SqlState.ObjectInUse, "session user cannot be dropped");
            if (role.IsSuperuser) await RequireSuperuserAsync(session, rights, "must be superuser to drop superusers", cancellationToken);
            if (await IsImplicitAsync(session, name, cancellationToken) || name == AccessRights.BootstrapSuperuser)
                throw new SqlException(SqlState.DependentObjectsStillExist,
                    $"cannot drop role {name} because it is required by the database system");
            await session.Transaction.ChangeAsync(new CatalogChange.Drop(RoleEntry.KeyOf(name)), cancellationToken);
        }

        return "DROP ROLE";
    }

    private static RoleEntry Apply(QuerySession session, RoleEntry role, EquatableArray<RoleOption> options)
    {
        foreach (var option in options)
        {
            role = option.Attribute switch
            {
                RoleAttribute.Superuser => role with { IsSuperuser = option.IsOn },
                RoleAttribute.CreateRole => role with { CanCreateRoles = option.IsOn },
                RoleAttribute.CreateDb => role with { CanCreateDatabases = option.IsOn },
                RoleAttribute.Inherit => role with { Inherits = option.IsOn },
                RoleAttribute.Login => role with { CanLogin = option.IsOn },
                RoleAttribute.Replication => role with { CanReplicate = option.IsOn },
                RoleAttribute.BypassRls => role with { BypassesRowSecurity = option.IsOn },
                RoleAttribute.Password => role with { Verifier = VerifierOf(session, option.Text) },
                RoleAttribute.ConnectionLimit => option.Number is >= -1 and <= int.MaxValue
                    ? role with { ConnectionLimit = (int)option.Number }
                    : throw new SqlException(SqlState.InvalidParameterValue, $"invalid connection limit: {option.Number}"),
                RoleAttribute.ValidUntil =>
                    role with
                    {
                        ValidUntil = ((PgTimestamp)ValueText.Parse(option.Text!, SqlType.Timestamptz, session.Values)!).Microseconds,
                    },
                _ => role,
            };
        }

        return role;
    }

    private static ScramVerifier? VerifierOf(QuerySession session, string? password)
    {
        if (password is null) return null;
        if (password.Length == 0)
        {
            session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion, "empty string is not a valid password, clearing password");
            return null;
        }

        if (password.Length == 35 && password.StartsWith("md5", StringComparison.Ordinal)
            && password.AsSpan(3).ContainsAnyExcept("0123456789abcdef") == false)
            throw new SqlException(SqlState.FeatureNotSupported, "MD5 password hashes are not supported")
                { Hint = "Give the password itself, or its SCRAM-SHA-256 verifier." };
        return ScramVerifiers.TryParse(password) ?? ScramVerifiers.Create(password);
    }

    /// <summary>Puts a role in, and says what its password means when it is the first one.</summary>
    private static async ValueTask PutAsync(QuerySession session, RoleEntry role, bool isNew, CancellationToken cancellationToken)
    {
        var roles = await (await session.Transaction.GetCatalogAsync(cancellationToken)).ListRolesAsync(cancellationToken);
        if (role.Verifier is not null && roles.All(other => other.Verifier is null))
        {
            session.Notify(
                NoticeSeverity.Notice, SqlState.SuccessfulCompletion, "from now on every client needs a password",
                role is { IsSuperuser: true, CanLogin: true } ? null : "No superuser has one yet; `federation user` sets one.");
        }

        await ChangeAsync(session, role, isNew, cancellationToken);
    }

    /// <summary>Puts a role in. One that everybody takes to be there without an entry gets one by its first change.</summary>
    internal static ValueTask ChangeAsync(QuerySession session, RoleEntry role, bool isNew, CancellationToken cancellationToken) =>
        session.Transaction.ChangeAsync(isNew ? new CatalogChange.Create(role) : new CatalogChange.Alter(role), cancellationToken);

    /// <summary>Whether a role exists although the catalog has no entry for it.</summary>
    internal static async ValueTask<bool> IsImplicitAsync(QuerySession session, string name, CancellationToken cancellationToken) =>
        await (await session.Transaction.GetCatalogAsync(cancellationToken)).FindRoleAsync(name, cancellationToken) is null;

    private static bool Says(AlterRoleStatement alter, RoleAttribute attribute) =>
        alter.Options.Any(option => option.Attribute == attribute);

    private static void RequireUnreserved(string name)
    {
        if (name.StartsWith("pg_", StringComparison.Ordinal))
            throw new SqlException(SqlState.ReservedName, $"role name \"{name}\" is reserved")
                { Detail = "Role names starting with \"pg_\" are reserved." };
    }

    private static async ValueTask RequireSuperuserAsync(QuerySession session, AccessRights rights, string message,
        CancellationToken cancellationToken)
    {
        if (!await rights.IsSuperuserAsync(session.User, cancellationToken)) throw Denied(message);
    }

    private static SqlException Denied(string message) => new(SqlState.InsufficientPrivilege, message);
}
