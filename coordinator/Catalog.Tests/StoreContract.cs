using System.Diagnostics;
using System.Globalization;
using Federation.Core.Types;

namespace Federation.Catalog.Tests;

public sealed class SqliteStoreTests(SqliteFixture fixture) : StoreContract(fixture), IClassFixture<SqliteFixture>;

public sealed class PostgresStoreTests(PostgresFixture fixture) : StoreContract(fixture), IClassFixture<PostgresFixture>;

/// <summary>What every store has to do, run on each of them.</summary>
public abstract class StoreContract(IStoreFixture fixture)
{
    private static readonly CancellationToken s_token = CancellationToken.None;

    private static CatalogKey Table(string name, string schema = "s") => new(ObjectKind.Table, schema, name);

    private static CatalogCommit Commit(long baseVersion, params ObjectWrite[] writes) => new(baseVersion) { Writes = writes };

    private static async Task<long> WriteAsync(ICatalogStore store, CatalogCommit commit) =>
        Assert.IsType<CommitResult.Committed>(await store.WriteAsync(commit, s_token)).Version.Version;

    [Fact]
    public async Task A_new_store_is_empty_at_version_zero()
    {
        var (store, _) = await fixture.CreateAsync();
        await using var owned = store;
        Assert.Equal(0, (await store.FindVersionAsync(null, s_token))!.Version);
        Assert.Null(await store.ReadAsync(Table("t"), 0, s_token));
        Assert.Empty(await store.ListAsync(new CatalogList(ObjectKind.Table, "s"), 0, s_token));
        Assert.Null(await store.FindVersionAsync(1, s_token));
    }

    [Fact]
    public async Task A_sequence_moves_from_where_it_is_and_stays_there()
    {
        var (store, name) = await fixture.CreateAsync();
        var (first, second) = (new SequencePosition(1, true), new SequencePosition(long.MaxValue, false));
        await using (store)
        {
            Assert.Null(await store.Sequences.FindAsync(new Oid(7), s_token));
            Assert.False(await store.Sequences.TryMoveAsync(new Oid(7), second, first, s_token));
            Assert.True(await store.Sequences.TryMoveAsync(new Oid(7), null, first, s_token));
            Assert.False(await store.Sequences.TryMoveAsync(new Oid(7), null, second, s_token));
            Assert.False(await store.Sequences.TryMoveAsync(new Oid(7), first with { IsCalled = false }, second, s_token));
            Assert.True(await store.Sequences.TryMoveAsync(new Oid(7), first, second, s_token));
        }

        await using var again = await fixture.OpenAsync(name);
        Assert.Equal(second, await again.Sequences.FindAsync(new Oid(7), s_token));
        Assert.Null(await again.Sequences.FindAsync(new Oid(8), s_token));
    }

    [Fact]
    public async Task Processes_that_use_one_sequence_get_each_value_once()
    {
        var (store, name) = await fixture.CreateAsync();
        await using var owned = store;
        await using var other = await fixture.OpenAsync(name);
        var sequence = new SequenceEntry(new Oid(9), "public", "s", "u", 20, new SequenceRule(1, 1, 1, long.MaxValue, 1, false))
            { First = new SequencePosition(1, false) };
        using var sequences = new Sequences(store.Sequences);
        using var others = new Sequences(other.Sequences);
        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
        {
            var values = new List<long>();
            for (var n = 1; n <= 20; n++)
            {
                var run = await (i % 2 == 0 ? sequences : others).TakeAsync(sequence, n % 3 + 1, s_token);
                for (var k = 0; k < run.Count; k++) values.Add(run.First + k);
            }

            return values;
        })));
        var all = taken.SelectMany(values => values).Order().ToArray();
        Assert.Equal(Enumerable.Range(1, all.Length).Select(value => (long)value), all);
    }

    [Fact]
    public async Task Each_version_shows_what_was_committed_until_then()
    {
        var (store, name) = await fixture.CreateAsync();
        await using (store)
        {
            var first = await WriteAsync(store,
                Commit(0, new ObjectWrite(Table("b"), new Oid(1), "b1"), new ObjectWrite(Table("a"), new Oid(2), "a1")));
            var second = await WriteAsync(store, Commit(first, new ObjectWrite(Table("b"), new Oid(1), "b2")));
            var third = await WriteAsync(store,
                Commit(second, new ObjectWrite(Table("a"), new Oid(2), null), new ObjectWrite(Table("c", "other"), new Oid(3), "c")));
            Assert.Equal((1L, 2L, 3L), (first, second, third));
        }

        // What is read is what another process would read.
        await using var again = await fixture.OpenAsync(name);
        Assert.Equal("a1 b1", await ShownAsync(again, 1));
        Assert.Equal("a1 b2", await ShownAsync(again, 2));
        Assert.Equal("b2", await ShownAsync(again, 3));
        Assert.Equal("", await ShownAsync(again, 0));
        Assert.Equal(new StoredObject(Table("b"), new Oid(1), 1, "b1"), await again.ReadAsync(Table("b"), 1, s_token));
        Assert.Equal(new StoredObject(Table("b"), new Oid(1), 2, "b2"), await again.ReadAsync(Table("b"), 3, s_token));
        Assert.Null(await again.ReadAsync(Table("a"), 3, s_token));
        Assert.Equal("a1", (await again.ReadAsync(Table("a"), 2, s_token))?.Body);
        Assert.Null(await again.ReadAsync(Table("c"), 3, s_token));
    }

    [Fact]
    public async Task An_object_that_comes_back_is_absent_between()
    {
        var (store, _) = await fixture.CreateAsync();
        await using var owned = store;
        var key = Table("t");
        for (var i = 0; i < 6; i++)
            await WriteAsync(store, Commit(i, new ObjectWrite(key, new Oid((uint)i), i % 2 == 0 ? $"state {i}" : null)));
        for (var version = 1; version <= 6; version++)
            Assert.Equal(version % 2 == 1 ? $"state {version - 1}" : null, (await store.ReadAsync(key, version, s_token))?.Body);
    }

    [Fact]
    public async Task Lists_are_ordered_by_bytes()
    {
        var (store, _) = await fixture.CreateAsync();
        await using var owned = store;
        string[] names = ["ä", "a", "Z", "_", "a b", "é", "aa", "\u00ff", "zz"];
        await WriteAsync(store, Commit(0, [.. names.Select(name => new ObjectWrite(Table(name), new Oid(1), "x"))]));
        var listed = (await store.ListAsync(new CatalogList(ObjectKind.Table, "s"), 1, s_token)).Select(entry => entry.Key.Name);
        Assert.Equal(names.OrderBy(name => Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(name)), StringComparer.Ordinal), listed);
    }

    [Fact]
    public async Task Commits_that_touch_different_objects_follow_each_other()
    {
        var (store, _) = await fixture.CreateAsync();
        await using var owned = store;
        await WriteAsync(store, Commit(0, new ObjectWrite(Table("t"), new Oid(1), "t")));

        // Both began at version 1; the second expects nothing that the first has changed.
        await WriteAsync(store,
            Commit(1, new ObjectWrite(Table("u"), new Oid(2), "u")) with { ExpectedObjects = new HashSet<CatalogKey> { Table("u") } });
        await WriteAsync(store,
            Commit(1, new ObjectWrite(Table("v"), new Oid(3), "v")) with
            {
                ExpectedObjects = new HashSet<CatalogKey> { Table("v"), Table("t") },
            });
        Assert.Equal("t u v", await ShownAsync(store, 3));
    }

    [Theory]
    [InlineData("changed")]
    [InlineData("created")]
    [InlineData("dropped")]
    [InlineData("listed")]
    public async Task A_commit_whose_expectations_are_broken_writes_nothing(string kind)
    {
        var (store, _) = await fixture.CreateAsync();
        await using var owned = store;
        await WriteAsync(store, Commit(0, new ObjectWrite(Table("t"), new Oid(1), "t")));
        var other = kind switch
        {
            "changed" => new ObjectWrite(Table("t"), new Oid(1), "t2"),
            "dropped" => new ObjectWrite(Table("t"), new Oid(1), null),
            _ => new ObjectWrite(Table("u"), new Oid(2), "u"),
        };
        await WriteAsync(store, Commit(1, other));
        var commit = new CatalogCommit(1)
        {
            ExpectedObjects = kind == "listed" ? [] : new HashSet<CatalogKey> { Table("t"), Table("u") },
            ExpectedLists = kind == "listed" ? new HashSet<CatalogList> { new(ObjectKind.Table, "s") } : [],
            Writes = [new ObjectWrite(Table("w"), new Oid(9), "w")],
            Intents = [new CatalogIntent("i", "k", "b")],
        };
        var conflict = Assert.IsType<CommitResult.Conflict>(await store.WriteAsync(commit, s_token));
        Assert.Equal([other.Key], conflict.Keys);
        Assert.Equal(2, (await store.FindVersionAsync(null, s_token))!.Version);
        Assert.Null(await store.ReadAsync(Table("w"), 2, s_token));
        Assert.Empty(await store.ListIntentsAsync(s_token));
    }

    [Fact]
    public async Task Changes_since_a_version_are_those_of_later_commits()
    {
        var (store, _) = await fixture.CreateAsync();
        await using var owned = store;
        await WriteAsync(store, Commit(0, new ObjectWrite(Table("t"), new Oid(1), "t"), new ObjectWrite(Table("u"), new Oid(2), "u")));
        await WriteAsync(store, Commit(1, new ObjectWrite(Table("u"), new Oid(2), null)));
        await WriteAsync(store, Commit(2, new ObjectWrite(Table("v"), new Oid(3), "v")));
        Assert.Equal([Table("u"), Table("v")], (await store.ListChangedAsync(1, s_token))!.OrderBy(key => key.Name));
        Assert.Equal([Table("v")], await store.ListChangedAsync(2, s_token));
        Assert.Empty((await store.ListChangedAsync(3, s_token))!);
    }

    [Fact]
    public async Task Intents_stay_until_they_are_ended()
    {
        var (store, name) = await fixture.CreateAsync();
        await using (store)
        {
            await WriteAsync(store,
                Commit(0) with { Intents = [new CatalogIntent("b", "publish", "1"), new CatalogIntent("a", "publish", "2")] });
            await WriteAsync(store, Commit(1) with { Intents = [new CatalogIntent("0", "other", "3")] });
        }

        await using var again = await fixture.OpenAsync(name);
        Assert.Equal(["a", "b", "0"], (await again.ListIntentsAsync(s_token)).Select(intent => intent.Id));
        await again.EndIntentAsync("b", s_token);
        await again.EndIntentAsync("b", s_token);
        Assert.Equal(["a", "0"], (await again.ListIntentsAsync(s_token)).Select(intent => intent.Id));
    }

    [Fact]
    public async Task Oids_are_never_given_twice()
    {
        var (store, name) = await fixture.CreateAsync();
        await using var owned = store;
        await using var other = await fixture.OpenAsync(name);
        var taken = await Task.WhenAll(Enumerable.Range(0, 20)
            .Select(i => Task.Run(async () => (await (i % 2 == 0 ? store : other).ReserveOidsAsync(5, s_token)).Value)));
        Assert.Equal(100, taken.SelectMany(first => Enumerable.Range((int)first, 5)).Distinct().Count());
        Assert.True(taken.Min() >= 16384);
    }

    [Fact]
    public async Task Versions_are_found_by_time_and_ends_by_key()
    {
        var (store, _) = await fixture.CreateAsync();
        await using var owned = store;
        Assert.Null(await store.FindEndAsync(Table("t"), s_token));
        var first = await WriteAsync(store, Commit(0, new ObjectWrite(Table("t"), new Oid(1), "1")));
        var second = await WriteAsync(store, Commit(first, new ObjectWrite(Table("t"), new Oid(1), null)));
        Assert.Equal(second, await store.FindEndAsync(Table("t"), s_token));
        Assert.Null(await store.FindEndAsync(Table("u"), s_token));
        foreach (var version in (long[])[0, first, second])
        {
            var at = (await store.FindVersionAsync(version, s_token))!.CommittedAt;
            var found = (await store.FindVersionAsync(at, s_token))!;
            // Commits of the same moment: the last one counts.
            Assert.True(found.Version >= version && found.CommittedAt == at);
        }

        Assert.Equal(second, (await store.FindVersionAsync(DateTimeOffset.UtcNow.AddDays(1), s_token))!.Version);
        Assert.Null(await store.FindVersionAsync(DateTimeOffset.UtcNow.AddYears(-1), s_token));
    }

    [Fact]
    public async Task History_that_is_old_enough_goes_and_the_rest_stays()
    {
        var (store, _) = await fixture.CreateAsync();
        await using var owned = store;
        for (var i = 0; i < 5; i++)
            await WriteAsync(store,
                Commit(i, new ObjectWrite(Table("t"), new Oid(1), $"{i}"), new ObjectWrite(Table($"u{i}"), new Oid(2), "u")));
        var middle = (await store.FindVersionAsync(3, s_token))!.CommittedAt;
        await store.ForgetAsync(middle, s_token);
        Assert.Null(await store.FindVersionAsync(2, s_token));
        Assert.Null(await store.ListChangedAsync(2, s_token));
        foreach (var version in (long[])[3, 4, 5])
        {
            Assert.NotNull(await store.FindVersionAsync(version, s_token));
            Assert.Equal($"{version - 1}", (await store.ReadAsync(Table("t"), version, s_token))?.Body);
        }

        await store.ForgetAsync(DateTimeOffset.UtcNow.AddDays(1), s_token);
        Assert.Equal(5, (await store.FindVersionAsync(null, s_token))!.Version);
        Assert.Equal("4", (await store.ReadAsync(Table("t"), 5, s_token))?.Body);
        Assert.Null(await store.FindVersionAsync(4, s_token));
    }

    [Fact]
    public async Task Many_writers_of_two_processes_lose_nothing()
    {
        const int Writers = 4, Commits = 25;
        var (store, name) = await fixture.CreateAsync();
        await using var owned = store;
        await using var other = await fixture.OpenAsync(name);
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            var mine = writer % 2 == 0 ? store : other;
            for (var i = 0; i < Commits;)
            {
                // A counter that everybody increments, read at the version that the commit is based on.
                var version = (await mine.FindVersionAsync(null, s_token))!.Version;
                var counter = int.Parse((await mine.ReadAsync(Table("counter"), version, s_token))?.Body ?? "0",
                    CultureInfo.InvariantCulture);
                var commit =
                    Commit(version, new ObjectWrite(Table("counter"), new Oid(1), $"{counter + 1}")) with
                    {
                        ExpectedObjects = new HashSet<CatalogKey> { Table("counter") },
                    };
                if (await mine.WriteAsync(commit, s_token) is CommitResult.Committed) i++;
            }
        })));
        var last = (await store.FindVersionAsync(null, s_token))!.Version;
        Assert.Equal(Writers * Commits, last);
        Assert.Equal($"{Writers * Commits}", (await store.ReadAsync(Table("counter"), last, s_token))?.Body);
    }

    /// <summary>A ratio within one run: lookups of an object with a long history against one without.</summary>
    [Fact]
    public async Task A_long_history_does_not_slow_lookups()
    {
        var (store, _) = await fixture.CreateAsync();
        await using var owned = store;
        var commits = Full.IsAsked ? 100_000 : 3_000;
        await WriteAsync(store, Commit(0, new ObjectWrite(Table("short"), new Oid(1), "s")));
        for (var i = 1; i <= commits; i++) await WriteAsync(store, Commit(i, new ObjectWrite(Table("long"), new Oid(2), "l")));
        var last = (await store.FindVersionAsync(null, s_token))!.Version;
        long[] versions = [last, last / 2, 10];
        foreach (var version in versions)
        {
            var (longest, shortest) = (long.MaxValue, long.MaxValue);
            for (var round = 0; round < 30; round++)
            {
                shortest = Math.Min(shortest, await TimeAsync(() => store.ReadAsync(Table("short"), version, s_token)));
                longest = Math.Min(longest, await TimeAsync(() => store.ReadAsync(Table("long"), version, s_token)));
            }

            // The best of thirty of each: without the index a lookup would take hundreds of times as long.
            Assert.True(longest < shortest * 5, $"at version {version}: {longest} against {shortest} ticks");
        }
    }

    [Fact]
    public async Task Leases_are_good_for_their_time_and_counted()
    {
        var (store, name) = await fixture.CreateAsync();
        await using var owned = store;
        var leases = store.Leases;
        await leases.PutAsync(new Lease("a", "host:1", 11), TimeSpan.FromMinutes(1), s_token);
        await leases.PutAsync(new Lease("b", "host:2", 12), TimeSpan.Zero, s_token);
        await leases.PutAsync(new Lease("a", "host:1", 11) { IsDraining = true }, TimeSpan.FromMinutes(2), s_token);
        await using var other = await fixture.OpenAsync(name);
        var listed = await other.Leases.ListAsync(s_token);
        Assert.Equal(["a", "b"], listed.Select(state => state.Lease.Id));
        Assert.Equal((new Lease("a", "host:1", 11) { IsDraining = true }, 2L), (listed[0].Lease, listed[0].Renewals));
        Assert.InRange(listed[0].Remaining, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2));
        Assert.True(listed[1].Remaining <= TimeSpan.Zero);
        await leases.RemoveAsync("a", s_token);
        Assert.Equal(["b"], (await leases.ListAsync(s_token)).Select(state => state.Lease.Id));
        Assert.Equal("first", await store.GetSecretAsync("cluster", "first", s_token));
        Assert.Equal("first", await other.GetSecretAsync("cluster", "second", s_token));
    }

    [Fact]
    public async Task Gateways_have_numbers_of_their_own()
    {
        var (store, name) = await fixture.CreateAsync();
        await using var owned = store;
        await using var other = await fixture.OpenAsync(name);
        var joined = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
            await (i % 2 == 0 ? store : other).Leases.JoinAsync(new Lease($"{i}", $"host:{i}", i), TimeSpan.FromMinutes(1), s_token))));
        Assert.Equal(Enumerable.Range(1, 8), joined.Select(lease => lease.Gateway).Order());

        // A number that was given back is not the next one: sessions of who had it may still be known somewhere.
        await store.Leases.RemoveAsync(joined[0].Id, s_token);
        Assert.Equal(9, (await store.Leases.JoinAsync(new Lease("next", "host", 9), TimeSpan.FromMinutes(1), s_token)).Gateway);
        for (var i = 0; i < 9; i++) await store.Leases.RemoveAsync(i == 8 ? "next" : joined[i].Id, s_token);
        await store.Leases.PutAsync(new Lease("kept", "host", 10) { Gateway = 12 }, TimeSpan.Zero, s_token);
        int[] numbers = [(await JoinAsync("a")).Gateway, (await JoinAsync("b")).Gateway, (await JoinAsync("c")).Gateway];
        Assert.Equal([10, 11, 13], numbers);
        var answer = await store.BeatAsync(new Heartbeat(await JoinAsync("d"), TimeSpan.FromMinutes(1), [], []), s_token);
        Assert.Equal(["kept 12", "a 10", "b 11", "c 13", "d 14"], answer.Leases.Select(state => $"{state.Lease.Id} {state.Lease.Gateway}"));
        Assert.Equal((await store.FindVersionAsync(null, s_token))!.Version, answer.Version);

        async Task<Lease> JoinAsync(string id) => await store.Leases.JoinAsync(new Lease(id, "host", 1), TimeSpan.FromMinutes(1), s_token);
    }

    [Fact]
    public async Task A_job_is_run_by_one_process_and_not_before_it_is_due()
    {
        var (store, name) = await fixture.CreateAsync();
        await using var owned = store;
        await using var other = await fixture.OpenAsync(name);
        var taken = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Task.Run(async () =>
            await (i % 2 == 0 ? store : other).Jobs.TryTakeAsync("vacuum", $"{i}", TimeSpan.FromMinutes(1), s_token))));
        var job = Assert.Single(taken, lease => lease is not null)!;
        Assert.Equal(1, job.Epoch);
        var beat = new Heartbeat(new Lease("a", "host:1", 11), TimeSpan.FromMinutes(1), [job], ["vacuum", "another"]);
        var answer = await other.BeatAsync(beat, s_token);
        Assert.Equal([job], answer.Renewed);
        Assert.Empty(answer.Lost);
        Assert.Equal(["another"], answer.Due);
        Assert.NotNull(await store.Jobs.TryTakeAsync("another", "x", TimeSpan.FromMinutes(1), s_token));
        await store.Jobs.ReleaseAsync(job, TimeSpan.Zero, s_token);
        var next = await other.Jobs.TryTakeAsync("vacuum", "y", TimeSpan.FromMinutes(1), s_token);
        Assert.Equal(new JobLease("vacuum", "y", 2), next);
        await other.Jobs.ReleaseAsync(next!, TimeSpan.FromHours(1), s_token);
        Assert.Null(await store.Jobs.TryTakeAsync("vacuum", "z", TimeSpan.FromMinutes(1), s_token));
    }

    [Fact]
    public async Task A_job_that_was_taken_over_writes_nothing()
    {
        var (store, name) = await fixture.CreateAsync();
        await using var owned = store;
        await using var other = await fixture.OpenAsync(name);
        var old = (await store.Jobs.TryTakeAsync("vacuum", "old", TimeSpan.FromMinutes(1), s_token))!;
        await WriteAsync(store, Commit(0, new ObjectWrite(Table("a"), new Oid(1), "a")) with { Job = old });

        // The old holder has been silent for longer than its lease.
        var beat = new Heartbeat(new Lease("a", "host:1", 11), TimeSpan.FromSeconds(-1), [old], ["vacuum"]);
        Assert.Equal([old], (await store.BeatAsync(beat, s_token)).Renewed);
        Assert.Equal(["vacuum"], (await store.BeatAsync(beat with { Held = [] }, s_token)).Due);
        var present = (await other.Jobs.TryTakeAsync("vacuum", "new", TimeSpan.FromMinutes(1), s_token))!;
        Assert.Equal(2, present.Epoch);
        var late = await store.BeatAsync(beat, s_token);
        Assert.Empty(late.Renewed);
        Assert.Equal([old], late.Lost);
        Assert.Empty(late.Due);
        var twin = present with { Holder = "old" };
        var write = Commit(1, new ObjectWrite(Table("b"), new Oid(2), "b"));
        Assert.Equal(new CommitResult.Fenced(twin), await store.WriteAsync(write with { Job = twin }, s_token));
        Assert.Equal(new CommitResult.Fenced(old),
            await store.WriteAsync(Commit(1, new ObjectWrite(Table("b"), new Oid(2), "b")) with { Job = old }, s_token));
        await store.Jobs.ReleaseAsync(old, TimeSpan.Zero, s_token);
        Assert.Null(await store.Jobs.TryTakeAsync("vacuum", "third", TimeSpan.FromMinutes(1), s_token));
        await WriteAsync(store, Commit(1, new ObjectWrite(Table("c"), new Oid(3), "c")) with { Job = present });
        Assert.Equal("a c", await ShownAsync(store, 2));
    }

    private static async Task<long> TimeAsync(Func<ValueTask<StoredObject?>> read)
    {
        var start = Stopwatch.GetTimestamp();
        await read();
        return Stopwatch.GetTimestamp() - start;
    }

    private static async Task<string> ShownAsync(ICatalogStore store, long version) =>
        string.Join(' ', (await store.ListAsync(new CatalogList(ObjectKind.Table, "s"), version, s_token)).Select(entry => entry.Body));
}

/// <summary>Tests that take minutes run a part by default and all of it with FEDERATION_FULL=1.</summary>
internal static class Full
{
    public static bool IsAsked { get; } = Environment.GetEnvironmentVariable("FEDERATION_FULL") == "1";
}
