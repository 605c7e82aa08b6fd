using Federation.Core.Errors;
using Federation.Worker.RemoteFiles;

namespace Federation.Worker.Tests.Tasks;

/// <summary>Parts of remote files on the local disk.</summary>
public sealed class RangeCacheTests : IDisposable
{
    private const string Path = "s3://b/f";

    private readonly string _folder = Directory.CreateTempSubdirectory("federation-cache-").FullName;
    private readonly MemoryStore _store = new();
    private readonly byte[] _bytes = new byte[10 << 20];

    public RangeCacheTests()
    {
        new Random(3).NextBytes(_bytes);
        _store.Put(Path, _bytes);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Only_what_is_wanted_is_fetched_and_only_once()
    {
        using var cache = new RangeCache(_folder, 1 << 30);
        ByteRange[] wanted = [new(0, 100), new(1 << 20, (1 << 20) + 50), new((1 << 20) + 60, (1 << 20) + 90),
            new(_bytes.Length - 10, _bytes.Length)];
        using (var file = await cache.FetchAsync(_store, "", Path, "1", wanted, default))
        {
            Assert.Equal(_bytes.Length, new FileInfo(file.LocalPath).Length);
            var local = await File.ReadAllBytesAsync(file.LocalPath);
            foreach (var range in wanted) Assert.Equal(_bytes[(int)range.Start..(int)range.End], local[(int)range.Start..(int)range.End]);
            Assert.Equal(0, local[5 << 20]);
        }

        // Close parts are one request.
        Assert.Equal([(0L, 100), (1L << 20, 90), (_bytes.Length - 10L, 10)],
            _store.Reads.Select(read => (read.Offset, read.Count)).Order());
        Assert.Equal(200, cache.Bytes);
        using (await cache.FetchAsync(_store, "", Path, "1", wanted, default)) Assert.Equal(3, _store.Reads.Count);
        using (await cache.FetchAsync(_store, "", Path, "1", [new(50, 150)], default))
            Assert.Equal((100L, 50), (_store.Reads.Last().Offset, _store.Reads.Last().Count));
        using (var file = await cache.FetchAsync(_store, "", Path, "1", null, default))
            Assert.Equal(_bytes, await File.ReadAllBytesAsync(file.LocalPath));
        Assert.Equal(_bytes.Length, cache.Bytes);
        using (await cache.FetchAsync(_store, "", Path, "1", null, default))
            Assert.InRange(_store.BytesRead, _bytes.Length, _bytes.Length + (256 << 10));
    }

    [Fact]
    public async Task Versions_and_stores_are_kept_apart()
    {
        using var cache = new RangeCache(_folder, 1 << 30);
        var other = new MemoryStore();
        other.Put(Path, [9, 9]);
        using var first = await cache.FetchAsync(_store, "", Path, "1", null, default);
        using var elsewhere = await cache.FetchAsync(other, "server", Path, "1", null, default);
        _store.Put(Path, [7, 8], "2");
        using var second = await cache.FetchAsync(_store, "", Path, "2", null, default);
        Assert.Equal(_bytes, await File.ReadAllBytesAsync(first.LocalPath));
        Assert.Equal([9, 9], await File.ReadAllBytesAsync(elsewhere.LocalPath));
        Assert.Equal([7, 8], await File.ReadAllBytesAsync(second.LocalPath));

        // The rest of what was replaced cannot be had any more.
        using var part = await cache.FetchAsync(_store, "", "s3://b/f", "1", [new(0, 10)], default);
        _store.Put("s3://b/g", _bytes);
        using var begun = await cache.FetchAsync(_store, "", "s3://b/g", "1", [new(0, 10)], default);
        _store.Put("s3://b/g", _bytes, "2");
        Assert.Equal(SqlState.ObjectNotInPrerequisiteState,
            (await Assert.ThrowsAsync<SqlException>(() => cache.FetchAsync(_store, "", "s3://b/g", "1", null, default))).State);
    }

    [Fact]
    public async Task The_least_recently_used_goes_and_what_is_read_stays()
    {
        using var cache = new RangeCache(_folder, 2500);
        for (var i = 0; i < 4; i++) _store.Put($"s3://b/{i}", new byte[1000]);
        var zero = await cache.FetchAsync(_store, "", "s3://b/0", "1", null, default);
        (await cache.FetchAsync(_store, "", "s3://b/1", "1", null, default)).Dispose();
        var two = await cache.FetchAsync(_store, "", "s3://b/2", "1", null, default);
        Assert.Equal(2000, cache.Bytes);
        var three = await cache.FetchAsync(_store, "", "s3://b/3", "1", null, default);

        // All three are being read: the cache is larger than it may be until one is not.
        Assert.Equal(3000, cache.Bytes);
        Assert.All(new[] { zero, two, three }, file => Assert.True(File.Exists(file.LocalPath)));
        zero.Dispose();
        Assert.Equal(2000, cache.Bytes);
        Assert.False(File.Exists(zero.LocalPath));
        two.Dispose();
        three.Dispose();
        Assert.Equal(2, Directory.GetFiles(_folder).Length);
        (await cache.FetchAsync(_store, "", "s3://b/3", "1", null, default)).Dispose();
        Assert.Equal(4, _store.Reads.Count);
        (await cache.FetchAsync(_store, "", "s3://b/0", "1", null, default)).Dispose();
        Assert.Equal(5, _store.Reads.Count);
    }

    [Fact]
    public async Task Tasks_that_want_one_file_at_once_share_its_bytes()
    {
        using var cache = new RangeCache(_folder, 1 << 30);
        var files = await Task.WhenAll(Enumerable.Range(0, 20)
            .Select(i => Task.Run(() => cache.FetchAsync(_store, "", Path, null, [new(i * 1000, (i * 1000) + 2000)], default))));
        Assert.Single(files.Select(file => file.LocalPath).Distinct(StringComparer.Ordinal));
        var local = await File.ReadAllBytesAsync(files[0].LocalPath);
        Assert.Equal(_bytes[..21_000], local[..21_000]);
        Assert.Equal(21_000, cache.Bytes);
        foreach (var file in files) file.Dispose();
    }

    [Fact]
    public async Task What_is_missing_leaves_nothing()
    {
        using var cache = new RangeCache(_folder, 1 << 30);
        Assert.Equal(SqlState.UndefinedFile,
            (await Assert.ThrowsAsync<SqlException>(() => cache.FetchAsync(_store, "", "s3://b/no", null, null, default))).State);
        Assert.Empty(Directory.GetFiles(_folder));
        _store.Put("s3://b/no", [1]);
        using var file = await cache.FetchAsync(_store, "", "s3://b/no", null, null, default);
        Assert.Equal([1], await File.ReadAllBytesAsync(file.LocalPath));
    }

    [Theory]
    [InlineData("s3://b/x.csv.gz", ".csv.gz")]
    [InlineData("s3://b/päth/*?[x].json", ".json")]
    public async Task A_name_keeps_its_end(string path, string end)
    {
        using var cache = new RangeCache(_folder, 1 << 30);
        _store.Put(path, [1, 2]);
        using var file = await cache.FetchAsync(_store, "", path, null, null, default);
        Assert.EndsWith(end, file.LocalPath, StringComparison.Ordinal);
        Assert.Equal(-1, file.LocalPath.AsSpan().IndexOfAny("*?["));
    }
}
