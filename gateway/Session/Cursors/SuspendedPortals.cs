namespace Federation.Session.Cursors;

/// <summary>
/// The portals of a session whose queries have begun and not ended. Each costs a thread, rows on their way and perhaps a connection to a
/// server, for as long as the client lets it wait, so only a few wait like that: when one more begins, the one that was read least recently
/// is read to its end, into a spool. Used by one statement at a time.
/// </summary>
internal sealed class SuspendedPortals(string spillDirectory)
{
    /// <summary>A quarter of the connections that a server is given.</summary>
    public const int Most = 8;

    private readonly List<RowPortal> _portals = [];

    /// <summary>A portal is about to be read.</summary>
    public async ValueTask EnterAsync(RowPortal portal, CancellationToken cancellationToken)
    {
        // Read again, it is the last that has to go.
        var isNew = !_portals.Remove(portal);
        _portals.Add(portal);
        if (!isNew) return;
        while (_portals.Count > Most && _portals.Find(other => other is { CanSpool: true }) is { } oldest)
        {
            _portals.Remove(oldest);
            await oldest.SpoolAsync(spillDirectory, cancellationToken);
        }
    }

    /// <summary>The portal's query has ended.</summary>
    public void Leave(RowPortal portal) => _portals.Remove(portal);
}
