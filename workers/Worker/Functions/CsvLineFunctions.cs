using System.Globalization;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>Fields of the lines of CSV files that the kernel's own reader would read otherwise.</summary>
internal static class CsvLineFunctions
{
    public static readonly ScalarFunction[] All =
    [
        // line, number of the field from 0, delimiter and quote and escape, text of NULL
        new("pg_csv_line_field", [SqlType.Text, SqlType.Int4, SqlType.Text, SqlType.Text], SqlType.Text,
            static (ref FunctionRow row) => SetField(ref row)),
        // line, number of fields, delimiter and quote and escape
        new("pg_csv_line_has", [SqlType.Text, SqlType.Int4, SqlType.Text], SqlType.Bool, static (ref FunctionRow row) =>
            row.Set(HasFields(row.GetText(0), row.GetInt32(1), row.GetText(2)))),
    ];

    private static void SetField(ref FunctionRow row)
    {
        var (text, isQuoted) = Split(row.GetText(0), row.GetText(2))[row.GetInt32(1)];
        if (!isQuoted && text == row.GetText(3)) row.SetNull();
        else row.Set(text);
    }

    private static List<(string Text, bool IsQuoted)> Split(string line, string marks) => CsvLine.Split(line, marks[0], marks[1], marks[2]);

    /// <summary>False for an empty line; an error for one with another number of fields.</summary>
    private static bool HasFields(string line, int count, string marks)
    {
        if (line.AsSpan().TrimEnd('\r').IsEmpty) return false;
        var found = Split(line, marks).Count;
        return found == count ? true : throw new SqlException(SqlState.BadCopyFileFormat,
            string.Create(CultureInfo.InvariantCulture, $"a line of a CSV file has {found} fields where the first has {count}"));
    }
}
