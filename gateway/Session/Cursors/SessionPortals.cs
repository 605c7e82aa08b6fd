using Federation.SessionApi;

namespace Federation.Session.Cursors;

/// <summary>
/// A session's open portals by name. Cursors are those that have names; the unnamed one is the statement that runs. Used on the session's
/// thread.
/// </summary>
internal sealed class SessionPortals
{
    private readonly Dictionary<string, IPortal> _portals = new(StringComparer.Ordinal);

    private IEnumerable<CursorPortal> Cursors => _portals.Values.OfType<CursorPortal>();

    public void Add(string name, IPortal portal) => _portals.Add(name, portal);

    public IPortal? Find(string name) => _portals.GetValueOrDefault(name);

    /// <summary>Raises 34000 for a name that no portal has.</summary>
    public IPortal Get(string name) => Find(name)
        ?? throw new SqlException(SqlState.InvalidCursorName, $"portal \"{name}\" does not exist");

    /// <summary>What pg_cursors shows.</summary>
    public IReadOnlyList<SystemCatalog.CursorState> Describe() => [.. Cursors.Select(cursor => cursor.State)];

    public async ValueTask CloseAsync(string name)
    {
        if (_portals.Remove(name, out var portal)) await portal.DisposeAsync();
    }

    public async ValueTask CloseCursorsAsync()
    {
        foreach (var name in _portals.Keys.Where(name => name.Length > 0).ToArray()) await CloseAsync(name);
    }

    /// <summary>The end of a transaction closes its portals; cursors WITH HOLD stay when it was committed.</summary>
    public async ValueTask CloseAllAsync(bool keepsHeld = true)
    {
        foreach (var (name, portal) in _portals.ToArray())
            if (!keepsHeld || portal is not CursorPortal { IsHeld: true, IsWhole: true })
                await CloseAsync(name);
    }

    /// <summary>The transaction is about to commit: cursors WITH HOLD take their rows out of it.</summary>
    public async ValueTask HoldAsync(CancellationToken cancellationToken)
    {
        foreach (var cursor in Cursors.Where(cursor => cursor is { IsHeld: true, IsWhole: false }).ToArray())
            await cursor.HoldAsync(cancellationToken);
    }

    /// <summary>The transaction was rolled back: what it declared WITH HOLD ends with it.</summary>
    public void ReleaseHeld()
    {
        foreach (var cursor in Cursors.Where(cursor => !cursor.IsWhole)) cursor.IsHeld = false;
    }

    /// <summary>A savepoint was released: its cursors belong to the one around it.</summary>
    public void Keep(int savepoints)
    {
        foreach (var cursor in Cursors) cursor.Depth = Math.Min(cursor.Depth, savepoints);
    }

    /// <summary>A rollback to the last savepoint: cursors that were declared since it end.</summary>
    public async ValueTask CloseSinceAsync(int savepoints)
    {
        foreach (var (name, portal) in _portals.ToArray())
            if (portal is CursorPortal cursor && cursor.Depth >= savepoints)
                await CloseAsync(name);
    }
}
