using System.Diagnostics;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Worker.Tests.Tasks;

public sealed class TaskRunnerTests : TaskFixture
{
    private static readonly RecordField s_id = new("id", SqlType.Int8);

    [Fact]
    public async Task A_task_without_inputs_runs() =>
        Assert.Equal(["1|a"], await RunAsync(Task("SELECT 1::BIGINT, 'a'", [], s_id, new RecordField("text", SqlType.Text))));

    [Fact]
    public async Task Splits_are_joined_with_inline_rows()
    {
        EquatableArray<TaskInput> inputs =
        [
            new ConnectorSplit("n", [s_id], "numbers", "100000"),
            new InlineRows("f", [s_id, new RecordField("label", SqlType.Text)],
                [[1L, "one"], [99_999L, "last"], [-1L, "none"], [null, "null"]]),
        ];
        Assert.Equal(
            ["99999|last", "1|one"],
            await RunAsync(Task("SELECT n.id, f.label FROM n JOIN f ON f.id = n.id ORDER BY label", inputs, s_id,
                new RecordField("label", SqlType.Text))));
    }

    [Fact]
    public async Task Inputs_that_are_read_twice_are_kept()
    {
        EquatableArray<TaskInput> inputs = [new ConnectorSplit("n", [s_id], "numbers", "1000") { IsReadTwice = true }];
        Assert.Equal(["1000"], await RunAsync(Task("SELECT count(*) AS id FROM n a JOIN n b ON a.id = b.id", inputs, s_id)));
    }

    [Theory]
    [InlineData("with x as (select id from n) SELECT count(*) AS id FROM x")]
    [InlineData("WITH RECURSIVE x(id) AS (SELECT min(id) FROM n UNION ALL SELECT id + 1 FROM x WHERE id < 99) "
        + "SELECT count(*) AS id FROM x")]
    public async Task With_clauses_join_the_prelude(string sql) =>
        Assert.Equal(["100"], await RunAsync(Task(sql, [new ConnectorSplit("n", [s_id], "numbers", "100")], s_id)));

    [Fact]
    public async Task Inline_rows_hold_every_storage()
    {
        RecordField[] columns =
        [
            new("a", SqlType.Bool), new("b", SqlType.Int2), new("c", SqlType.Float4), new("d", SqlType.NumericOf(20, 3)),
            new("e", SqlType.Numeric),
            new("f", SqlType.Bytea), new("g", SqlType.Date), new("h", SqlType.Timetz), new("i", SqlType.Interval), new("j", SqlType.Uuid),
            new("k", SqlType.Of(PgTypes.Varbit)), new("l", SqlType.Array(SqlType.Array(SqlType.Int4))),
        ];
        EquatableArray<object?> row =
        [
            true, (short)2, 1.5f, new PgNumeric(125, 2), PgNumeric.NaN, new byte[] { 1, 2 }, new PgDate(1),
            new PgTimeTz(3_600_000_000, 7200),
            new PgInterval(1, 2, 3), Guid.Parse("12345678-9abc-def0-1234-56789abcdef0"), new PgBits(10, [0xFF, 0x40]),
            new PgArray([1, 2, 3, null], [2, 2], [1, 1]),
        ];
        var text = new RecordField("text", SqlType.Text);
        Assert.Equal(
            ["true|2|1.5|1.250|NaN|\\x01\\x02|1970-01-02|01:00:00+02|1 month 2 days 00:00:00.000003|"
                + "12345678-9abc-def0-1234-56789abcdef0|1111111101|[[1, 2], [3, NULL]]"],
            await RunAsync(Task(
                $"SELECT concat_ws('|', {string.Join(", ", columns.Select(column => column.Name + "::VARCHAR"))}) FROM r",
                [new InlineRows("r", new EquatableArray<RecordField>(columns), [row])], text)));
    }

    [Fact]
    public async Task Sources_report_their_own_errors()
    {
        var error = await Assert.ThrowsAsync<SqlException>(() =>
            RunAsync(Task("SELECT * FROM n", [new ConnectorSplit("n", [s_id], "numbers", "fail")], s_id)));
        Assert.Equal(SqlState.ConnectionFailure, error.State);
        Assert.Equal("It left.", error.Detail);
        Assert.Null(error.Where);
    }

    [Fact]
    public async Task Unknown_servers_are_refused()
    {
        var error = await Assert.ThrowsAsync<SqlException>(() =>
            RunAsync(Task("SELECT * FROM n", [new ConnectorSplit("n", [s_id], "absent", "1")], s_id)));
        Assert.Equal("08001", error.State.Code);
    }

    [Fact]
    public async Task Wrong_column_types_are_internal_errors()
    {
        var error = await Assert.ThrowsAsync<SqlException>(() => RunAsync(Task("SELECT 1 AS id", [], s_id)));
        Assert.Contains("\"id\"", error.Message, StringComparison.Ordinal);
        Assert.StartsWith("fragment 3, task 00000000000000000000000000000001.3.0.0", error.Where, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ending_early_stops_kernel_and_source()
    {
        var watch = Stopwatch.StartNew();
        await foreach (var batch in
            Runner.RunAsync(Task("SELECT id FROM n", [new ConnectorSplit("n", [s_id], "numbers", "100000000000")], s_id), default))
        {
            batch.Dispose();
            break;
        }

        Assert.True(watch.ElapsedMilliseconds < 2000, $"took {watch.ElapsedMilliseconds} ms");
        Assert.True(Connector.Batches < 2000);
    }

    [Fact]
    public async Task Cancelling_reaches_a_source_that_hangs()
    {
        using var source = new CancellationTokenSource();
        var run = RunAsync(Task("SELECT count(*) AS id FROM n", [new ConnectorSplit("n", [s_id], "numbers", "hang")], s_id), source.Token);
        await Connector.Hanging.Task.WaitAsync(TimeSpan.FromSeconds(30));
        var watch = Stopwatch.StartNew();
        await source.CancelAsync();
        var error = await Assert.ThrowsAsync<SqlException>(() => run);
        Assert.Equal(SqlState.QueryCanceled, error.State);
        Assert.True(watch.ElapsedMilliseconds < 1000, $"took {watch.ElapsedMilliseconds} ms");
        Assert.True(Connector.WasCancelled);
    }

    [Fact]
    public async Task A_slow_reader_bounds_the_source()
    {
        await using var batches = Runner.RunAsync(
            Task("SELECT id FROM n", [new ConnectorSplit("n", [s_id], "numbers", "100000000000")], s_id), default).GetAsyncEnumerator();
        Assert.True(await batches.MoveNextAsync());
        await System.Threading.Tasks.Task.Delay(300);
        Assert.True(Connector.Batches < 200, $"{Connector.Batches} batches");
        batches.Current.Dispose();
    }

    [Fact]
    public async Task Many_tasks_run_at_once()
    {
        var runs = Enumerable.Range(0, 32).Select(_ => RunAsync(
            Task("SELECT sum(id)::BIGINT AS id FROM n", [new ConnectorSplit("n", [s_id], "numbers", "100000")], s_id)));
        foreach (var rows in await System.Threading.Tasks.Task.WhenAll(runs)) Assert.Equal(["4999950000"], rows);
    }

    [Fact]
    public async Task The_time_zone_is_that_of_the_task()
    {
        var task = Task("SELECT (TIMESTAMPTZ '2024-07-01 12:00:00+00')::VARCHAR AS text", [], new RecordField("text", SqlType.Text));
        Assert.Equal(["2024-07-01 12:00:00+00"], await RunAsync(task));
        Assert.Equal(["2024-07-01 14:00:00+02"],
            await RunAsync(task with { Settings = new TaskSettings("Europe/Berlin", "join_filter_pushdown") }));
    }
}
