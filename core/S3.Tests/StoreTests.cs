using Federation.CompatTests.Harness;
using Federation.Core.Errors;
using Federation.ObjectStorage;

namespace Federation.S3.Tests;

/// <summary>What every store does, on local folders and on S3.</summary>
public sealed class StoreTests(StorePair stores) : IClassFixture<StorePair>
{
    public static TheoryData<string> Stores => new("local", "s3");

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task Ranges_are_read_from_either_end(string name)
    {
        var (store, folder) = stores.Empty(name);
        var path = StoragePath.Combine(folder, "a b/ü+%3D%.bin");
        Assert.True(await store.TryCreateAsync(path, "0123456789"u8.ToArray(), default));
        Assert.Equal("2345", await TextAsync(store, path, 2, 4));
        Assert.Equal("789", await TextAsync(store, path, -3, 100));
        Assert.Equal("0123456789", await TextAsync(store, path, -100, 100));
        Assert.Equal("89", await TextAsync(store, path, 8, 100));
        Assert.Equal("", await TextAsync(store, path, 10, 5));
        Assert.Equal("", await TextAsync(store, path, 1000, 5));
        Assert.Equal("0123456789", System.Text.Encoding.UTF8.GetString(await store.ReadAllAsync(path, 10, default)));
        Assert.Equal(SqlState.ProgramLimitExceeded,
            (await Assert.ThrowsAsync<SqlException>(() => store.ReadAllAsync(path, 9, default).AsTask())).State);
        Assert.Equal(10, (await store.StatAsync(path, default))!.SizeBytes);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task Files_without_bytes_and_large_ones_are_read_whole(string name)
    {
        var (store, folder) = stores.Empty(name);
        await store.CreateAsync($"{folder}/empty", ReadOnlyMemory<byte>.Empty, default);
        Assert.Empty(await store.ReadAllAsync($"{folder}/empty", 100, default));
        Assert.Equal("", await TextAsync(store, $"{folder}/empty", -10, 10));
        foreach (var length in new[] { 512 << 10, (512 << 10) + 1, 40 << 20 })
        {
            var (local, bytes) = stores.LocalFile(length);
            await store.UploadAsync($"{folder}/{length}", local, default);
            Assert.Equal(bytes, await store.ReadAllAsync($"{folder}/{length}", length, default));
            await using var stream = new StoredStream(store, $"{folder}/{length}");
            using var copy = new MemoryStream();
            await stream.CopyToAsync(copy);
            Assert.Equal(bytes, copy.ToArray());
        }
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task Of_many_writers_of_one_name_one_wins(string name)
    {
        var (store, folder) = stores.Empty(name);
        var won = await Task.WhenAll(
            Enumerable.Range(0, 20)
                .Select(i =>
                    Task.Run(async () => (Number: i, IsMine: await store.TryCreateAsync($"{folder}/one", new[] { (byte)i }, default)))));
        var winner = Assert.Single(won, writer => writer.IsMine);
        Assert.Equal([(byte)winner.Number], await store.ReadAllAsync($"{folder}/one", 10, default));
        Assert.Equal(SqlState.DuplicateFile,
            (await Assert.ThrowsAsync<SqlException>(() => store.CreateAsync($"{folder}/one", new byte[1], default).AsTask())).State);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task Listings_show_one_level(string name)
    {
        var (store, folder) = stores.Empty(name);
        Assert.Empty(await store.ListAsync($"{folder}/nothing", 10, default));
        Assert.False(await store.IsFolderAsync($"{folder}/nothing", default));
        foreach (var file in new[] { "a", "b", "sub/c", "sub/deep/d", "subway" })
            await store.CreateAsync($"{folder}/{file}", new byte[3], default);
        var all = (await store.ListAsync(folder, 10, default)).OrderBy(item => item.Path, StringComparer.Ordinal).ToArray();
        Assert.Equal(["a", "b", "sub", "subway"], all.Select(item => item.Name));
        Assert.Equal([false, false, true, false], all.Select(item => item.IsFolder));
        Assert.Equal(2, (await store.ListAsync(folder, 2, default)).Count);
        Assert.True(await store.IsFolderAsync($"{folder}/sub", default));
        Assert.False(await store.IsFolderAsync($"{folder}/su", default));
        Assert.Null(await store.StatAsync($"{folder}/sub", default));
        await store.DeleteFolderAsync($"{folder}/sub", default);
        Assert.Equal(["a", "b", "subway"],
            (await store.ListAsync(folder, 10, default)).Select(item => item.Name).Order(StringComparer.Ordinal));
        await store.DeleteAsync([$"{folder}/a", $"{folder}/nothing"], default);
        Assert.Equal(["b", "subway"], (await store.ListAsync(folder, 10, default)).Select(item => item.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Long_listings_come_in_pages()
    {
        for (var i = 0; i < 2_345; i++) stores.Server.Put(StorePair.Bucket, $"many/f{i:0000}", [1]);
        Assert.Equal(2_345,
            (await stores.S3.ListAsync("s3://lake/many/", int.MaxValue, default)).Select(item => item.Path)
                .Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(1_500, (await stores.S3.ListAsync("s3://lake/many", 1_500, default)).Count);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_replaced_file_is_not_mixed_with_the_old_one(string name)
    {
        var (store, folder) = stores.Empty(name);
        var path = $"{folder}/f";
        await store.CreateAsync(path, new byte[] { 1, 2, 3 }, default);
        var version = (await store.StatAsync(path, default))!.Version;
        Assert.Equal(3, (await store.ReadAsync(path, 0, new byte[10], version, default)).Count);
        await store.DeleteAsync([path], default);
        await store.CreateAsync(path, new byte[] { 4, 5, 6, 7 }, default);
        Assert.Equal(SqlState.ObjectNotInPrerequisiteState,
            (await Assert.ThrowsAsync<SqlException>(() => store.ReadAsync(path, 0, new byte[10], version, default).AsTask())).State);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task What_is_missing_is_named(string name)
    {
        var (store, folder) = stores.Empty(name);
        Assert.Null(await store.StatAsync($"{folder}/no", default));
        var error = await Assert.ThrowsAsync<SqlException>(() => store.ReadAsync($"{folder}/no", 0, new byte[1], null, default).AsTask());
        Assert.Equal((SqlState.UndefinedFile, $"file \"{folder}/no\" does not exist"), (error.State, error.Message));
    }

    private static async Task<string> TextAsync(IObjectStore store, string path, long offset, int count)
    {
        var buffer = new byte[count];
        var part = await store.ReadAsync(path, offset, buffer, null, default);
        return System.Text.Encoding.UTF8.GetString(buffer, 0, part.Count);
    }
}
