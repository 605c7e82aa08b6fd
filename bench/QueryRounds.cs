namespace Federation.Bench;

/// <summary>Runs the queries of a set on both sides in turn, round by round. Times are compared as (t + 1 ms).</summary>
internal static class QueryRounds
{
    private const double Floor = 0.001;

    private const int WarmUpRounds = 3;

    /// <param name="pairs">Rounds that are measured.</param>
    /// <param name="queries">Names and texts.</param>
    /// <param name="mean">Takes the geometric mean of each round.</param>
    /// <param name="worst">Takes the ratios of the query that is slowest by its median.</param>
    /// <param name="ours">Runs a query on our side.</param>
    /// <param name="peer">Runs a query on the other side.</param>
    public static List<Measurement> Compare(
        int pairs, IReadOnlyList<(string Name, string Sql)> queries, Measurement mean, Measurement worst, Func<string, Sample> ours,
        Func<string, Sample> peer)
    {
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
        for (var pair = 0; pair < pairs; pair++)
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
            Progress.Say(
                $"  {mean.Member} {name}: ours {best[name].Ours * 1000:N1} ms, peer {best[name].Peer * 1000:N1} ms at best, median ratio {Measurement.MedianOf(ratios[name]):N2}");
        var slowest = ratios.MaxBy(query => Measurement.MedianOf(query.Value));
        return
        [
            mean with { Ratios = means, CpuRatios = cpu, Steal = steals },
            worst with { Ratios = slowest.Value, Steal = steals, Note = slowest.Key },
        ];
    }
}
