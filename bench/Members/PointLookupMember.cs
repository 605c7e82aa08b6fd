using System.Globalization;

namespace Federation.Bench.Members;

/// <summary>
/// B14: one row of an attached PostgreSQL by its key, against PgBouncer before the same server: what a program between client and server
/// costs at the least.
/// </summary>
internal static class PointLookupMember
{
    private const int Rows = 1_000_000;

    private static readonly (string Mode, double Goal)[] s_modes = [("simple", 0.3), ("prepared", 0.5)];

    public static IEnumerable<Measurement> Run(Context context)
    {
        var postgres = context.Postgres;
        Fill(postgres);
        using var bouncer = new BouncerProcess(postgres.Port);
        using var gateway = new GatewayProcess(context.GatewayBinary);
        gateway.Execute(
            $"CREATE SERVER bank FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{Processes.Text(postgres.Port)}', dbname "
                + "'postgres')",
            "CREATE USER MAPPING FOR PUBLIC SERVER bank OPTIONS (user 'postgres')");
        using var script = new PgBench($"\\set id random(1, {Processes.Text(Rows)})\nSELECT balance FROM public.accounts WHERE id = :id");
        // Code that has just been loaded is compiled again once it has run for a while.
        foreach (var (mode, _) in s_modes) script.Load(gateway.Port, "federation", "bank", mode, 8, gateway.CpuSeconds);
        var measurements = new List<Measurement>();
        foreach (var (mode, goal) in s_modes)
        {
            foreach (var clients in (int[])[1, 8, 32])
            {
                measurements.Add(Pairs.Compare(
                    new Measurement("B14",
                        $"one row of PostgreSQL by key, {mode}, {clients} client{(clients == 1 ? "" : "s")}, statements/s",
                        $">= {goal.ToString("0.0", CultureInfo.InvariantCulture)}x of PgBouncer", ratio => ratio >= goal) { Ratios = [] },
                    context.Pairs,
                    () => script.Load(gateway.Port, "federation", "bank", mode, clients, gateway.CpuSeconds),
                    () => script.Load(bouncer.Port, "postgres", "postgres", mode, clients, bouncer.CpuSeconds)));
            }
        }

        return measurements;
    }

    /// <summary>Makes the table with its index unless a run before has.</summary>
    public static void Fill(PostgresProcess postgres)
    {
        using var client = postgres.Connect();
        client.Query(
            "CREATE TABLE IF NOT EXISTS accounts AS SELECT i AS id, i % 1000 AS balance, rpad('', 84) AS filler FROM generate_series(1, "
                + $"{Processes.Text(Rows)}) AS i");
        client.Query("CREATE UNIQUE INDEX IF NOT EXISTS accounts_key ON accounts (id)");
        client.Query("VACUUM ANALYZE accounts");
    }
}
