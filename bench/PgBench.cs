using System.Globalization;
using System.Text.RegularExpressions;

namespace Federation.Bench;

/// <summary>A statement that PostgreSQL's own load generator sends over and over. Disposal removes its script.</summary>
internal sealed partial class PgBench : IDisposable
{
    private const string Seconds = "2";

    private readonly string _script = Path.GetTempFileName();

    /// <param name="script">Lines of a script as pgbench has them.</param>
    public PgBench(string script) => File.WriteAllText(_script, script + ";\n");

    /// <summary>Statements per second, and the server's CPU seconds per 100,000 of them.</summary>
    /// <param name="mode">simple, extended or prepared.</param>
    public Sample Load(int port, string user, string database, string mode, int clients, Func<double> cpuSeconds)
    {
        var before = cpuSeconds();
        var output = Processes.Run(
            PostgresProcess.Tool("pgbench"), "-n", "-h", "127.0.0.1", "-p", Processes.Text(port), "-U", user, "-M", mode, "-c",
            Processes.Text(clients), "-j", "1", "-T", Seconds, "-f", _script, database);
        var done = double.Parse(Done().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
        // PostgreSQL's processes of the clients that have just left are counted when they are reaped.
        Thread.Sleep(200);
        var rate = double.Parse(Rate().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
        return new Sample(rate, (cpuSeconds() - before) / done * 100_000);
    }

    public void Dispose() => File.Delete(_script);

    [GeneratedRegex(@"transactions actually processed: (\d+)", RegexOptions.CultureInvariant)]
    private static partial Regex Done();

    [GeneratedRegex(@"tps = ([\d.]+)", RegexOptions.CultureInvariant)]
    private static partial Regex Rate();
}
