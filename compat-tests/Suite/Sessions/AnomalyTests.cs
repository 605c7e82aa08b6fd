using System.Globalization;
using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Sessions;

/// <summary>
/// The anomalies of <see cref="Anomaly"/> at each isolation level over one, two and five tables, on PostgreSQL, on one gateway and on two
/// gateways with one catalog. What PostgreSQL prevents, Federation prevents; what the manual says is what PostgreSQL does, so that a
/// schedule that shows nothing is noticed. Each transaction that writes also adds a row to every table.
/// </summary>
public sealed class AnomalyTests(TwoGateways gateways) : IClassFixture<TwoGateways>
{
    private static readonly string[] s_levels = ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public async Task Anomalies_happen_at_no_level_that_excludes_them(int tables)
    {
        var wrong = new List<string>();
        foreach (var isolation in Enum.GetValues<Isolation>())
        {
            // The weaker levels look at one table at a time anyway.
            if (tables > 2 && isolation != Isolation.Serializable && !Full.IsAsked) continue;
            foreach (var anomaly in Anomaly.All)
            {
                var isPrevented = isolation >= anomaly.PreventedBy;
                var oracle = await RunAsync(anomaly, isolation, tables, _ => gateways.Postgres, gateways.Postgres);
                if (anomaly.Happened(oracle) == isPrevented) wrong.Add($"PostgreSQL, {anomaly}, {isolation}: {oracle}");
                Check("one gateway", await RunAsync(anomaly, isolation, tables, _ => gateways.Embedded, null));
                if (tables == 2 || Full.IsAsked)
                {
                    Check("two gateways", await RunAsync(
                        anomaly, isolation, tables, session => session % 2 == 1 ? gateways.First : gateways.Second, null));
                }

                void Check(string where, Schedule schedule)
                {
                    if ((isPrevented && anomaly.Happened(schedule)) || !schedule.HasAnyCommitted)
                        wrong.Add($"{where}, {anomaly}, {isolation}: {schedule}");
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    /// <param name="locks">The server where statements may wait for others; null where they never do.</param>
    private static async Task<Schedule> RunAsync(Anomaly anomaly, Isolation isolation, int tables, Func<int, ServerAddress> serverOf,
        ServerAddress? locks)
    {
        await using var watcher = await RawClient.ConnectAsync(locks ?? serverOf(1));
        await watcher.RunAsync("DROP SCHEMA IF EXISTS anomaly CASCADE");
        await watcher.RunAsync("CREATE SCHEMA anomaly");
        var names = Enumerable.Range(0, tables).Select(i => $"anomaly.t{i.ToString(CultureInfo.InvariantCulture)}").ToList();
        foreach (var name in names)
        {
            await watcher.RunAsync($"CREATE TABLE {name} (id int, v int)");
            await watcher.RunAsync($"INSERT INTO {name} VALUES (1, 10), (2, 20)");
        }

        var schedule = new Schedule();
        var sessions = new Dictionary<int, (RawClient Client, Task Last)>();
        try
        {
            foreach (var line in anomaly.Steps.Split('\n'))
            {
                var transaction = line[1] - '0';
                var sql = line[3..].Replace(" x ", $" {names[0]} ", StringComparison.Ordinal)
                    .Replace(" y ", $" {names[^1]} ", StringComparison.Ordinal);
                if (sql.EndsWith(" x", StringComparison.Ordinal)) sql = $"{sql[..^1]}{names[0]}";
                if (!sessions.TryGetValue(transaction, out var session))
                {
                    session = (await RawClient.ConnectAsync(serverOf(transaction)), Task.CompletedTask);
                    await session.Client.RunAsync($"BEGIN ISOLATION LEVEL {s_levels[(int)isolation]}");
                }

                await session.Last;
                session.Last = StepAsync(session.Client, transaction, sql, names, schedule);
                sessions[transaction] = session;
                if (locks is null) await session.Last;
                else await WaitAsync(session.Last, session.Client, watcher);
            }

            await Task.WhenAll(sessions.Values.Select(session => session.Last));
        }
        finally
        {
            foreach (var session in sessions.Values) await session.Client.DisposeAsync();
        }

        return schedule;
    }

    private static async Task StepAsync(RawClient client, int transaction, string sql, IReadOnlyList<string> tables, Schedule schedule)
    {
        if (sql == "COMMIT")
        {
            // A transaction that has written adds a row everywhere; one that has failed is told so by its tag.
            if (!schedule.IsReader(transaction))
                foreach (var table in tables)
                    await client.QueryAsync($"INSERT INTO {table} VALUES ({100 + transaction}, 0)");
            var ended = await client.QueryAsync(sql);
            if (ended.Error is null && ended.Tag == "COMMIT") schedule.Committed(transaction);
            else if (ended.Error is { } failure) Assert.Equal("40001", failure.Code);
            return;
        }

        var result = await client.QueryAsync(sql);
        if (result.Error is { } error)
        {
            Assert.True(error.Code is "40001" or "25P02", $"{sql}: {error}");
            return;
        }

        if (!sql.StartsWith("SELECT", StringComparison.Ordinal)) schedule.Wrote(transaction);
        foreach (var row in result.Rows) schedule.Saw(transaction, row[0]!);
    }

    /// <summary>Waits until the statement has ended or waits for another transaction.</summary>
    private static async Task WaitAsync(Task statement, RawClient client, RawClient watcher)
    {
        while (!statement.IsCompleted)
        {
            var blocked = await watcher.QueryAsync($"SELECT 1 WHERE cardinality(pg_blocking_pids({client.Key.ProcessId})) > 0");
            if (blocked.Rows.Count > 0) return;
            await Task.Delay(5);
        }

        await statement;
    }
}
