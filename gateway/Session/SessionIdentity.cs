using Federation.Catalog;

namespace Federation.Session;

/// <summary>
/// Who a session is: the user who logged in, the session's user (SET SESSION AUTHORIZATION) and the current one (SET ROLE), whose rights
/// count. The last two are settings, so that a rollback and the end of SET LOCAL bring back what was.
/// </summary>
/// <param name="session">The session.</param>
/// <param name="authenticated">Who logged in.</param>
internal sealed class SessionIdentity(QuerySession session, string authenticated)
{
    private const string NoRole = "none";

    /// <summary>Set for a user who was let in because the catalog knew no roles: a superuser for as long as the session lasts.</summary>
    public string? Trusted { get; set; }

    /// <summary>Whether who logged in was a superuser then.</summary>
    public bool LoggedInAsSuperuser { get; set; }

    /// <summary>Whether the current user is a superuser, as of the SET ROLE or the log-in that made it the current one.</summary>
    public bool IsSuperuser => session.Settings.GetBool("is_superuser");

    public string SessionUser => session.Settings.Get("session_authorization");

    public string CurrentUser => session.Settings.Get("role") is var role && role != NoRole ? role : SessionUser;

    public static bool IsIdentity(string setting) => IsRole(setting) || IsSessionUser(setting);

    /// <summary>Raises 22023 for a role that does not exist, 42501 for one that may not be taken.</summary>
    /// <param name="value">Null for DEFAULT.</param>
    public ValueTask SetAsync(string setting, string? value, bool isLocal, CancellationToken cancellationToken) =>
        IsRole(setting) ? SetRoleAsync(value ?? NoRole, isLocal, cancellationToken)
            : SetSessionUserAsync(value ?? authenticated, isLocal, cancellationToken);

    /// <summary>Back to the user who logged in, as DISCARD ALL does.</summary>
    public ValueTask ResetAsync(CancellationToken cancellationToken) =>
        SetSessionUserAsync(authenticated, isLocal: false, cancellationToken);

    private static bool IsRole(string setting) => setting.Equals("role", StringComparison.OrdinalIgnoreCase);

    private static bool IsSessionUser(string setting) => setting.Equals("session_authorization", StringComparison.OrdinalIgnoreCase);

    private async ValueTask SetRoleAsync(string name, bool isLocal, CancellationToken cancellationToken)
    {
        var rights = await session.RightsAsync(cancellationToken);
        if (name == NoRole)
        {
            await ApplyAsync(rights, SessionUser, NoRole, null, isLocal, cancellationToken);
            return;
        }

        if (await rights.FindRoleAsync(name, cancellationToken) is null) throw Unknown(name);
        if (!await rights.IsMemberAsync(SessionUser, name, cancellationToken))
            throw new SqlException(SqlState.InsufficientPrivilege, $"permission denied to set role \"{name}\"");
        await ApplyAsync(rights, name, name, null, isLocal, cancellationToken);
    }

    private async ValueTask SetSessionUserAsync(string name, bool isLocal, CancellationToken cancellationToken)
    {
        var rights = await session.RightsAsync(cancellationToken);
        if (await rights.FindRoleAsync(name, cancellationToken) is null) throw Unknown(name);
        if (name != authenticated && !await rights.IsSuperuserAsync(authenticated, cancellationToken))
            throw new SqlException(SqlState.InsufficientPrivilege, "permission denied to set session authorization");
        // Becoming another session user ends SET ROLE.
        await ApplyAsync(rights, name, NoRole, name, isLocal, cancellationToken);
    }

    private async ValueTask ApplyAsync(AccessRights rights, string user, string role, string? sessionUser, bool isLocal,
        CancellationToken cancellationToken)
    {
        var isSuperuser = await rights.IsSuperuserAsync(user, cancellationToken);
        if (sessionUser is not null) session.Settings.SetFact("session_authorization", sessionUser, isLocal);
        session.Settings.SetFact("role", role, isLocal);
        session.Settings.SetFact("is_superuser", isSuperuser ? "on" : "off", isLocal);
    }

    private static SqlException Unknown(string name) => new(SqlState.InvalidParameterValue, $"role \"{name}\" does not exist");
}
