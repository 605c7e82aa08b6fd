using System.Diagnostics;

namespace Federation.CompatTests.Suite.Faults;

/// <summary>SIGTERM lets running statements end.</summary>
public sealed class DrainTests
{
    private const int Rows = 2_000_000;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(40);

    /// <summary>What takes longer than a signal's usual grace: the reader alone pauses for two seconds.</summary>
    [Fact]
    public async Task Running_statement_is_answered_in_full()
    {
        var folder = Directory.CreateTempSubdirectory("federation-drain-").FullName;
        try
        {
            await using var gateway = await GatewayProcess.StartAsync(folder, "--memory-mb", "256");
            var reading = Task.Run(() => SlowReader.ReadAsync(gateway.Address, $"SELECT x, repeat('abcdefgh', 32) FROM generate_series(1, {Rows}) x"));
            await Task.Delay(1000);
            Assert.False(reading.IsCompleted, "the statement was over before the signal");
            var watch = Stopwatch.StartNew();
            Assert.Equal(0, await gateway.TerminateAsync(s_limit));
            Assert.True(watch.Elapsed > TimeSpan.FromSeconds(2), $"ended after {watch.Elapsed}");
            Assert.Equal($"SELECT {Rows}", (await reading).Tag);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
