namespace Federation.Session;

/// <summary>pg_cancel_backend and pg_terminate_backend: superusers end whatever they like, others what the same user runs.</summary>
internal static class BackendSignals
{
    public static bool Cancel(QuerySession session, int processId)
    {
        if (FindTarget(session, processId) is not { } target) return false;
        RequireMaySignal(
            session, target, "must be a superuser to cancel superuser query", "must be a member of the role whose query is being canceled or member of pg_signal_backend");
        target.CancelRunning();
        return true;
    }

    /// <param name="session">Who asks.</param>
    /// <param name="processId">Whose end is asked for.</param>
    /// <param name="timeout">How many milliseconds to wait for the end; 0 for not at all.</param>
    public static bool Terminate(QuerySession session, int processId, long timeout)
    {
        if (timeout < 0) throw new SqlException(SqlState.NumericValueOutOfRange, "\"timeout\" must not be negative");
        if (FindTarget(session, processId) is not { } target) return false;
        RequireMaySignal(
            session, target, "must be a superuser to terminate superuser process", "must be a member of the role whose process is being terminated or member of pg_signal_backend");
        target.Terminate();
        if (timeout == 0 || target == session) return true;
        if (session.Registry.WaitForEnd(target, TimeSpan.FromMilliseconds(Math.Min(timeout, int.MaxValue)), session.StatementToken)) return true;
        session.Notify(NoticeSeverity.Warning, SqlState.Warning, $"backend with PID {processId} did not terminate within {timeout} milliseconds");
        return false;
    }

    private static QuerySession? FindTarget(QuerySession session, int processId)
    {
        var target = session.Registry.Find(processId);
        if (target is null) session.Notify(NoticeSeverity.Warning, SqlState.Warning, $"PID {processId} is not a PostgreSQL server process");
        return target;
    }

    private static void RequireMaySignal(QuerySession session, QuerySession target, string superuserMessage, string message)
    {
        if (session.Identity.IsSuperuser) return;
        if (target.Identity.LoggedInAsSuperuser) throw new SqlException(SqlState.InsufficientPrivilege, superuserMessage);
        if (target.Origin.User != session.User) throw new SqlException(SqlState.InsufficientPrivilege, message);
    }
}
