using Federation.Core.Values;

namespace Federation.SystemCatalog;

using Row = Dictionary<string, object?>;

/// <summary>pg_timezone_names: the zones of the system with what holds in them now.</summary>
internal static class TimeZoneRows
{
    public static IEnumerable<Row> Names(SystemState state)
    {
        var now = Math.DivRem(state.Now.Microseconds, 1_000_000).Quotient;
        foreach (var (name, rules) in TimeZones.All)
        {
            if (rules.RuleAtUtc(now) is not { } rule) continue;
            yield return new Row { ["name"] = name, ["abbrev"] = rule.Abbreviation,
                ["utc_offset"] = new PgInterval(0, 0, rule.OffsetSeconds * 1_000_000L), ["is_dst"] = rule.IsDaylight };
        }
    }
}
