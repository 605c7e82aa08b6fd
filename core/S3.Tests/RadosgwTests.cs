using Federation.CompatTests.Harness;
using Federation.Core.Errors;
using Federation.ObjectStorage;

namespace Federation.S3.Tests;

/// <summary>What the test server may be lenient about, on a store that checks signatures: Ceph's.</summary>
public sealed class RadosgwTests
{
    [RadosgwFact]
    public async Task Everything_that_tables_need_works()
    {
        await using var server = await Radosgw.StartAsync();
        var options = new S3Options { Endpoint = server.Endpoint, Keys = new S3Keys(Radosgw.AccessKey, Radosgw.SecretKey) };
        await server.MakeBucketAsync("lake");
        using var store = new S3Store(options);
        await ReadsAsync(store);
        await WritersAsync(store);
        await LargeFilesAsync(store);
        using var stranger = new S3Store(options with { Keys = new S3Keys(Radosgw.AccessKey, "wrong") });
        Assert.Equal(SqlState.InsufficientPrivilege,
            (await Assert.ThrowsAsync<SqlException>(() => stranger.StatAsync("s3://lake/a", default).AsTask())).State);
        Assert.Equal("bucket \"nowhere\" does not exist",
            (await Assert.ThrowsAsync<SqlException>(() => store.ListAsync("s3://nowhere", 1, default).AsTask())).Message);
    }

    private static async Task ReadsAsync(S3Store store)
    {
        const string path = "s3://lake/a b/ü+%.bin";
        await store.CreateAsync(path, "0123456789"u8.ToArray(), default);
        var status = (await store.StatAsync(path, default))!;
        Assert.Equal(10, status.SizeBytes);
        var buffer = new byte[4];
        Assert.Equal((4, status), Pair(await store.ReadAsync(path, 2, buffer, status.Version, default)));
        Assert.Equal("2345"u8.ToArray(), buffer);
        Assert.Equal((3, status), Pair(await store.ReadAsync(path, -3, buffer.AsMemory(0, 3), null, default)));
        Assert.Equal("789"u8.ToArray(), buffer[..3]);
        Assert.Equal((0, status), Pair(await store.ReadAsync(path, 100, buffer, null, default)));
        Assert.Equal(SqlState.ObjectNotInPrerequisiteState,
            (await Assert.ThrowsAsync<SqlException>(() => store.ReadAsync(path, 0, buffer, "\"other\"", default).AsTask())).State);
        Assert.Equal(["s3://lake/a b"], (await store.ListAsync("s3://lake", 10, default)).Select(item => item.Path));
        Assert.Equal([path], (await store.ListAsync("s3://lake/a b/", 10, default)).Select(item => item.Path));
        await store.DeleteFolderAsync("s3://lake/a b", default);
        Assert.False(await store.IsFolderAsync("s3://lake/a b", default));
    }

    private static async Task WritersAsync(S3Store store)
    {
        var won = await Task.WhenAll(
            Enumerable.Range(0, 20)
                .Select(i =>
                    Task.Run(async () => (Number: i, IsMine: await store.TryCreateAsync("s3://lake/one", new[] { (byte)i }, default)))));
        Assert.Equal([(byte)Assert.Single(won, writer => writer.IsMine).Number], await store.ReadAllAsync("s3://lake/one", 10, default));
    }

    private static async Task LargeFilesAsync(S3Store store)
    {
        var local = Path.GetTempFileName();
        try
        {
            var bytes = new byte[40 << 20];
            new Random(1).NextBytes(bytes);
            await File.WriteAllBytesAsync(local, bytes);
            await store.UploadAsync("s3://lake/large", local, default);
            Assert.Equal(bytes, await store.ReadAllAsync("s3://lake/large", bytes.Length, default));
        }
        finally
        {
            File.Delete(local);
        }
    }

    private static (int, ObjectStatus) Pair(ObjectPart part) => (part.Count, part.Status);
}

/// <summary>A test that starts Ceph's object gateway.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RadosgwFactAttribute : FactAttribute
{
    public RadosgwFactAttribute()
    {
        if (!Radosgw.IsInstalled) Skip = "radosgw, ceph-mon and ceph-osd are not installed";
    }
}
