using Federation.Arrow.Ipc;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Arrow.Tests.Ipc;

/// <summary>What is written is read back with the same types and values.</summary>
[Collection(NativeMemoryCollection.Name)]
public sealed class RoundTripTests
{
    private static readonly BatchSchema s_schema = Samples.Schema([.. Samples.Types()]);

    [Theory]
    [InlineData(IpcForm.Portable, 0)]
    [InlineData(IpcForm.Portable, 1)]
    [InlineData(IpcForm.Portable, 200)]
    [InlineData(IpcForm.Internal, 0)]
    [InlineData(IpcForm.Internal, 1)]
    [InlineData(IpcForm.Internal, 200)]
    public void Every_type(IpcForm form, int rows)
    {
        var before = NativeBuffer.LiveBytes;
        using (var batch = Samples.Batch(s_schema, rows))
        {
            var schema = IpcSchema.Encode(s_schema, form);
            var read = IpcSchema.Decode(schema.Message);
            Assert.Equal(s_schema, read.Batch);
            using var message = new IpcBatchWriter(schema).Encode(batch);
            Assert.Equal(rows, message.RowCount);
            AssertSame(batch, 0, Decode(read, message), rows);
        }

        Assert.Equal(before, NativeBuffer.LiveBytes);
    }

    [Theory]
    [InlineData(0, 7)]
    [InlineData(3, 100)]
    [InlineData(64, 64)]
    [InlineData(77, 1)]
    [InlineData(199, 1)]
    [InlineData(50, 0)]
    public void Ranges_of_rows(int start, int count)
    {
        var schema = IpcSchema.Encode(s_schema, IpcForm.Internal);
        using var batch = Samples.Batch(s_schema, 200);
        using var message = new IpcBatchWriter(schema).Encode(batch, start, count);
        AssertSame(batch, start, Decode(IpcSchema.Decode(schema.Message), message), count);
    }

    [Fact]
    public void Several_batches_become_one_message()
    {
        var schema = IpcSchema.Encode(s_schema);
        var batches = Enumerable.Range(0, 6).Select(i => Samples.Batch(s_schema, i * 13, i * 7)).ToArray();
        using var message = new IpcBatchWriter(schema).Encode(batches);
        using var all = Decode(IpcSchema.Decode(schema.Message), message);
        Assert.Equal(batches.Sum(batch => batch.RowCount), all.RowCount);
        var row = 0;
        foreach (var batch in batches)
        {
            for (var i = 0; i < batch.RowCount; i++, row++)
                for (var column = 0; column < batch.Columns.Length; column++)
                    Assert.Equal(Samples.Show(batch.Columns[column].ReadValue(i)), Samples.Show(all.Columns[column].ReadValue(row)));
            batch.Dispose();
        }
    }

    [Fact]
    public void A_large_batch_is_split_and_keeps_its_order()
    {
        var schema = IpcSchema.Encode(Samples.Schema(SqlType.Int4, SqlType.Text));
        using var batch = Samples.Batch(schema.Batch, 1000);
        var row = 0;
        foreach (var message in new IpcBatchWriter(schema).EncodeSplit(batch, 4096))
        {
            Assert.True(message.Body.Length <= 4096);
            using var part = Decode(schema, message);
            for (var i = 0; i < part.RowCount; i++, row++)
                Assert.Equal(Samples.Show(batch.Columns[0].ReadValue(row)), Samples.Show(part.Columns[0].ReadValue(i)));
            message.Dispose();
        }

        Assert.Equal(1000, row);
    }

    /// <summary>The kernel's vectors: string views, list entries in any order, booleans in bytes.</summary>
    [Fact]
    public unsafe void Columns_over_kernel_vectors()
    {
        var list = SqlType.Array(SqlType.Text);
        var schema = IpcSchema.Encode(Samples.Schema(list, SqlType.Bool));
        var texts = "short|a text that is longer than twelve bytes|x".Split('|').Select(System.Text.Encoding.UTF8.GetBytes).ToArray();
        var views = stackalloc byte[3 * 16];
        var entries = stackalloc ulong[8];
        var flags = stackalloc byte[] { 1, 0, 7, 0 };
        var validity = stackalloc ulong[] { 0b1011 };
        fixed (byte* first = texts[0], second = texts[1], third = texts[2])
        {
            byte*[] starts = [first, second, third];
            for (var i = 0; i < 3; i++)
            {
                *(int*)(views + (i * 16)) = texts[i].Length;
                if (texts[i].Length <= 12) texts[i].CopyTo(new Span<byte>(views + (i * 16) + 4, 12));
                else *(byte**)(views + (i * 16) + 8) = starts[i];
            }

            // Rows: items 1 and 2; item 0; NULL with nonsense in its entry; no item.
            ulong[] values = [1, 2, 0, 1, 99, 12_345, 3, 0];
            for (var i = 0; i < 8; i++) entries[i] = values[i];
            var items = new Column(SqlType.Text) { Length = 3, Bytes = BytesLayout.Views, Values = views };
            var lists = new Column(list)
                { Length = 4, List = ListLayout.Entries, Values = (byte*)entries, Validity = validity, Children = [items] };
            var booleans = new Column(SqlType.Bool) { Length = 4, Values = flags };
            using var batch = new Batch(4, [lists, booleans], null);
            using var message = new IpcBatchWriter(schema).Encode(batch);
            using var read = Decode(schema, message);
            Assert.Equal(["[a text that is longer than twelve bytes,x][2][1]", "[short][1][1]", "NULL", "[][][]"],
                Enumerable.Range(0, 4).Select(i => Samples.Show(read.Columns[0].ReadValue(i))));
            Assert.Equal([true, false, true, false], Enumerable.Range(0, 4).Select(i => read.Columns[1].GetBoolean(i)));
        }
    }

    [Fact]
    public async Task Streams()
    {
        var schema = IpcSchema.Encode(s_schema);
        using var stream = new MemoryStream();
        using var batch = Samples.Batch(s_schema, 50);
        var writer = new IpcStreamWriter(stream, schema);
        await writer.WriteAsync(batch);
        await writer.WriteAsync(batch);
        await writer.EndAsync();
        stream.Position = 0;
        using var reader = new IpcStreamReader(stream);
        Assert.Equal(s_schema, (await reader.ReadSchemaAsync()).Batch);
        AssertSame(batch, 0, await reader.ReadBatchAsync(), 50);
        AssertSame(batch, 0, await reader.ReadBatchAsync(), 50);
        Assert.Null(await reader.ReadBatchAsync());
    }

    /// <summary>The interval type's time part covers 292,000 years, month_day_nano's 292: exact or refused.</summary>
    [Fact]
    public void Long_intervals_are_exact_or_refused()
    {
        var columns = Samples.Schema(SqlType.Interval);
        using var builder = new BatchBuilder(columns);
        builder.Columns[0].AppendValue(new PgInterval(1, 2, long.MaxValue));
        builder.EndRow();
        using var batch = builder.Build();
        var error = Assert.Throws<SqlException>(() => new IpcBatchWriter(IpcSchema.Encode(columns)).Encode(batch));
        Assert.Equal(SqlState.DatetimeFieldOverflow, error.State);
        var schema = IpcSchema.Encode(columns, IpcForm.Internal);
        using var message = new IpcBatchWriter(schema).Encode(batch);
        AssertSame(batch, 0, Decode(schema, message), 1);
    }

    [Fact]
    public void Columns_that_are_held_otherwise_than_announced_are_refused()
    {
        var writer = new IpcBatchWriter(IpcSchema.Encode(Samples.Schema(SqlType.NumericOf(10, 2))));
        using var text = Samples.Batch(Samples.Schema(SqlType.Numeric), 2);
        using var scaled = Samples.Batch(Samples.Schema(SqlType.NumericOf(10, 3)), 2);
        using var narrower = Samples.Batch(Samples.Schema(SqlType.NumericOf(3, 2)), 2);
        Assert.Equal(SqlState.DatatypeMismatch, Assert.Throws<SqlException>(() => writer.Encode(text)).State);
        Assert.Equal(SqlState.DatatypeMismatch, Assert.Throws<SqlException>(() => writer.Encode(scaled)).State);
        using var message = writer.Encode(narrower);
        Assert.Equal(2, message.RowCount);
    }

    /// <summary>Neither padding nor the values of NULLs show what memory held before.</summary>
    [Fact]
    public void Messages_hold_nothing_but_the_rows()
    {
        var schema = IpcSchema.Encode(s_schema);
        using var batch = Samples.Batch(s_schema, 37);
        using var first = new IpcBatchWriter(schema).Encode(batch);
        for (var i = 0; i < 5; i++)
        {
            // Memory that was used before is likely to be handed out again.
            using (var dirt = new NativeBlock(first.Body.Length)) dirt.GetSpan().Fill(0xcc);
            using var again = new IpcBatchWriter(schema).Encode(batch);
            Assert.True(first.Body.Span.SequenceEqual(again.Body.Span));
        }
    }

    internal static Batch Decode(IpcSchema schema, IpcMessage message)
    {
        using var reader = new IpcBatchReader(schema);
        return reader.Read(message.Header.Span, NativeBlock.CopyOf(message.Body.Span))!;
    }

    private static void AssertSame(Batch expected, int start, Batch? actual, int count)
    {
        Assert.NotNull(actual);
        using (actual)
        {
            Assert.Equal(count, actual.RowCount);
            for (var column = 0; column < expected.Columns.Length; column++)
            {
                Assert.Equal(expected.Columns[column].Type, actual.Columns[column].Type);
                for (var row = 0; row < count; row++)
                    Assert.Equal(Samples.Show(expected.Columns[column].ReadValue(start + row)),
                        Samples.Show(actual.Columns[column].ReadValue(row)));
            }
        }
    }
}

/// <summary>Tests that count live native memory run one after another.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class NativeMemoryCollection
{
    public const string Name = "native memory";
}
