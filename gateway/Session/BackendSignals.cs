using Federation.Session.Peers;

namespace Federation.Session;

/// <summary>
/// pg_cancel_backend and pg_terminate_backend: superusers end whatever they like, others what the same user runs. The gateway that has the
/// session checks that, whichever was asked.
/// </summary>
internal static class BackendSignals
{
    /// <summary>How long another gateway may take to answer, besides what it is asked to wait.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(5);

    public static bool Cancel(QuerySession session, IGatewayPeers peers, int processId) =>
        Send(session, peers, Request(session, processId, false, 0));

    /// <param name="session">Who asks.</param>
    /// <param name="peers">The other gateways.</param>
    /// <param name="processId">Whose end is asked for.</param>
    /// <param name="timeout">How many milliseconds to wait for the end; 0 for not at all.</param>
    public static bool Terminate(QuerySession session, IGatewayPeers peers, int processId, long timeout)
    {
        if (timeout < 0) throw new SqlException(SqlState.NumericValueOutOfRange, "\"timeout\" must not be negative");
        return Send(session, peers, Request(session, processId, true, timeout));
    }

    /// <summary>Does what is asked to a session of this gateway. Raises 42501.</summary>
    public static async ValueTask<SignalOutcome> DeliverAsync(
        SessionRegistry registry, SignalRequest request, CancellationToken cancellationToken)
    {
        if (registry.Find(request.ProcessId) is not { } target) return SignalOutcome.Missing;
        RequireMaySignal(request, target);
        if (!request.IsTerminating)
        {
            target.CancelRunning();
            return SignalOutcome.Sent;
        }

        target.Terminate();
        if (request.TimeoutMilliseconds == 0 || request.Sender == request.ProcessId) return SignalOutcome.Sent;
        return await registry.WaitForEndAsync(target, WaitOf(request), cancellationToken) ? SignalOutcome.Sent : SignalOutcome.Remains;
    }

    private static SignalRequest Request(QuerySession session, int processId, bool isTerminating, long timeout) =>
        new(processId, isTerminating, timeout, session.ProcessId, session.User, session.Identity.IsSuperuser);

    private static TimeSpan WaitOf(SignalRequest request) => TimeSpan.FromMilliseconds(Math.Min(request.TimeoutMilliseconds, int.MaxValue));

    private static bool Send(QuerySession session, IGatewayPeers peers, SignalRequest request)
    {
        var processId = request.ProcessId;
        var holder = session.Registry.Has(processId)
            ? null
            : peers.Others.FirstOrDefault(other => other.Number == BackendIds.GatewayOf(processId));
        SignalOutcome outcome;
        try
        {
            // The function is called in the middle of a statement, on a thread that may wait.
            outcome = holder is null
                ? DeliverAsync(session.Registry, request, session.StatementToken).AsTask().GetAwaiter().GetResult()
                : SendAsync(peers, holder, request, session.StatementToken).AsTask().GetAwaiter().GetResult();
        }
        catch (SqlException error) when (holder is not null && error.State.Class == "08")
        {
            session.Notify(NoticeSeverity.Warning, SqlState.Warning, $"could not send signal to process {processId}: {error.Message}");
            return false;
        }

        if (outcome == SignalOutcome.Missing)
            session.Notify(NoticeSeverity.Warning, SqlState.Warning, $"PID {processId} is not a PostgreSQL server process");
        if (outcome == SignalOutcome.Remains)
        {
            session.Notify(
                NoticeSeverity.Warning, SqlState.Warning,
                $"backend with PID {processId} did not terminate within {request.TimeoutMilliseconds} milliseconds");
        }

        return outcome == SignalOutcome.Sent;
    }

    private static async ValueTask<SignalOutcome> SendAsync(
        IGatewayPeers peers, PeerGateway holder, SignalRequest request, CancellationToken cancellationToken)
    {
        var body = PeerQuestions.Write(request);
        var answer = await peers.AskAsync(holder, PeerQuestions.Signal, body, WaitOf(request) + s_limit, cancellationToken);
        return PeerQuestions.Read<SignalOutcome>(answer.Span);
    }

    private static void RequireMaySignal(SignalRequest request, QuerySession target)
    {
        if (request.IsSuperuser) return;
        if (target.Identity.LoggedInAsSuperuser)
        {
            throw new SqlException(
                SqlState.InsufficientPrivilege,
                request.IsTerminating
                    ? "must be a superuser to terminate superuser process"
                    : "must be a superuser to cancel superuser query");
        }

        if (target.Origin.User == request.User) return;
        throw new SqlException(
            SqlState.InsufficientPrivilege,
            request.IsTerminating
                ? "must be a member of the role whose process is being terminated or member of pg_signal_backend"
                : "must be a member of the role whose query is being canceled or member of pg_signal_backend");
    }
}
