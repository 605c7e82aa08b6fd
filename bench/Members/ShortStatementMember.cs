using System.Globalization;

namespace Federation.Bench.Members;

/// <summary>B8: statements that do nothing, by pgbench, on both servers in turn.</summary>
internal static class ShortStatementMember
{
    private static readonly (int Clients, double Goal)[] s_loads = [(1, 1.0), (8, 1.2), (32, 1.5)];

    public static IEnumerable<Measurement> Run(Context context)
    {
        var postgres = context.Postgres;
        using var gateway = new GatewayProcess(context.GatewayBinary);
        var measurements = new List<Measurement>();
        foreach (var (mode, sql) in (ReadOnlySpan<(string, string)>)[("simple", "SELECT 1"),
            ("prepared", "\\set n random(1, 1000)\nSELECT :n::int + 1")])
        {
            using var script = new PgBench(sql);
            foreach (var (clients, goal) in s_loads)
            {
                measurements.Add(Pairs.Compare(
                    new Measurement("B8",
                        $"{(mode == "simple" ? "SELECT 1" : "prepared SELECT $1 + 1")}, {clients} client{(clients == 1 ? "" : "s")}, "
                            + "statements/s", $">= {goal.ToString("0.0", CultureInfo.InvariantCulture)}x of PostgreSQL",
                        ratio => ratio >= goal) { Ratios = [] },
                    context.Pairs,
                    () => script.Load(gateway.Port, "federation", "federation", mode, clients, gateway.CpuSeconds),
                    () => script.Load(postgres.Port, "postgres", "postgres", mode, clients, postgres.CpuSeconds)));
            }
        }

        return measurements;
    }
}
