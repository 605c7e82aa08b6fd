using Federation.Core.Types;
using Federation.Core.Values;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>
/// OVERLAPS: half-open periods whose ends may come in either order and one of whose ends may be NULL (overlaps_timestamp and overlaps_time
/// in PostgreSQL).
/// </summary>
internal static class OverlapFunctions
{
    public static readonly ScalarFunction[] All =
    [
        .. new[] { SqlType.Timestamp, SqlType.Timestamptz, SqlType.Time }.Select(Of),
        new("pg_overlaps", [SqlType.Timetz, SqlType.Timetz, SqlType.Timetz, SqlType.Timetz], SqlType.Bool,
            static (ref FunctionRow row) =>
            {
                if (Overlaps(Zoned(ref row, 0), Zoned(ref row, 1), Zoned(ref row, 2), Zoned(ref row, 3)) is { } answer) row.Set(answer);
                else row.SetNull();
            }) { IsStrict = false },
    ];

    private static ScalarFunction Of(SqlType type) =>
        new("pg_overlaps", [type, type, type, type], SqlType.Bool, static (ref FunctionRow row) =>
    {
        if (Overlaps(Value(ref row, 0), Value(ref row, 1), Value(ref row, 2), Value(ref row, 3)) is { } answer) row.Set(answer);
        else row.SetNull();
    }) { IsStrict = false };

    private static long? Value(ref FunctionRow row, int argument) => row.IsNull(argument) ? null : row.Get<long>(argument);

    /// <summary>Times with a zone compare by their moment, and those of one moment by the zone, the eastern first.</summary>
    private static long? Zoned(ref FunctionRow row, int argument)
    {
        const int ZoneBits = 18;
        if (row.IsNull(argument)) return null;
        var time = TimeTzForm.Unpack(row.Get<long>(argument));
        return ((time.Microseconds - (time.OffsetSeconds * Calendar.MicrosecondsPerSecond)) << ZoneBits) - time.OffsetSeconds;
    }

    private static bool? Overlaps(long? firstStart, long? firstEnd, long? secondStart, long? secondEnd)
    {
        if (Ordered(firstStart, firstEnd) is not var (start, end) || Ordered(secondStart, secondEnd) is not var (otherStart, otherEnd))
            return null;
        if (start == otherStart) return end is null || otherEnd is null ? null : true;
        var (earlierEnd, later, laterEnd) = start < otherStart ? (end, otherStart, otherEnd) : (otherEnd, start, end);
        if (earlierEnd is null) return null;
        if (later < earlierEnd) return true;
        return laterEnd is null ? null : false;
    }

    /// <summary>The period with its earlier end first; a lone end is the first. Null without any.</summary>
    private static (long Start, long? End)? Ordered(long? start, long? end)
    {
        if (start is null || end is null) return (start ?? end) is { } only ? (only, null) : null;
        return start <= end ? (start.Value, end) : (end.Value, start);
    }
}
