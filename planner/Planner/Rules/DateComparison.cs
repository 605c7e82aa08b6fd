using Federation.Core.Values;
using Federation.Planner.Functions;

namespace Federation.Planner.Rules;

/// <summary>
/// A date compared with the midnight of a day is a date compared with that day: <c>shipdate &lt; date '1994-01-01' + interval '1 year'</c>
/// needs no timestamp, so that files and sources can be pruned by it. Infinite dates are beyond every day on either side and equal infinite
/// timestamps. Not valid for other times of day.
/// </summary>
internal static class DateComparison
{
    private const string DateFirst = "date_";
    private const string DateLast = "_date";
    private const string TimestampLast = "_timestamp";
    private const string TimestampFirst = "timestamp_";

    /// <summary>The comparison of dates, or null when the call is no such comparison.</summary>
    public static Call? Narrow(Call call)
    {
        var name = call.Function.Name;
        return call.Arguments switch
        {
            [var date, Constant { Value: PgTimestamp time }]
                when name.StartsWith(DateFirst, StringComparison.Ordinal) && name.EndsWith(TimestampLast, StringComparison.Ordinal) =>
                Compare(call, name[DateFirst.Length..^TimestampLast.Length], time, day => [date, day]),
            [Constant { Value: PgTimestamp time }, var date]
                when name.StartsWith(TimestampFirst, StringComparison.Ordinal) && name.EndsWith(DateLast, StringComparison.Ordinal) =>
                Compare(call, name[TimestampFirst.Length..^DateLast.Length], time, day => [day, date]),
            _ => null,
        };
    }

    private static Call? Compare(Call call, string comparison, PgTimestamp time, Func<Constant, EquatableArray<Expr>> arguments)
    {
        if (comparison is not ("lt" or "le" or "eq" or "ne" or "ge" or "gt")
            || (time.IsFinite && time.Microseconds % DateArithmetic.MicrosecondsPerDay != 0)) return null;
        var date = time == PgTimestamp.Infinity ? PgDate.Infinity : time == PgTimestamp.NegativeInfinity
            ? PgDate.NegativeInfinity
            : new PgDate((int)(time.Microseconds / DateArithmetic.MicrosecondsPerDay));
        var day = new Constant(date, SqlType.Date);
        return call with
        {
            Function = FunctionCatalog.Instance.Function(DateFirst + comparison, SqlType.Date, SqlType.Date),
            Arguments = arguments(day),
        };
    }
}
