using System.Collections.Concurrent;
using System.Security.Cryptography;
using Federation.Core.Errors;
using Federation.SessionApi;

namespace Federation.FlightSql.Sessions;

/// <summary>
/// What one client has open: sessions of the engine, transactions, prepared statements, and queries whose rows it has not fetched.
/// <para>Flight clients run calls concurrently, sessions of the engine do not. So a statement outside of transactions takes the first lane
/// if it is free, or if a transaction block that was begun by SQL is open there; else a further lane with the same settings. Each
/// transaction begun by BeginTransaction has its own lane.</para>
/// Thread-safe.
/// </summary>
internal sealed class FlightSession : IAsyncDisposable
{
    private const int MaxLanes = 32;
    private const int HandleBytes = 16;

    private readonly ISessionFactory _factory;
    private readonly SessionOrigin _origin;
    private readonly TimeProvider _clock;
    private readonly Lock _gate = new();
    private readonly List<SessionLane> _lanes;
    private readonly Dictionary<string, SessionLane> _transactions = new(StringComparer.Ordinal);
    private readonly List<string> _settings = [];
    private DateTimeOffset _lastUse;
    private int _calls;

    public FlightSession(string token, SessionOrigin origin, ISessionFactory factory, ISession first, TimeProvider clock)
    {
        Token = token;
        _origin = origin;
        _factory = factory;
        _clock = clock;
        _lanes = [new SessionLane(first)];
        _lastUse = clock.GetUtcNow();
    }

    public string Token { get; }

    public bool IsClosed { get; private set; }

    /// <summary>By their handles.</summary>
    public ConcurrentDictionary<string, PreparedEntry> Prepared { get; } = new(StringComparer.Ordinal);

    /// <summary>Queries that GetFlightInfo announced, by the handles in their tickets.</summary>
    public ConcurrentDictionary<string, QueryEntry> Queries { get; } = new(StringComparer.Ordinal);

    public static string NewHandle() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(HandleBytes));

    /// <summary>Begins a call; null when the session is closed.</summary>
    public SessionUse? TryEnter()
    {
        lock (_gate)
        {
            if (IsClosed) return null;
            _calls++;
            _lastUse = _clock.GetUtcNow();
            return new SessionUse(this);
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            _calls--;
            _lastUse = _clock.GetUtcNow();
        }
    }

    public bool IsIdleSince(DateTimeOffset limit)
    {
        lock (_gate) return _calls == 0 && _lastUse < limit;
    }

    /// <summary>A lane for a statement.</summary>
    /// <param name="transaction">The transaction the client names; null or empty for none.</param>
    public async ValueTask<LaneLease> RentAsync(string? transaction, CancellationToken cancellationToken)
    {
        SessionLane? lane;
        lock (_gate)
        {
            if (!string.IsNullOrEmpty(transaction)) return new LaneLease(this, Take(FindTransaction(transaction)));
            lane = _lanes[0].TransactionStatus != TransactionStatus.Idle ? _lanes[0] : _lanes.Find(free => free.Users == 0);
            if (lane is null && _lanes.Count + _transactions.Count >= MaxLanes) throw TooMany();
            if (lane is not null) Take(lane);
        }

        if (lane is null)
        {
            lane = new SessionLane(await _factory.OpenAsync(_origin, cancellationToken)) { Users = 1 };
            lock (_gate) _lanes.Add(lane);
        }

        var lease = new LaneLease(this, lane);
        try
        {
            await ApplySettingsAsync(lane, cancellationToken);
            return lease;
        }
        catch
        {
            await lease.DisposeAsync();
            throw;
        }
    }

    public async ValueTask<string> BeginTransactionAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
            if (_lanes.Count + _transactions.Count >= MaxLanes)
                throw TooMany();
        var lane = new SessionLane(await _factory.OpenAsync(_origin, cancellationToken));
        try
        {
            await ApplySettingsAsync(lane, cancellationToken);
            await lane.RunAsync("BEGIN", cancellationToken);
        }
        catch
        {
            await lane.DisposeAsync();
            throw;
        }

        var handle = NewHandle();
        lock (_gate) _transactions.Add(handle, lane);
        return handle;
    }

    /// <summary>Ends a transaction whose handle is then gone, even when the commit fails.</summary>
    public async ValueTask EndTransactionAsync(string transaction, bool commits, CancellationToken cancellationToken)
    {
        SessionLane lane;
        lock (_gate)
        {
            lane = FindTransaction(transaction);
            _transactions.Remove(transaction);
        }

        await using (lane)
        {
            var isFailed = lane.TransactionStatus == TransactionStatus.Failed;
            await lane.RunAsync(commits ? "COMMIT" : "ROLLBACK", cancellationToken);
            if (commits && isFailed)
                throw new SqlException(SqlState.InFailedSqlTransaction, "the transaction had failed and was rolled back");
        }
    }

    /// <summary>Remembers a SET, so that further lanes follow it.</summary>
    public void Remember(SessionLane lane, string sql)
    {
        lock (_gate)
        {
            _settings.Add(sql);
            if (lane.SettingsApplied == _settings.Count - 1) lane.SettingsApplied = _settings.Count;
        }
    }

    /// <summary>Forgets a prepared statement on all lanes.</summary>
    public async ValueTask CloseStatementAsync(string handle, CancellationToken cancellationToken)
    {
        Prepared.TryRemove(handle, out _);
        SessionLane[] lanes;
        lock (_gate) lanes = [.. _lanes, .. _transactions.Values];
        foreach (var lane in lanes) await lane.ForgetAsync(handle, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        SessionLane[] lanes;
        lock (_gate)
        {
            if (IsClosed) return;
            IsClosed = true;
            lanes = [.. _lanes, .. _transactions.Values];
            _transactions.Clear();
        }

        foreach (var query in Queries.Values) query.Cancel();
        foreach (var lane in lanes) await lane.DisposeAsync();
    }

    internal void Return(SessionLane lane)
    {
        lock (_gate) lane.Users--;
    }

    private static SessionLane Take(SessionLane lane)
    {
        lane.Users++;
        return lane;
    }

    private static SqlException TooMany() => new(SqlState.TooManyConnections, "too many statements of this session run at once");

    private SessionLane FindTransaction(string transaction) => _transactions.GetValueOrDefault(transaction)
        ?? throw new SqlException(SqlState.NoActiveSqlTransaction, "the transaction does not exist or has ended");

    private async ValueTask ApplySettingsAsync(SessionLane lane, CancellationToken cancellationToken)
    {
        while (true)
        {
            string sql;
            lock (_gate)
            {
                if (lane.SettingsApplied >= _settings.Count) return;
                sql = _settings[lane.SettingsApplied++];
            }

            await lane.RunAsync(sql, cancellationToken);
        }
    }
}

/// <summary>A call's stay in a session.</summary>
internal sealed class SessionUse(FlightSession session) : IDisposable
{
    private int _left;

    public FlightSession Session => session;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _left, 1) == 0) session.Leave();
    }
}

/// <summary>
/// A statement's stay on a lane. <see cref="EndAsync"/> commits what it did; leaving without it, after an error or because the client reads
/// no more, ends the implicit transaction too, as Sync does in PostgreSQL's protocol.
/// </summary>
internal sealed class LaneLease(FlightSession session, SessionLane lane) : IAsyncDisposable
{
    private bool _isEnded;
    private bool _isReturned;

    public SessionLane Lane => lane;

    public async ValueTask EndAsync(CancellationToken cancellationToken)
    {
        await lane.CommitAsync(cancellationToken);
        _isEnded = true;
    }

    public async ValueTask DisposeAsync()
    {
        if (_isReturned) return;
        _isReturned = true;
        try
        {
            if (!_isEnded) await lane.CommitAsync(CancellationToken.None);
        }
        finally
        {
            session.Return(lane);
        }
    }
}
