namespace Federation.Session.Statements;

/// <summary>Session time zones under the names that the kernel knows.</summary>
internal static class KernelZones
{
    /// <summary>The name of a zone; null for one that the kernel has no name for.</summary>
    public static string? NameOf(TimeZoneInfo zone)
    {
        if (ZoneRules.For(zone).HasPosixRule) return null;
        if (zone.HasIanaId || zone.Id.Contains('/', StringComparison.Ordinal)) return zone.Id;
        if (zone.Id is "UTC" || zone.BaseUtcOffset == TimeSpan.Zero) return "UTC";

        // Etc zones have POSIX signs: Etc/GMT-2 is two hours east.
        var hours = zone.BaseUtcOffset.TotalHours;
        return hours == Math.Truncate(hours) && Math.Abs(hours) <= 14
            ? $"Etc/GMT{(hours > 0 ? "-" : "+")}{Math.Abs(hours)}"
            : null;
    }

    /// <summary>The zone has no name, and the kernel is asked for what depends on it.</summary>
    public static SqlException Unknown(TimeZoneInfo zone) =>
        new(SqlState.FeatureNotSupported, $"time zone \"{zone.Id}\" is not supported in queries")
        {
            Hint = "Use a named zone or a whole number of hours.",
        };
}
