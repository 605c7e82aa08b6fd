using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Federation.Core.Values;

/// <summary>
/// Offsets and abbreviations of a time zone at seconds since 1970. Read from the zone's TZif file (RFC 8536) where there is one, because
/// TimeZoneInfo rounds offsets to minutes, has no abbreviations and ends at year 9999; else from TimeZoneInfo.
/// </summary>
public sealed class ZoneRules
{
    private const long FourHundredYears = 146_097L * 86_400;

    private static readonly ConditionalWeakTable<TimeZoneInfo, ZoneRules> s_rules = [];
    private static readonly string[] s_folders = ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo"];

    private readonly TimeZoneInfo _zone;
    private readonly long[] _transitions = [];
    private readonly LocalType[] _types = [];
    private readonly byte[] _typeOfTransition = [];
    private readonly int _fixedOffset;
    private readonly bool _isFixed;

    private ZoneRules(TimeZoneInfo zone)
    {
        _zone = zone;
        Designation = ZoneDesignation.Of(this);
        if (LoadFile(zone.Id) is { } file)
        {
            (_transitions, _typeOfTransition, _types) = file;
            return;
        }

        _isFixed = !zone.SupportsDaylightSavingTime;
        _fixedOffset = (int)zone.BaseUtcOffset.TotalSeconds;
    }

    private ZoneRules(PosixZone standard, PosixRule rule, string id)
    {
        _zone = TimeZoneInfo.CreateCustomTimeZone(id, TimeSpan.FromMinutes(standard.OffsetSeconds / 60), id, standard.Name);
        HasPosixRule = true;
        Designation = ZoneDesignation.Of(this);
        _types = [new LocalType(standard.OffsetSeconds, standard.Name, false), new LocalType(rule.OffsetSeconds, rule.Name, true)];
        var transitions = rule.Transitions().ToArray();
        _transitions = [.. transitions.Select(transition => transition.Seconds)];
        _typeOfTransition = [.. transitions.Select(transition => transition.IsSummer ? (byte)1 : (byte)0)];
    }

    private readonly record struct LocalType(int OffsetSeconds, string Abbreviation, bool IsDaylight);

    public static ZoneRules For(TimeZoneInfo zone) => s_rules.GetValue(zone, static key => new ZoneRules(key));

    /// <summary>A zone that its name describes; outside of the years 1 to 9999 it has one offset.</summary>
    internal static ZoneRules Of(PosixZone standard, PosixRule rule, string id)
    {
        var rules = new ZoneRules(standard, rule, id);
        s_rules.Add(rules._zone, rules);
        return rules;
    }

    /// <summary>The zone that has these rules.</summary>
    public TimeZoneInfo Zone => _zone;

    /// <summary>Whether the zone has had the same offset all the time.</summary>
    public bool HasOneOffset => _isFixed || _types.All(type => type.OffsetSeconds == _types[0].OffsetSeconds);

    /// <summary>True when the zone's name says when its clocks change.</summary>
    public bool HasPosixRule { get; }

    /// <summary>This zone as what a name designates.</summary>
    public ZoneDesignation Designation { get; }

    /// <summary>Seconds east of UTC.</summary>
    public int OffsetAtUtc(long seconds)
    {
        if (_isFixed) return _fixedOffset;
        return FindType(seconds) is { } type ? type.OffsetSeconds : (int)_zone.GetUtcOffset(Clamp(seconds)).TotalSeconds;
    }

    /// <summary>The rule that holds at a time, as the zone's file writes it; null for zones without a file.</summary>
    public (int OffsetSeconds, string Abbreviation, bool IsDaylight)? RuleAtUtc(long seconds) =>
        FindType(seconds) is { } type ? (type.OffsetSeconds, type.Abbreviation, type.IsDaylight) : null;

    /// <summary>Null when the zone has no names, as zones that are only an offset.</summary>
    public string? AbbreviationAtUtc(long seconds)
    {
        if (ReferenceEquals(_zone, TimeZoneInfo.Utc)) return "UTC";
        if (FindType(seconds) is not { } type)
        {
            if (_types.Length == 0) return _isFixed && IsName(_zone.StandardName) ? _zone.StandardName : null;
            // Past the last transition the rule of the file's footer repeats: the same season of an earlier year has the name.
            type = FindType(SameSeason(seconds)) ?? _types[0];
        }

        return IsName(type.Abbreviation) ? type.Abbreviation : null;
    }

    /// <summary>
    /// The offset of a local time. In a gap the offset before it holds, so that the clock jumps forward; where a local time occurs twice
    /// the second, standard, occurrence is taken (PostgreSQL's DetermineTimeZoneOffset).
    /// </summary>
    public int OffsetAtLocal(long localSeconds)
    {
        var before = OffsetAtUtc(localSeconds - 86_400);
        var after = OffsetAtUtc(localSeconds + 86_400);
        if (before == after && OffsetAtUtc(localSeconds - before) == before) return before;
        var beforeHolds = OffsetAtUtc(localSeconds - before) == before;
        var afterHolds = OffsetAtUtc(localSeconds - after) == after;
        if (beforeHolds && !afterHolds) return before;
        if (afterHolds && !beforeHolds) return after;
        return Math.Min(before, after);
    }

    /// <summary>
    /// The offset that an abbreviation in upper case had when it was last in use at that second, or else was when it next came into use;
    /// null when the zone never had it (pg_interpret_timezone_abbrev).
    /// </summary>
    public int? OffsetOfAbbreviation(string abbreviation, long seconds)
    {
        var next = Array.BinarySearch(_transitions, seconds);
        next = next < 0 ? ~next : next + 1;
        for (var i = next - 1; i >= 0; i--)
            if (_types[_typeOfTransition[i]] is var type && type.Abbreviation == abbreviation) return type.OffsetSeconds;
        for (var i = next; i < _transitions.Length; i++)
            if (_types[_typeOfTransition[i]] is var type && type.Abbreviation == abbreviation) return type.OffsetSeconds;
        return null;
    }

    private static bool IsName(string text) => text.Length > 0 && char.IsAsciiLetter(text[0]);

    private static DateTime Clamp(long seconds) =>
        DateTime.UnixEpoch.AddSeconds(Math.Clamp(seconds, -62_000_000_000, 253_000_000_000));

    /// <summary>A time with the same calendar that the file's transitions or TimeZoneInfo still cover.</summary>
    private static long SameSeason(long seconds) => seconds - (Math.Max(0, (seconds / FourHundredYears) - 1) * FourHundredYears);

    private LocalType? FindType(long seconds)
    {
        if (_types.Length == 0) return null;
        if (_transitions.Length == 0) return _types[0];
        if (seconds < _transitions[0]) return _types[0];
        var index = Array.BinarySearch(_transitions, seconds);
        if (index < 0) index = ~index - 1;
        if (index == _transitions.Length - 1 && _zone.SupportsDaylightSavingTime && IsBeyondFile(seconds))
        {
            // The file ends; its yearly rule is the one that TimeZoneInfo repeats, whole minutes in every present zone.
            var offset = (int)_zone.GetUtcOffset(Clamp(SameSeason(seconds))).TotalSeconds;
            for (var i = _typeOfTransition.Length - 1; i >= 0; i--)
                if (_types[_typeOfTransition[i]].OffsetSeconds == offset)
                    return _types[_typeOfTransition[i]];
        }

        return _types[_typeOfTransition[index]];
    }

    private bool IsBeyondFile(long seconds) => seconds > _transitions[^1];

    private static (long[] Transitions, byte[] Types, LocalType[] LocalTypes)? LoadFile(string id)
    {
        // The id may come from a client; only plain relative names are looked up.
        if (id.Length == 0 || id[0] == '/' || id.Contains("..", StringComparison.Ordinal)) return null;
        foreach (var folder in s_folders)
        {
            var path = Path.Combine(folder, id);
            if (File.Exists(path)) return Read(File.ReadAllBytes(path));
        }

        return null;
    }

    private static (long[] Transitions, byte[] Types, LocalType[] LocalTypes)? Read(ReadOnlySpan<byte> file)
    {
        if (file.Length < 44 || !file.StartsWith("TZif"u8) || file[4] < (byte)'2') return null;
        // The first block holds 32-bit times for old readers; the second has the same layout with 64-bit times.
        var (utc, standard, leaps, times, types, characters) = Counts(file);
        file = file[(44 + (times * 5) + (types * 6) + characters + (leaps * 8) + standard + utc)..];
        (_, _, _, times, types, characters) = Counts(file);
        file = file[44..];
        var transitions = new long[times];
        for (var i = 0; i < times; i++) transitions[i] = BinaryPrimitives.ReadInt64BigEndian(file[(i * 8)..]);
        var indexes = file.Slice(times * 8, times).ToArray();
        file = file[(times * 9)..];
        var names = file.Slice(types * 6, characters);
        var localTypes = new LocalType[types];
        for (var i = 0; i < types; i++)
        {
            var entry = file.Slice(i * 6, 6);
            var name = names[entry[5]..];
            localTypes[i] = new LocalType(
                BinaryPrimitives.ReadInt32BigEndian(entry), System.Text.Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]),
                entry[4] != 0);
        }

        return (transitions, indexes, localTypes);
    }

    private static (int Utc, int Standard, int Leaps, int Times, int Types, int Characters) Counts(ReadOnlySpan<byte> header) => (
        Utc: BinaryPrimitives.ReadInt32BigEndian(header[20..]),
        Standard: BinaryPrimitives.ReadInt32BigEndian(header[24..]),
        Leaps: BinaryPrimitives.ReadInt32BigEndian(header[28..]),
        Times: BinaryPrimitives.ReadInt32BigEndian(header[32..]),
        Types: BinaryPrimitives.ReadInt32BigEndian(header[36..]),
        Characters: BinaryPrimitives.ReadInt32BigEndian(header[40..]));
}
