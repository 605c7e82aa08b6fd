using Federation.Connectors.Formats;
using Federation.Connectors.Formats.Parquet;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;

namespace Federation.Connectors.Files;

/// <summary>
/// Finds the columns of a table's files, united by name, and writes how the kernel reads each file. Files of one layout share a reader
/// call. What was found in a file is kept until the file changes.
/// </summary>
internal sealed class TableShapes(FileOptions options, ParquetFooters footers)
{
    private const long MaxCachedLayouts = 10_000;
    private readonly FileCache<CsvFile> _csv = new(MaxCachedLayouts, path => CsvFile.Look(path, options), _ => 1);
    private readonly FileCache<JsonLayout> _json = new(MaxCachedLayouts, path => new JsonLayout(JsonLinesFile.Look(path, options)), _ => 1);

    /// <summary>Columns and, where the files say it, the number of rows; else -1.</summary>
    public (EquatableArray<FileColumn> Columns, long Rows) Of(FileSet files, CancellationToken cancellationToken)
    {
        switch (files.Format)
        {
            case FileFormat.Parquet:
                var opened = files.Paths.Select(path => (Path: path, Footer: Open(path, cancellationToken))).ToArray();
                return (FileColumns.Union(opened.Select(file => ParquetColumns(file.Footer, file.Path)), MergeParquet),
                    opened.Sum(file => Rows(file.Footer)));
            case FileFormat.Csv:
                return (FileColumns.Union(files.Paths.Select(path => Csv(path, cancellationToken).Columns.AsEnumerable()), MergeText), -1);
            default:
                return (FileColumns.Union(files.Paths.Select(path => Json(path, cancellationToken).AsEnumerable()), MergeText), -1);
        }
    }

    public EquatableArray<FileGroup> Groups(FilesTableHandle table, EquatableArray<FileColumn> columns, CancellationToken cancellationToken)
    {
        var groups = new List<(string Key, FileGroup Group, List<ScanFile> Files)>();
        foreach (var file in table.Files)
        {
            // Files of a group share their physical schema: the reader takes the first file's types for all.
            var (group, rows, schema) = table.Format switch
            {
                FileFormat.Parquet => ParquetGroup(Open(file.Path, cancellationToken), file.Path, columns),
                FileFormat.Csv => (CsvGroup(Csv(file.Path, cancellationToken), columns), -1, ""),
                _ => (JsonGroup(Json(file.Path, cancellationToken), columns), -1, ""),
            };
            var key = string.Join('\n', group.Expressions.Concat(group.ReaderOptions).Prepend(schema));
            var place = groups.FindIndex(other => other.Key == key);
            if (place < 0)
            {
                place = groups.Count;
                groups.Add((key, group, []));
            }

            groups[place].Files.Add(new ScanFile(file.Path, file.Path, file.SizeBytes, rows));
        }

        return groups.Select(item => item.Group with { Files = item.Files.ToEquatableArray() }).ToEquatableArray();
    }

    private static (FileGroup Group, long Rows, string Schema) ParquetGroup(
        ParquetFooter footer, string path, EquatableArray<FileColumn> columns)
    {
        var names = KernelNames.Of(footer);
        var expressions = columns.Select(column =>
        {
            var field = footer.Columns.FirstOrDefault(candidate => candidate.Name == column.Name);
            return field is null
                ? KernelText.Constant(null, column.Type)
                : ParquetColumn.Of(field, path).Write($"d.{KernelText.Identifier(names[field])}");
        }).ToEquatableArray();
        return (new FileGroup(FileFormat.Parquet, default, OrRow(expressions)), Rows(footer), footer.Signature);
    }

    private FileGroup CsvGroup(CsvFile file, EquatableArray<FileColumn> columns)
    {
        var expressions = columns.Select(column =>
        {
            for (var i = 0; i < file.Columns.Count; i++)
                if (file.Columns[i].Name == column.Name)
                    return TextColumn.Write($"d.{CsvFile.KernelName(i)}", column.Type);
            return KernelText.Constant(null, column.Type);
        }).ToEquatableArray();
        return new FileGroup(FileFormat.Csv, default, OrRow(expressions)) { ReaderOptions = file.ReaderOptions(options) };
    }

    private static FileGroup JsonGroup(EquatableArray<FileColumn> members, EquatableArray<FileColumn> columns)
    {
        // Members are read as what they are in the table: one file's number may be another's text. At least one, for the reader's sake.
        var read = columns.Where(column => members.Any(member => member.Name == column.Name)).ToEquatableArray();
        if (read.Count == 0) read = members.Count > 0 ? [members[0]] : [new FileColumn("row", SqlType.Text)];
        var expressions = columns.Select(column => members.Any(member => member.Name == column.Name)
            ? TextColumn.Write($"CAST(d.{KernelText.Identifier(column.Name)} AS VARCHAR)", column.Type)
            : KernelText.Constant(null, column.Type)).ToEquatableArray();
        return new FileGroup(FileFormat.JsonLines, default, OrRow(expressions)) { ReaderOptions = JsonLinesFile.ReaderOptions(read) };
    }

    private static EquatableArray<string> OrRow(EquatableArray<string> expressions) => expressions.Count == 0 ? ["true"] : expressions;

    private static IEnumerable<FileColumn> ParquetColumns(ParquetFooter footer, string path) =>
        footer.Columns.Select(field => new FileColumn(field.Name, ParquetColumn.Of(field, path).Type) { Statistics = footer.Statistics.GetValueOrDefault(field.Name) });

    private static FileColumn MergeText(FileColumn left, FileColumn right) => left with { Type = TextColumn.Union(left.Type, right.Type) };

    private static FileColumn MergeParquet(FileColumn left, FileColumn right) => left with { Type = Widen(left, right), Statistics = ColumnStatistics.Union(left.Statistics, right.Statistics) };

    private static SqlType Widen(FileColumn left, FileColumn right)
    {
        var (one, two) = (left.Type, right.Type);
        if (one == two) return one;
        return (one.Base.Name, two.Base.Name, one.IsArray || two.IsArray) switch
        {
            ("int2" or "int4" or "int8", "int2" or "int4" or "int8", false) => one.Base.Length > two.Base.Length ? one : two,
            ("float4" or "float8", "float4" or "float8", false) => SqlType.Float8,
            ("numeric", "numeric", false) when one.Decimal is { } a && two.Decimal is { } b && a.Scale == b.Scale =>
                a.Precision > b.Precision ? one : two,
            _ => throw new SqlException(
                SqlState.DatatypeMismatch, $"column \"{left.Name}\" is {one} in one file of the table and {two} in another"),
        };
    }

    private static long Rows(ParquetFooter footer) => footer.RowGroups.Sum(group => group.RowCount);

    private ParquetFooter Open(string path, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return footers.Get(path);
    }

    private CsvFile Csv(string path, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _csv.Get(path);
    }

    private EquatableArray<FileColumn> Json(string path, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _json.Get(path).Members;
    }

    private sealed record JsonLayout(EquatableArray<FileColumn> Members);
}
