using System.Diagnostics;
using System.Globalization;
using Federation.CompatTests.Suite.Faults;
using Federation.CompatTests.Suite.Protocol;
using Federation.Plan;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Differential;

/// <summary>
/// Every function that the gateway supports gives PostgreSQL's answers in every place of a query. Which functions are supported is asked of
/// the gateway itself. By default an eighth of them, chosen by the day; with FEDERATION_FULL=1 all of them and other values for an hour.
/// FEDERATION_SEED chooses another sample, FEDERATION_STRESS only functions whose names match, and FEDERATION_FAILURES names a file that
/// takes all failures.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class FunctionStressTests(SuiteServers servers, ITestOutputHelper output)
{
    private const int MostFailuresShown = 20;
    private static readonly int s_seed =
        int.Parse(Environment.GetEnvironmentVariable("FEDERATION_SEED")
            ?? DateTime.UtcNow.ToString("yyyyMMdd", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    [Fact]
    public async Task Functions_answer_as_PostgreSQL_does_in_every_place()
    {
        var data = Directory.CreateTempSubdirectory("federation-stress-").FullName;
        var watch = Stopwatch.StartNew();
        var failures = new List<string>();
        try
        {
            await using var gateway = await GatewayProcess.StartAsync(data, "--workers", "0", "--memory-mb", "2048");
            for (var round = 0; round == 0 || (Full.IsAsked && watch.Elapsed < TimeSpan.FromHours(1)); round++)
            {
                await using var run = await StressRun.StartAsync(servers, gateway, s_seed + round, Full.IsAsked ? 400 : 100);
                await run.RunAsync();
                failures.AddRange(run.Failures);
                output.WriteLine($"{watch.Elapsed}: {run.Summary}");
                if (Environment.GetEnvironmentVariable("FEDERATION_FAILURES") is { } file)
                    await File.WriteAllTextAsync(file, string.Join("\n\n", failures));
                Assert.True(
                    run.Calls > (Environment.GetEnvironmentVariable("FEDERATION_STRESS") is not null
                        ? 0
                        : Full.IsAsked ? 1200 : 1200 / StressRun.SampledPart), $"only {run.Calls} calls are supported");
            }
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }

        Assert.True(failures.Count == 0,
            $"{failures.Count} failed with FEDERATION_SEED={s_seed}\n" + string.Join("\n\n", failures.Take(MostFailuresShown)));
    }
}
