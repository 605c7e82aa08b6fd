using System.Buffers.Binary;
using Federation.Arrow.Tests.Ipc;
using Federation.Core;
using Federation.Core.Types;

namespace Federation.Arrow.Tests;

/// <summary>Sorted streams become one sorted stream; columns of every type come with their rows.</summary>
[Collection(NativeMemoryCollection.Name)]
public sealed class SortedMergeTests
{
    private static readonly BatchSchema s_schema = Samples.Schema([.. Samples.Types(), SqlType.Int4]);
    private static readonly BatchSchema s_keyed = new(s_schema.Fields.Append(new Field("order", SqlType.Bytea)).ToEquatableArray());

    [Theory]
    [InlineData(1, 0, long.MaxValue, 16_384)]
    [InlineData(2, 0, long.MaxValue, 16_384)]
    [InlineData(7, 0, long.MaxValue, 100)]
    [InlineData(5, 777, 400, 1)]
    [InlineData(3, 0, 0, 100)]
    [InlineData(3, 5000, 10, 100)]
    [InlineData(4, 1990, 100, 64)]
    public async Task Rows_of_all_types_come_in_the_order_of_their_keys(int streams, long skip, long take, int pageRows)
    {
        var before = NativeBuffer.LiveBytes;
        var random = new Random(streams);

        // Keys of all lengths, many of them equal and many a beginning of another.
        var keys = Enumerable.Range(0, 2000)
            .Select(_ => Enumerable.Range(0, random.Next(12)).Select(_ => (byte)random.Next(0, 3))
                .Select(digit => digit == 2 ? (byte)255 : digit).ToArray()).ToArray();
        var parts = keys.Select((key, number) => (Key: key, Number: number)).GroupBy(_ => random.Next(streams)).OrderBy(part => part.Key)
            .Select(part => part.OrderBy(row => row.Key, Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b))).ToArray())
            .ToArray();
        var read = new List<(int Number, byte[] Key)>();
        var enumerators = parts.Select(part => StreamAsync(part, random.Next(1, 300)).GetAsyncEnumerator()).ToArray();
        await foreach (var page in SortedMerge.MergeAsync(s_schema, enumerators, skip, take, pageRows))
        {
            using (page)
            {
                Assert.Equal(s_schema.Fields.Count, page.Columns.Length);
                for (var row = 0; row < page.RowCount; row++)
                {
                    var number = page.Columns[^1].Get<int>(row);
                    for (var i = 0; i < page.Columns.Length - 1; i++)
                        Assert.Equal(Samples.Show(Samples.Value(s_schema.Fields[i].Type, number % 23)),
                            Samples.Show(page.Columns[i].ReadValue(row)));
                    read.Add((number, keys[number]));
                }
            }
        }

        foreach (var enumerator in enumerators) await enumerator.DisposeAsync();
        var expected = parts.SelectMany((part, stream) => part.Select((row, position) => (row.Key, row.Number, stream, position)))
            .OrderBy(row => row.Key, Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b))).ThenBy(row => row.stream)
            .ThenBy(row => row.position)
            .Skip((int)skip).Take((int)Math.Min(take, 10_000)).Select(row => row.Number);
        Assert.Equal(expected, read.Select(row => row.Number));
        Assert.Equal(before, NativeBuffer.LiveBytes);
    }

    [Fact]
    public async Task A_failure_is_not_the_end_of_a_stream()
    {
        var before = NativeBuffer.LiveBytes;
        var schema = Samples.Schema(SqlType.Int4, SqlType.Bytea);
        await using (var whole = NumbersAsync(0, 1000, failsAt: int.MaxValue).GetAsyncEnumerator())
        await using (var broken = NumbersAsync(1, 1000, failsAt: 500).GetAsyncEnumerator())
        {
            var given = 0;
            await Assert.ThrowsAsync<IOException>(async () =>
            {
                await foreach (var page in SortedMerge.MergeAsync(Samples.Schema(SqlType.Int4), [whole, broken], pageRows: 10))
                {
                    using (page) given += page.RowCount;
                }
            });

            // Not one row after the last that is known of the broken stream.
            Assert.InRange(given, 900, 1000);
        }

        Assert.Equal(before, NativeBuffer.LiveBytes);

        async IAsyncEnumerable<Batch> NumbersAsync(int first, int count, int failsAt)
        {
            using var builder = new BatchBuilder(schema);
            var key = new byte[4];
            for (var i = 0; i < count; i++)
            {
                if (i == failsAt) throw new IOException("gone");
                builder.Columns[0].Append((2 * i) + first);
                BinaryPrimitives.WriteInt32BigEndian(key, (2 * i) + first);
                builder.Columns[1].AppendBytes(key);
                builder.EndRow();
                if (builder.RowCount == 50) yield return builder.Build();
            }

            await Task.CompletedTask;
        }
    }

    /// <summary>Batches of some size, one of them empty.</summary>
    private static async IAsyncEnumerable<Batch> StreamAsync((byte[] Key, int Number)[] rows, int size)
    {
        using var builder = new BatchBuilder(s_keyed);
        yield return builder.Build();
        foreach (var (key, number) in rows)
        {
            for (var i = 0; i < s_schema.Fields.Count - 1; i++)
                builder.Columns[i].AppendValue(Samples.Value(s_schema.Fields[i].Type, number % 23));
            builder.Columns[^2].Append(number);
            builder.Columns[^1].AppendBytes(key);
            builder.EndRow();
            if (builder.RowCount == size) yield return builder.Build();
        }

        if (builder.RowCount > 0) yield return builder.Build();
        await Task.CompletedTask;
    }
}
