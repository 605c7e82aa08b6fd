using Federation.CompatTests.Harness;
using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Sessions;
using Federation.CompatTests.Suite.Slt;
using Federation.S3;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Stores;

/// <summary>The warehouse on Ceph's object gateway; nothing is started where that is not installed.</summary>
public sealed class RadosgwLake : S3Lake
{
    private Radosgw? _radosgw;

    public override Task InitializeAsync() => Radosgw.IsInstalled ? base.InitializeAsync() : Task.CompletedTask;

    public override Task DisposeAsync() => Radosgw.IsInstalled ? base.DisposeAsync() : Task.CompletedTask;

    private protected override async Task<S3Options> StartStoreAsync()
    {
        _radosgw = await Radosgw.StartAsync();
        await _radosgw.MakeBucketAsync(Bucket);
        return new S3Options { Endpoint = _radosgw.Endpoint, Keys = new S3Keys(Radosgw.AccessKey, Radosgw.SecretKey) };
    }

    private protected override async Task StopStoreAsync()
    {
        if (_radosgw is not null) await _radosgw.DisposeAsync();
    }
}

/// <summary>
/// What tables do on a store that others have written: a part of the write suite by default, all of it with FEDERATION_FULL=1.
/// </summary>
public sealed class RadosgwTests(RadosgwLake lake, ITestOutputHelper output) : IClassFixture<RadosgwLake>
{
    private static readonly string[] s_usualFiles =
        ["writes/create_table.slt", "writes/delete.slt", "writes/insert.slt", "writes/merge.slt", "writes/types.slt"];

    private static readonly string[] s_usualScripts = ["appends", "disjoint_rows", "keys", "savepoints"];

    public static TheoryData<string> WriteFiles => Full.IsAsked ? S3WarehouseTests.WriteFiles : new(s_usualFiles);

    public static TheoryData<string> Scripts => Full.IsAsked ? S3WarehouseTests.Scripts : new(s_usualScripts);

    [RadosgwTheory]
    [MemberData(nameof(WriteFiles))]
    public async Task The_write_suite_holds(string name)
    {
        var outcome =
            await new SltRunner(lake.Postgres, lake.Embedded).RunAsync(SltFile.Load(Path.Combine(Repository.CompatTests, "slt"), name));
        Assert.True(outcome.Failures.Count == 0, "\n" + string.Join("\n", outcome.Failures));
        Assert.True(outcome.Equal > 0);
    }

    [RadosgwTheory]
    [MemberData(nameof(Scripts))]
    public async Task A_session_script_gives_what_it_says(string name)
    {
        var script = new SessionScript(Path.Combine(Repository.Root, "compat-tests", "sessions", name + ".session"));
        var wrong = await script.RunAsync(session => session % 2 == 1 ? lake.First : lake.Second);
        Assert.True(wrong.Count == 0, string.Join("\n\n", wrong));
    }

    [RadosgwTheory]
    [InlineData(40, 1_000)]
    public async Task Gateways_append_to_one_table_and_lose_nothing(int usual, int full)
    {
        var commits = Full.IsAsked ? full : usual;
        await S3WarehouseTests.AppendAsync(lake, commits);
        await using var reader = await RawClient.ConnectAsync(lake.Second);
        var rows = await reader.QueryAsync("SELECT gateway, count(*), count(DISTINCT (client, n)) FROM appended GROUP BY 1 ORDER BY 1");
        Assert.Equal([$"0|{commits}|{commits}", $"1|{commits}|{commits}"], rows.Rows.Select(row => string.Join('|', row)));
        output.WriteLine($"2 gateways x {commits} commits on radosgw: none lost");
    }
}

/// <summary>A theory on Ceph's object gateway.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RadosgwTheoryAttribute : TheoryAttribute
{
    public RadosgwTheoryAttribute()
    {
        if (!Radosgw.IsInstalled) Skip = "radosgw, ceph-mon and ceph-osd are not installed";
    }
}
