using System.Globalization;
using System.Text.RegularExpressions;

namespace Federation.Bench.Members;

/// <summary>B8: statements that do nothing, by pgbench, on both servers in turn.</summary>
internal static partial class ShortStatementMember
{
    private const string Seconds = "2";

    private static readonly (int Clients, double Goal)[] s_loads = [(1, 1.0), (8, 1.2), (32, 1.5)];

    public static IEnumerable<Measurement> Run(Context context)
    {
        var postgres = context.Postgres;
        using var gateway = new GatewayProcess(context.GatewayBinary);
        var script = Path.GetTempFileName();
        var measurements = new List<Measurement>();
        try
        {
            foreach (var (mode, sql) in (ReadOnlySpan<(string, string)>)[("simple", "SELECT 1"), ("prepared", "\\set n random(1, 1000)\nSELECT :n::int + 1")])
            {
                File.WriteAllText(script, sql + ";\n");
                foreach (var (clients, goal) in s_loads)
                {
                    measurements.Add(Pairs.Compare(
                        new Measurement("B8", $"{(mode == "simple" ? "SELECT 1" : "prepared SELECT $1 + 1")}, {clients} client{(clients == 1 ? "" : "s")}, statements/s", $">= {goal.ToString("0.0", CultureInfo.InvariantCulture)}x of PostgreSQL", ratio => ratio >= goal) { Ratios = [] },
                        context.Pairs,
                        () => Load(gateway.Port, "federation", "federation", mode, clients, script, gateway.CpuSeconds),
                        () => Load(postgres.Port, "postgres", "postgres", mode, clients, script, postgres.CpuSeconds)));
                }
            }
        }
        finally
        {
            File.Delete(script);
        }

        return measurements;
    }

    /// <summary>Statements per second, and the server's CPU seconds per 100,000 of them.</summary>
    private static Sample Load(int port, string user, string database, string mode, int clients, string script, Func<double> cpuSeconds)
    {
        var before = cpuSeconds();
        var output = Processes.Run(
            PostgresProcess.Tool("pgbench"), "-n", "-h", "127.0.0.1", "-p", Processes.Text(port), "-U", user, "-M", mode, "-c", Processes.Text(clients), "-j", "1", "-T", Seconds, "-f", script, database);
        var done = double.Parse(Done().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
        // PostgreSQL's processes of the clients that have just left are counted when they are reaped.
        Thread.Sleep(200);
        var rate = double.Parse(Rate().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
        return new Sample(rate, (cpuSeconds() - before) / done * 100_000);
    }

    [GeneratedRegex(@"transactions actually processed: (\d+)", RegexOptions.CultureInvariant)]
    private static partial Regex Done();

    [GeneratedRegex(@"tps = ([\d.]+)", RegexOptions.CultureInvariant)]
    private static partial Regex Rate();
}
