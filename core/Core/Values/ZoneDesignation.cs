using System.Collections.Frozen;

namespace Federation.Core.Values;

/// <summary>
/// What a text means as a time zone of AT TIME ZONE and of timestamp text (timestamptz_zone in timestamp.c): an abbreviation before a name,
/// a name of the zone database before a POSIX specification. An abbreviation has a fixed offset, or stands for what a zone calls by that
/// name around a time.
/// </summary>
public sealed class ZoneDesignation
{
    /// <summary>Abbreviations whose meaning has changed over the years, with the zone that tells it (timezonesets/Default).</summary>
    private const string Dynamic =
        "amst=Asia/Yerevan anast=Asia/Anadyr anat=Asia/Anadyr arst=America/Argentina/Buenos_Aires art=America/Argentina/Buenos_Aires "
            + "azst=Asia/Baku azt=Asia/Baku " +
        "ckt=Pacific/Rarotonga clt=America/Santiago davt=Antarctica/Davis easst=Pacific/Easter east=Pacific/Easter fkst=Atlantic/Stanley "
            + "fkt=Atlantic/Stanley " +
        "gest=Asia/Tbilisi get=Asia/Tbilisi gyt=America/Guyana iot=Indian/Chagos irkst=Asia/Irkutsk irkt=Asia/Irkutsk kgt=Asia/Bishkek "
            + "kost=Pacific/Kosrae " +
        "krast=Asia/Krasnoyarsk krat=Asia/Krasnoyarsk lhdt=Australia/Lord_Howe lint=Pacific/Kiritimati lkt=Asia/Colombo "
            + "magst=Asia/Magadan magt=Asia/Magadan " +
        "mawt=Antarctica/Mawson msk=Europe/Moscow novst=Asia/Novosibirsk novt=Asia/Novosibirsk nut=Pacific/Niue omsst=Asia/Omsk "
            + "omst=Asia/Omsk " +
        "petst=Asia/Kamchatka pett=Asia/Kamchatka pyt=America/Asuncion sgt=Asia/Singapore tkt=Pacific/Fakaofo tmt=Asia/Ashgabat "
            + "ulat=Asia/Ulaanbaatar " +
        "vet=America/Caracas vlast=Asia/Vladivostok vlat=Asia/Vladivostok volt=Europe/Volgograd yakst=Asia/Yakutsk yakt=Asia/Yakutsk "
            + "yekt=Asia/Yekaterinburg";

    private static readonly FrozenDictionary<string, string> s_dynamic =
        Dynamic.Split(' ').Select(entry => entry.Split('=')).ToFrozenDictionary(pair => pair[0], pair => pair[1]);

    private readonly ZoneRules? _rules;
    private readonly string? _abbreviation;
    private readonly int _offset;

    private ZoneDesignation(ZoneRules? rules, string? abbreviation, int offset) =>
        (_rules, _abbreviation, _offset) = (rules, abbreviation, offset);

    internal static ZoneDesignation Of(ZoneRules rules) => new(rules, null, 0);

    /// <summary>Null when nothing has this name.</summary>
    public static ZoneDesignation? Find(string name)
    {
        var lower = name.ToLowerInvariant();
        if (FindDynamic(lower) is { } changing) return changing;
        if (TimeZoneAbbreviations.TryFind(lower, out var offset)) return new ZoneDesignation(null, null, offset);
        if (TimeZones.FindNamed(name) is { } zone) return ZoneRules.For(zone).Designation;
        if (!PosixZone.TryRead(name, out var posix)) return null;
        if (posix.Rest.Length == 0) return new ZoneDesignation(null, null, posix.OffsetSeconds);
        return TimeZones.Find(name) is { } described ? ZoneRules.For(described).Designation : null;
    }

    /// <summary>The abbreviation in lower case, if its offset depends on the time.</summary>
    public static ZoneDesignation? FindDynamic(string abbreviation) =>
        s_dynamic.TryGetValue(abbreviation, out var name) && TimeZones.FindNamed(name) is { } zone
            ? new ZoneDesignation(ZoneRules.For(zone), abbreviation.ToUpperInvariant(), 0)
            : null;

    /// <summary>
    /// The zone itself where an abbreviation stands for what it calls by that name (timestamptz_trunc_zone in timestamp.c).
    /// </summary>
    public ZoneDesignation WithoutAbbreviation => _abbreviation is null ? this : _rules!.Designation;

    /// <summary>Seconds east of UTC at a second since 1970.</summary>
    public int OffsetAtUtc(long seconds)
    {
        if (_rules is null) return _offset;
        return (_abbreviation is null ? null : _rules.OffsetOfAbbreviation(_abbreviation, seconds)) ?? _rules.OffsetAtUtc(seconds);
    }

    /// <summary>Seconds east of UTC at a local second since 1970.</summary>
    public int OffsetAtLocal(long localSeconds)
    {
        if (_rules is null) return _offset;
        var offset = _rules.OffsetAtLocal(localSeconds);
        return (_abbreviation is null ? null : _rules.OffsetOfAbbreviation(_abbreviation, localSeconds - offset)) ?? offset;
    }
}
