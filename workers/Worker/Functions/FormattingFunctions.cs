using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.DuckDb;
using Federation.Worker.Functions.Formatting;

namespace Federation.Worker.Functions;

/// <summary>to_char, to_number, to_date and to_timestamp.</summary>
internal static class FormattingFunctions
{
    private static readonly SqlType s_text = SqlType.Text;

    public static readonly ScalarFunction[] All =
    [
        // name, argument types, result type, implementation
        new("pg_to_char", [SqlType.Timestamp, s_text], s_text, static (ref FunctionRow row) => SetTime(ref row, row.Get<long>(0), null)),
        new("pg_to_char", [SqlType.Timestamptz, s_text], s_text, static (ref FunctionRow row) =>
            SetTime(ref row, row.Get<long>(0), ZoneRules.For(SessionFormats.ZoneOf(row.Session!.TimeZone)))) { UsesSession = true },
        new("pg_to_char", [SqlType.Interval, s_text], s_text, static (ref FunctionRow row) =>
        {
            if (row.GetBytes(1).IsEmpty) row.SetNull();
            else row.Set(DateTimeWriter.Format(BrokenTime.Of(row.GetInterval(0)), row.GetText(1)));
        }),
        new("pg_to_char", [SqlType.Int4, s_text], s_text,
            static (ref FunctionRow row) => row.Set(NumberWriter.Format(row.GetInt32(0), row.GetText(1)))),
        new("pg_to_char", [SqlType.Int8, s_text], s_text,
            static (ref FunctionRow row) => row.Set(NumberWriter.Format(row.Get<long>(0), row.GetText(1)))),
        new("pg_to_char", [SqlType.Float8, s_text], s_text,
            static (ref FunctionRow row) => row.Set(NumberWriter.Format(row.Get<double>(0), row.GetText(1)))),
        new("pg_to_char", [SqlType.Float4, s_text], s_text,
            static (ref FunctionRow row) => row.Set(NumberWriter.Format(row.Get<float>(0), row.GetText(1)))),
        new("pg_to_char", [s_text, s_text], s_text,
            static (ref FunctionRow row) => row.Set(NumberWriter.Format(NumericFunctions.Get(ref row, 0), row.GetText(1)))),
        new("pg_to_number", [s_text, s_text], s_text, static (ref FunctionRow row) =>
        {
            if (NumberReader.Parse(row.GetText(0), row.GetText(1)) is { } value) NumericFunctions.Set(ref row, value);
            else row.SetNull();
        }),
        new("pg_to_date", [s_text, s_text], SqlType.Date,
            static (ref FunctionRow row) => row.Set(DateTimeReader.ToDate(row.GetText(0), row.GetText(1)))),
        new("pg_to_timestamp", [s_text, s_text], SqlType.Timestamptz, static (ref FunctionRow row) =>
            row.Set(DateTimeReader.ToTimestamp(row.GetText(0), row.GetText(1),
                ZoneRules.For(SessionFormats.ZoneOf(row.Session!.TimeZone))))) { UsesSession = true },
    ];

    private static void SetTime(ref FunctionRow row, long timestamp, ZoneRules? zone)
    {
        if (!new PgTimestamp(timestamp).IsFinite || row.GetBytes(1).IsEmpty)
        {
            row.SetNull();
            return;
        }

        if (zone is null)
        {
            row.Set(DateTimeWriter.Format(BrokenTime.Of(timestamp), row.GetText(1)));
            return;
        }

        var seconds = Calendar.FloorDivide(timestamp, Calendar.MicrosecondsPerSecond);
        var offset = zone.OffsetAtUtc(seconds);
        var time = BrokenTime.Of(timestamp + (offset * Calendar.MicrosecondsPerSecond)) with
        {
            Offset = offset,
            Zone = zone.AbbreviationAtUtc(seconds) ?? "",
        };
        row.Set(DateTimeWriter.Format(time, row.GetText(1)));
    }
}
