using System.Globalization;
using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Sessions;
using Federation.CompatTests.Suite.Slt;

namespace Federation.CompatTests.Suite.Cluster;

/// <summary>
/// Sessions of two gateways with one catalog: each gateway shows, cancels and ends those of the other, with the rights that hold for its
/// own.
/// </summary>
public sealed class SeveralGatewaysTests(TwoGateways gateways) : IClassFixture<TwoGateways>, IAsyncLifetime
{
    private const string Sleep = "SELECT pg_sleep(600)";

    private ServerAddress First => gateways.First with { User = "federation" };

    private ServerAddress Second => gateways.Second with { User = "federation" };

    public async Task InitializeAsync()
    {
        await using var client = await RawClient.ConnectAsync(First);
        foreach (var role in (string[])["alice", "bob"])
            if ((await client.QueryAsync($"SELECT 1 FROM pg_roles WHERE rolname = '{role}'")).Rows.Count == 0)
                Assert.Null((await client.QueryAsync($"CREATE ROLE {role} LOGIN")).Error);

        // A gateway knows of the other from its next heartbeat on.
        await using var other = await RawClient.ConnectAsync(Second);
        foreach (var (asking, shown) in (ValueTuple<RawClient, RawClient>[])[(client, other), (other, client)])
            await WaitAsync(async () => await StateAsync(asking, shown.Key.ProcessId) is not null);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Ids_are_unique_and_positive()
    {
        var clients = new List<RawClient>();
        for (var i = 0; i < 20; i++) clients.Add(await RawClient.ConnectAsync(i % 2 == 0 ? First : Second));
        var ids = clients.Select(client => client.Key.ProcessId).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.All(ids, id => Assert.True(id > 0));
        Assert.Equal(2, ids.Select(id => id >> 21).Distinct().Count());
        Assert.Equal(ids[0].ToString(CultureInfo.InvariantCulture), (await clients[0].QueryAsync("SELECT pg_backend_pid()")).Rows[0][0]);
        foreach (var client in clients) await client.DisposeAsync();
    }

    [Fact]
    public async Task A_cancel_request_reaches_the_other_gateway_with_the_right_secret_alone()
    {
        await using var subject = await RawClient.ConnectAsync(First);
        await using var observer = await RawClient.ConnectAsync(Second);
        var (id, secret) = subject.Key;
        var sleeping = await SleepAsync(subject, observer);
        await RawClient.CancelAsync(Second, id, [.. secret.Select(value => (byte)~value)]);
        await RawClient.CancelAsync(Second, id ^ 1, secret);
        await RawClient.CancelAsync(Second, id & 0x1F_FFFF, secret);
        Assert.Equal("active", await StateAsync(observer, id));
        Assert.False(sleeping.IsCompleted);
        await RawClient.CancelAsync(Second, id, secret);
        Assert.Equal("57014", (await sleeping).Error?.Code);
        Assert.Null((await subject.QueryAsync("SELECT 1")).Error);
    }

    [Fact]
    public async Task Functions_cancel_and_terminate_sessions_of_the_other_gateway()
    {
        await using var subject = await RawClient.ConnectAsync(First);
        await using var observer = await RawClient.ConnectAsync(Second);
        var id = subject.Key.ProcessId;
        var sleeping = await SleepAsync(subject, observer);
        Assert.Equal("t", (await observer.QueryAsync($"SELECT pg_cancel_backend({id})")).Rows[0][0]);
        Assert.Equal("57014", (await sleeping).Error?.Code);
        sleeping = await SleepAsync(subject, observer);
        Assert.Equal("t", (await observer.QueryAsync($"SELECT pg_terminate_backend({id}, 60000)")).Rows[0][0]);
        Assert.Equal("57P01", (await sleeping).Error?.Code);
        Assert.Null(await StateAsync(observer, id));
        Assert.Equal("f", (await observer.QueryAsync($"SELECT pg_terminate_backend({id})")).Rows[0][0]);
        Assert.Equal($"PID {id} is not a PostgreSQL server process", Assert.Single(observer.Notices).Message);
    }

    [Fact]
    public async Task The_other_gateway_checks_rights_as_its_own()
    {
        await using var superuser = await RawClient.ConnectAsync(First);
        await using var alice = await RawClient.ConnectAsync(First with { User = "alice" });
        await using var observer = await RawClient.ConnectAsync(Second);
        var sleeping = await SleepAsync(alice, observer);
        var refused = new List<string>();

        // What is refused has the same words on both.
        foreach (var gateway in (ServerAddress[])[First, Second])
        {
            await using var bob = await RawClient.ConnectAsync(gateway with { User = "bob" });
            var said = "";
            foreach (var target in (RawClient[])[alice, superuser])
                foreach (var function in (string[])["pg_cancel_backend", "pg_terminate_backend"])
                    said += $"{(await bob.QueryAsync($"SELECT {function}({target.Key.ProcessId})")).Error}\n";
            refused.Add(said);
        }

        Assert.Equal(refused[0], refused[1]);
        Assert.Equal(4, refused[0].Split("42501").Length - 1);
        Assert.False(sleeping.IsCompleted);
        await using var herself = await RawClient.ConnectAsync(Second with { User = "alice" });
        Assert.Equal("t", (await herself.QueryAsync($"SELECT pg_cancel_backend({alice.Key.ProcessId})")).Rows[0][0]);
        Assert.Equal("57014", (await sleeping).Error?.Code);
    }

    [Fact]
    public async Task Sessions_and_running_statements_of_the_other_gateway_are_shown()
    {
        await using var subject = await RawClient.ConnectAsync(First);
        await using var here = await RawClient.ConnectAsync(First);
        await using var there = await RawClient.ConnectAsync(Second);
        var id = subject.Key.ProcessId;
        Assert.Null((await subject.QueryAsync("SET application_name = 'shown'")).Error);
        var sql = "SELECT pid, usename, datname, application_name, client_addr, client_port, state, query, backend_start, query_start, "
            + $"state_change, xact_start FROM pg_stat_activity WHERE pid = {id}";
        var shown = (await here.QueryAsync(sql)).Rows.Select(SltFile.Row).ToList();
        Assert.Single(shown);
        Assert.Contains("127.0.0.1", shown[0], StringComparison.Ordinal);
        Assert.Equal(shown, (await there.QueryAsync(sql)).Rows.Select(SltFile.Row));
        var sleeping = await SleepAsync(subject, there);
        var running = $"SELECT pid, usename, datname, state, query FROM system.queries WHERE state = 'running' AND pid = {id}";
        shown = (await here.QueryAsync(running)).Rows.Select(SltFile.Row).ToList();
        Assert.Single(shown);
        Assert.Equal(shown, (await there.QueryAsync(running)).Rows.Select(SltFile.Row));

        // Who is no superuser sees statements of others nowhere.
        await using var bob = await RawClient.ConnectAsync(Second with { User = "bob" });
        Assert.Empty((await bob.QueryAsync(running)).Rows);
        Assert.Equal("t", (await there.QueryAsync($"SELECT pg_cancel_backend({id})")).Rows[0][0]);
        await sleeping;
    }

    /// <summary>A statement that runs when this returns.</summary>
    private static async Task<Task<QueryResult>> SleepAsync(RawClient subject, RawClient observer)
    {
        var sleeping = subject.QueryAsync(Sleep);
        await WaitAsync(async () => await StateAsync(observer, subject.Key.ProcessId) == "active");
        return sleeping;
    }

    private static async Task<string?> StateAsync(RawClient observer, int processId)
    {
        var result = await observer.QueryAsync($"SELECT state FROM pg_stat_activity WHERE pid = {processId}");
        Assert.Null(result.Error);
        return result.Rows.Count == 0 ? null : result.Rows[0][0];
    }

    private static async Task WaitAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!await condition()) await Task.Delay(20, limit.Token);
    }
}
