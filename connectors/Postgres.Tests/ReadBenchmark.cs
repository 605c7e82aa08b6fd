using System.Diagnostics;
using Federation.Connectors.Spi;
using Federation.Core.Tasks;
using Npgsql;
using Xunit.Abstractions;

namespace Federation.Connectors.Postgres.Tests;

/// <summary>Runs only when the environment variable FEDERATION_BENCHMARK is set: it takes time and asserts nothing about it.</summary>
public sealed class BenchmarkFactAttribute : FactAttribute
{
    public BenchmarkFactAttribute()
    {
        if (Environment.GetEnvironmentVariable("FEDERATION_BENCHMARK") is null) Skip = "set FEDERATION_BENCHMARK=1 to run";
    }
}

/// <summary>
/// How fast rows of a wide table become batches, against drains of the same server: psql and the driver's raw COPY stream, which parse
/// nothing, and the driver's data reader, which parses all.
/// </summary>
[Collection(PostgresCollection.Name)]
public sealed class ReadBenchmark(PostgresFixture fixture, ITestOutputHelper output)
{
    private const int Rows = 1_000_000;
    private const int Rounds = 3;
    private const string Copy = "COPY (SELECT * FROM lineitem) TO STDOUT (FORMAT BINARY)";

    [BenchmarkFact]
    public async Task Wide_table()
    {
        await CreateAsync();
        await using var connector = fixture.Connect();
        var found = await connector.FindAsync("lineitem");
        var plan = await connector.PlanAsync(found.Handle, [.. found.Columns.Select(column => column.Name)]);
        var split = (ConnectorSplit)plan.Splits[0];
        for (var round = 0; round < Rounds; round++)
        {
            var drained = await TimeAsync(DrainWithPsqlAsync);
            var raw = await TimeAsync(DrainRawAsync);
            var processor = Environment.CpuUsage.TotalTime;
            var read = await TimeAsync(() => ReadAsync(connector, split));
            processor = Environment.CpuUsage.TotalTime - processor;
            var driver = await TimeAsync(ReadWithDriverAsync);
            output.WriteLine(
                $"psql {Rate(drained)}, raw stream {Rate(raw)}, data reader {Rate(driver)}, connector {Rate(read)} M rows/s: "
                + $"{drained / read:0.00} of psql, {raw / read:0.00} of the raw stream; {processor.TotalMicroseconds / Rows:0.00} µs of CPU per row here");
        }
    }

    /// <summary>Point queries: the round trips and allocations around the rows.</summary>
    [BenchmarkFact]
    public async Task One_row()
    {
        const int queries = 2000;
        await fixture.Server.ExecuteAsync("CREATE TABLE IF NOT EXISTS points AS SELECT i AS id, 'label ' || i AS label FROM generate_series(1, 1000) AS i");
        await using var connector = fixture.Connect();
        var found = await connector.FindAsync("points");
        var limited = ((ILimitPushdown)connector).PushLimit(found.Handle, 1)!;
        var split = (ConnectorSplit)(await connector.PlanAsync(limited, ["id", "label"])).Splits[0];
        await using var source = NpgsqlDataSource.Create(fixture.Server.ConnectionString.Replace("Pooling=false", "", StringComparison.Ordinal));
        for (var round = 0; round < Rounds; round++)
        {
            var copy = await TimeAsync(async () =>
            {
                for (var i = 0; i < queries; i++) await ReadAsync(connector, split);
            });
            var extended = await TimeAsync(async () =>
            {
                for (var i = 0; i < queries; i++)
                {
                    await using var command = source.CreateCommand("SELECT id, label FROM public.points LIMIT 1");
                    await using var reader = await command.ExecuteReaderAsync();
                    while (await reader.ReadAsync()) _ = reader.GetInt32(0) + reader.GetString(1).Length;
                }
            });
            output.WriteLine($"one row: COPY {copy / queries * 1e6:0} µs, extended query {extended / queries * 1e6:0} µs");
        }
    }

    private static string Rate(double seconds) => (Rows / seconds / 1e6).ToString("0.00", System.Globalization.CultureInfo.InvariantCulture);

    private static async Task<double> TimeAsync(Func<Task> action)
    {
        var watch = Stopwatch.StartNew();
        await action();
        return watch.Elapsed.TotalSeconds;
    }

    private static async Task ReadAsync(IConnector connector, ConnectorSplit split)
    {
        await foreach (var batch in ((IPageSource)connector).ReadAsync(split, CancellationToken.None)) batch.Dispose();
    }

    private async Task DrainWithPsqlAsync()
    {
        var info = new ProcessStartInfo("psql", ["-X", "-q", "-h", "127.0.0.1", "-p", $"{fixture.Server.Port}", "-U", "postgres", "-o", "/dev/null", "-c", Copy, "postgres"])
        {
            UseShellExecute = false,
        };
        using var process = Process.Start(info)!;
        await process.WaitForExitAsync();
    }

    private async Task DrainRawAsync()
    {
        await using var connection = await fixture.Server.OpenAsync();
        await using var stream = await connection.BeginRawBinaryCopyAsync(Copy);
        var buffer = new byte[128 << 10];
        while (await stream.ReadAsync(buffer, 0, buffer.Length) > 0)
        {
        }
    }

    private async Task ReadWithDriverAsync()
    {
        await using var connection = await fixture.Server.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT * FROM lineitem", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var values = new object[reader.FieldCount];
        while (await reader.ReadAsync()) reader.GetValues(values);
    }

    private Task CreateAsync() => fixture.Server.ExecuteAsync(
        $"""
        CREATE TABLE IF NOT EXISTS lineitem AS
        SELECT i::bigint AS l_orderkey, (i * 7 % 200000)::bigint AS l_partkey, (i * 13 % 10000)::bigint AS l_suppkey, i % 7 AS l_linenumber,
               (i % 50 + 1)::numeric(15, 2) AS l_quantity, (i * 31 % 10000000 / 100.0)::numeric(15, 2) AS l_extendedprice,
               (i % 11 / 100.0)::numeric(15, 2) AS l_discount, (i % 9 / 100.0)::numeric(15, 2) AS l_tax,
               substr('NRA', i % 3 + 1, 1)::char(1) AS l_returnflag, substr('OF', i % 2 + 1, 1)::char(1) AS l_linestatus,
               date '1992-01-01' + i % 2500 AS l_shipdate, date '1992-01-01' + i % 2500 + 30 AS l_commitdate, date '1992-01-01' + i % 2500 + 10 AS l_receiptdate,
               'DELIVER IN PERSON'::char(25) AS l_shipinstruct, 'TRUCK'::char(10) AS l_shipmode, 'carefully final requests ' || i AS l_comment
        FROM generate_series(1, {Rows}) AS i;
        ANALYZE lineitem
        """);
}
