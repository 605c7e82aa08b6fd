using System.Globalization;
using Federation.CompatTests.Suite.Protocol;
using Federation.Host;
using Microsoft.Extensions.Logging.Abstractions;

namespace Federation.CompatTests.Suite.Sessions;

/// <summary>What system.queries and pg_stat_activity tell of statements while they run and afterwards.</summary>
[Collection(SuiteCollection.Name)]
public sealed class QueryLogTests(SuiteServers servers)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_remote_query_and_a_file_query_tell_their_rows_and_sources()
    {
        await servers.GetTpchAsync();
        await using var client = await RawClient.ConnectAsync(servers.Gateway);
        foreach (var (name, table) in ((string, string)[])
        [
            ("tpch.public.nation", "tpch.public.nation"),
            ("tpch_files.public.nation", "tpch_files.public.nation"),
        ])
        {
            var mark = $"m{Guid.NewGuid():N}";
            Assert.Null((await client.QueryAsync($"SELECT n_nationkey AS {mark}, n_name FROM {name} ORDER BY 1")).Error);
            var row = await OneAsync(client, mark);
            Assert.Equal(("finished", "25", null), (row[0], row[1], row[2]));
            Assert.Contains(table, row[3], StringComparison.Ordinal);
            Assert.True(double.Parse(row[4]!, CultureInfo.InvariantCulture) > 0);
        }
    }

    [Fact]
    public async Task A_statement_is_there_while_it_runs_and_afterwards_as_cancelled()
    {
        await using var runner = await RawClient.ConnectAsync(servers.Gateway);
        await using var watcher = await RawClient.ConnectAsync(servers.Gateway);
        var mark = $"m{Guid.NewGuid():N}";
        var running = runner.QueryAsync($"SELECT pg_sleep(1000) AS {mark}");
        var row = await WaitAsync(watcher, mark, "running");
        Assert.Equal((null, "0"), (row[2], row[1]));
        var activity = await watcher.QueryAsync($"SELECT pid, state FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%{mark}'");
        Assert.Equal("active", Assert.Single(activity.Rows)[1]);
        await watcher.QueryAsync($"SELECT pg_cancel_backend({activity.Rows[0][0]})");
        Assert.Equal("57014", (await running).Error?.Code);
        Assert.Equal("57014", (await WaitAsync(watcher, mark, "cancelled"))[2]);
    }

    [Theory]
    [InlineData("SELECT 1 / (x - x) AS {0} FROM generate_series(1, 3) AS x", "22012")]
    [InlineData("SELECT {0} FROM no_such_table", "42P01")]
    [InlineData("SELEC {0}", "42601")]
    public async Task A_failed_statement_keeps_its_state(string sql, string code)
    {
        await using var client = await RawClient.ConnectAsync(servers.Gateway);
        var mark = $"m{Guid.NewGuid():N}";
        Assert.Equal(code, (await client.QueryAsync(string.Format(CultureInfo.InvariantCulture, sql, mark))).Error?.Code);
        Assert.Equal(code, (await WaitAsync(client, mark, "failed"))[2]);
    }

    [Fact]
    public async Task Each_execution_of_a_prepared_statement_is_a_statement_of_its_own()
    {
        await using var client = await RawClient.ConnectAsync(servers.Gateway);
        var mark = $"m{Guid.NewGuid():N}";
        await client.ExecuteAsync($"SELECT x AS {mark} FROM generate_series(1, $1::int) AS x", ["7"]);
        await client.ExecuteAsync($"SELECT x AS {mark} FROM generate_series(1, $1::int) AS x", ["9"]);
        var rows = await client.QueryAsync(
            $"SELECT rows FROM system.queries WHERE query LIKE '%{mark}%' AND query NOT LIKE '%system.queries%' ORDER BY rows");
        Assert.Equal(["7", "9"], rows.Rows.Select(row => row[0]));
    }

    [Fact]
    public async Task Values_and_passwords_are_not_kept()
    {
        await using var client = await RawClient.ConnectAsync(servers.Gateway);
        var mark = $"m{Guid.NewGuid():N}";
        await client.QueryAsync($"SELECT 'a secret value' AS {mark}");
        await client.QueryAsync($"CREATE USER MAPPING FOR CURRENT_USER SERVER {mark} OPTIONS (password 'a secret value')");
        var rows = await client.QueryAsync(
            $"SELECT query FROM system.queries WHERE query LIKE '%{mark}%' AND query NOT LIKE '%system.queries%'");
        Assert.Equal(2, rows.Rows.Count);
        Assert.All(rows.Rows, row => Assert.DoesNotContain("secret", row[0], StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_log_outlives_the_gateway()
    {
        var folder = Directory.CreateTempSubdirectory("federation-queries-").FullName;
        var mark = $"m{Guid.NewGuid():N}";
        try
        {
            for (var start = 0; start < 2; start++)
            {
                await using var gateway = await Gateway.StartAsync(
                    new ServeOptions { Port = 0, FlightPort = -1, DataDirectory = folder, MemoryLimitBytes = InProcess.MemoryLimitBytes },
                    NullLoggerFactory.Instance, CancellationToken.None);
                await using var client =
                    await RawClient.ConnectAsync(new ServerAddress("127.0.0.1", gateway.EndPoint.Port, "ann", "federation"));
                if (start == 0) await client.QueryAsync($"SELECT x AS {mark} FROM generate_series(1, 3) AS x");
                else Assert.Equal(("finished", "3"), (await OneAsync(client, mark)) is var row ? (row[0], row[1]) : default);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string?[]> OneAsync(RawClient client, string mark) => Assert.Single((await FindAsync(client, mark)).Rows);

    private static async Task<string?[]> WaitAsync(RawClient client, string mark, string state)
    {
        using var limit = new CancellationTokenSource(s_limit);
        while (true)
        {
            var result = await FindAsync(client, mark);
            Assert.Null(result.Error);
            if (result.Rows.FirstOrDefault(row => row[0] == state) is { } found) return found;
            await Task.Delay(20, limit.Token);
        }
    }

    private static Task<QueryResult> FindAsync(RawClient client, string mark) => client.QueryAsync(
        $"SELECT state, rows, sqlstate, sources, elapsed_ms FROM system.queries WHERE query LIKE '%{mark}%' AND query NOT LIKE "
            + "'%system.queries%'");
}
