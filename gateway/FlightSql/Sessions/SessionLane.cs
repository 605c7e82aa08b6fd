using Federation.Core;
using Federation.Core.Errors;
using Federation.SessionApi;

namespace Federation.FlightSql.Sessions;

/// <summary>
/// One session of the engine. Its calls are made one at a time: <see cref="StepAsync"/> waits for its turn. Statements of one transaction
/// share a lane and take turns between batches; otherwise a lane serves one statement at a time.
/// </summary>
internal sealed class SessionLane(ISession session) : IAsyncDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<string, IPreparedStatement> _prepared = new(StringComparer.Ordinal);
    private int _portals;

    /// <summary>Statements that run or stream; guarded by the owner's lock.</summary>
    public int Users { get; set; }

    /// <summary>How many of the owner's SET statements have been run here.</summary>
    public int SettingsApplied { get; set; }

    public TransactionStatus TransactionStatus => session.TransactionStatus;

    public Core.Values.TextFormat TextFormat => session.TextFormat;

    public async ValueTask<T> StepAsync<T>(Func<ISession, ValueTask<T>> step, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (session.Terminated.IsCancellationRequested) throw session.Cancelled();
            return await step(session);
        }
        catch (Exception exception)
        {
            // The session has to know: an implicit transaction is aborted, an explicit one fails.
            await session.FailAsync(exception switch
            {
                SqlException error => error,
                OperationCanceledException =>
                    new SqlException(SqlState.QueryCanceled, "canceling statement due to user request", exception),
                _ => new SqlException(SqlState.InternalError, $"internal error: {exception.Message}", exception),
            });
            throw;
        }
        finally
        {
            // Flight SQL has no place for notices.
            while (session.TakeEvent() is not null) continue;
            _turn.Release();
        }
    }

    /// <summary>A statement that is analysed for one use.</summary>
    public ValueTask<IPreparedStatement> PrepareAsync(string sql, CancellationToken cancellationToken) =>
        StepAsync(
            async target =>
            {
                var statement = await target.PrepareAsync("", sql, [], cancellationToken);
                target.EndStatement();
                return statement;
            },
            cancellationToken);

    /// <summary>A statement that stays analysed under its handle.</summary>
    public ValueTask<IPreparedStatement> PrepareAsync(string handle, string sql, CancellationToken cancellationToken) => StepAsync(
        async target =>
        {
            if (_prepared.TryGetValue(handle, out var known)) return known;
            var statement = await target.PrepareAsync(handle, sql, [], cancellationToken);
            target.EndStatement();
            _prepared[handle] = statement;
            return statement;
        },
        cancellationToken);

    public ValueTask<bool> ForgetAsync(string handle, CancellationToken cancellationToken) => StepAsync(
        target =>
        {
            if (_prepared.Remove(handle)) target.CloseStatement(handle);
            return ValueTask.FromResult(true);
        },
        cancellationToken);

    /// <summary>Binds a statement to a portal of its own. Nothing is run yet.</summary>
    public async ValueTask<LanePortal> BindAsync(IPreparedStatement statement, EquatableArray<object?> parameters,
        CancellationToken cancellationToken)
    {
        var name = $"flight_{Interlocked.Increment(ref _portals)}";
        var portal = await StepAsync(
            target =>
            {
                target.EndAfterStatement();
                return target.BindAsync(name, statement, parameters, cancellationToken);
            },
            cancellationToken);
        return new LanePortal(this, name, portal);
    }

    /// <summary>Ends a statement: outside of a transaction block it commits.</summary>
    public ValueTask<bool> CommitAsync(CancellationToken cancellationToken) => StepAsync(
        async target =>
        {
            await target.EndImplicitTransactionAsync(cancellationToken);
            return true;
        },
        cancellationToken);

    /// <summary>Runs a statement without parameters and rows, such as BEGIN.</summary>
    public async ValueTask RunAsync(string sql, CancellationToken cancellationToken)
    {
        await using (var portal = await BindAsync(await PrepareAsync(sql, cancellationToken), default, cancellationToken))
            while (await portal.NextAsync(cancellationToken) is { } batch)
                batch.Dispose();
        await CommitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        session.CancelRunning();
        await _turn.WaitAsync();
        await session.DisposeAsync();
    }
}

/// <summary>A portal of a lane. Between its batches other statements of the same transaction may run.</summary>
internal sealed class LanePortal(SessionLane lane, string name, IPortal portal) : IAsyncDisposable
{
    public IPortal Portal => portal;

    public ValueTask<Arrow.Batch?> NextAsync(CancellationToken cancellationToken) => lane.StepAsync(
        session =>
        {
            // Raises 34000 when the transaction has ended, and the portal with it.
            session.GetPortal(name);
            return portal.NextBatchAsync(cancellationToken);
        },
        cancellationToken);

    public async ValueTask DisposeAsync() => await lane.StepAsync(
        async session =>
        {
            await session.ClosePortalAsync(name);
            return true;
        },
        CancellationToken.None);
}
