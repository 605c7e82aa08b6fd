namespace Federation.Bench.Members;

/// <summary>
/// B1: the 22 queries of TPC-H over Parquet at scale factor 1, through the gateway's socket and by the kernel in this process, the same
/// text, in turn.
/// </summary>
internal static class TpchMember
{
    public static IEnumerable<Measurement> Run(Context context)
    {
        using var gateway = context.StartOverParquet();
        using var client = gateway.Connect("files");
        using var kernel = DataSets.OpenKernel(context.Parquet);
        using var peer = kernel.Connect();
        foreach (var table in DataSets.Tables)
            peer.Execute($"CREATE VIEW {table} AS SELECT * FROM read_parquet('{context.Parquet}/{table}.parquet')");
        return QueryRounds.Compare(
            context.Pairs,
            context.TpchQueries(),
            new Measurement("B1", "TPC-H over Parquet, time, geometric mean", "<= 1.1x of the kernel", ratio => ratio <= 1.1)
                { Ratios = [] },
            new Measurement("B1", "TPC-H over Parquet, time, worst query", "<= 1.5x of the kernel", ratio => ratio <= 1.5) { Ratios = [] },
            sql => Pairs.Time(gateway.CpuSeconds, () => client.Query(sql)),
            sql => Pairs.Time(() => Machine.CpuSeconds(Environment.ProcessId), () => peer.Execute(sql)));
    }

    /// <summary>
    /// B6: the same queries on a gateway with two further worker processes and on one without: as the planner decides, which leaves queries
    /// whole that would not gain, and with every scan of a large table spread.
    /// </summary>
    public static IEnumerable<Measurement> RunDistributed(Context context)
    {
        using var distributed = context.StartOverParquet("--workers", "2");
        using var single = context.StartOverParquet();
        using var ours = distributed.Connect("files");
        using var peer = single.Connect("files");
        List<Measurement> Measure(string setting, string plans)
        {
            ours.Query($"SET federation.distribution = {setting}");
            return QueryRounds.Compare(
                context.Pairs,
                context.TpchQueries(),
                new Measurement("B6", $"TPC-H with two worker processes, {plans}, time, geometric mean", "<= 1.5x of one process",
                    ratio => ratio <= 1.5) { Ratios = [] },
                new Measurement("B6", $"TPC-H with two worker processes, {plans}, time, worst query", "none", _ => true) { Ratios = [] },
                sql => Pairs.Time(distributed.CpuSeconds, () => ours.Query(sql)),
                sql => Pairs.Time(single.CpuSeconds, () => peer.Query(sql)));
        }

        return [.. Measure("auto", "plans as chosen"), .. Measure("large", "every large table spread")];
    }
}
