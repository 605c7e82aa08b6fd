using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.PgWire.Tests;

/// <summary>Words whose meaning depends on the clock.</summary>
public sealed class DateTimeInputTests
{
    // 2024-03-09 23:30:00 UTC, which is 18:30 of the same day in New York and the next day in Kolkata.
    private static readonly PgTimestamp s_now = new(1_710_027_000_000_000);

    [Theory]
    [InlineData("America/New_York", "today", "2024-03-09")]
    [InlineData("America/New_York", "tomorrow", "2024-03-10")]
    [InlineData("America/New_York", "yesterday", "2024-03-08")]
    [InlineData("Asia/Kolkata", "today", "2024-03-10")]
    [InlineData("Asia/Kolkata", "now", "2024-03-10")]
    public void Dates_are_those_of_the_session_zone(string zone, string text, string expected) =>
        Assert.Equal(expected, Read(zone, text, SqlType.Date));

    [Theory]
    [InlineData("America/New_York", "now", "2024-03-09 18:30:00-05")]
    [InlineData("America/New_York", "today", "2024-03-09 00:00:00-05")]
    [InlineData("America/New_York", "tomorrow 12:00", "2024-03-10 12:00:00-04")]
    [InlineData("America/New_York", "yesterday 04:05:06", "2024-03-08 04:05:06-05")]
    [InlineData("Asia/Kolkata", "now", "2024-03-10 05:00:00+05:30")]
    [InlineData("UTC", "today allballs", "2024-03-09 00:00:00+00")]
    public void Timestamps_are_those_of_the_session_zone(string zone, string text, string expected) =>
        Assert.Equal(expected, Read(zone, text, SqlType.Timestamptz));

    [Fact]
    public void Now_is_a_time_too() => Assert.Equal("18:30:00", Read("America/New_York", "now", SqlType.Time));

    private static string Read(string zone, string text, SqlType type)
    {
        var format = TextFormat.Default with { TimeZone = TimeZones.Find(zone)! };
        return ValueText.Format(ValueText.Parse(text, type, new ValueContext(format, s_now))!, type, format);
    }
}
