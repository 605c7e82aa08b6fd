using Federation.CompatTests.Suite.Faults;
using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Slt;

namespace Federation.CompatTests.Suite.Cluster;

/// <summary>How scans are dealt out to workers, and what EXPLAIN says of it.</summary>
[Collection(SuiteCollection.Name)]
public sealed class ClusterSourceTests(SuiteServers servers)
{
    private const int Rows = 300_000;

    [Fact]
    public Task Ranges_of_a_PostgreSQL_table_are_read_under_one_snapshot() => WithClusterAsync(async (oracle, subject) =>
    {
        await MustAsync(oracle, "DROP TABLE IF EXISTS accounts");
        await MustAsync(oracle,
            $"CREATE TABLE accounts AS SELECT i AS id, 100 AS amount, repeat('x', 40) AS filler FROM generate_series(1, {Rows}) i");
        await MustAsync(oracle, "ANALYZE accounts");
        try
        {
            Assert.Contains("2 ranges of ctid under one snapshot", await ExplainAsync(subject, "EXPLAIN SELECT sum(amount) FROM accounts"),
                StringComparison.Ordinal);

            // Amounts move between rows all the time: ranges of different moments would not add up.
            using var ended = new CancellationTokenSource();
            var moves = 0;
            var moving = Task.Run(async () =>
            {
                await using var client = await RawClient.ConnectAsync(servers.Postgres with { Database = "tpch" });
                for (var i = 0; !ended.IsCancellationRequested; i++, moves++)
                    await MustAsync(client,
                        $"UPDATE accounts SET amount = amount + CASE WHEN id = {1 + (i % 1000)} THEN 7 ELSE -7 END WHERE id IN "
                            + $"({1 + (i % 1000)}, {Rows - (i % 1000)})");
            });
            for (var i = 0; i < 8; i++)
                Assert.Equal($"{Rows * 100}|{Rows}",
                    SltFile.Row((await MustAsync(subject, "SELECT sum(amount), count(*) FROM accounts")).Rows[0])
                        .Replace("\t", "|", StringComparison.Ordinal).Replace(" ", "|", StringComparison.Ordinal));
            await ended.CancelAsync();
            await moving;
            Assert.True(moves > 0, "nothing moved");
        }
        finally
        {
            await MustAsync(oracle, "DROP TABLE accounts");
        }
    });

    [Fact]
    public Task Generated_tables_are_spread_and_explained() => WithClusterAsync(async (_, subject) =>
    {
        await MustAsync(subject, "CREATE SERVER generated FOREIGN DATA WRAPPER tpch");
        var text = await ExplainAsync(subject,
            "EXPLAIN ANALYZE SELECT l_returnflag, count(*) FROM generated.sf1.lineitem WHERE l_orderkey % 2 = 0 GROUP BY 1");
        Assert.Contains("2 tasks -> ", text, StringComparison.Ordinal);
        Assert.Contains("rows, ", text, StringComparison.Ordinal);
        Assert.Contains("bytes spooled", text, StringComparison.Ordinal);
        Assert.Matches(@"127\.0\.0\.1:\d+: \d+ rows, \d+ bytes, [\d.]+ ms, [\d.]+ ms of it for the pages", text);
        Assert.Contains("Aggregate by l_returnflag: sum(count)", text, StringComparison.Ordinal);
        Assert.Equal("6001215", (await MustAsync(subject, "SELECT count(l_orderkey) FROM generated.sf1.lineitem")).Rows[0][0]);
        const string Few =
            "EXPLAIN SELECT count(l_tax) FROM generated.tiny.lineitem JOIN generated.sf1.nation ON n_nationkey = l_linenumber";
        await MustAsync(subject, "SET federation.distribution = auto");
        Assert.Contains("\nNot spread over workers: the scans have ~60200 rows, plans are spread from 500000\n",
            await ExplainAsync(subject, Few), StringComparison.Ordinal);
        await MustAsync(subject, "SET federation.distribution = large");
        Assert.Equal(1, (await ExplainAsync(subject, Few)).Split("2 tasks").Length - 1);
        await MustAsync(subject, "SET federation.distribution = always");
        Assert.Equal(2, (await ExplainAsync(subject, Few)).Split("2 tasks").Length - 1);
        await MustAsync(subject, "SET federation.distribution = off");
        Assert.DoesNotContain("2 tasks",
            await ExplainAsync(subject, "EXPLAIN SELECT l_returnflag, count(*) FROM generated.sf1.lineitem GROUP BY 1"),
            StringComparison.Ordinal);
    });

    /// <summary>
    /// Joins by equalities that make several columns equal, also two of one table: however the planner orders and completes them, the rows
    /// are PostgreSQL's.
    /// </summary>
    [Fact]
    public Task Columns_equal_to_the_same_column_join_the_same_rows() => WithClusterAsync(async (oracle, subject) =>
    {
        string[] written =
        [
            "lineitem, partsupp, part WHERE p_partkey = l_partkey AND l_partkey = ps_partkey AND ps_suppkey = l_suppkey AND p_size < 20",
            "lineitem, orders, customer WHERE l_orderkey = o_orderkey AND o_custkey = c_custkey AND c_custkey = l_partkey",
            "partsupp, lineitem WHERE ps_partkey = l_suppkey AND ps_suppkey = l_suppkey",
            "(SELECT a.o_custkey AS x, b.c_nationkey AS y FROM orders a FULL JOIN customer b ON a.o_custkey = b.c_custkey + 1) f, "
                + "supplier WHERE f.x = f.y AND s_suppkey = f.y",
            "(SELECT a.o_custkey AS x, b.c_nationkey AS y FROM orders a FULL JOIN customer b ON a.o_custkey = b.c_custkey + 1) f JOIN "
                + "nation ON n_nationkey > 20 WHERE f.x = f.y",
            // Rows of which nothing but their number counts.
            "customer, nation",
            "part, (SELECT FROM supplier WHERE s_nationkey < 5) s",
            "supplier, customer, nation, region, orders WHERE s_nationkey = n_nationkey AND c_nationkey = s_nationkey AND n_regionkey = "
                + "r_regionkey AND r_name = 'ASIA' AND o_custkey = c_custkey",
        ];
        foreach (var from in written.Concat(RandomJoins(new Random(20261121), 40)))
        {
            var sql = $"SELECT count(*) FROM {from}";
            var expected = (await MustAsync(oracle, sql)).Rows[0][0];
            foreach (var pushdown in (string[])["on", "scan"])
            {
                await MustAsync(subject, $"SET federation.pushdown = {pushdown}");
                Assert.True(expected == (await MustAsync(subject, sql)).Rows[0][0], $"{pushdown}: {sql}");
            }
        }
    });

    /// <summary>
    /// Three to five tables, each joined with one before it by columns of numbers, and up to two more equalities between any of them or
    /// within one.
    /// </summary>
    private static IEnumerable<string> RandomJoins(Random random, int count)
    {
        var columns = new Dictionary<string, string[]>(StringComparer.Ordinal)
        {
            ["supplier"] = ["s_suppkey", "s_nationkey"],
            ["customer"] = ["c_custkey", "c_nationkey"],
            ["part"] = ["p_partkey", "p_size"],
            ["partsupp"] = ["ps_partkey", "ps_suppkey"],
            ["orders"] = ["o_custkey", "o_orderkey"],
            ["nation"] = ["n_nationkey", "n_regionkey"],
        };
        for (var i = 0; i < count; i++)
        {
            var tables = columns.Keys.ToArray();
            random.Shuffle(tables);
            tables = tables[..random.Next(3, 6)];
            var pairs = Enumerable.Range(1, tables.Length - 1).Select(second => (First: random.Next(second), Second: second))
                .Concat(Enumerable.Range(0, random.Next(3))
                    .Select(_ => (First: random.Next(tables.Length), Second: random.Next(tables.Length))));
            var conditions =
                pairs.Select(pair =>
                    $"{random.GetItems(columns[tables[pair.First]], 1)[0]} = {random.GetItems(columns[tables[pair.Second]], 1)[0]}")
                        .ToArray();
            yield return $"{string.Join(", ", tables)} WHERE {string.Join(" AND ", conditions)}";
        }
    }

    /// <summary>Workers look servers up in the committed catalog, so what only this transaction knows is read in the gateway.</summary>
    [Fact]
    public Task A_server_of_an_open_transaction_is_read_without_workers() => WithClusterAsync(async (_, subject) =>
    {
        const string Count = "SELECT count(*) FROM fresh.tiny.lineitem WHERE l_linenumber > 0";
        await MustAsync(subject, "BEGIN");
        await MustAsync(subject, "CREATE SERVER fresh FOREIGN DATA WRAPPER tpch");
        Assert.Equal("60175", (await MustAsync(subject, Count)).Rows[0][0]);
        await MustAsync(subject, "COMMIT");
        Assert.Equal("60175", (await MustAsync(subject, Count)).Rows[0][0]);
        Assert.Contains("2 tasks", await ExplainAsync(subject, "EXPLAIN " + Count), StringComparison.Ordinal);
    });

    private async Task WithClusterAsync(Func<RawClient, RawClient, Task> test)
    {
        await servers.GetTpchAsync();
        var data = Directory.CreateTempSubdirectory("federation-cluster-").FullName;
        try
        {
            await using var gateway =
                await GatewayProcess.StartAsync(data, "--workers", "2", "--allow", servers.Files, "--memory-mb", "2048");
            await using var oracle = await RawClient.ConnectAsync(await servers.AttachTpchAsync(gateway.Address));
            await using var subject = await RawClient.ConnectAsync(gateway.Address with { Database = "tpch" });
            await MustAsync(subject, "SET federation.distribution = always");

            // What the source does alone is not spread.
            await MustAsync(subject, "SET federation.pushdown = scan");
            await test(oracle, subject);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private static async Task<QueryResult> MustAsync(RawClient client, string sql)
    {
        var result = await client.QueryAsync(sql);
        Assert.True(result.Error is null, $"{sql}: {result.Error}");
        return result;
    }

    private static async Task<string> ExplainAsync(RawClient client, string sql) =>
        string.Join('\n', (await MustAsync(client, sql)).Rows.Select(row => row[0]));
}
