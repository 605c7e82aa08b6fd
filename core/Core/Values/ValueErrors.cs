using Federation.Core.Errors;

namespace Federation.Core.Values;

/// <summary>The errors of input functions, in PostgreSQL's words.</summary>
public static class ValueErrors
{
    public static SqlException InvalidSyntax(string typeName, string text) =>
        new(SqlState.InvalidTextRepresentation, $"invalid input syntax for type {typeName}: \"{text}\"");

    public static SqlException OutOfRange(string typeName, string text) =>
        new(SqlState.NumericValueOutOfRange, $"value \"{text}\" is out of range for type {typeName}");

    public static SqlException IntegerOutOfRange(string typeName) => new(SqlState.NumericValueOutOfRange, $"{typeName} out of range");

    public static SqlException FloatOutOfRange(string text, string typeName) =>
        new(SqlState.NumericValueOutOfRange, $"\"{text}\" is out of range for type {typeName}");

    public static SqlException InvalidDateTime(string typeName, string text) =>
        new(SqlState.InvalidDatetimeFormat, $"invalid input syntax for type {typeName}: \"{text}\"");

    public static SqlException DateTimeFieldOverflow(string text) =>
        new(SqlState.DatetimeFieldOverflow, $"date/time field value out of range: \"{text}\"");

    public static SqlException DateTimeFieldOverflowWithHint(string text) =>
        DateTimeFieldOverflow(text).WithHint("Perhaps you need a different \"datestyle\" setting.");

    public static SqlException IntervalFieldOverflow(string text) =>
        new(SqlState.IntervalFieldOverflow, $"interval field value out of range: \"{text}\"");

    public static SqlException ZoneDisplacement(string text) =>
        new(SqlState.InvalidTimeZoneDisplacementValue, $"time zone displacement out of range: \"{text}\"");

    public static SqlException UnknownTimeZone(string name) =>
        new(SqlState.InvalidParameterValue, $"time zone \"{name}\" not recognized");

    public static SqlException ValueTooLong(string typeName) =>
        new(SqlState.StringDataRightTruncation, $"value too long for type {typeName}");

    public static SqlException MalformedArray(string text, string? detail) =>
        new(SqlState.InvalidTextRepresentation, $"malformed array literal: \"{text}\"") { Detail = detail };

    public static SqlException MalformedRecord(string text, string? detail) =>
        new(SqlState.InvalidTextRepresentation, $"malformed record literal: \"{text}\"") { Detail = detail };
}
