using System.Globalization;

namespace Federation.Core.Execution;

/// <summary>The process's file handles: connections are refused while some are left for what they ask for.</summary>
public static class FileHandles
{
    /// <summary>
    /// How many more connections may be served, each with a handle of its own; <paramref name="most"/> where the system does not say.
    /// </summary>
    public static int ForConnections(int most)
    {
        if (!OperatingSystem.IsLinux()) return most;
        // The runtime has raised the soft limit to the hard one.
        var line = File.ReadLines("/proc/self/limits").FirstOrDefault(text => text.StartsWith("Max open files", StringComparison.Ordinal));
        var fields = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields is not [_, _, _, var soft, ..] || !int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit))
            return most;
        var used = Directory.GetFileSystemEntries("/proc/self/fd").Length;
        var left = limit - used;
        return Math.Clamp(left - Math.Max(left / 4, Math.Min(left / 2, 128)), 1, most);
    }
}
