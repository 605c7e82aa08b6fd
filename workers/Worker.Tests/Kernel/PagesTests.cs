using System.Diagnostics;
using Federation.Arrow;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker.Tests.Kernel;

public sealed class PagesTests : KernelFixture
{
    private static readonly EquatableArray<RecordField> s_columns =
    [
        new RecordField("id", SqlType.Int8),
        new RecordField("text", SqlType.Text),
        new RecordField("price", SqlType.NumericOf(12, 2)),
        new RecordField("tags", SqlType.Array(SqlType.Text)),
        new RecordField("pair", SqlType.Record(new RecordField("x", SqlType.Int4), new RecordField("y", SqlType.Text))),
    ];

    [Fact]
    public void All_layouts_arrive()
    {
        using var input = new PageInput(s_columns);
        var handle = Kernel.Pages.Add(input);
        Pump(input, batches: 3, rows: 5000);
        Assert.Equal(
            ["15000|112492500|12857|1124925000e-2|15000|0"],
            Rows($"""
                SELECT count(*), sum(id)::BIGINT, count(text), sum(price)::DECIMAL(18,2), sum(len(tags))::BIGINT,
                       count(*) FILTER (WHERE pair.x <> id OR pair.y <> 'row ' || id OR tags[1] <> coalesce(text, 'none'))
                FROM pages({handle})
                """));
        Kernel.Pages.Remove(handle);
    }

    [Fact]
    public void Columns_are_projected_in_any_order()
    {
        using var input = new PageInput(s_columns);
        var handle = Kernel.Pages.Add(input);
        Pump(input, batches: 1, rows: 3);
        Assert.Equal(
            ["row 0|none|0", "row 1|a longer text with number 1|1", "row 2|t2|2"],
            Rows($"SELECT pair.y, tags[1], id FROM pages({handle}) ORDER BY id"));
    }

    [Fact]
    public void Count_needs_no_column()
    {
        using var input = new PageInput(s_columns);
        var handle = Kernel.Pages.Add(input);
        Pump(input, batches: 2, rows: 3000);
        Assert.Equal("6000", Value($"SELECT count(*) FROM pages({handle})"));
    }

    [Fact]
    public void Null_structs_have_null_fields()
    {
        using var input = new PageInput([s_columns[4]]);
        var handle = Kernel.Pages.Add(input);
        using var builder = new BatchBuilder(new BatchSchema([new Field("pair", s_columns[4].Type)]));
        builder.Columns[0].AppendNull();
        builder.EndRow();
        Write(input, builder.Build());
        input.Complete();
        Assert.Equal("t|t", Value($"SELECT pair IS NULL, pair.y IS NULL FROM pages({handle})"));
    }

    [Fact]
    public void Empty_batches_do_not_end_the_input()
    {
        using var input = new PageInput(s_columns);
        var handle = Kernel.Pages.Add(input);
        using var builder = new BatchBuilder(Schema);
        Write(input, builder.Build());
        Pump(input, batches: 1, rows: 10);
        Assert.Equal("10", Value($"SELECT count(id) FROM pages({handle})"));
    }

    [Fact]
    public async Task Limit_ends_the_source()
    {
        using var input = new PageInput(s_columns);
        var handle = Kernel.Pages.Add(input);
        var pump = Task.Run(() => PumpAsync(input, batches: int.MaxValue, rows: 5000));
        Assert.Equal(10, Rows($"SELECT id FROM pages({handle}) LIMIT 10").Count);
        await pump.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.True(input.Ended.IsCancellationRequested);
    }

    [Fact]
    public void Source_errors_reach_the_reader()
    {
        using var input = new PageInput(s_columns);
        var handle = Kernel.Pages.Add(input);
        input.Complete(new SqlException(SqlState.ConnectionFailure, "server \"pg\" closed the connection"));
        var error = Assert.Throws<SqlException>(() => Rows($"SELECT * FROM pages({handle})"));
        Assert.Equal(SqlState.ConnectionFailure, error.State);
        Assert.Equal("server \"pg\" closed the connection", error.Message);
    }

    [Fact]
    public void A_second_scan_is_refused()
    {
        using var input = new PageInput(s_columns);
        var handle = Kernel.Pages.Add(input);
        Pump(input, batches: 1, rows: 3);
        Rows($"SELECT count(*) FROM pages({handle})");
        Assert.Throws<SqlException>(() => Rows($"SELECT count(*) FROM pages({handle})"));
    }

    [Fact]
    public void Broken_text_is_refused()
    {
        using var input = new PageInput([new RecordField("text", SqlType.Text)]);
        var handle = Kernel.Pages.Add(input);
        using var builder = new BatchBuilder(new BatchSchema([new Field("text", SqlType.Text)]));
        builder.Columns[0].AppendBytes("ok ä"u8);
        builder.EndRow();
        builder.Columns[0].AppendBytes([0x41, 0xC3]);
        builder.EndRow();
        builder.Columns[0].AppendBytes([0xA4, 0x41]);
        builder.EndRow();
        Write(input, builder.Build());
        input.Complete();
        var error = Assert.Throws<SqlException>(() => Rows($"SELECT * FROM pages({handle})"));
        Assert.Equal("22021", error.State.Code);
        Assert.Equal("invalid byte sequence for encoding \"UTF8\": 0xc3", error.Message);
    }

    [Fact]
    public void Cancelling_wakes_a_waiting_kernel()
    {
        using var input = new PageInput(s_columns);
        var handle = Kernel.Pages.Add(input);
        using var connection = Kernel.Connect();
        using var source = new CancellationTokenSource();
        using var registration = source.Token.Register(input.Cancel);
        using var watch = CancelSoon(source);
        var error = Assert.Throws<SqlException>(() => connection.Query($"SELECT count(*) FROM pages({handle})", null, source.Token));
        Assert.Equal(SqlState.QueryCanceled, error.State);
        Assert.True(watch.Milliseconds < 1000, $"took {watch.Milliseconds} ms");
    }

    [Fact]
    public async Task Many_threads_read_each_row_once()
    {
        using var input = new PageInput(s_columns);
        var handle = Kernel.Pages.Add(input);
        var pump = Task.Run(() => PumpAsync(input, batches: 100, rows: 10000));
        Assert.Equal("1000000|1000000|499999500000", Value($"SELECT count(*), count(DISTINCT id), sum(id)::BIGINT FROM pages({handle})"));
        await pump;
    }

    private static BatchSchema Schema => new(s_columns.Select(column => new Field(column.Name, column.Type)).ToEquatableArray());

    private static void Pump(PageInput input, int batches, int rows) => PumpAsync(input, batches, rows).GetAwaiter().GetResult();

    private static async Task PumpAsync(PageInput input, int batches, int rows)
    {
        using var builder = new BatchBuilder(Schema);
        long id = 0;
        for (var i = 0; i < batches; i++)
        {
            for (var row = 0; row < rows; row++, id++) AppendRow(builder, id);
            if (!await input.WriteAsync(builder.Build())) return;
        }

        input.Complete();
    }

    private static void AppendRow(BatchBuilder builder, long id)
    {
        var columns = builder.Columns;
        columns[0].Append(id);
        var text = id % 7 == 0 ? null : id % 2 == 0 ? $"t{id}" : $"a longer text with number {id}";
        if (text is null) columns[1].AppendNull();
        else columns[1].AppendBytes(System.Text.Encoding.UTF8.GetBytes(text));
        columns[2].AppendDecimal(id * 10);
        columns[3].Children[0].AppendBytes(System.Text.Encoding.UTF8.GetBytes(text ?? "none"));
        columns[3].EndList();
        columns[4].Children[0].Append((int)id);
        columns[4].Children[1].AppendBytes(System.Text.Encoding.UTF8.GetBytes($"row {id}"));
        columns[4].EndStruct();
        builder.EndRow();
    }

    private static void Write(PageInput input, Batch batch) => Assert.True(input.WriteAsync(batch).AsTask().GetAwaiter().GetResult());
}
