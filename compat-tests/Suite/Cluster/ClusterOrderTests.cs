using Federation.CompatTests.Suite.Faults;
using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Slt;

namespace Federation.CompatTests.Suite.Cluster;

/// <summary>
/// Every worker sorts its rows and the coordinator merges: the rows come in PostgreSQL's order, whatever the type, the direction and the
/// place of NULLs.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class ClusterOrderTests(SuiteServers servers)
{
    private const int Rows = 6_000;

    /// <summary>A type and an expression over i that gives its edges, repeated values and, in other rows, NULL.</summary>
    private static readonly (string Type, string Value)[] s_columns =
    [
        ("boolean", "i % 3 = 0"),
        ("smallint", "(i * 37 % 65536 - 32768)::smallint"),
        ("integer", "i * 7919 % 4001 - 2000"),
        ("bigint", "(i - 3000)::bigint * 3074457345618258"),
        ("real", "(array['NaN', 'Infinity', '-Infinity', '0', '1.5', '-1e-30', '3e38'])[1 + i % 7]::real"),
        ("double precision",
            "case i % 9 when 0 then 'NaN' when 1 then '-Infinity' when 2 then 'Infinity' else (sin(i) * 1e10)::text end::float8"),
        ("numeric(12,2)", "(i % 701 - 350) * 1.25"),
        ("numeric",
            "(array['NaN', '1.0', '1.00', '-7', '12345678901234567890123456789012345678901234567890', '0.000000000001', '-0.5', '10', "
                + "'9'])[1 + i % 9]::numeric"),
        ("text", "(array['', 'a', 'A', 'ab', 'a ', 'é', 'z', '~', '😀', 'abc'])[1 + i % 10] || repeat('x', i % 3)"),
        ("varchar(20)", "'row ' || i % 997"),
        ("char(6)", "substr('abcdef', 1, i % 7)"),
        ("bytea", "decode((array['00', '0000', '01', '0001', 'ff', 'ff00', '', '7f80'])[1 + i % 8], 'hex')"),
        ("date",
            "case i % 50 when 0 then 'infinity' when 1 then '-infinity' else (date '2000-01-01' + (i * 37 % 5000 - 2500))::text end::date"),
        ("time", "time '00:00' + i % 1440 * interval '1 minute'"),
        ("timetz", "((array['00:00+00', '00:00+01', '01:00+01', '00:00-01', '23:59:59+00', '12:00+05:30'])[1 + i % 6])::timetz"),
        ("timestamp",
            "case i % 60 when 0 then 'infinity' when 1 then '-infinity' else (timestamp '2020-01-01' + (i * 17 % 3001 - 1500) * interval "
                + "'1 hour')::text end::timestamp"),
        ("timestamptz", "timestamptz '2020-01-01 00:00+00' + (i * 17 % 3001) * interval '1 millisecond'"),
        ("interval",
            "((array['1 month', '30 days', '720 hours', '29 days 24 hours', '1 day', '24 hours', '-1 month', '1 year -360 days', '0', '31 "
                + "days', '1 month -2 days'])[1 + i % 11])::interval"),
        ("uuid", "md5((i % 500)::text)::uuid"),
        ("bit(5)", "(i % 32)::bit(5)"),
        ("bit varying", "substring((i % 64)::bit(8)::varbit from 1 for 1 + i % 8)"),
        ("integer[]", "(array[i % 3, case when i % 4 > 0 then i % 5 end, i])[1:1 + i % 3]"),
        ("text[]", "(array['a' || i % 7, 'b'])[1:i % 3]"),
        ("inet", "('10.0.' || i % 3 || '.' || i % 200 || '/' || 24 + i % 9)::inet"),
        ("money", "((i % 401) - 200)::money"),
        ("oid", "(i::bigint * 700000)::oid"),
    ];

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Merged_rows_come_in_PostgreSQLs_order(int workers)
    {
        await servers.GetTpchAsync();
        var data = Directory.CreateTempSubdirectory("federation-order-").FullName;
        try
        {
            await using var gateway =
                await GatewayProcess.StartAsync(data, "--workers", $"{workers}", "--allow", servers.Files, "--memory-mb", "2048");
            await using var oracle = await RawClient.ConnectAsync(await servers.AttachTpchAsync(gateway.Address));
            await using var subject = await RawClient.ConnectAsync(gateway.Address with { Database = "tpch" });
            await MustAsync(subject, "SET federation.distribution = always");
            await MustAsync(oracle, "DROP TABLE IF EXISTS sorted");
            var columns = s_columns.Select((column, i) => $"case when i % {11 + i} <> 0 then ({column.Value})::{column.Type} end as c{i}");
            await MustAsync(oracle,
                $"CREATE TABLE sorted AS SELECT i AS id, {string.Join(", ", columns)} FROM (SELECT (i * 7919) % {Rows} + 1 AS i FROM "
                    + $"generate_series(1, {Rows}) i) s");
            await MustAsync(oracle, "ANALYZE sorted");

            // What the source does alone is not spread.
            await MustAsync(subject, "SET federation.pushdown = scan");
            try
            {
                for (var i = 0; i < s_columns.Length; i++)
                {
                    var order = (i % 4) switch { 0 => "", 1 => "DESC", 2 => "NULLS FIRST", _ => "DESC NULLS LAST" };
                    await SameAsync(oracle, subject, $"SELECT id, c{i} FROM sorted ORDER BY c{i} {order}, id");
                    await SameAsync(oracle, subject,
                        $"SELECT id FROM sorted ORDER BY c{i} {(i % 4 > 1 ? "" : "DESC NULLS LAST")}, id DESC LIMIT 50 OFFSET {i * 100}");
                }

                await SameAsync(oracle, subject, "SELECT * FROM sorted ORDER BY c2 DESC, c6 NULLS FIRST, c8 DESC NULLS LAST, id");
                await SameAsync(oracle, subject, "SELECT FROM sorted ORDER BY c2 LIMIT 5");
                await SameAsync(oracle, subject,
                    "SELECT id, string_agg(c9, ',') FROM sorted GROUP BY id ORDER BY 2 DESC NULLS LAST, 1 OFFSET 5");
                await SameAsync(oracle, subject, $"SELECT id FROM sorted ORDER BY id OFFSET {Rows}");
                await SameAsync(oracle, subject,
                    "SELECT upper(c8), (SELECT max(id) FROM sorted) - id FROM sorted ORDER BY c0, c1, id LIMIT 100");
                await SameAsync(oracle, subject,
                    "WITH a AS (SELECT c9, id FROM sorted WHERE id % 2 = 0) SELECT a.c9, b.id FROM a JOIN sorted b ON b.id = a.id ORDER "
                        + "BY a.c9, b.id DESC");

                // An error that shows only after rows were merged.
                var error = await subject.QueryAsync($"SELECT 1 / (id - {Rows - 1}) FROM sorted ORDER BY id");
                Assert.Equal("22012", error.Error!.Code);
            }
            finally
            {
                await MustAsync(oracle, "DROP TABLE sorted");
            }
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    /// <summary>Half a million rows of files, every row's place known.</summary>
    [Fact]
    public async Task Large_results_are_merged_completely()
    {
        await servers.GetTpchAsync();
        var data = Directory.CreateTempSubdirectory("federation-order-").FullName;
        try
        {
            await using var gateway =
                await GatewayProcess.StartAsync(data, "--workers", "2", "--allow", servers.Files, "--memory-mb", "1024");
            await servers.AttachTpchAsync(gateway.Address);
            await using var subject = await RawClient.ConnectAsync(gateway.Address with { Database = "tpch" });
            await MustAsync(subject, "CREATE SERVER generated FOREIGN DATA WRAPPER tpch");
            await MustAsync(subject, "SET federation.distribution = always");
            const string Sql = "SELECT o_orderkey, o_comment FROM generated.sf1.orders WHERE o_orderkey % 3 = 0 ORDER BY o_orderkey DESC";
            var plan = string.Join('\n', (await MustAsync(subject, "EXPLAIN " + Sql)).Rows.Select(row => row[0]));
            Assert.Contains("Merge by o_orderkey DESC", plan, StringComparison.Ordinal);
            Assert.Contains("Fragment 0  2 tasks -> client (stream)", plan, StringComparison.Ordinal);
            var keys = (await MustAsync(subject, Sql)).Rows
                .Select(row => int.Parse(row[0]!, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
            await MustAsync(subject, "SET federation.distribution = off");
            var count = (await MustAsync(subject,
                "SELECT count(*), sum(o_orderkey) FROM generated.sf1.orders WHERE o_orderkey % 3 = 0")).Rows[0];
            Assert.Equal(count[0], $"{keys.Length}");
            Assert.Equal(count[1], $"{keys.Sum(key => (long)key)}");
            Assert.True(keys.Zip(keys.Skip(1)).All(pair => pair.First > pair.Second), "not in order");
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    /// <summary>
    /// A worker that is lost while it sorts costs time; one that is lost while its rows are read ends the query, because nobody knows which
    /// rows come next.
    /// </summary>
    [Fact]
    public async Task Lost_workers_never_cost_rows_or_their_order()
    {
        var data = Directory.CreateTempSubdirectory("federation-order-").FullName;
        try
        {
            await using var gateway = await GatewayProcess.StartAsync(data, "--workers", "3", "--memory-mb", "1024");
            await using var subject = await RawClient.ConnectAsync(gateway.Address);
            await MustAsync(subject, "CREATE SERVER generated FOREIGN DATA WRAPPER tpch");
            await MustAsync(subject, "SET federation.distribution = always");
            const string Sorted =
                "SELECT l_orderkey, l_linenumber FROM generated.sf1.lineitem WHERE l_orderkey % 50 = 0 ORDER BY l_comment, l_orderkey, "
                    + "l_linenumber";
            var expected = (await MustAsync(subject, Sorted)).Rows.Select(SltFile.Row).ToArray();
            Assert.True(expected.Length > 100_000, $"{expected.Length} rows");
            var running = subject.QueryAsync(Sorted);
            await Task.Delay(300);
            Assert.False(running.IsCompleted, "the query was over before a worker could be killed");
            Kill(gateway.WorkerIds()[0]);
            var survived = await running;
            Assert.True(survived.Error is null, $"{survived.Error}");
            Assert.Equal(expected, survived.Rows.Select(SltFile.Row));

            // More rows than sockets and queues hold, read slowly: some are still on the workers when one of them ends.
            await using var connection = new Npgsql.NpgsqlConnection(gateway.Address.ConnectionString + ";Command Timeout=180");
            await connection.OpenAsync();
            await using (var set = new Npgsql.NpgsqlCommand("SET federation.distribution = always", connection))
                await set.ExecuteNonQueryAsync();
            await using (var command = new Npgsql.NpgsqlCommand(
                "SELECT o_orderkey, o_comment FROM generated.sf1.orders WHERE o_orderkey % 2 = 0 ORDER BY o_orderkey", connection))
            {
                var last = 0L;
                await using var reader = await command.ExecuteReaderAsync();
                Assert.True(await reader.ReadAsync());
                await Task.Delay(1000);
                var resident = System.Diagnostics.Process.GetProcessById(gateway.Id).WorkingSet64;
                Kill(gateway.WorkerIds()[0]);
                var error = await Assert.ThrowsAnyAsync<Npgsql.NpgsqlException>(async () =>
                {
                    do
                    {
                        Assert.True(reader.GetInt64(0) > last, $"{reader.GetInt64(0)} after {last}");
                        last = reader.GetInt64(0);
                    }
                    while (await reader.ReadAsync());
                });
                Assert.Equal("08006", error.SqlState);
                Assert.InRange(last, 1, 5_999_999L);
                Assert.InRange(resident, 1, 500L << 20);
            }

            // And a reader that has seen enough stops the workers.
            await using (var command = new Npgsql.NpgsqlCommand(
                "SELECT o_orderkey, o_comment FROM generated.sf1.orders WHERE o_orderkey % 2 = 0 ORDER BY o_orderkey DESC", connection))
            {
                await using var reader = await command.ExecuteReaderAsync();
                Assert.True(await reader.ReadAsync());
                var watch = System.Diagnostics.Stopwatch.StartNew();
                await Task.Run(command.Cancel);
                var rows = 1;
                var error = await Assert.ThrowsAsync<OperationCanceledException>(async () =>
                {
                    // The rows on the way still come.
                    while (await reader.ReadAsync()) rows++;
                    Assert.Fail($"all was over after {rows} rows, without an error");
                });
                Assert.Equal("57014", ((Npgsql.PostgresException)error.InnerException!).SqlState);
                Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"cancelled after {watch.Elapsed}");
            }

            await using var after = new Npgsql.NpgsqlCommand("SELECT max(o_orderkey) FROM generated.sf1.orders", connection);
            Assert.Equal(6_000_000L, await after.ExecuteScalarAsync());
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static void Kill(int process)
    {
        using var worker = System.Diagnostics.Process.GetProcessById(process);
        worker.Kill();
    }

    private static async Task SameAsync(RawClient oracle, RawClient subject, string sql)
    {
        var expected = await MustAsync(oracle, sql);
        var actual = await subject.QueryAsync(sql);
        Assert.True(actual.Error is null, $"{sql}: {actual.Error}");
        var (wanted, given) = (expected.Rows.Select(SltFile.Row).ToArray(), actual.Rows.Select(SltFile.Row).ToArray());
        Assert.True(wanted.Length == given.Length, $"{sql}: {given.Length} rows instead of {wanted.Length}");
        for (var i = 0; i < wanted.Length; i++) Assert.True(wanted[i] == given[i], $"{sql}: row {i} is {given[i]} instead of {wanted[i]}");
        var plan = await MustAsync(subject, "EXPLAIN " + sql);
        Assert.True(plan.Rows.Any(row => row[0]!.Contains("Merge by", StringComparison.Ordinal)),
            $"{sql}: not merged\n{string.Join('\n', plan.Rows.Select(row => row[0]))}");
    }

    private static async Task<QueryResult> MustAsync(RawClient client, string sql)
    {
        var result = await client.QueryAsync(sql);
        Assert.True(result.Error is null, $"{sql}: {result.Error}");
        return result;
    }
}
