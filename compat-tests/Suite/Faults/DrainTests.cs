using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Faults;

/// <summary>SIGTERM lets running statements end.</summary>
public sealed class DrainTests
{
    /// <summary>More than the sockets hold, so that the statement goes on until its reader has nearly all.</summary>
    private const int Rows = 600_000;

    /// <summary>A process that hangs is told from one that drains.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task Running_statement_is_answered_in_full()
    {
        var folder = Directory.CreateTempSubdirectory("federation-drain-").FullName;
        try
        {
            await using var gateway = await GatewayProcess.StartAsync(folder, "--memory-mb", "256");
            var reading =
                Task.Run(() =>
                    SlowReader.ReadAsync(gateway.Address, $"SELECT x, repeat('abcdefgh', 32) FROM generate_series(1, {Rows}) x"));
            await using (var other = await RawClient.ConnectAsync(gateway.Address))
                while ((await other.QueryAsync(
                    "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT x, repeat%'")).Rows.Count == 0)
                    await Task.Delay(10);
            Assert.False(reading.IsCompleted, "the statement was over before the signal");
            Assert.Equal(0, await gateway.TerminateAsync(s_limit));
            Assert.Equal($"SELECT {Rows}", (await reading).Tag);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
