using Federation.Arrow.Ipc;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Arrow.Tests.Ipc;

/// <summary>
/// Streams of other implementations and versions give the values that their JSON twins name, or say what is not supported.
/// </summary>
[Collection(NativeMemoryCollection.Name)]
public sealed class GoldenTests
{
    /// <summary>
    /// What columns cannot hold, by a part of the file's name: unions, a compression, and random durations of more seconds than 64 bits of
    /// microseconds cover.
    /// </summary>
    private static readonly (string Name, SqlState State, string Error)[] s_refused =
    [
        ("generated_union", SqlState.FeatureNotSupported, "union"),
        ("generated_zstd", SqlState.FeatureNotSupported, "ZSTD"),
        ("uncompressible_zstd", SqlState.FeatureNotSupported, "ZSTD"),
        ("generated_duration", SqlState.DatetimeFieldOverflow, "out of range"),
        ("0.14.1/generated_interval", SqlState.DatetimeFieldOverflow, "out of range"),
        ("1.0.0-littleendian/generated_interval", SqlState.DatetimeFieldOverflow, "out of range"),
    ];

    public static TheoryData<string> Streams() => [.. GoldenFiles.Streams()];

    [GoldenTheory]
    [MemberData(nameof(Streams))]
    public async Task Stream(string name)
    {
        var before = NativeBuffer.LiveBytes;
        var path = Path.Combine(GoldenFiles.Folder!, name);
        if (s_refused.FirstOrDefault(entry => name.Contains(entry.Name, StringComparison.Ordinal)) is { Error: { } part } refused)
        {
            var error = await Assert.ThrowsAsync<SqlException>(() => CompareAsync(path));
            Assert.Equal(refused.State, error.State);
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
        }
        else
        {
            await CompareAsync(path);
        }

        Assert.Equal(before, NativeBuffer.LiveBytes);
    }

    /// <summary>What was read from foreign layouts is written in ours and read again.</summary>
    [GoldenTheory]
    [MemberData(nameof(Streams))]
    public async Task Stream_written_again(string name)
    {
        if (s_refused.Any(entry => name.Contains(entry.Name, StringComparison.Ordinal))) return;
        await using var file = File.OpenRead(Path.Combine(GoldenFiles.Folder!, name));
        using var reader = new IpcStreamReader(file);
        var schema = IpcSchema.Encode((await reader.ReadSchemaAsync()).Batch, IpcForm.Internal);
        var writer = new IpcBatchWriter(schema);
        while (await reader.ReadBatchAsync() is { } batch)
        {
            using (batch)
            {
                using var message = writer.Encode(batch);
                using var copy = RoundTripTests.Decode(IpcSchema.Decode(schema.Message), message);
                Assert.Equal(batch.RowCount, copy.RowCount);
                for (var i = 0; i < batch.Columns.Length; i++)
                    for (var row = 0; row < batch.RowCount; row++)
                        Assert.Equal(Show(Read(batch.Columns[i], row)), Show(Read(copy.Columns[i], row)));
            }
        }
    }

    private static async Task CompareAsync(string path)
    {
        var expected = GoldenJson.Read(path);
        await using var file = File.OpenRead(path);
        using var reader = new IpcStreamReader(file);
        for (var i = 0; i < expected.BatchCount; i++)
        {
            using var batch = await reader.ReadBatchAsync();
            Assert.NotNull(batch);
            var columns = expected.Batch(i);
            for (var column = 0; column < columns.Count; column++)
            {
                Assert.Equal(columns[column].Length, batch.RowCount);
                for (var row = 0; row < batch.RowCount; row++)
                    Assert.Equal($"{column} {row} {Show(columns[column][row])}",
                        $"{column} {row} {Show(Read(batch.Columns[column], row))}");
            }
        }

        Assert.Null(await reader.ReadBatchAsync());
    }

    /// <summary>A value with lists as they are, not as PostgreSQL's rectangular arrays.</summary>
    private static object? Read(Column column, int row)
    {
        if (column.IsNull(row)) return null;
        switch (column.Type.Storage)
        {
            case Storage.List:
                var (start, length) = column.GetList(row);
                return new GoldenJson.Items([.. Enumerable.Range(start, length).Select(i => Read(column.Children[0], i))]);
            case Storage.Struct: return column.Children.Select(child => Read(child, row)).ToArray();
            default: return column.ReadValue(row);
        }
    }

    private static string Show(object? value) => value switch
    {
        GoldenJson.Items items => $"[{string.Join(",", items.Values.Select(Show))}]",
        object?[] fields => $"({string.Join(",", fields.Select(Show))})",
        Guid uuid => Convert.ToHexString(uuid.ToByteArray(bigEndian: true)),
        // JSON gives the shortest text of numbers that need not have one.
        float number => number.ToString("R", System.Globalization.CultureInfo.InvariantCulture),
        _ => Samples.Show(value),
    };
}
