using System.Globalization;
using Federation.Connectors.Formats;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Federation.ObjectStorage;

namespace Federation.Connectors.Files;

/// <summary>What was found at the beginning of a CSV file. The kernel is told all of it and guesses nothing.</summary>
/// <param name="Columns">One per field, in file order; names are unique.</param>
internal sealed record CsvFile(string Path, char Delimiter, bool HasHeader, EquatableArray<FileColumn> Columns)
{
    private static readonly char[] s_delimiters = [',', ';', '\t', '|'];

    public static CsvFile Look(IObjectStore store, string path, FileOptions options)
    {
        var text = SampleReader.Read(store, path);
        var delimiter = options.Delimiter ?? (FileKinds.IsTabSeparated(path) ? '\t' : GuessDelimiter(text, options));
        var scan = CsvScan.Of(store, path, delimiter, options);
        if (scan is { IsIrregular: true, HasLongFields: true }) throw Irregular(path, scan);
        var records = scan.IsIrregular
            ? CsvRecords.ReadLines(text, delimiter, options.Quote, options.Escape, options.SampleRows + 1)
            : CsvRecords.Read(text, delimiter, options.Quote, options.Escape, options.SampleRows + 1);
        if (records.Count == 0 && text.AsSpan().Trim().Length > 0) throw FormatErrors.Corrupt(path, "its only record is not finished");
        if (records.Count == 0) return new CsvFile(path, delimiter, false, default);
        var hasHeader = options.HasHeader ?? LooksLikeHeader(records);
        var guesses = records[0].Select(_ => new TypeGuess()).ToArray();
        foreach (var record in records.Skip(hasHeader ? 1 : 0))
        {
            if (record.Length != guesses.Length)
                throw FormatErrors.Corrupt(path, $"a line has {record.Length} fields where the first has {guesses.Length}");
            for (var i = 0; i < guesses.Length; i++)
                if (record[i].IsQuoted || record[i].Text != options.NullText)
                    guesses[i].See(record[i].Text);
        }

        var names = Names(records[0], hasHeader);
        return new CsvFile(path, delimiter, hasHeader, guesses.Select((guess, index) => new FileColumn(names[index], guess.Type))
            .ToEquatableArray()) { IsIrregular = scan.IsIrregular };
    }

    /// <summary>The kernel reads lines, and functions take the fields out of them.</summary>
    public bool IsIrregular { get; init; }

    private static SqlException Irregular(string path, CsvScan scan) => new(SqlState.BadCopyFileFormat, scan.LineBesideQuotes > 0
        ? string.Create(CultureInfo.InvariantCulture, 
            $"file \"{path}\" cannot be read: line {scan.LineBesideQuotes} has text beside a quoted field")
        : $"file \"{path}\" cannot be read: some of its lines end in a line feed and others in a carriage return and a line feed")
    {
        Detail = "Quoted fields of the file hold line ends.",
    };

    /// <summary>The field of a column as text, in SQL of the kernel.</summary>
    public string FieldOf(int index, FileOptions options) => IsIrregular
        ? $"pg_csv_line_field(CAST(d.{LineColumn} AS VARCHAR), {index.ToString(CultureInfo.InvariantCulture)}, {Marks(options)}, "
            + $"{KernelText.Literal(options.NullText)})"
        : $"d.{KernelName(index)}";

    /// <summary>Which of the lines are rows; null for all.</summary>
    public string? RowFilter(FileOptions options) => !IsIrregular ? null
        : $"d.{LineColumn} IS NOT NULL AND pg_csv_line_has(CAST(d.{LineColumn} AS VARCHAR), "
            + $"{Columns.Count.ToString(CultureInfo.InvariantCulture)}, {Marks(options)})";

    private string Marks(FileOptions options) => KernelText.Literal($"{Delimiter}{options.Quote}{options.Escape}");

    /// <summary>
    /// The kernel's options; columns are known to it by position, c0, c1, …, because its own names are not case-sensitive.
    /// </summary>
    public EquatableArray<string> ReaderOptions(FileOptions options) => IsIrregular ?
    [
        "auto_detect = false", $"header = {(HasHeader ? "true" : "false")}", "strict_mode = false", "delim = '\u001f'", "quote = ''",
        "escape = ''", "max_line_size = 16777216", "buffer_size = 33554432", $"columns = {{'{LineColumn}': 'VARCHAR'}}",
    ] :
    [
        "auto_detect = false",
        $"header = {(HasHeader ? "true" : "false")}",
        $"delim = {KernelText.Literal(Delimiter.ToString())}",
        $"quote = {KernelText.Literal(options.Quote.ToString())}",
        $"escape = {KernelText.Literal(options.Escape.ToString())}",
        $"nullstr = {KernelText.Literal(options.NullText)}",
        "allow_quoted_nulls = false",
        $"columns = {{{string.Join(", ", Columns.Select((_, index) => $"'{KernelName(index)}': 'VARCHAR'"))}}}",
    ];

    private const string LineColumn = "line";

    private static string KernelName(int index) => "c" + index.ToString(CultureInfo.InvariantCulture);

    private static char GuessDelimiter(string text, FileOptions options)
    {
        var best = ',';
        var bestFields = 1;
        foreach (var candidate in s_delimiters)
        {
            var records = CsvRecords.Read(text, candidate, options.Quote, options.Escape, 100);
            if (records.Count == 0 || records.Exists(record => record.Length != records[0].Length) || records[0].Length <= bestFields)
                continue;
            best = candidate;
            bestFields = records[0].Length;
        }

        return best;
    }

    // Names are words; data in text columns alone cannot be told from them, so a file of words has a header. Some names may be missing or
    // be there twice.
    private static bool LooksLikeHeader(List<CsvRecords.Field[]> records) =>
        records[0].Any(field => field.Text.Trim().Length > 0)
            && records[0].All(field => field.Text.Trim().Length == 0 || !TypeGuess.IsTyped(field.Text));

    private static string[] Names(CsvRecords.Field[] first, bool hasHeader)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        return [.. first.Select((field, index) =>
        {
            var name = hasHeader && field.Text.Trim().Length > 0
                ? field.Text.Trim()
                : $"column{(index + 1).ToString(CultureInfo.InvariantCulture)}";
            for (var number = 1; !taken.Add(name); number++) name = $"{field.Text.Trim()}_{number.ToString(CultureInfo.InvariantCulture)}";
            return name;
        })];
    }
}
