namespace Federation.Core.Values;

public enum DateOrder
{
    Mdy,
    Dmy,
    Ymd,
}

public enum DateFormat
{
    Iso,
    Sql,
    Postgres,
    German,
}

public enum IntervalStyle
{
    Postgres,
    PostgresVerbose,
    SqlStandard,
    Iso8601,
}

public enum ByteaOutput
{
    Hex,
    Escape,
}

/// <summary>The session settings that decide how values are read from and written as text.</summary>
/// <param name="TimeZone">The zone of timestamptz text; an IANA zone or a fixed offset.</param>
/// <param name="ExtraFloatDigits">Above 0 the shortest text that reads back exactly; else 15 (6) + this many significant digits.</param>
public sealed record TextFormat(
    TimeZoneInfo TimeZone,
    DateFormat DateFormat = DateFormat.Iso,
    DateOrder DateOrder = DateOrder.Mdy,
    IntervalStyle IntervalStyle = IntervalStyle.Postgres,
    ByteaOutput ByteaOutput = ByteaOutput.Hex,
    int ExtraFloatDigits = 1)
{
    public static readonly TextFormat Default = new(TimeZoneInfo.Utc);

    /// <summary>Values have the text that they have with the default settings; the time zone aside.</summary>
    public bool HasDefaultStyles => this is
        { DateFormat: DateFormat.Iso, IntervalStyle: IntervalStyle.Postgres, ByteaOutput: ByteaOutput.Hex, ExtraFloatDigits: > 0 };

    /// <summary>Names for the reg types; without it they are shown and read as numbers.</summary>
    public IObjectNames? ObjectNames { get; init; }
}
