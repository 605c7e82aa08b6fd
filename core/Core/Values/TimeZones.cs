using System.Collections.Concurrent;
using System.Globalization;

namespace Federation.Core.Values;

/// <summary>Time zones by the names that SET TimeZone and timestamp text use. Upper and lower case do not matter.</summary>
public static class TimeZones
{
    private const string Folder = "/usr/share/zoneinfo";

    private static readonly ConcurrentDictionary<string, TimeZoneInfo?> s_found = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// An IANA name or a POSIX specification (<c>GMT+02</c>, <c>&lt;-03&gt;3</c>, <c>EST5EDT,M3.2.0,M11.1.0</c>), whose sign counts west
    /// of UTC. Null when there is no such zone.
    /// </summary>
    public static TimeZoneInfo? Find(string name)
    {
        if (name.Length is 0 or > 100) return null;
        if (s_found.TryGetValue(name, out var known)) return known;
        var zone = Load(name);
        // Names come from clients: only those that exist are remembered, so that the table stays small.
        if (zone is not null) s_found.TryAdd(name, zone);
        return zone;
    }

    /// <summary>Every zone of the system by its name, without those that count leap seconds.</summary>
    public static IReadOnlyList<(string Name, ZoneRules Rules)> All => s_all.Value;

    private static readonly Lazy<IReadOnlyList<(string Name, ZoneRules Rules)>> s_all = new(() =>
    {
        var found = new List<(string, ZoneRules)>();
        if (!Directory.Exists(Folder)) return found;
        foreach (var path in Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(Folder, path);
            if (!name.StartsWith("right/", StringComparison.Ordinal) && IsZoneFile(path)
                && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone)) found.Add((name, ZoneRules.For(zone)));
        }

        return found;
    });

    private static bool IsZoneFile(string path)
    {
        using var file = File.OpenRead(path);
        Span<byte> mark = stackalloc byte[4];
        return file.ReadAtLeast(mark, mark.Length, throwOnEndOfStream: false) == mark.Length && mark.SequenceEqual("TZif"u8);
    }

    /// <summary>A zone that is only an offset; its display name is what SHOW TimeZone answers.</summary>
    public static TimeZoneInfo Fixed(int offsetSeconds, string name) =>
        // TimeZoneInfo knows whole minutes only; the rest of such an offset is lost.
        TimeZoneInfo.CreateCustomTimeZone(name, TimeSpan.FromMinutes(offsetSeconds / 60), name, name);

    /// <summary>A zone of the database. Null when it has none of that name.</summary>
    public static TimeZoneInfo? FindNamed(string name) => Find(name) is { HasIanaId: true } zone ? zone : null;

    private static TimeZoneInfo? Load(string name)
    {
        if (name.Equals("UTC", StringComparison.OrdinalIgnoreCase)) return TimeZoneInfo.Utc;
        if (FindFile(name) is { } id && TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone)) return zone;
        return FindPosix(name);
    }

    private static string? FindFile(string name)
    {
        var folder = Folder;
        var parts = name.Split('/');
        if (parts.Any(part => part.Length == 0 || part[0] == '.')) return null;
        for (var i = 0; i < parts.Length; i++)
        {
            if (!Directory.Exists(folder)) return null;
            var match = Directory.EnumerateFileSystemEntries(folder)
                .FirstOrDefault(entry => Path.GetFileName(entry).Equals(parts[i], StringComparison.OrdinalIgnoreCase));
            if (match is null) return null;
            folder = match;
        }

        return File.Exists(folder) ? Path.GetRelativePath(Folder, folder) : null;
    }

    private static TimeZoneInfo? FindPosix(string name)
    {
        // TimeZoneInfo goes no further than 14 hours, and knows whole minutes only.
        name = name.ToUpperInvariant();
        if (!PosixZone.TryRead(name, out var zone) || Math.Abs(zone.OffsetSeconds) > 14 * 3600) return null;
        if (zone.Rest.Length > 0)
            return PosixRule.Read(zone.Rest, zone.OffsetSeconds) is { } rule ? ZoneRules.Of(zone, rule, name).Zone : null;
        return TimeZoneInfo.CreateCustomTimeZone(name, TimeSpan.FromMinutes(zone.OffsetSeconds / 60), name,
            zone.Name.Length == 0 ? name : zone.Name.ToUpperInvariant());
    }
}
