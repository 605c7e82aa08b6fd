using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Federation.Bench.Members;

/// <summary>B15 and B16: tables of the lake against PostgreSQL's own: one row by its key, commits of one row, and a load by COPY.</summary>
internal static class LakeMember
{
    private const int Lookups = 300;
    private const int LoadedRows = 5_000_000;

    /// <summary>B15: the median time of a prepared lookup in a table of a million rows.</summary>
    public static IEnumerable<Measurement> RunLookups(Context context)
    {
        var postgres = context.Postgres;
        PointLookupMember.Fill(postgres);
        using var gateway = new GatewayProcess(context.GatewayBinary);
        gateway.Execute(
            "CREATE TABLE accounts AS SELECT i AS id, i % 1000 AS balance, rpad('', 84) AS filler FROM generate_series(1, 1000000) AS i");
        using var ours = Open(gateway);
        using var peer = new NpgsqlConnection(postgres.ConnectionString);
        peer.Open();
        var best = double.MaxValue;
        var measured = Pairs.Compare(
            new Measurement("B15", "one row of a lake table by key, prepared, median time", "<= 2 ms", _ => best <= 0.002) { Ratios = [] },
            context.Pairs,
            () =>
            {
                var sample = Lookup(ours, gateway.CpuSeconds);
                best = Math.Min(best, sample.Value);
                return sample;
            },
            () => Lookup(peer, postgres.CpuSeconds));
        using var share =
            new NpgsqlCommand(
                "SELECT (100 * sum(planning_ms) / sum(elapsed_ms))::int FROM system.queries WHERE query LIKE 'SELECT balance%' AND state "
                    + "= 'finished'", ours);
        return [measured with
        {
            Note = string.Create(CultureInfo.InvariantCulture,
                $"{best * 1000:0.00} ms in the best pair, {share.ExecuteScalar()} % of it planning; ratio to PostgreSQL with an index"),
        }];
    }

    /// <summary>B16: commits of one row each, and five million rows by COPY.</summary>
    public static IEnumerable<Measurement> RunWrites(Context context)
    {
        var postgres = context.Postgres;
        using (var client = postgres.Connect())
        {
            client.Query("CREATE TABLE IF NOT EXISTS written (id int, t text)");
            client.Query("DROP DATABASE IF EXISTS bench_catalog");
            client.Query("CREATE DATABASE bench_catalog");
        }

        var measurements = new List<Measurement>();
        using var insert = new PgBench("\\set id random(1, 1000000)\nINSERT INTO written VALUES (:id, 'one row')");
        (string Name, string[] Options)[] stores =
        [
            ("SQLite", []),
            ("PostgreSQL", ["--catalog", $"Host=127.0.0.1;Port={Processes.Text(postgres.Port)};Database=bench_catalog;Username=postgres"]),
        ];
        foreach (var (name, options) in stores)
        {
            using var gateway = new GatewayProcess(context.GatewayBinary, options);
            gateway.Execute("CREATE TABLE written (id int, t text)");
            foreach (var clients in (int[])[1, 8])
            {
                measurements.Add(Pairs.Compare(
                    new Measurement("B16", $"INSERT of one row, catalog in {name}, {clients} client{(clients == 1 ? "" : "s")}, commits/s",
                        "none", _ => true) { Ratios = [], Note = "the peer does not sync its log" },
                    context.Pairs,
                    () => insert.Load(gateway.Port, "federation", "federation", "simple", clients, gateway.CpuSeconds),
                    () => insert.Load(postgres.Port, "postgres", "postgres", "simple", clients, postgres.CpuSeconds)));
            }
        }

        measurements.Add(Load(context, postgres));
        return measurements;
    }

    private static Measurement Load(Context context, PostgresProcess postgres)
    {
        var file = Path.GetTempFileName();
        try
        {
            Psql(postgres.Port, "postgres", "postgres", $"\\copy (SELECT * FROM lineitem LIMIT {Processes.Text(LoadedRows)}) TO '{file}'");
            using var gateway = new GatewayProcess(context.GatewayBinary);
            // The types are PostgreSQL's, and the table of each run is a new one.
            gateway.Execute(
                $"CREATE SERVER pg FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{Processes.Text(postgres.Port)}', "
                    + "dbname 'postgres')",
                "CREATE USER MAPPING FOR CURRENT_USER SERVER pg OPTIONS (user 'postgres')");
            return Pairs.Compare(
                new Measurement("B16", "COPY FROM of five million rows of lineitem, rows/s", ">= 1.0x of PostgreSQL", ratio => ratio >= 1)
                    { Ratios = [] },
                context.Pairs,
                () => Load(gateway.Port, "federation", "federation", "CREATE TABLE loading AS SELECT * FROM pg.public.lineitem LIMIT 0",
                    file, gateway.CpuSeconds),
                () => Load(postgres.Port, "postgres", "postgres", "CREATE TABLE loading AS SELECT * FROM lineitem LIMIT 0", file,
                    postgres.CpuSeconds))
                with { Note = FormattableString.Invariant($"gateway at most {gateway.PeakBytes() >> 20} MiB") };
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static Sample Load(int port, string user, string database, string create, string file, Func<double> cpuSeconds)
    {
        Psql(port, user, database, "DROP TABLE IF EXISTS loading");
        Psql(port, user, database, create);
        var sample = Pairs.Time(cpuSeconds, () => Psql(port, user, database, $"\\copy loading FROM '{file}'"));
        return sample with { Value = LoadedRows / sample.Value };
    }

    private static void Psql(int port, string user, string database, string command) =>
        Processes.Run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", Processes.Text(port), "-U", user, "-d",
            database, "-c", command);

    private static NpgsqlConnection Open(GatewayProcess gateway)
    {
        var connection = new NpgsqlConnection(
            $"Host=127.0.0.1;Port={Processes.Text(gateway.Port)};Username=federation;Database=federation;Pooling=false;Command Timeout=0");
        connection.Open();
        return connection;
    }

    /// <summary>The median of the seconds that a lookup takes.</summary>
    private static Sample Lookup(NpgsqlConnection connection, Func<double> cpuSeconds)
    {
        using var command = new NpgsqlCommand("SELECT balance FROM accounts WHERE id = $1", connection);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = 1 });
        command.Prepare();
        var times = new double[Lookups];
        var before = cpuSeconds();
        for (var i = 0; i < Lookups; i++)
        {
            ((NpgsqlParameter<int>)command.Parameters[0]).TypedValue = 1 + (i * 7919 % 1_000_000);
            var start = Stopwatch.GetTimestamp();
            if (command.ExecuteScalar() is null) throw new InvalidOperationException("a row is missing");
            times[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        return new Sample(Measurement.MedianOf(times), cpuSeconds() - before);
    }
}
