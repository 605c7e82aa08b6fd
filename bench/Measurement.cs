using System.Diagnostics;

namespace Federation.Bench;

/// <summary>One run of one side.</summary>
/// <param name="Value">What is compared: seconds, or operations per second.</param>
internal readonly record struct Sample(double Value, double CpuSeconds);

/// <summary>A row of the results: ours relative to the peer, over pairs of runs made one after the other.</summary>
/// <param name="Goal">In words, for the reader.</param>
/// <param name="IsMet">Whether a median reaches the goal.</param>
internal sealed record Measurement(string Member, string Name, string Goal, Func<double, bool> IsMet)
{
    /// <summary>Ours ÷ peer, one per pair.</summary>
    public required IReadOnlyList<double> Ratios { get; init; }

    /// <summary>CPU seconds of ours ÷ of the peer for the same work.</summary>
    public IReadOnlyList<double> CpuRatios { get; init; } = [];

    /// <summary>Steal during the pairs, 0 to 1.</summary>
    public IReadOnlyList<double> Steal { get; init; } = [];

    /// <summary>Pairs left out because other machines took too much of their time; when too few are left, all are used.</summary>
    public int Rejected { get; init; }

    public string Note { get; init; } = "";

    public double Median => MedianOf(Ratios);

    public static double MedianOf(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        if (sorted.Length == 0) return double.NaN;
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    public static double GeometricMean(IReadOnlyCollection<double> values) => Math.Exp(values.Average(Math.Log));
}

/// <summary>Runs two sides in turn and compares each run with the one beside it.</summary>
internal static class Pairs
{
    // A shared machine is never quiet: pairs above this are measured again, as far as time allows.
    private const double MostSteal = 0.10;

    public static Measurement Compare(Measurement measurement, int pairs, Func<Sample> ours, Func<Sample> peer)
    {
        ours();
        peer();
        var all = new List<(double Ratio, double Cpu, double Steal)>();
        for (var i = 0; i < pairs * 2 && (i < pairs || all.Count(pair => pair.Steal <= MostSteal) < pairs); i++)
        {
            var before = Machine.ReadTime();
            var (a, b) = (ours(), peer());
            var steal = MachineTime.StealBetween(before, Machine.ReadTime());
            all.Add((a.Value / b.Value, a.CpuSeconds / Math.Max(b.CpuSeconds, 0.01), steal));
            Progress.Say(
                $"  {measurement.Name} pair {i + 1}: ours {a.Value:N3}, peer {b.Value:N3}, ratio {a.Value / b.Value:N2}, CPU {a.CpuSeconds:N2} s and {b.CpuSeconds:N2} s, steal {steal:P0}");
        }

        var quiet = all.Where(pair => pair.Steal <= MostSteal).ToList();
        var used = quiet.Count >= pairs ? quiet : all;
        return measurement with
        {
            Ratios = [.. used.Select(pair => pair.Ratio)],
            CpuRatios = [.. used.Select(pair => pair.Cpu)],
            Steal = [.. used.Select(pair => pair.Steal)],
            Rejected = all.Count - used.Count,
        };
    }

    /// <summary>Seconds that something takes, with the CPU seconds that a process spent meanwhile.</summary>
    public static Sample Time(Func<double> cpuSeconds, Action action)
    {
        var cpu = cpuSeconds();
        var watch = Stopwatch.StartNew();
        action();
        return new Sample(watch.Elapsed.TotalSeconds, cpuSeconds() - cpu);
    }
}

/// <summary>Tells on standard error what is going on.</summary>
internal static class Progress
{
    private static readonly Stopwatch s_watch = Stopwatch.StartNew();

    public static void Say(FormattableString text) =>
        Console.Error.WriteLine(FormattableString.Invariant($"{s_watch.Elapsed.TotalSeconds,6:N1} s ") + FormattableString.Invariant(text));
}
