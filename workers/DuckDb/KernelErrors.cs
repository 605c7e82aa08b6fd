using System.Text.Json;
using System.Text.RegularExpressions;
using Federation.Core.Errors;

namespace Federation.DuckDb;

/// <summary>
/// Between the kernel's errors and ours. Functions of this process and kernel SQL raise <c>SQLSTATE|message</c>, with <c>+</c> behind the
/// state when numerics of any length may help, and optionally followed by detail and hint behind unit separators; what the kernel itself
/// raises is put into PostgreSQL's words by a table of patterns.
/// </summary>
public static unsafe partial class KernelErrors
{
    private const char Separator = '\u001f';

    /// <summary>An error as text for the kernel to carry; <see cref="ToException"/> reads it back.</summary>
    internal static string Encode(Exception error) => error switch
    {
        SqlException sql =>
            $"{sql.State}{(sql.NeedsWideNumerics ? "+" : "")}|{Clean(sql.Message)}{Separator}{Clean(sql.Detail)}{Separator}{Clean(sql.Hint)}",
        OperationCanceledException => Encode(Cancellation.Canceled()),
        InsufficientExecutionStackException => $"{SqlState.StatementTooComplex}|stack depth limit exceeded",
        OutOfMemoryException => $"{SqlState.OutOfMemory}|out of memory",
        _ => $"{SqlState.InternalError}|{Clean(error.Message)} ({error.GetType().Name})",
    };

    internal static SqlException Of(ResultHandle result) =>
        ToException(KernelTypes.BorrowString(NativeMethods.duckdb_result_error(result.Value)),
            NativeMethods.duckdb_result_error_type(result.Value));

    /// <param name="type">duckdb_error_type when it is known, else 0.</param>
    internal static SqlException ToException(string text, int type)
    {
        var (name, message) = Split(text);
        if (name.Length == 0) name = NameOf(type);
        if (Carried().Match(message) is { Success: true } carried) return Decode(carried);
        foreach (var (kind, pattern, translate) in s_translations)
            if ((kind.Length == 0 || kind == name) && pattern.Match(message) is { Success: true } match)
                return translate(match);
        return Untranslated(name, FirstLine(message));
    }

    private static SqlException Untranslated(string name, string message) => name switch
    {
        "Out of Range" => new SqlException(SqlState.NumericValueOutOfRange, "value out of range") { Detail = message },
        "Conversion" => new SqlException(SqlState.InvalidTextRepresentation, Lower(message)),
        "Invalid Input" => new SqlException(SqlState.InvalidParameterValue, Lower(message)),
        "Constraint" => new SqlException(SqlState.IntegrityConstraintViolation, Lower(message)),
        "Binder" when message.Contains("not supported", StringComparison.OrdinalIgnoreCase) =>
            new SqlException(SqlState.FeatureNotSupported, Lower(message)),
        "Not implemented" => new SqlException(SqlState.FeatureNotSupported, Lower(message)),
        "Out of Memory" => new SqlException(SqlState.OutOfMemory, "out of memory") { Detail = message },
        "INTERRUPT" or "Interrupt" => Cancellation.Canceled(),
        "IO" or "HTTP" or "Serialization" => new SqlException(SqlState.IoError, Lower(message)),
        "Permission" => new SqlException(SqlState.InsufficientPrivilege, Lower(message)),
        "Object Size" => new SqlException(SqlState.ProgramLimitExceeded, Lower(message)),
        _ => new SqlException(SqlState.InternalError, $"the kernel failed: {message}") { Detail = $"Kernel error type: {name}." },
    };

    // {"exception_type":"Conversion","exception_message":"…",…} with errors_as_json, else "Conversion Error: …".
    private static (string Name, string Message) Split(string text)
    {
        if (text.StartsWith('{'))
        {
            try
            {
                using var json = JsonDocument.Parse(text);
                return (json.RootElement.GetProperty("exception_type").GetString() ?? "",
                    json.RootElement.GetProperty("exception_message").GetString() ?? "");
            }
            catch (JsonException)
            {
                // The kernel does not escape control characters of its messages.
                return Prefixed().Match(text) is { Success: true } raw
                    ? (raw.Groups["type"].Value, raw.Groups["message"].Value)
                    : ("", text);
            }
        }

        var end = text.IndexOf(" Error: ", StringComparison.Ordinal);
        return end is > 0 and < 40 ? (text[..end], text[(end + 8)..]) : ("", text);
    }

    private static SqlException Decode(Match carried)
    {
        var parts = carried.Groups["text"].Value.Split(Separator);
        return new SqlException(new SqlState(carried.Groups["state"].Value), parts[0])
        {
            NeedsWideNumerics = carried.Groups["wide"].Success,
            Detail = parts.Length > 1 && parts[1].Length > 0 ? parts[1] : null,
            Hint = parts.Length > 2 && parts[2].Length > 0 ? parts[2] : null,
        };
    }

    private static string NameOf(int type) => type switch
    {
        1 => "Out of Range",
        2 => "Conversion",
        10 => "TransactionContext",
        11 => "Not implemented",
        13 => "Catalog",
        14 => "Parser",
        18 => "Constraint",
        24 => "Binder",
        28 => "IO",
        29 => "INTERRUPT",
        30 => "FATAL",
        31 => "INTERNAL",
        32 => "Invalid Input",
        33 => "Out of Memory",
        34 => "Permission",
        38 => "HTTP",
        _ => "",
    };

    private static string? Clean(string? text) => text?.Replace('\0', ' ').Replace(Separator, ' ');

    private static string FirstLine(string text)
    {
        var end = text.IndexOf('\n', StringComparison.Ordinal);
        return end < 0 ? text : text[..end];
    }

    private static string Lower(string text) => text.Length > 1 && char.IsUpper(text[0]) && char.IsLower(text[1])
        ? char.ToLowerInvariant(text[0]) + text[1..].TrimEnd('.')
        : text.TrimEnd('.');

    [GeneratedRegex(@"^(?<state>[0-9A-Z]{5})(?<wide>\+)?\|(?<text>.*)$", RegexOptions.Singleline | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Carried();

    [GeneratedRegex(
        "\"exception_type\":\"(?<type>[^\"]*)\",\"exception_message\":\"(?<message>.*?)\"[,}]",
        RegexOptions.Singleline | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Prefixed();
}
