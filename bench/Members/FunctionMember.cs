using System.Globalization;

namespace Federation.Bench.Members;

/// <summary>
/// B13: nested scalar functions over a generated table, through the gateway's socket and by the kernel in this process with the nearest of
/// its own functions, in turn. The kernel's are not PostgreSQL's: they round, overflow and fail otherwise; they say what a row may cost.
/// Sums of the results are asked for, so that rows are computed and not sent. What scanning and summing take is measured alone and taken
/// off both sides.
/// </summary>
internal static class FunctionMember
{
    private const int Rows = 5_000_000;

    /// <summary>Less than this per row lies within the noise of scanning.</summary>
    private const double FloorNanoseconds = 1;

    /// <summary>A name, what users write, and the nearest that the kernel has.</summary>
    private static readonly (string Name, string Ours, string Peer)[] s_expressions =
    [
        ("abs(int) + 1 nested four deep", "sum(abs(abs(abs(abs(i) + 1) + 1) + 1) + 1)", "sum(abs(abs(abs(abs(i) + 1) + 1) + 1) + 1)"),
        ("int division and remainder", "sum(i / k % 7)", "sum(i // k % 7)"),
        ("float arithmetic", "sum(x * 0.5::float8 + y / 3.0::float8 - x * y)", "sum(x * 0.5::DOUBLE + y / 3.0::DOUBLE - x * y)"),
        ("great-circle distance",
            "sum(2 * 6371 * asin(sqrt(power(sin(radians(y - 48.2) / 2), 2) + cos(radians(48.2::float8)) * cos(radians(y)) * "
                + "power(sin(radians(x - 16.4) / 2), 2))))",
            "sum(2 * 6371 * asin(sqrt(power(sin(radians(y - 48.2::DOUBLE) / 2), 2) + cos(radians(48.2::DOUBLE)) * cos(radians(y)) * "
                + "power(sin(radians(x - 16.4::DOUBLE) / 2), 2))))"),
        ("substr, upper", "sum(length(upper(substr(s, 3, 5))))", "sum(length(upper(substr(s, 3, 5))))"),
        ("lpad", "sum(length(lpad(s, 16, '*')))", "sum(length(lpad(s, 16, '*')))"),
        ("nullif, coalesce", "sum(coalesce(nullif(i, 7), 0))", "sum(coalesce(nullif(i, 7), 0))"),
        ("BETWEEN", "count(*) FILTER (WHERE i + 1 BETWEEN 100 AND 1000000)", "count(*) FILTER (WHERE i + 1 BETWEEN 100 AND 1000000)"),
        ("timestamp + interval", "max(t + interval '1 month 3 days')", "max(t + INTERVAL '1 month 3 days')"),
        ("extract year", "sum(extract(year FROM t))", "sum(extract(year FROM t))"),
    ];

    public static IEnumerable<Measurement> Run(Context context)
    {
        var folder = Directory.CreateTempSubdirectory("federation-bench-functions-").FullName;
        try
        {
            using var database = DataSets.OpenKernel(folder);
            using var peer = database.Connect();
            var file = Path.Combine(folder, "numbers.parquet");
            peer.Execute($"""
                COPY (SELECT CAST(hash(n) % 2000000 AS INTEGER) - 1000000 AS i, CAST(hash(n + 1) % 1000 AS INTEGER) + 1 AS k, (hash(n) % 36000) / 100.0::DOUBLE - 180 AS x, (hash(n + 2) % 18000) / 100.0::DOUBLE - 90 AS y,
                    'name ' || (hash(n) % 100000) AS s, TIMESTAMP '2020-01-01' + to_seconds(CAST(hash(n) % 100000000 AS BIGINT)) AS t FROM range({Rows.ToString(CultureInfo.InvariantCulture)}) r(n)) TO '{file}'
                """);
            peer.Execute($"CREATE VIEW numbers AS SELECT * FROM read_parquet('{file}')");
            using var gateway = new GatewayProcess(context.GatewayBinary, "--allow", folder);
            gateway.Execute($"CREATE SERVER functions FOREIGN DATA WRAPPER files OPTIONS (root '{folder}')");
            using var client = gateway.Connect("functions");
            return [.. s_expressions.Select(expression => Compare(context, gateway, client, sql => peer.Execute(sql), expression))];
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Measurement Compare(Context context, GatewayProcess gateway, WireClient client, Action<string> peer,
        (string Name, string Ours, string Peer) expression)
    {
        var columns = string.Join(", ",
            ((string[])["i", "k", "x", "y", "s", "t"]).Where(column => Names(expression.Ours, column)).Select(column => $"max({column})"));
        var scan = $"SELECT {columns} FROM numbers";
        var (ours, theirs) = (new List<double>(), new List<double>());
        var measurement = Pairs.Compare(
            new Measurement("B13", $"{expression.Name}, time per row", "<= 2.0x of the kernel's nearest", ratio => ratio <= 2.0)
                { Ratios = [] },
            context.Pairs,
            () => Net(ours, gateway.CpuSeconds, () => client.Query($"SELECT {expression.Ours} FROM numbers"), () => client.Query(scan)),
            () => Net(theirs, () => Machine.CpuSeconds(Environment.ProcessId), () => peer($"SELECT {expression.Peer} FROM numbers"),
                () => peer(scan)));
        return measurement with
        {
            Note = FormattableString.Invariant($"{Measurement.MedianOf(ours):N1} and {Measurement.MedianOf(theirs):N1} ns above the scan"),
        };
    }

    /// <summary>A column stands as a word of its own in what users write.</summary>
    private static bool Names(string text, string column) =>
        System.Text.RegularExpressions.Regex.IsMatch(text, $@"\b{column}\b", System.Text.RegularExpressions.RegexOptions.CultureInvariant);

    /// <summary>What computing takes beyond scanning the same columns, in nanoseconds per row.</summary>
    private static Sample Net(List<double> seen, Func<double> cpuSeconds, Action compute, Action scan)
    {
        var whole = Pairs.Time(cpuSeconds, compute);
        var alone = Pairs.Time(cpuSeconds, scan);
        var nanoseconds = Math.Max((whole.Value - alone.Value) / Rows * 1e9, FloorNanoseconds);
        seen.Add(nanoseconds);
        return new Sample(nanoseconds, Math.Max(whole.CpuSeconds - alone.CpuSeconds, 0.01));
    }
}
