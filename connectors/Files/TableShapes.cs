using System.Globalization;
using Federation.Connectors.Formats;
using Federation.Connectors.Formats.Parquet;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Federation.ObjectStorage;

namespace Federation.Connectors.Files;

/// <summary>
/// Finds the columns of a table's files, united by name, and writes how the kernel reads each file. Files of one layout share a reader
/// call. What was found in a file is kept until the file changes.
/// </summary>
internal sealed class TableShapes(FileOptions options, IObjectStore store, ParquetFooters footers)
{
    private const long MaxCachedLayouts = 10_000;
    private readonly FileCache<CsvFile> _csv = new(store, MaxCachedLayouts, path => CsvFile.Look(store, path, options), _ => 1);
    private readonly FileCache<JsonLinesFile.Layout> _json =
        new(store, MaxCachedLayouts, path => JsonLinesFile.Look(store, path, options), _ => 1);

    /// <summary>Columns and, where the files say it, the number of rows; else -1.</summary>
    public (EquatableArray<FileColumn> Columns, long Rows) Of(FileSet files, CancellationToken cancellationToken)
    {
        switch (files.Format)
        {
            case FileFormat.Parquet:
                var opened = files.Files
                    .Select(file => (file.Path, Footer: Open(file.Path, file.Status?.Version, cancellationToken))).ToArray();
                return (FileColumns.Union(opened.Select(file => ParquetColumns(file.Footer, file.Path)), MergeParquet),
                    opened.Sum(file => Rows(file.Footer)));
            case FileFormat.Csv:
                return (FileColumns.Union(
                    files.Files.Select(file => Csv(file.Path, file.Status?.Version, cancellationToken).Columns.AsEnumerable()), MergeText),
                    -1);
            default:
                return (FileColumns.Union(
                    files.Files.Select(file => Json(file.Path, file.Status?.Version, cancellationToken).Members.AsEnumerable()), MergeText),
                    -1);
        }
    }

    /// <summary>The table with those of its files that may hold a row that its filters keep.</summary>
    public FilesTableHandle Pruned(FilesTableHandle table, CancellationToken cancellationToken)
    {
        if (table.Format != FileFormat.Parquet || table.Filters.Count == 0) return table;
        return table with
        {
            Files = table.Files.Where(file => MayMatch(Open(file.Path, file.Version, cancellationToken))) .ToEquatableArray(),
        };

        bool MayMatch(ParquetFooter footer) =>
            table.Filters.All(filter => FilePruning.MayMatch(filter, footer.Statistics.GetValueOrDefault));
    }

    public EquatableArray<FileGroup> Groups(FilesTableHandle table, EquatableArray<FileColumn> columns, CancellationToken cancellationToken)
    {
        var groups = new List<(string Key, FileGroup Group, List<ScanFile> Files)>();
        if (columns.FirstOrDefault(column => column.Refusal is not null) is { } refused)
            throw new SqlException(SqlState.FeatureNotSupported, refused.Refusal!);
        foreach (var file in table.Files)
        {
            // An empty file has neither columns nor rows, and the kernel reads none without columns.
            if (table.Format == FileFormat.Csv && Csv(file.Path, file.Version, cancellationToken).Columns.Count == 0) continue;
            // Files of a group share their physical schema: the reader takes the first file's types for all.
            var (group, rows, schema) = table.Format switch
            {
                FileFormat.Parquet => ParquetGroup(Open(file.Path, file.Version, cancellationToken), file.Path, columns),
                FileFormat.Csv => (CsvGroup(Csv(file.Path, file.Version, cancellationToken), columns), -1, ""),
                _ => (JsonGroup(Json(file.Path, file.Version, cancellationToken), columns), -1, ""),
            };
            var key = string.Join('\n', group.Expressions.Concat(group.ReaderOptions).Append(group.Filter ?? "").Prepend(schema));
            var place = groups.FindIndex(other => other.Key == key);
            if (place < 0)
            {
                place = groups.Count;
                groups.Add((key, group, []));
            }

            groups[place].Files.Add(Planned(file, rows, table.Format, group.Expressions, cancellationToken));
        }

        return groups.Select(item => item.Group with { Files = item.Files.ToEquatableArray() }).ToEquatableArray();
    }

    private ScanFile Planned(PinnedFile file, long rows, FileFormat format, EquatableArray<string> expressions,
        CancellationToken cancellationToken)
    {
        var scanned = new ScanFile(file.Path, file.Path, file.SizeBytes, rows);
        if (!StoragePath.IsRemote(file.Path)) return scanned;
        return scanned with
        {
            Version = file.Version,
            Needed = format == FileFormat.Parquet
                ? NeededParts.Of(Open(file.Path, file.Version, cancellationToken), file.SizeBytes, [.. expressions])
                : [],
        };
    }

    private static (FileGroup Group, long Rows, string Schema) ParquetGroup(
        ParquetFooter footer, string path, EquatableArray<FileColumn> columns)
    {
        var names = KernelNames.Of(footer);
        var shown = ShownNames(footer);
        var expressions = columns.Select(column =>
        {
            var field = footer.Columns.FirstOrDefault(candidate => shown[candidate] == column.Name);
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
                    return TextColumn.Write(file.FieldOf(i, options), column.Type);
            return KernelText.Constant(null, column.Type);
        }).ToEquatableArray();
        var group = new FileGroup(FileFormat.Csv, default, OrRow(expressions)) { ReaderOptions = file.ReaderOptions(options) };
        return file.RowFilter(options) is { } filter ? group with { Filter = filter } : group;
    }

    private static FileGroup JsonGroup(JsonLinesFile.Layout layout, EquatableArray<FileColumn> columns)
    {
        // Members are read as what they are in the table: one file's number may be another's text.
        var expressions = columns.Select(column => layout.Members.Any(member => member.Name == column.Name)
            ? TextColumn.Write(JsonLinesFile.MemberOf(column.Name), column.Type)
            : KernelText.Constant(null, column.Type)).ToEquatableArray();
        var group = new FileGroup(layout.HasMark ? FileFormat.Csv : FileFormat.JsonLines, default, OrRow(expressions));
        if (layout.HasMark) group = group with { ReaderOptions = JsonLinesFile.MarkedReaderOptions };
        string[] conditions = [.. layout.HasMark ? [$"d.{JsonLinesFile.LineColumn} IS NOT NULL"] : Array.Empty<string>(),
            .. layout.IsWhole ? [] : new[] { JsonLinesFile.HasOnly(layout.Members) }];
        return conditions.Length == 0 ? group : group with { Filter = string.Join(" AND ", conditions) };
    }

    private static EquatableArray<string> OrRow(EquatableArray<string> expressions) => expressions.Count == 0 ? ["true"] : expressions;

    /// <summary>
    /// Names of a file's columns in SQL: of equal ones the later get a number, as in a, a_1; a column without a name has that of its place.
    /// </summary>
    private static Dictionary<ParquetField, string> ShownNames(ParquetFooter footer)
    {
        var names = new Dictionary<ParquetField, string>(ReferenceEqualityComparer.Instance);
        var taken = footer.Columns.Select(field => field.Name).ToHashSet(StringComparer.Ordinal);
        var used = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < footer.Columns.Count; i++)
        {
            var field = footer.Columns[i];
            var name = field.Name.Length > 0 ? field.Name : string.Create(CultureInfo.InvariantCulture, $"column{i + 1}");
            if (!used.Add(name))
            {
                var number = 1;
                while (taken.Contains($"{name}_{number}") || !used.Add($"{name}_{number}")) number++;
                name = $"{name}_{number}";
            }

            names[field] = name;
        }

        return names;
    }

    private static IEnumerable<FileColumn> ParquetColumns(ParquetFooter footer, string path)
    {
        var names = ShownNames(footer);
        return footer.Columns
            .Select(field =>
                ParquetColumnOf(field, names[field], path) with { Statistics = footer.Statistics.GetValueOrDefault(field.Name) });
    }

    /// <summary>A column that cannot be read is shown and refused when it is read; the others of the file can be had.</summary>
    private static FileColumn ParquetColumnOf(ParquetField field, string name, string path)
    {
        // The kernel's SQL has no form for such a name.
        if (field.Name.Length == 0 || field.Name.Contains('\0', StringComparison.Ordinal))
            return new FileColumn(name.Replace("\0", "", StringComparison.Ordinal),
                SqlType.Text) { Refusal =
                    $"file \"{path}\" cannot be read: column \"{name.Replace("\0", "", StringComparison.Ordinal)}\" has no usable name "
                        + "there" };
        try
        {
            return new FileColumn(name, ParquetColumn.Of(field, path).Type);
        }
        catch (SqlException error) when (error.State == SqlState.FeatureNotSupported)
        {
            return new FileColumn(name, SqlType.Text) { Refusal = error.Message };
        }
    }

    private static FileColumn MergeText(FileColumn left, FileColumn right) => left with { Type = TextColumn.Union(left.Type, right.Type) };

    private static FileColumn MergeParquet(FileColumn left, FileColumn right) =>
        left.Refusal is not null
            ? left
            : right.Refusal is not null ? left with { Refusal = right.Refusal }
                : left with { Type = Widen(left, right), Statistics = ColumnStatistics.Union(left.Statistics, right.Statistics) };

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

    private ParquetFooter Open(string path, string? version, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return footers.Get(path, version);
    }

    private CsvFile Csv(string path, string? version, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _csv.Get(path, version);
    }

    private JsonLinesFile.Layout Json(string path, string? version, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _json.Get(path, version);
    }
}
