using Federation.Core.Errors;
using Federation.Core.Execution;
using Xunit;

namespace Federation.Core.Tests.Execution;

public sealed class PlanningThreadsTests
{
    private const int Long = PlanningThreads.LongestShort + 1;

    /// <summary>
    /// A frame of about the size that a level of parsing has: an error takes time to pass each of the frames that fill a stack.
    /// </summary>
    private static int Depth(int left)
    {
        Span<byte> frame = stackalloc byte[512];
        frame[left & 511] = 1;
        StatementGuard.EnterLevel();
        return left == 0 ? 0 : Depth(left - 1) + frame[left & 511];
    }

    [Fact]
    public async Task Short_work_stays_on_the_callers_thread()
    {
        var threads = new PlanningThreads(1);
        var caller = Environment.CurrentManagedThreadId;
        Assert.Equal(caller, await threads.RunAsync(1, () => Environment.CurrentManagedThreadId, CancellationToken.None));
        Assert.Equal(0, threads.ThreadCount);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(Long)]
    public async Task Recursion_that_an_ordinary_stack_does_not_hold_is_done_on_a_large_one(int length) =>
        Assert.Equal(300_000, await new PlanningThreads(1).RunAsync(length, () => Depth(300_000), CancellationToken.None));

    [Theory]
    [InlineData(1)]
    [InlineData(Long)]
    public async Task Recursion_without_end_is_an_error(int length)
    {
        var error = await Assert.ThrowsAsync<SqlException>(async () =>
            await new PlanningThreads(1).RunAsync(length, () => Depth(int.MaxValue), CancellationToken.None));
        Assert.Equal(SqlState.StatementTooComplex, error.State);
    }

    [Fact]
    public async Task No_more_than_the_given_number_work_at_a_time()
    {
        var threads = new PlanningThreads(2);
        using var go = new ManualResetEventSlim();
        using var begun = new SemaphoreSlim(0);
        var working = 0;
        var mostWorking = 0;
        var all = Enumerable.Range(0, 10).Select(i => threads.RunAsync(Long, () =>
        {
            InterlockedMax(ref mostWorking, Interlocked.Increment(ref working));
            begun.Release();
            go.Wait();
            Interlocked.Decrement(ref working);
            return i;
        }, CancellationToken.None).AsTask()).ToArray();
        await begun.WaitAsync();
        await begun.WaitAsync();
        go.Set();
        Assert.Equal(Enumerable.Range(0, 10), await Task.WhenAll(all));
        Assert.Equal(2, mostWorking);
    }

    [Fact]
    public async Task Waiting_work_is_cancelled_at_once_and_never_begins()
    {
        var threads = new PlanningThreads(1);
        using var go = new ManualResetEventSlim();
        var first = threads.RunAsync(Long, () => { go.Wait(); return 1; }, CancellationToken.None).AsTask();
        using var cancel = new CancellationTokenSource();
        var hasBegun = false;
        var second = threads.RunAsync(Long, () => hasBegun = true, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        go.Set();
        Assert.Equal(1, await first);
        await threads.RunAsync(Long, () => 3, CancellationToken.None);
        Assert.False(hasBegun);
    }

    [Fact]
    public async Task Work_that_asks_the_guard_ends_when_it_is_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        var work = new PlanningThreads(1).RunAsync(Long, Spin, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => work);
    }

    [Fact]
    public async Task Work_that_does_not_notice_is_left_to_itself_and_another_thread_takes_its_place()
    {
        var threads = new PlanningThreads(1);
        using var go = new ManualResetEventSlim();
        using var cancel = new CancellationTokenSource();
        using var begun = new ManualResetEventSlim();
        var stuck = threads.RunAsync(Long, () => { begun.Set(); go.Wait(); return 1; }, cancel.Token).AsTask();
        begun.Wait();
        var next = threads.RunAsync(Long, () => 2, CancellationToken.None).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stuck);
        Assert.Equal(2, await next);
        go.Set();
    }

    [Fact]
    public async Task The_guard_forgets_a_statement_when_its_work_ends()
    {
        using var cancel = new CancellationTokenSource();
        await new PlanningThreads(1).RunAsync(1, () => 1, cancel.Token);
        await cancel.CancelAsync();
        StatementGuard.Check();
    }

    private static int Spin()
    {
        while (true) StatementGuard.Check();
    }

    private static void InterlockedMax(ref int target, int value)
    {
        for (var seen = Volatile.Read(ref target); value > seen; seen = Volatile.Read(ref target))
            if (Interlocked.CompareExchange(ref target, value, seen) == seen)
                return;
    }
}
