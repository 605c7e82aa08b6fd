using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Types;

namespace Federation.Connectors.Files;

/// <summary>
/// Which files may hold a row that a filter keeps, by the ranges that Parquet footers state. Comparisons of a column with constants are
/// answered; for everything else every file may. Rows are filtered by the engine in any case.
/// </summary>
internal static class FilePruning
{
    /// <summary>Ranges are held in floating point, which may be off by this part of a value.</summary>
    private const double Tolerance = 1e-12;

    /// <summary>Whether ranges can answer the conjunct.</summary>
    public static bool IsUseful(ConnectorExpression conjunct) => conjunct switch
    {
        ConnectorExpression.Operator { Symbol: "=" or "<" or "<=" or ">" or ">=", Arguments: [var left, var right] } =>
            Compared(left, right) is not null,
        ConnectorExpression.In { Argument: ConnectorExpression.Column, Values: var values } =>
            values.Count > 0 && values.All(value => Position(value) is not null),
        ConnectorExpression.And and => and.Arguments.Any(IsUseful),
        ConnectorExpression.Or or => or.Arguments.All(IsUseful),
        _ => false,
    };

    /// <param name="rangeOf">A column's range in the file; null when it is not known.</param>
    public static bool MayMatch(ConnectorExpression conjunct, Func<string, ColumnStatistics?> rangeOf) => conjunct switch
    {
        ConnectorExpression.And and => and.Arguments.All(part => MayMatch(part, rangeOf)),
        ConnectorExpression.Or or => or.Arguments.Any(part => MayMatch(part, rangeOf)),
        ConnectorExpression.In { Argument: ConnectorExpression.Column column } list when rangeOf(column.Name) is { } range =>
            list.Values.Any(value => Position(value) is not { } position || MayCompare("=", range, position, column.Of)),
        ConnectorExpression.Operator { Arguments: [var left, var right] } comparison
            when Compared(left, right) is var (column, position, isTurned) && rangeOf(column.Name) is { } range =>
            MayCompare(isTurned ? Turned(comparison.Symbol) : comparison.Symbol, range, position, column.Of),
        _ => true,
    };

    private static (ConnectorExpression.Column Column, double Position, bool IsTurned)? Compared(ConnectorExpression left,
        ConnectorExpression right) => (left, right) switch
    {
        (ConnectorExpression.Column column, _) when Position(right) is { } position => (column, position, false),
        (_, ConnectorExpression.Column column) when Position(left) is { } position => (column, position, true),
        _ => null,
    };

    private static double? Position(ConnectorExpression expression) =>
        expression is ConnectorExpression.Constant constant ? ColumnStatistics.Position(constant.Value) : null;

    private static string Turned(string symbol) => symbol switch { "<" => ">", "<=" => ">=", ">" => "<", ">=" => "<=", _ => symbol };

    private static bool MayCompare(string symbol, ColumnStatistics range, double value, SqlType type)
    {
        // Bounds leave out NaN, which is greater than every number.
        if (symbol is ">" or ">=" && (type.HasSameBase(SqlType.Float4) || type.HasSameBase(SqlType.Float8))) return true;
        return symbol switch
        {
            "=" => !IsBelow(value, range.Low) && !IsBelow(range.High, value),
            "<" or "<=" => !IsBelow(value, range.Low),
            ">" or ">=" => !IsBelow(range.High, value),
            _ => true,
        };
    }

    /// <summary>Whether one value is less than another by more than what positions may be off.</summary>
    private static bool IsBelow(double value, double other) =>
        other - value > Math.Max(Math.Max(Math.Abs(value), Math.Abs(other)) * Tolerance, double.Epsilon);
}
