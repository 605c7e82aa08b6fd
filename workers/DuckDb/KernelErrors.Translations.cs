using System.Text.RegularExpressions;
using Federation.Core.Errors;

namespace Federation.DuckDb;

public static unsafe partial class KernelErrors
{
    /// <summary>Kernel error type ("" = any), message pattern, PostgreSQL's error. The first that matches wins.</summary>
    private static readonly (string Kind, Regex Pattern, Func<Match, SqlException> Translate)[] s_translations =
    [
        ("", Of("(?i)more than one row returned by a subquery"), _ =>
            new SqlException(SqlState.CardinalityViolation, "more than one row returned by a subquery used as an expression")),
        ("Parser", Of("memory exhausted|Max expression depth"), _ => TooDeep()),
        ("Binder", Of("Max expression depth"), _ => TooDeep()),
        ("Conversion", Of("Cannot cast empty string to BIT"),
            _ => new SqlException(SqlState.FeatureNotSupported, "bit strings of no bits are not supported")),
        ("", Of("division by zero|Division by zero"), _ => new SqlException(SqlState.DivisionByZero, "division by zero")),
        ("", Of("max_temp_directory_size"), match =>
            new SqlException(SqlState.DiskFull, "the spill directory is full") { Detail = FirstLine(match.Result("$_")) }),
        ("", Of("(?i)no space left on device"), match =>
            new SqlException(SqlState.DiskFull, "could not write to a temporary file: No space left on device")
                { Detail = FirstLine(match.Result("$_")) }),

        // Damage that shows only when a Parquet file's pages are unpacked; the kernel does not say which file it is.
        ("",
            Of("(?i)^(Out of buffer|TProtocolException|.*dictionary offset|.*decompression failure|.*corrupt Parquet|Parquet file is|"
                + "Invalid (?:string|page|encoding)|Failed to decode)"),
            match =>
            new SqlException(SqlState.DataCorrupted, $"a Parquet file is corrupt: {FirstLine(match.Result("$_"))}")),

        // Arithmetic and casts between numbers
        ("Out of Range", Of(@"^Overflow on abs\((?<value>-\d+)\)"),
            match => OutOfRange(match.Groups["value"].Value switch { "-32768" => "INT16", "-2147483648" => "INT32", _ => "INT64" })),
        ("Out of Range", Of("^Overflow in (division|negation)"), _ => OutOfRange("INT64")),
        ("Out of Range", Of(@"(Overflow|Underflow|overflow).*\b(?<type>DECIMAL|INT8|INT16|INT32|INT64|INT128|HUGEINT|FLOAT|DOUBLE)\b"),
            match => OutOfRange(match.Groups["type"].Value)),
        ("Out of Range", Of("DECIMAL type. Max scale"), _ => OutOfRange("DECIMAL")),
        ("Out of Range", Of("Cannot create a string of size"),
            _ => new SqlException(SqlState.ProgramLimitExceeded, "requested length too large")),
        ("Out of Range", Of("square root of a negative"), _ =>
            new SqlException(SqlState.InvalidArgumentForPowerFunction, "cannot take square root of a negative number")),
        ("Out of Range", Of("logarithm of zero"), _ => new SqlException(SqlState.InvalidArgumentForLog, "cannot take logarithm of zero")),
        ("Out of Range", Of("logarithm of a negative"), _ =>
            new SqlException(SqlState.InvalidArgumentForLog, "cannot take logarithm of a negative number")),
        ("", Of(@"Invalid (RANGE|ROWS|GROUPS) (PRECEDING|FOLLOWING) value"),
            _ => new SqlException(SqlState.InvalidPrecedingOrFollowingSize, "invalid preceding or following size in window function")),
        ("Out of Range", Of(@"(?i)\binterval\b"), _ => new SqlException(SqlState.DatetimeFieldOverflow, "interval out of range")),
        ("Out of Range", Of(@"(?i)\btimestamp"), _ => new SqlException(SqlState.DatetimeFieldOverflow, "timestamp out of range")),
        ("Out of Range", Of(@"(?i)\bdate\b"), _ => new SqlException(SqlState.DatetimeFieldOverflow, "date out of range")),
        ("", Of(@"out of range for the destination type (?<type>\w+)"), match => OutOfRange(match.Groups["type"].Value)),
        ("Conversion", Of(@"Failed to cast decimal value \S+ to type (?<type>\w+)"), match => OutOfRange(match.Groups["type"].Value)),
        ("Conversion", Of(@"Casting value .* to type DECIMAL\S* failed|Could not cast value \S+ to DECIMAL"), _ => OutOfRange("DECIMAL")),

        ("Out of Range", Of(@"^(STDDEV|VAR|SUM|AVG)[A-Z_]* is out of range"),
            _ => new SqlException(SqlState.NumericValueOutOfRange, "value out of range: overflow")),

        // Text into values
        ("Conversion", Of(@"Could not convert string ['""]NaN['""] to DECIMAL"),
            _ => new SqlException(SqlState.FeatureNotSupported, "NaN in a numeric with precision and scale is not supported")),
        ("Conversion", Of(@"Could not convert string ['""](?<text>\s*[-+]?[0-9]+(\.[0-9]*)?\s*)['""] to DECIMAL"),
            _ => OutOfRange("DECIMAL")),
        ("Conversion", Of(@"Could not convert string ['""](?<text>.*)['""] to (?<type>[A-Z0-9]+)"), match =>
            Syntax(match.Groups["type"].Value, match.Groups["text"].Value)),
        ("Conversion", Of(@"invalid (?<type>date|time|timestamp) field format: ""(?<text>.*)"", expected"), match =>
            new SqlException(SqlState.InvalidDatetimeFormat,
                $"invalid input syntax for type {match.Groups["type"]}: \"{match.Groups["text"]}\"")),
        ("Conversion", Of(@"time field value out of range: ""(?<text>[^0-9].*)"", expected"), match =>
            new SqlException(SqlState.InvalidDatetimeFormat, $"invalid input syntax for type time: \"{match.Groups["text"]}\"")),
        ("Conversion", Of(@"(date|time|timestamp) field value out of range: ""(?<text>.*)"""), match =>
            new SqlException(SqlState.DatetimeFieldOverflow, $"date/time field value out of range: \"{match.Groups["text"]}\"")),
        ("Conversion", Of(@"Date out of range: (?<year>-?\d+)-(?<month>-?\d+)-(?<day>-?\d+)"), match =>
            new SqlException(SqlState.DatetimeFieldOverflow,
                "date field value out of range: "
                    + $"{match.Groups["year"]}-{match.Groups["month"].Value.PadLeft(2, '0')}-{match.Groups["day"].Value.PadLeft(2, '0')}")),
        ("Conversion", Of(@"Time out of range: (?<hour>-?\d+):(?<minute>-?\d+):(?<second>[-0-9.]+)"), match =>
            new SqlException(SqlState.DatetimeFieldOverflow,
                "time field value out of range: "
                    + $"{match.Groups["hour"]}:{match.Groups["minute"].Value.PadLeft(2, '0')}:{Seconds(match.Groups["second"].Value)}")),
        ("Conversion", Of(@"[Tt]ype INT32 with value [-0-9]+( \(BC\))? can't be cast .*INT64"),
            _ => new SqlException(SqlState.DatetimeFieldOverflow, "date out of range for timestamp")),
        ("Conversion", Of("not in timestamp range"), _ => new SqlException(SqlState.DatetimeFieldOverflow, "timestamp out of range")),
        ("Conversion", Of(@"specifier ""(?<text>.*)"" not recognized"), match =>
            new SqlException(SqlState.InvalidParameterValue, $"unit \"{match.Groups["text"]}\" not recognized")),
        ("", Of(@"Unknown TimeZone '(?<text>.*?)'"), match =>
            new SqlException(SqlState.InvalidParameterValue, $"time zone \"{match.Groups["text"]}\" not recognized")),
        ("Invalid Input", Of("Argument for ntile"), _ =>
            new SqlException(SqlState.InvalidArgumentForNtile, "argument of ntile must be greater than zero")),
        ("Binder", Of("LIMIT/OFFSET cannot be negative"), _ =>
            new SqlException(SqlState.InvalidRowCountInLimitClause, "LIMIT must not be negative")),
        ("Binder", Of("interval cannot be 0"), _ => new SqlException(SqlState.InvalidParameterValue, "step size cannot equal zero")),
        ("Binder", Of("QUANTILE can only take"), _ =>
            new SqlException(SqlState.NumericValueOutOfRange, "percentile value is not between 0 and 1")),

        // The messages of the regular expression library
        ("Invalid Input",
            Of(@"^(missing [)\]]|unexpected \)|invalid (perl operator|character class|escape sequence|repetition|named capture)|bad repetition|no argument for repetition|trailing \\)"),
            match => new SqlException(SqlState.InvalidRegularExpression, $"invalid regular expression: {match.Value}")),

        // Text files that are not what their name says: the kernel's report has the line, the reason and, among the options it lists, the
        // file
        ("", Of(@"^CSV Error on Line: (?<line>\d+)(.*?\n(?<reason>[^\n]*\S)\s*\n\s*Possible)?(.*\n\s*file = (?<file>[^\n]+))?"), match =>
            BadFile(match.Groups["file"].Value.Trim(), $"line {match.Groups["line"]}: {match.Groups["reason"].Value.TrimEnd('.')}")),
        ("", Of(@"^Error when sniffing file ""(?<file>[^""]*)""\.?\s*\n?(?<reason>[^\n]*)"), match =>
            BadFile(match.Groups["file"].Value, match.Groups["reason"].Value.TrimEnd('.'))),
        ("", Of(@"^(?<reason>Malformed JSON|JSON transform error) in file ""(?<file>[^""]*)"", (?<place>[^\n]*)"), match =>
            BadFile(match.Groups["file"].Value, $"{match.Groups["reason"].Value}, {match.Groups["place"].Value.TrimEnd('.')}")),

        // Files: the message names the file
        ("Invalid Input", Of(@"(?i)(magic bytes|parquet|csv|\.json).*"),
            match => new SqlException(SqlState.IoError, Lower(FirstLine(match.Result("$_"))))),
    ];

    private static Regex Of(string pattern) =>
        new(pattern, RegexOptions.CultureInvariant | RegexOptions.Singleline, TimeSpan.FromSeconds(1));

    private static SqlException BadFile(string file, string reason) => file.Length == 0
        ? new SqlException(SqlState.BadCopyFileFormat, $"a CSV file is malformed: {reason}")
        : new SqlException(SqlState.BadCopyFileFormat, $"file \"{file}\" is malformed: {reason}");

    private static SqlException OutOfRange(string kernelType) => kernelType switch
    {
        "INT16" or "SMALLINT" or "INT8" or "TINYINT" => new SqlException(SqlState.NumericValueOutOfRange, "smallint out of range"),
        "INT32" or "INTEGER" => new SqlException(SqlState.NumericValueOutOfRange, "integer out of range"),
        "INT64" or "BIGINT" => new SqlException(SqlState.NumericValueOutOfRange, "bigint out of range"),
        "FLOAT" or "DOUBLE" => new SqlException(SqlState.NumericValueOutOfRange, "value out of range: overflow"),
        _ => new SqlException(SqlState.NumericValueOutOfRange, "numeric field overflow") { NeedsWideNumerics = true },
    };

    /// <summary>As C's %02g prints them.</summary>
    private static string Seconds(string text) =>
        double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var seconds)
            ? seconds.ToString("G6", System.Globalization.CultureInfo.InvariantCulture).PadLeft(2, '0')
            : text;

    private static SqlException Syntax(string kernelType, string text) =>
        new(kernelType == "INTERVAL" ? SqlState.InvalidDatetimeFormat : SqlState.InvalidTextRepresentation,
            $"invalid input syntax for type {PostgresName(kernelType)}: \"{text}\"");

    private static string PostgresName(string kernelType) => kernelType switch
    {
        "INT16" or "SMALLINT" => "smallint",
        "INT32" or "INTEGER" => "integer",
        "INT64" or "BIGINT" => "bigint",
        "BOOL" or "BOOLEAN" => "boolean",
        "FLOAT" => "real",
        "DOUBLE" => "double precision",
        "UUID" or "INT128" or "HUGEINT" => "uuid",
        "BLOB" => "bytea",
        "DECIMAL" => "numeric",
        _ => kernelType.ToLowerInvariant(),
    };

    private static SqlException TooDeep() =>
        new(SqlState.StatementTooComplex, "stack depth limit exceeded")
            { Hint = "Split the statement, or nest its expressions and queries less deeply." };
}
