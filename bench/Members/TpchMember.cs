namespace Federation.Bench.Members;

/// <summary>
/// B1: the 22 queries of TPC-H over Parquet at scale factor 1, through the gateway's socket and by the kernel in this process, the same text, in turn. Times are compared as (t + 1 ms).
/// </summary>
internal static class TpchMember
{
    private const double Floor = 0.001;

    private const int WarmUpRounds = 3;

    public static IEnumerable<Measurement> Run(Context context)
    {
        using var gateway = context.StartOverParquet();
        using var client = gateway.Connect("files");
        using var kernel = DataSets.OpenKernel(context.Parquet);
        using var peer = kernel.Connect();
        foreach (var table in DataSets.Tables) peer.Execute($"CREATE VIEW {table} AS SELECT * FROM read_parquet('{context.Parquet}/{table}.parquet')");
        return Compare(
            context,
            new Measurement("B1", "TPC-H over Parquet, time, geometric mean", "<= 1.1x of the kernel", ratio => ratio <= 1.1) { Ratios = [] },
            new Measurement("B1", "TPC-H over Parquet, time, worst query", "<= 1.5x of the kernel", ratio => ratio <= 1.5) { Ratios = [] },
            sql => Pairs.Time(gateway.CpuSeconds, () => client.Query(sql)),
            sql => Pairs.Time(() => Machine.CpuSeconds(Environment.ProcessId), () => peer.Execute(sql)));
    }

    /// <summary>B6: the same queries on a gateway with two further worker processes and on one without: as the planner decides, which leaves queries whole that would not gain, and with every scan of a large table spread.</summary>
    public static IEnumerable<Measurement> RunDistributed(Context context)
    {
        using var distributed = context.StartOverParquet("--workers", "2");
        using var single = context.StartOverParquet();
        using var ours = distributed.Connect("files");
        using var peer = single.Connect("files");
        List<Measurement> Measure(string setting, string plans)
        {
            ours.Query($"SET federation.distribution = {setting}");
            return Compare(
                context,
                new Measurement("B6", $"TPC-H with two worker processes, {plans}, time, geometric mean", "<= 1.5x of one process", ratio => ratio <= 1.5) { Ratios = [] },
                new Measurement("B6", $"TPC-H with two worker processes, {plans}, time, worst query", "none", _ => true) { Ratios = [] },
                sql => Pairs.Time(distributed.CpuSeconds, () => ours.Query(sql)),
                sql => Pairs.Time(single.CpuSeconds, () => peer.Query(sql)));
        }

        return [.. Measure("auto", "plans as chosen"), .. Measure("large", "every large table spread")];
    }

    private static List<Measurement> Compare(Context context, Measurement mean, Measurement worst, Func<string, Sample> ours, Func<string, Sample> peer)
    {
        var queries = context.TpchQueries();
        // Files and plans are warm after one round; code is compiled for good only after it has run some dozen times.
        for (var round = 0; round < WarmUpRounds; round++)
        {
            foreach (var (_, sql) in queries)
            {
                ours(sql);
                peer(sql);
            }
        }

        var ratios = queries.ToDictionary(query => query.Name, _ => new List<double>(), StringComparer.Ordinal);
        var (means, cpu, steals) = (new List<double>(), new List<double>(), new List<double>());
        var best = queries.ToDictionary(query => query.Name, _ => (Ours: double.MaxValue, Peer: double.MaxValue), StringComparer.Ordinal);
        for (var pair = 0; pair < context.Pairs; pair++)
        {
            var before = Machine.ReadTime();
            var (cpuOurs, cpuPeer) = (0.0, 0.0);
            var round = new List<double>();
            foreach (var (name, sql) in queries)
            {
                var (a, b) = (ours(sql), peer(sql));
                round.Add((a.Value + Floor) / (b.Value + Floor));
                ratios[name].Add(round[^1]);
                best[name] = (Math.Min(best[name].Ours, a.Value), Math.Min(best[name].Peer, b.Value));
                cpuOurs += a.CpuSeconds;
                cpuPeer += b.CpuSeconds;
            }

            means.Add(Measurement.GeometricMean(round));
            cpu.Add(cpuOurs / Math.Max(cpuPeer, 0.01));
            steals.Add(MachineTime.StealBetween(before, Machine.ReadTime()));
            Progress.Say($"  {mean.Member} round {pair + 1}: geometric mean {means[^1]:N2}, CPU {cpu[^1]:N2}, steal {steals[^1]:P0}");
        }

        foreach (var (name, _) in queries)
            Progress.Say($"  {mean.Member} {name}: ours {best[name].Ours * 1000:N1} ms, peer {best[name].Peer * 1000:N1} ms at best, median ratio {Measurement.MedianOf(ratios[name]):N2}");
        var slowest = ratios.MaxBy(query => Measurement.MedianOf(query.Value));
        return
        [
            mean with { Ratios = means, CpuRatios = cpu, Steal = steals },
            worst with { Ratios = slowest.Value, Steal = steals, Note = slowest.Key },
        ];
    }
}
