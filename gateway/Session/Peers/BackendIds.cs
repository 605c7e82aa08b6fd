namespace Federation.Session.Peers;

/// <summary>
/// Ids of sessions, as pg_backend_pid and cancel requests have them: the gateway's number in the upper 10 of 31 bits, a count below. So
/// they are positive, and unique among the gateways of a catalog.
/// </summary>
public static class BackendIds
{
    private const int SessionBits = 21;

    private const int MostSessions = 1 << SessionBits;

    /// <summary>The number of the gateway that has the session.</summary>
    public static int GatewayOf(int processId) => processId >> SessionBits;

    /// <param name="gateway">The gateway's number.</param>
    /// <param name="count">How many sessions there were before; it starts again from 0 after two million.</param>
    public static int Of(int gateway, uint count) => (gateway << SessionBits) | (int)(count % MostSessions);
}
