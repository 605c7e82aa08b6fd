using System.Globalization;

namespace Federation.Bench;

/// <summary>Time of all cores since the machine started, in clock ticks.</summary>
internal readonly record struct MachineTime(long Busy, long Idle, long Steal)
{
    /// <summary>The part of the time between two readings that other machines took, 0 to 1.</summary>
    public static double StealBetween(MachineTime before, MachineTime after)
    {
        var steal = after.Steal - before.Steal;
        var all = after.Busy - before.Busy + after.Idle - before.Idle + steal;
        return all == 0 ? 0 : (double)steal / all;
    }
}

/// <summary>What the kernel tells of the machine and of processes, from /proc.</summary>
internal static class Machine
{
    private const double TicksPerSecond = 100;

    public static string Model { get; } = File.ReadLines("/proc/cpuinfo")
        .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown";

    public static long MemoryBytes { get; } = ReadKilobytes("/proc/meminfo", "MemTotal:") << 10;

    public static MachineTime ReadTime()
    {
        // cpu user nice system idle iowait irq softirq steal …
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1)
            .Select(Number).ToArray();
        return new MachineTime(fields[0] + fields[1] + fields[2] + fields[5] + fields[6], fields[3] + fields[4], fields[7]);
    }

    /// <summary>User and system seconds of a process, of its children that live, and of those that it waited for.</summary>
    public static double CpuSeconds(int process)
    {
        var seconds = Own(process, withReaped: true);
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var child)) continue;
            if (Stat(child) is { } stat && Number(stat[1]) == process) seconds += Own(child, withReaped: false);
        }

        return seconds;
    }

    /// <summary>The most memory that a process has held, in bytes.</summary>
    public static long PeakBytes(int process) =>
        ReadKilobytes(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status"), "VmHWM:") << 10;

    private static double Own(int process, bool withReaped)
    {
        // Behind the name: state ppid … utime stime cutime cstime at 11, 12, 13, 14.
        if (Stat(process) is not { } stat) return 0;
        var ticks = Number(stat[11]) + Number(stat[12]);
        if (withReaped) ticks += Number(stat[13]) + Number(stat[14]);
        return ticks / TicksPerSecond;
    }

    private static string[]? Stat(int process)
    {
        try
        {
            var text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            // The process ended.
            return null;
        }
    }

    private static long ReadKilobytes(string path, string name) => File.ReadLines(path)
        .Where(line => line.StartsWith(name, StringComparison.Ordinal))
        .Select(line => Number(line[name.Length..].Replace("kB", "", StringComparison.Ordinal).Trim())).FirstOrDefault();

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
