namespace Federation.Bench.Members;

/// <summary>B10 and B12a: six million rows of lineitem, received and thrown away by the same client.</summary>
internal static class BulkMember
{
    public const string Sql = "SELECT * FROM lineitem";
    private const long Rows = 6_001_215;

    /// <summary>B10: from Parquet through the gateway, and from PostgreSQL's own table.</summary>
    public static IEnumerable<Measurement> Run(Context context)
    {
        var postgres = context.Postgres;
        using var gateway = context.StartOverParquet("--memory-mb", "1024");
        using var ours = gateway.Connect("files");
        using var peer = postgres.Connect();
        var text = Pairs.Compare(
            new Measurement("B10", "lineitem in text, rows/s", ">= 3x of PostgreSQL", ratio => ratio >= 3) { Ratios = [] },
            context.Pairs,
            () => Drain(gateway.CpuSeconds, () => ours.Query(Sql)),
            () => Drain(postgres.CpuSeconds, () => peer.Query(Sql)));
        var binary = Pairs.Compare(
            new Measurement("B10", "lineitem in binary, rows/s", ">= 4x of PostgreSQL", ratio => ratio >= 4) { Ratios = [] },
            context.Pairs,
            () => Drain(gateway.CpuSeconds, () => ours.QueryBinary(Sql)),
            () => Drain(postgres.CpuSeconds, () => peer.QueryBinary(Sql)));
        var peak = FormattableString.Invariant($"gateway at most {gateway.PeakBytes() >> 20} MiB");
        return [text with { Note = peak }, binary with { Note = peak }];
    }

    /// <summary>B12a: from PostgreSQL through the gateway, and from the same server at once.</summary>
    public static IEnumerable<Measurement> RunFederated(Context context)
    {
        var postgres = context.Postgres;
        using var gateway = new GatewayProcess(context.GatewayBinary);
        gateway.Execute(
            $"CREATE SERVER pg FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{Processes.Text(postgres.Port)}', dbname "
                + "'postgres')",
            "CREATE USER MAPPING FOR CURRENT_USER SERVER pg OPTIONS (user 'postgres')");
        using var ours = gateway.Connect("pg");
        using var peer = postgres.Connect();
        var pull = Pairs.Compare(
            new Measurement("B12a", "lineitem from PostgreSQL through the gateway, rows/s", ">= 0.7x of a direct read",
                ratio => ratio >= 0.7) { Ratios = [] },
            context.Pairs,
            () => Drain(() => gateway.CpuSeconds() + postgres.CpuSeconds(), () => ours.Query(Sql)),
            () => Drain(postgres.CpuSeconds, () => peer.Query(Sql)));
        return [pull with
        {
            Note = FormattableString.Invariant($"gateway at most {gateway.PeakBytes() >> 20} MiB; CPU with PostgreSQL's"),
        }];
    }

    public static Sample Drain(Func<double> cpuSeconds, Func<Drained> read)
    {
        var drained = default(Drained);
        var sample = Pairs.Time(cpuSeconds, () => drained = read());
        if (drained.Rows != Rows)
            throw new InvalidOperationException(FormattableString.Invariant($"{drained.Rows} rows came instead of {Rows}"));
        return sample with { Value = Rows / sample.Value };
    }
}
