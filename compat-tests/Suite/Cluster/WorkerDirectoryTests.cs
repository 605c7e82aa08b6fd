using System.Collections.Concurrent;
using Federation.Arrow;
using Federation.Catalog;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Membership;

namespace Federation.CompatTests.Suite.Cluster;

/// <summary>What a coordinator makes of leases, of a catalog that does not answer, and of workers that do not.</summary>
public sealed class WorkerDirectoryTests : IAsyncLifetime
{
    private readonly ConcurrentDictionary<string, bool> _silent = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _lost = new();
    private readonly ShiftedClock _clock = new();
    private readonly WorkerDirectory _directory;
    private long _renewals;

    public WorkerDirectoryTests() => _directory = new WorkerDirectory(
        new Scheduling.Worker("", new NoTasks(), CancellationToken.None), _ => new NoTasks(), PingAsync, _clock,
        (address, reason) => _lost.Enqueue($"{address}: {reason}"));

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _directory.DisposeAsync();

    [Fact]
    public async Task A_worker_with_a_good_lease_that_does_not_answer_is_suspect_until_it_does()
    {
        Answer(Good("a"), Good("b"));
        Assert.Equal(["a", "b"], Addresses());
        var worker = _directory.Remote[1];
        _silent["b"] = true;
        await WaitAsync(() => Addresses() is ["a"]);
        Assert.True(worker.Lost.IsCancellationRequested);
        Assert.Equal("b: it did not answer", Assert.Single(_lost));

        // Renewals alone do not bring it back; its pings have to be asked for a second time to be heard.
        for (var asked = 0; asked < 10; asked++) Answer(Good("a"), Good("b"));
        Assert.Equal(["a"], Addresses());
        _silent["b"] = false;
        await WaitAsync(() =>
        {
            Answer(Good("a"), Good("b"));
            return Addresses() is ["a", "b"];
        });
        Assert.False(_directory.Remote[1].Lost.IsCancellationRequested);
    }

    [Fact]
    public void The_view_is_frozen_while_the_catalog_is_out_of_reach_and_for_one_lease_more()
    {
        Answer(Good("a"), Good("b"));
        _directory.OnFailure(new SqlException(SqlState.ConnectionFailure, "gone"));
        Answer(Expired("a"), Expired("b"), Expired("c"));
        Assert.Equal(["a", "b"], Addresses());
        _clock.Pass(LeaseTimes.Duration / 2);
        Answer(Good("a"), Expired("b"));
        Assert.Equal(["a", "b"], Addresses());
        _clock.Pass(LeaseTimes.Duration);
        Answer(Good("a"), Expired("b"));
        Assert.Equal(["a"], Addresses());
        Assert.Equal("b: it has not renewed its lease", Assert.Single(_lost));
    }

    [Fact]
    public void Gateways_are_no_workers()
    {
        var gateway = Good("g") with { Lease = new Lease("g", "g", 1) { Gateway = 3 } };
        Answer(gateway, Good("a"));
        Assert.Equal(["a"], Addresses());
        Assert.Equal(3, Assert.Single(_directory.Gateways).Gateway);
        Answer(gateway with { Remaining = TimeSpan.Zero }, Good("a"));
        Assert.Empty(_directory.Gateways);
    }

    private void Answer(params LeaseState[] leases) =>
        _directory.OnAnswer(new HeartbeatAnswer(leases, [], [], [], 1), _clock.GetTimestamp());

    private LeaseState Good(string id) =>
        new(new Lease(id, id, 1), DateTimeOffset.UnixEpoch.AddSeconds(id[0]), LeaseTimes.Duration, ++_renewals);

    private LeaseState Expired(string id) => Good(id) with { Remaining = TimeSpan.FromSeconds(-1) };

    private string[] Addresses() => [.. _directory.Remote.Select(worker => worker.Address)];

    private Task PingAsync(string address, CancellationToken cancellationToken) =>
        _silent.GetValueOrDefault(address) ? Task.Delay(Timeout.Infinite, cancellationToken) : Task.CompletedTask;

    private static async Task WaitAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!condition()) await Task.Delay(20, limit.Token);
    }

    /// <summary>The machine's monotonic clock, which tests set forward. Timers go by the machine's.</summary>
    private sealed class ShiftedClock : TimeProvider
    {
        private long _shift;

        public override long GetTimestamp() => base.GetTimestamp() + Interlocked.Read(ref _shift);

        public void Pass(TimeSpan time) => Interlocked.Add(ref _shift, (long)(time.TotalSeconds * TimestampFrequency));
    }

    private sealed class NoTasks : ITaskRunner<Batch>
    {
        public IAsyncEnumerable<Batch> RunAsync(TaskSpec task, CancellationToken cancellationToken) =>
            throw new InvalidOperationException();

        public ValueTask<TaskReport> SpoolAsync(TaskSpec task, CancellationToken cancellationToken) =>
            throw new InvalidOperationException();

        public ValueTask<IAsyncDisposable> OpenQueryAsync(Guid queryId, CancellationToken cancellationToken) =>
            throw new InvalidOperationException();
    }
}
