using System.Globalization;
using System.Text;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker;

/// <summary>
/// Writes the query of a file scan: one reader call per group, every expression cast to its column's type, deleted rows removed by anti
/// joins.
/// </summary>
internal static class FileScanSql
{
    // A name that no table's column has; the reader's own column names would clash with columns of the file.
    private const string PathColumn = "__federation_path";

    public static void Append(StringBuilder text, FileScan scan)
    {
        var isFirst = true;
        foreach (var group in scan.Groups)
        {
            if (group.Files.Count == 0) continue;
            if (!isFirst) text.Append(" UNION ALL ");
            AppendGroup(text, scan.Columns, group);
            isFirst = false;
        }

        if (isFirst) AppendNothing(text, scan.Columns);
    }

    /// <summary>Every folder that a scan reads from.</summary>
    public static IEnumerable<string> Folders(FileScan scan) => scan.Groups
        .SelectMany(group => group.Files.Select(file => file.Path)
            .Concat(group.PositionDeletes.SelectMany(deletes => deletes.Paths))
            .Concat(group.EqualityDeletes.SelectMany(deletes => deletes.Paths)))
        .Select(FolderOf)
        .Distinct(StringComparer.Ordinal);

    /// <summary>The folder of a file; anything but an absolute path is a defect of the planner or connector.</summary>
    private static string FolderOf(string path) =>
        Path.IsPathRooted(path)
            ? Path.GetDirectoryName(path)!
            : throw new SqlException(SqlState.InternalError, $"\"{path}\" is no absolute path");

    private static void AppendNothing(StringBuilder text, EquatableArray<RecordField> columns) => text.Append("SELECT ")
        .AppendJoin(", ", columns.Select(column => $"CAST(NULL AS {column.Type.KernelName})"))
        .Append(" WHERE false");

    private static void AppendGroup(StringBuilder text, EquatableArray<RecordField> columns, FileGroup group)
    {
        text.Append("SELECT ");
        for (var i = 0; i < columns.Count; i++)
        {
            if (i > 0) text.Append(", ");
            text.Append("CAST((").Append(group.Expressions[i]).Append(") AS ").Append(columns[i].Type.KernelName).Append(')');
        }

        text.Append(" FROM ");
        var deletes = group.PositionDeletes.SelectMany(entry => entry.Paths).Distinct(StringComparer.Ordinal).ToArray();
        var options = group.ReaderOptions.ToList();
        var path = "filename";
        if (deletes.Length > 0 || group.DeletedRows.Count > 0 || group.NamesRows)
        {
            if (!Has(options, "filename")) options.Add($"filename = {SqlText.Literal(path = PathColumn)}");
            if (!Has(options, "file_row_number")) options.Add("file_row_number = true");
        }

        if (group.Rows is not null && !Has(options, "file_row_number")) options.Add("file_row_number = true");
        AppendReader(text, group.Format, group.Files.Select(file => file.Path), options);
        text.Append(" AS d");
        if (deletes.Length > 0) AppendPositionDeletes(text, group.Files, deletes, path);
        if (group.DeletedRows.Count > 0) AppendDeletedRows(text, group.DeletedRows, path);
        if (group.NamesRows)
        {
            text.Append(" JOIN ");
            AppendRecordedPaths(text, group.Files);
            text.Append(" AS f(recorded, path) ON f.path = d.").Append(SqlText.Identifier(path));
        }

        for (var i = 0; i < group.EqualityDeletes.Count; i++)
            AppendEqualityDeletes(text, group.EqualityDeletes[i], $"e{i.ToString(CultureInfo.InvariantCulture)}");
        var where = new List<string>();
        if (group.Filter is { } filter) where.Add($"({filter})");

        // The kernel skips the row groups outside of the range.
        if (group.Rows is var (first, count))
            where.Add(string.Create(CultureInfo.InvariantCulture, $"d.file_row_number >= {first} AND d.file_row_number < {first + count}"));
        if (where.Count > 0) text.Append(" WHERE ").AppendJoin(" AND ", where);
    }

    private static void AppendReader(StringBuilder text, FileFormat format, IEnumerable<string> paths, List<string> options)
    {
        text.Append(format switch
        {
            FileFormat.Parquet => "read_parquet([",
            FileFormat.Csv => "read_csv([",
            // Gives each line as it is written: the kernel's own values of JSON round numbers.
            _ => "read_ndjson_objects([",
        });
        text.AppendJoin(", ", paths.Select(EscapedPath)).Append(']');
        foreach (var option in options) text.Append(", ").Append(option);
        // The reader would take columns from folder names, in place of columns of the file; connectors write them as expressions.
        if (!Has(options, "hive_partitioning")) text.Append(", hive_partitioning = false");
        text.Append(')');
    }

    // The readers take every path for a glob pattern; a bracket expression stands for the character itself.
    private static string EscapedPath(string path)
    {
        if (path.AsSpan().IndexOfAny("*?[") < 0) return SqlText.Literal(path);
        var escaped = new StringBuilder(path.Length + 8);
        foreach (var character in path)
        {
            if (character is '*' or '?' or '[') escaped.Append('[').Append(character).Append(']');
            else escaped.Append(character);
        }

        return SqlText.Literal(escaped.ToString());
    }

    private static void AppendPositionDeletes(StringBuilder text, EquatableArray<ScanFile> files, string[] deletes, string path)
    {
        // Delete files name data files as they were when they were written; the join maps those names to where the files are now.
        text.Append(
            " ANTI JOIN (SELECT m.path AS file_path, CASE WHEN x.pos IS NULL THEN error('XX001|a position delete of ' || m.path || ' has "
                + "no position') ELSE x.pos END AS pos FROM ");
        AppendReader(text, FileFormat.Parquet, deletes, []);
        text.Append(" AS x JOIN ");
        AppendRecordedPaths(text, files);
        text.Append(" AS m(recorded, path) ON m.recorded = x.file_path) AS p ON p.file_path = d.")
            .Append(SqlText.Identifier(path)).Append(" AND p.pos = d.file_row_number");
    }

    private static void AppendRecordedPaths(StringBuilder text, EquatableArray<ScanFile> files) => text.Append("(VALUES ")
        .AppendJoin(", ", files.Select(file => $"({SqlText.Literal(file.RecordedPath)}, {SqlText.Literal(file.Path)})"))
        .Append(')');

    private static void AppendDeletedRows(StringBuilder text, EquatableArray<DeletedRows> deletes, string path)
    {
        // Lists written as text are read far faster than as expressions of the statement.
        text.Append(" ANTI JOIN (SELECT r.path AS path, unnest(range(r.first, r.first + r.count)) AS pos FROM (");
        for (var i = 0; i < deletes.Count; i++)
        {
            if (i > 0) text.Append(" UNION ALL ");
            text.Append("SELECT ").Append(SqlText.Literal(deletes[i].Path)).Append(" AS path, unnest(CAST('[")
                .AppendJoin(',', deletes[i].Ranges.Select(range => range.First)).Append("]' AS BIGINT[])) AS first, unnest(CAST('[")
                .AppendJoin(',', deletes[i].Ranges.Select(range => range.Count)).Append("]' AS BIGINT[])) AS count");
        }

        text.Append(") AS r) AS v ON v.path = d.").Append(SqlText.Identifier(path)).Append(" AND v.pos = d.file_row_number");
    }

    private static void AppendEqualityDeletes(StringBuilder text, EqualityDeletes deletes, string alias)
    {
        text.Append(" ANTI JOIN (SELECT DISTINCT ");
        for (var i = 0; i < deletes.Columns.Count; i++)
        {
            if (i > 0) text.Append(", ");
            text.Append("CAST((").Append(deletes.Columns[i].DeleteExpression).Append(") AS ").Append(deletes.Columns[i].Type.KernelName)
                .Append(") AS k").Append(i.ToString(CultureInfo.InvariantCulture));
        }

        text.Append(" FROM ");
        AppendReader(text, FileFormat.Parquet, deletes.Paths, ["union_by_name = true"]);
        text.Append(" AS x) AS ").Append(alias).Append(" ON ");
        for (var i = 0; i < deletes.Columns.Count; i++)
        {
            if (i > 0) text.Append(" AND ");
            text.Append(alias).Append(".k").Append(i.ToString(CultureInfo.InvariantCulture)).Append(" IS NOT DISTINCT FROM CAST((")
                .Append(deletes.Columns[i].DataExpression).Append(") AS ").Append(deletes.Columns[i].Type.KernelName).Append(')');
        }
    }

    private static bool Has(List<string> options, string name) =>
        options.Exists(option => option.AsSpan().TrimStart().StartsWith(name, StringComparison.OrdinalIgnoreCase)
            && option.AsSpan().TrimStart()[name.Length..].TrimStart().StartsWith("="));
}
