using System.Globalization;
using System.Text;

namespace Federation.Bench;

/// <summary>bench/RESULTS.md: the newest measurement of each member. A run of some members keeps the rows of the others.</summary>
internal static class ResultsFile
{
    private const string Head = """
        # Results

        Written by `./do bench --write`. Each pair is two runs made in turn; the ratio is ours to the peer, median and range of the pairs. Fewer than five pairs tell little. CPU is the ratio of user and system
        seconds of the two servers for the same work. Steal is the time that other machines took while measuring. Absolute times mean nothing on a shared machine, so there are none.

        | Member | What | Goal | Ratio | CPU | Met | Pairs | Steal | Cores, CPU | Build, day | Note |
        |---|---|---|---|---|---|---|---|---|---|---|
        """;

    public static string Row(Measurement measurement, string build)
    {
        var row = new StringBuilder();
        var ratios = measurement.Ratios;
        var culture = CultureInfo.InvariantCulture;
        row.Append(culture,
            $"| {measurement.Member} | {measurement.Name} | {measurement.Goal} | {measurement.Median:0.00} ({ratios.Min():0.00} .. "
                + $"{ratios.Max():0.00}) ");
        row.Append(measurement.CpuRatios.Count == 0
            ? "| "
            : string.Create(culture, $"| {Measurement.MedianOf(measurement.CpuRatios):0.00} "));
        row.Append(culture,
            $"| {(measurement.IsMet(measurement.Median) ? "yes" : "no")} | {ratios.Count} | {Measurement.MedianOf(measurement.Steal):P0} "
                + $"| {Environment.ProcessorCount}, {Machine.Model} ");
        row.Append(culture,
            $"| {build}, {DateTime.UtcNow:yyyy-MM-dd} | "
                + $"{measurement.Note}{(measurement.Rejected > 0 ? $"{(measurement.Note.Length > 0 ? "; " : "")}{measurement.Rejected} pairs left out" : "")} |");
        return row.ToString();
    }

    public static void Write(string path, IReadOnlyList<string> rows, IReadOnlyCollection<string> measured)
    {
        var kept = File.Exists(path)
            ? File.ReadLines(path).Where(line => line.StartsWith("| B", StringComparison.Ordinal) && !measured.Contains(MemberOf(line)))
            : [];
        var all = kept.Concat(rows)
            .OrderBy(row => int.Parse(new string([.. MemberOf(row).Skip(1).TakeWhile(char.IsAsciiDigit)]), CultureInfo.InvariantCulture));
        File.WriteAllText(path, $"{Head}\n{string.Join('\n', all)}\n");
    }

    private static string MemberOf(string row) => row.Split('|')[1].Trim();
}
