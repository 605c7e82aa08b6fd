using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Sessions;

/// <summary>Advisory locks between sessions of one gateway, by the same steps on PostgreSQL.</summary>
[Collection(SuiteCollection.Name)]
public sealed class AdvisoryLockTests(SuiteServers servers)
{
    private ServerAddress Server(bool isOracle) => isOracle ? servers.Postgres : servers.Gateway;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Waiting_sessions_get_the_lock_in_their_turn(bool isOracle)
    {
        await using var holder = await RawClient.ConnectAsync(Server(isOracle));
        await using var waiter = await RawClient.ConnectAsync(Server(isOracle));
        await using var third = await RawClient.ConnectAsync(Server(isOracle));
        await holder.RunAsync("SELECT pg_advisory_lock(77001)", "SELECT pg_advisory_lock(77001)");
        var waiting = waiter.QueryAsync("SELECT pg_advisory_lock(77001)");
        await UntilWaitingAsync(third, waiter.Key.ProcessId);
        Assert.Equal(["ExclusiveLock\tt\t0\t77001\t1", "ExclusiveLock\tf\t0\t77001\t1"], await third.RowsAsync(
            "SELECT mode, granted, classid, objid, objsubid FROM pg_locks WHERE locktype = 'advisory' AND objid = 77001 ORDER BY granted DESC"));
        Assert.Equal(["f"], await third.RowsAsync("SELECT pg_try_advisory_lock_shared(77001)"));
        await holder.RunAsync("SELECT pg_advisory_unlock(77001)");
        Assert.False(waiting.IsCompleted, "it was taken twice");
        await holder.RunAsync("SELECT pg_advisory_unlock(77001)");
        Assert.Null((await waiting).Error);
        Assert.Equal(["f"], await third.RowsAsync("SELECT pg_try_advisory_lock(77001)"));

        // The end of a session gives back what it holds.
        waiting = third.QueryAsync("SELECT pg_advisory_lock(77001)");
        await UntilWaitingAsync(holder, third.Key.ProcessId);
        await waiter.DisposeAsync();
        Assert.Null((await waiting).Error);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Shared_locks_go_together_and_wait_behind_others(bool isOracle)
    {
        await using var one = await RawClient.ConnectAsync(Server(isOracle));
        await using var two = await RawClient.ConnectAsync(Server(isOracle));
        await using var three = await RawClient.ConnectAsync(Server(isOracle));
        await one.RunAsync("SELECT pg_advisory_lock_shared(77, 2)");
        Assert.Equal(["t"], await two.RowsAsync("SELECT pg_try_advisory_lock_shared(77, 2)"));
        await two.RunAsync("BEGIN", "SELECT pg_advisory_unlock_shared(77, 2)");
        var exclusive = two.QueryAsync("SELECT pg_advisory_xact_lock(77, 2)");
        await UntilWaitingAsync(three, two.Key.ProcessId);
        Assert.Equal(["f"], await three.RowsAsync("SELECT pg_try_advisory_lock_shared(77, 2)"));
        await one.RunAsync("SELECT pg_advisory_unlock_shared(77, 2)");
        Assert.Null((await exclusive).Error);
        Assert.Equal(["f"], await one.RowsAsync("SELECT pg_try_advisory_lock_shared(77, 2)"));
        await two.RunAsync("COMMIT");
        Assert.Equal(["t"], await one.RowsAsync("SELECT pg_try_advisory_lock_shared(77, 2)"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Waits_end_by_timeouts_cancel_and_deadlocks(bool isOracle)
    {
        await using var one = await RawClient.ConnectAsync(Server(isOracle));
        await using var two = await RawClient.ConnectAsync(Server(isOracle));
        await using var third = await RawClient.ConnectAsync(Server(isOracle));
        await one.RunAsync("SELECT pg_advisory_lock(77003)");
        await two.RunAsync("SELECT pg_advisory_lock(77004)", "SET lock_timeout = 50");
        Assert.Equal("55P03", (await two.QueryAsync("SELECT pg_advisory_lock(77003)")).Error?.Code);
        await two.RunAsync("SET lock_timeout = 0", "SET statement_timeout = 50");
        Assert.Equal("57014", (await two.QueryAsync("SELECT pg_advisory_lock(77003)")).Error?.Code);
        await two.RunAsync("SET statement_timeout = 0");
        var cancelled = two.QueryAsync("SELECT pg_advisory_lock(77003)");
        await UntilWaitingAsync(third, two.Key.ProcessId);
        await RawClient.CancelAsync(Server(isOracle), two.Key.ProcessId, two.Key.Secret);
        Assert.Equal("57014", (await cancelled).Error?.Code);

        var waiting = two.QueryAsync("SELECT pg_advisory_lock(77003)");
        await UntilWaitingAsync(third, two.Key.ProcessId);
        // One of them is told, whichever notices first, and gives up what it holds.
        var closing = one.QueryAsync("SELECT pg_advisory_lock(77004)");
        var (victim, other, rest) = await Task.WhenAny(waiting, closing) == closing ? (closing, waiting, one) : (waiting, closing, two);
        var error = (await victim).Error;
        Assert.Equal(("40P01", "deadlock detected"), (error?.Code, error?.Message));
        await rest.RunAsync("SELECT pg_advisory_unlock_all()");
        Assert.Null((await other).Error);
    }

    private static async Task UntilWaitingAsync(RawClient client, int processId)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while ((await client.RowsAsync($"SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = {processId}"))[0] != "1")
            await Task.Delay(10, limit.Token);
    }
}
