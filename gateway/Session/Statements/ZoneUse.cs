using Federation.Core;
using Federation.Core.Types;
using Federation.Plan;
using Federation.Planner;

namespace Federation.Session.Statements;

/// <summary>
/// Whether a plan's rows depend on the session's time zone while the kernel computes them. Values with a time zone that are only carried,
/// compared or counted do not; their text is made where rows are sent. What is not known to be free of the zone depends on it.
/// </summary>
internal static class ZoneUse
{
    /// <summary>Functions of values with a time zone that do not ask for the session's.</summary>
    private static readonly HashSet<string> s_free = new(StringComparer.Ordinal)
    {
        "timestamptz_eq", "timestamptz_ne", "timestamptz_lt", "timestamptz_le", "timestamptz_gt", "timestamptz_ge", "timestamptz_smaller",
        "timestamptz_larger", "count", "min", "max", "array_agg", "first_value", "last_value", "nth_value", "lag", "lead", "now",
        "transaction_timestamp", "statement_timestamp", "clock_timestamp",
    };

    /// <summary>Functions that make dates and times of other values without words such as "today".</summary>
    private static readonly HashSet<string> s_makers = new(StringComparer.Ordinal)
        { "make_date", "make_time", "make_timestamp", "to_date" };

    public static bool IsIn(LogicalPlan plan) => PlanRewriter.Nodes(plan)
        .Any(node => PlanRewriter.ExpressionsOf(node).Any(expression => PlanRewriter.Contains(expression, Uses)));

    private static bool Uses(Expr expression) => expression switch
    {
        Cast cast => HasZone(cast.Type) || HasZone(cast.Operand.Type) || (HasTime(cast.Type) && !HasTime(cast.Operand.Type)),
        Call call => Uses(call.Function.Name, call.Arguments, call.Type),
        SetCall call => Uses(call.Function.Name, call.Arguments, call.Type),
        AggregateCall call => Uses(call.Function.Name, call.Arguments, call.Type),
        // A distance of days is as long as the zone's clocks make it.
        WindowCall { Frame: { StartOffset: not null } or { EndOffset: not null } } call
            when call.OrderBy.Any(key => HasZone(key.Expression.Type)) => true,
        WindowCall call => Uses(call.Function.Function.Name, call.Function.Arguments, call.Type),
        IsDistinct distinct => Uses(distinct.Equality.Name, distinct.Operands, SqlType.Bool),
        NullIf nullIf => Uses(nullIf.Equality.Name, nullIf.Operands, SqlType.Bool),
        InList list => Uses(list.Equality.Name, list.Operands, SqlType.Bool),
        Quantified quantified => Uses(quantified.Function.Name, quantified.Operands, SqlType.Bool),
        Constant or Parameter or ColumnRef or Variable or Let or And or Or or Not or IsNull or IsBoolean or Case or Coalesce or Extreme
            or ArrayOf or RowOf or FieldOf or ItemOf or SliceOf or Subquery or OrderBytes or Grouping => false,
        _ => true,
    };

    private static bool Uses(string function, EquatableArray<Expr> arguments, SqlType result)
    {
        if (s_free.Contains(function)) return false;
        if (HasZone(result) || arguments.Any(argument => HasZone(argument.Type))) return true;
        return HasTime(result) && !s_makers.Contains(function) && !arguments.Any(argument => HasTime(argument.Type));
    }

    private static bool HasZone(SqlType type) => type.Base == PgTypes.Timestamptz || type.Base == PgTypes.Timetz
        || type.Base.Name.StartsWith("tstz", StringComparison.Ordinal) || (type.Element is { } element && HasZone(element))
        || type.Fields.Any(field => HasZone(field.Type));

    private static bool HasTime(SqlType type) => type.Base == PgTypes.Date || type.Base == PgTypes.Time || type.Base == PgTypes.Timestamp
        || HasZone(type) || (type.Element is { } element && HasTime(element)) || type.Fields.Any(field => HasTime(field.Type));
}
