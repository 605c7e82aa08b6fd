using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;

namespace Federation.Worker.Tests.Tasks;

/// <summary>What tasks spool is read back whole, wherever it was kept, and goes with its query.</summary>
public sealed class SpoolTests : TaskFixture
{
    private const int RowCount = 200_000;
    private static readonly Guid s_query = Guid.Parse("00000000-0000-0000-0000-000000000001");
    private static readonly RecordField[] s_columns = [new("id", SqlType.Int8), new("text", SqlType.Text),
        new("items", SqlType.Array(SqlType.Int4))];
    private readonly List<TaskRunner> _runners = [];

    public override void Dispose()
    {
        foreach (var runner in _runners) runner.Dispose();
        base.Dispose();
    }

    [Theory]
    [InlineData(1L << 30)]
    [InlineData(0L)]
    [InlineData(1L << 20)]
    public async Task Rows_come_back_from_memory_and_from_disk(long memory)
    {
        var runner = NewRunner(memory);
        await using var query = await runner.OpenQueryAsync(s_query, default);
        var report = await runner.SpoolAsync(Producer(0, new TaskOutput.Gather()), default);
        Assert.Equal(RowCount, report.Rows);
        Assert.True(report.Bytes > RowCount * 8, $"{report.Bytes} bytes");
        Assert.True(runner.Spool.MemoryBytes <= memory, $"{runner.Spool.MemoryBytes} bytes in memory");
        Assert.Empty(System.IO.Directory.GetFiles(SpillOf(memory), "*.spool"));
        Assert.Equal([$"{RowCount}|{(long)RowCount * (RowCount - 1) / 2}|{RowCount - (RowCount / 7) - 1}"], await ReadAsync(runner, 0, 0));

        // Any number of readers: a task that is run again reads what the first attempt read.
        Assert.Single(await ReadAsync(runner, 0, 0));
    }

    [Fact]
    public async Task Equal_keys_meet_in_one_partition_whoever_made_them()
    {
        const int Partitions = 5;
        var runner = NewRunner(1 << 20);
        await using var query = await runner.OpenQueryAsync(s_query, default);
        foreach (var part in (int[])[0, 1]) await runner.SpoolAsync(Producer(part, new TaskOutput.Hash([1], Partitions)), default);
        var total = 0;
        var keys = 0;
        for (var partition = 0; partition < Partitions; partition++)
        {
            EquatableArray<ExchangeSource> sources = [Source(0), Source(1)];
            var rows = await RunAsync(runner,
                Reader("SELECT count(*)::BIGINT AS a, count(DISTINCT text)::BIGINT AS b, sum(id)::BIGINT AS c FROM x", sources, partition));
            var cells = rows[0].Split('|').Select(long.Parse).ToArray();
            Assert.True(cells[0] > 0, $"partition {partition} is empty");
            total += (int)cells[0];
            keys += (int)cells[1];
        }

        Assert.Equal(2 * RowCount, total);

        // 'k0' to 'k999': had a key been in two partitions, it would be counted twice.
        Assert.Equal(1000, keys);
    }

    [Fact]
    public async Task A_closed_query_leaves_nothing()
    {
        var runner = NewRunner(1 << 20);
        var query = await runner.OpenQueryAsync(s_query, default);
        await runner.SpoolAsync(Producer(0, new TaskOutput.Broadcast()), default);
        Assert.Equal((1, 1), (runner.Spool.Count, runner.OpenQueryCount));
        await query.DisposeAsync();
        Assert.Equal((0, 0), (runner.Spool.Count, runner.OpenQueryCount));
        Assert.Equal(0, runner.Spool.MemoryBytes);
        var gone = await Assert.ThrowsAsync<SqlException>(() => ReadAsync(runner, 0, 0));
        Assert.Equal((SqlState.ConnectionFailure, ""), (gone.State, gone.LostWorker));
        var late = await Assert.ThrowsAsync<SqlException>(async () =>
            await runner.SpoolAsync(Producer(1, new TaskOutput.Gather()), default));
        Assert.Equal(SqlState.QueryCanceled, late.State);
    }

    [Fact]
    public async Task Closing_a_query_cancels_its_tasks()
    {
        var runner = NewRunner(1 << 20);
        var query = await runner.OpenQueryAsync(s_query, default);
        var endless =
            Producer(0, new TaskOutput.Gather()) with
            {
                Sql = "SELECT count(*)::BIGINT AS id, 'a' AS text, [1]::INTEGER[] AS items FROM range(10000000000) a, range(1000) b",
            };
        var running = runner.SpoolAsync(endless, default).AsTask();
        await System.Threading.Tasks.Task.Delay(300);
        Assert.False(running.IsCompleted);
        await query.DisposeAsync();
        var error = await Assert.ThrowsAsync<SqlException>(() => running.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(SqlState.QueryCanceled, error.State);
        Assert.Equal((0, 0), (runner.Spool.Count, runner.OpenQueryCount));
    }

    [Fact]
    public async Task A_full_disk_fails_the_task_and_nothing_else()
    {
        var runner = NewRunner(0);
        await using var query = await runner.OpenQueryAsync(s_query, default);
        var full = Producer(0, new TaskOutput.Gather());

        // The file of this task is a device on which no write fits.
        File.CreateSymbolicLink(Path.Combine(SpillOf(0), $"{full.Id}.spool"), "/dev/full");
        var error = await Assert.ThrowsAsync<SqlException>(async () => await runner.SpoolAsync(full, default));
        Assert.Equal(SqlState.DiskFull, error.State);
        Assert.Equal(0, runner.Spool.Count);
        Assert.Equal(RowCount, (await runner.SpoolAsync(Producer(1, new TaskOutput.Gather()), default)).Rows);
    }

    [Fact]
    public async Task Partitioning_by_a_column_that_is_not_there_is_refused()
    {
        var runner = NewRunner(0);
        await using var query = await runner.OpenQueryAsync(s_query, default);
        var error = await Assert.ThrowsAsync<SqlException>(async () =>
            await runner.SpoolAsync(Producer(0, new TaskOutput.Hash([3], 2)), default));
        Assert.Equal(SqlState.ProtocolViolation, error.State);
    }

    private string SpillOf(long memory) => Path.Combine(Data, $"spill{memory}");

    private TaskRunner NewRunner(long memory)
    {
        var spill = System.IO.Directory.CreateDirectory(SpillOf(memory)).FullName;
        var runner =
            new TaskRunner(new WorkerOptions { Threads = 2, MemoryLimitBytes = 512 << 20, SpillDirectory = spill,
                ExchangeMemoryBytes = memory }, new NoConnectors());
        _runners.Add(runner);
        return runner;
    }

    private static TaskSpec Producer(int part, TaskOutput output) => Task(
        "SELECT range::BIGINT AS id, CASE WHEN range % 7 = 0 THEN NULL ELSE 'k' || range % 1000 END AS text, [range::INTEGER, NULL] AS "
            + $"items FROM range({RowCount})", [], s_columns) with
    {
        Id = new TaskId(s_query, 1, part, 0),
        Output = output,
    };

    private static ExchangeSource Source(int part) => new(new TaskId(s_query, 1, part, 0), "");

    private static TaskSpec Reader(string sql, EquatableArray<ExchangeSource> sources, int partition) => Task(
        sql, [new ExchangeInput("x", [.. s_columns], [.. sources.Select(source => source with { Partition = partition })])],
        new RecordField("a", SqlType.Int8), new RecordField("b", SqlType.Int8), new RecordField("c", SqlType.Int8));

    private static Task<List<string>> ReadAsync(TaskRunner runner, int part, int partition) =>
        RunAsync(runner,
            Reader("SELECT count(*)::BIGINT AS a, sum(items[1])::BIGINT AS b, count(text)::BIGINT AS c FROM x", [Source(part)], partition));

    private static async Task<List<string>> RunAsync(TaskRunner runner, TaskSpec task)
    {
        var rows = new List<string>();
        await foreach (var batch in runner.RunAsync(task, default))
            using (batch)
                for (var row = 0; row < batch.RowCount; row++)
                    rows.Add(string.Join('|', batch.Columns.Select(column => column.Get<long>(row))));
        return rows;
    }

    private sealed class NoConnectors : Connectors.Spi.IConnectorResolver
    {
        public ValueTask<Connectors.Spi.IConnector> ResolveAsync(string key, CancellationToken cancellationToken) =>
            throw new SqlException(SqlState.InternalError, key);
    }
}
