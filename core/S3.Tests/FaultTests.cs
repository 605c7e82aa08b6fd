using System.Collections.Concurrent;
using Federation.CompatTests.Harness;
using Federation.Core.Errors;
using Federation.ObjectStorage;

namespace Federation.S3.Tests;

/// <summary>Failures that pass are waited out, whatever they have done; those that stay are told with bucket and key.</summary>
public sealed class FaultTests(StorePair stores) : IClassFixture<StorePair>, IDisposable
{
    public void Dispose() => stores.Server.Faults = null;

    public static TheoryData<S3Fault> Passing => new(S3Fault.Error, S3Fault.SlowDown, S3Fault.Reset, S3Fault.LostAnswer, S3Fault.Silence);

    [Theory]
    [MemberData(nameof(Passing))]
    public async Task Every_request_is_sent_again(S3Fault fault)
    {
        var (store, folder) = stores.Empty("s3");
        FailFirst(fault);
        Assert.True(await store.TryCreateAsync($"{folder}/a", new byte[] { 1, 2, 3 }, default));
        Assert.Equal(3, (await store.StatAsync($"{folder}/a", default))!.SizeBytes);
        Assert.Equal([1, 2, 3], await store.ReadAllAsync($"{folder}/a", 10, default));
        Assert.Single(await store.ListAsync(folder, 10, default));
        await store.DeleteAsync([$"{folder}/a"], default);
        Assert.Null(await store.StatAsync($"{folder}/a", default));
    }

    [Theory]
    [MemberData(nameof(Passing))]
    public async Task Every_request_of_a_large_upload_is_sent_again(S3Fault fault)
    {
        var (store, folder) = stores.Empty("s3");
        var (local, bytes) = stores.LocalFile(40 << 20);
        FailFirst(fault);
        await store.UploadAsync($"{folder}/large", local, default);
        stores.Server.Faults = null;
        Assert.Equal(bytes, await store.ReadAllAsync($"{folder}/large", bytes.Length, default));
    }

    [Fact]
    public async Task A_lost_answer_does_not_make_a_writer_believe_that_another_was_first()
    {
        var (store, folder) = stores.Empty("s3");
        stores.Server.Faults = Once("put", S3Fault.LostAnswer);
        Assert.True(await store.TryCreateAsync($"{folder}/mine", new byte[] { 1 }, default));

        // Now the name is taken by others, once before and once while the answer is lost.
        Assert.False(await store.TryCreateAsync($"{folder}/mine", new byte[] { 2 }, default));
        stores.Server.Faults = Once("put", S3Fault.LostAnswer);
        Assert.False(await store.TryCreateAsync($"{folder}/mine", new byte[] { 2 }, default));
        Assert.Equal([1], await store.ReadAllAsync($"{folder}/mine", 10, default));
    }

    [Fact]
    public async Task An_answer_that_breaks_off_goes_on_where_it_stopped()
    {
        var (store, folder) = stores.Empty("s3");
        var (local, bytes) = stores.LocalFile(1 << 20);
        await store.UploadAsync($"{folder}/f", local, default);
        foreach (var offset in new long[] { 0, 1000, -500_000 })
        {
            stores.Server.ForgetRequests();
            stores.Server.Faults = Once("get", S3Fault.HalfAnswer);
            var buffer = new byte[400_000];
            var part = await store.ReadAsync($"{folder}/f", offset, buffer, null, default);
            var start = (int)(offset < 0 ? bytes.Length + offset : offset);
            Assert.Equal(400_000, part.Count);
            Assert.Equal(bytes[start..(start + 400_000)], buffer);
            Assert.Equal(2, stores.Server.Requests.Count(request => request.Kind == "get"));
        }
    }

    [Fact]
    public async Task A_store_that_stays_broken_is_told()
    {
        using var store = new S3Store(stores.Options with { Retries = 2, Timeout = TimeSpan.FromMilliseconds(300) });
        await ExpectAsync(S3Fault.Error, SqlState.IoError);
        await ExpectAsync(S3Fault.SlowDown, SqlState.IoError);
        await ExpectAsync(S3Fault.Reset, SqlState.ConnectionFailure);
        await ExpectAsync(S3Fault.Silence, SqlState.ConnectionFailure);

        async Task ExpectAsync(S3Fault fault, SqlState state)
        {
            stores.Server.Faults = _ => fault;
            stores.Server.ForgetRequests();
            var error = await Assert.ThrowsAsync<SqlException>(() =>
                store.ReadAsync("s3://lake/dir/f", 0, new byte[1], null, default).AsTask());
            Assert.Equal(state, error.State);
            Assert.Contains("\"s3://lake/dir/f\"", error.Message, StringComparison.Ordinal);
            Assert.Contains("Bucket \"lake\", key \"dir/f\"", error.Detail, StringComparison.Ordinal);
            Assert.Equal(3, stores.Server.Requests.Count);
        }
    }

    [Fact]
    public async Task Refusals_are_not_tried_again()
    {
        using var stranger = new S3Store(stores.Options with { Keys = new S3Keys("nobody", "x") });
        stores.Server.ForgetRequests();
        var denied = await Assert.ThrowsAsync<SqlException>(() => stranger.StatAsync("s3://lake/f", default).AsTask());
        Assert.Equal(SqlState.InsufficientPrivilege, denied.State);
        Assert.DoesNotContain("SecretAccessKey", denied.ToString(), StringComparison.Ordinal);
        var nowhere =
            await Assert.ThrowsAsync<SqlException>(() => stores.S3.ReadAsync("s3://nowhere/f", 0, new byte[1], null, default).AsTask());
        Assert.Equal((SqlState.UndefinedFile, "bucket \"nowhere\" does not exist"), (nowhere.State, nowhere.Message));
        Assert.Equal(2, stores.Server.Requests.Count);
    }

    [Fact]
    public async Task A_cancelled_read_ends_at_once()
    {
        stores.Server.Faults = _ => S3Fault.Silence;
        using var cancel = new CancellationTokenSource();
        using var store = new S3Store(stores.Options with { Timeout = TimeSpan.FromMinutes(5) });
        var read = store.ReadAsync("s3://lake/f", 0, new byte[1], null, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task An_upload_that_fails_leaves_no_parts()
    {
        var (store, folder) = stores.Empty("s3");
        var (local, _) = stores.LocalFile(40 << 20);
        var open = stores.Server.OpenUploads;
        using var impatient = new S3Store(stores.Options with { Retries = 1 });
        stores.Server.Faults = request => request.Kind == "put-part" ? S3Fault.Error : S3Fault.None;
        Assert.Equal(SqlState.IoError,
            (await Assert.ThrowsAsync<SqlException>(() => impatient.UploadAsync($"{folder}/f", local, default).AsTask())).State);
        Assert.Equal(open, stores.Server.OpenUploads);
        Assert.Null(await store.StatAsync($"{folder}/f", default));
    }

    /// <summary>The first request of each kind and key fails.</summary>
    private void FailFirst(S3Fault fault)
    {
        var seen = new ConcurrentDictionary<(string, string), byte>();
        stores.Server.Faults = request => seen.TryAdd((request.Kind, request.Key), 0) ? fault : S3Fault.None;
    }

    private static Func<S3Request, S3Fault> Once(string kind, S3Fault fault)
    {
        var left = 1;
        return request => request.Kind == kind && Interlocked.Exchange(ref left, 0) == 1 ? fault : S3Fault.None;
    }
}
