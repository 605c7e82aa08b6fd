using System.Globalization;
using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Differential;

/// <summary>Compares two results as sets of rows.</summary>
internal static class StressComparison
{
    private const uint Float4 = 700, Float8 = 701, Numeric = 1700;

    /// <param name="isRounded">Sums of floats depend on the order of their rows, which is open: the last digits do not count.</param>
    /// <param name="isByValue">1.5 and 1.50 are the same.</param>
    public static string? Difference(QueryResult expected, QueryResult actual, bool isRounded, bool isByValue)
    {
        if (actual.Error is { } error) return $"here: {error}";
        var types = (expected.Columns.Select(column => column.TypeOid).ToArray(),
            actual.Columns.Select(column => column.TypeOid).ToArray());
        if (!types.Item1.SequenceEqual(types.Item2))
            return $"types {string.Join(", ", types.Item1)} in PostgreSQL, {string.Join(", ", types.Item2)} here";
        if (expected.Rows.Count != actual.Rows.Count) return $"rows: {expected.Rows.Count} in PostgreSQL, {actual.Rows.Count} here";
        var (wanted, given) = (Sorted(expected), Sorted(actual));
        for (var i = 0; i < wanted.Length; i++)
        {
            if (wanted[i] == given[i] || (isRounded && AreClose(wanted[i], given[i]))) continue;
            return $"row {i.ToString(CultureInfo.InvariantCulture)}: PostgreSQL: {Short(wanted[i], given[i])}\n-- here: "
                + $"{Short(given[i], wanted[i])}";
        }

        return null;

        string[] Sorted(QueryResult result)
        {
            var rows = result.Rows
                .Select(row => string.Join('\t', row.Select((value, i) => value is null ? "NULL" : Text(value, result.Columns[i].TypeOid))))
                .ToArray();
            Array.Sort(rows, StringComparer.Ordinal);
            return rows;
        }

        string Text(string value, uint type) => type switch
        {
            Float4 or Float8 when isRounded && double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) =>
                number.ToString(type == Float4 ? "G4" : "G9", CultureInfo.InvariantCulture) is var text && text == "-0" ? "0" : text,
            Numeric when isByValue && value.Contains('.', StringComparison.Ordinal) => value.TrimEnd('0').TrimEnd('.'),
            _ => value,
        };
    }

    /// <summary>Whether what differs are numbers that differ in their last digits.</summary>
    private static bool AreClose(string row, string other)
    {
        var (left, right) = (row.Split('\t'), other.Split('\t'));
        if (left.Length != right.Length) return false;
        for (var i = 0; i < left.Length; i++)
        {
            if (left[i] == right[i]) continue;
            if (!double.TryParse(left[i], NumberStyles.Float, CultureInfo.InvariantCulture, out var one)
                || !double.TryParse(right[i], NumberStyles.Float, CultureInfo.InvariantCulture, out var two)) return false;
            if (!(Math.Abs(one - two) <= (1e-7 * Math.Max(Math.Abs(one), Math.Abs(two))) + 1e-9)) return false;
        }

        return true;
    }

    /// <summary>The columns of a row that differ from another's, at most three.</summary>
    private static string Short(string row, string other)
    {
        var (left, right) = (row.Split('\t'), other.Split('\t'));
        if (left.Length != right.Length) return row;
        var different = Enumerable.Range(0, left.Length).Where(i => left[i] != right[i]).Take(3)
            .Select(i => $"[{i.ToString(CultureInfo.InvariantCulture)}] {left[i]}");
        return (left.Length > 1 ? $"({left[0]}) " : "") + string.Join(", ", different);
    }
}
