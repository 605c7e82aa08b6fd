using System.Globalization;
using System.Text.RegularExpressions;
using Federation.Connectors.RemoteSql;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Connectors.Postgres;

/// <summary>PostgreSQL's SQL, for sessions with the settings of <see cref="PostgresOptions"/>.</summary>
internal sealed partial class PostgresDialect : SqlDialect
{
    public static readonly PostgresDialect Instance = new();

    private PostgresDialect() { }

    public override RemoteFunctions Functions => PostgresFunctions.Table;

    public override RemoteFunctions Aggregates => PostgresFunctions.Aggregates;

    public override string Identifier(string name) =>
        PlainIdentifier().IsMatch(name) && !PostgresKeywords.Contains(name) ? name : Quoted(name);

    /// <summary>The identifier in quotes.</summary>
    internal static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    public override string? Constant(object? value, SqlType type, bool isBare)
    {
        if (type.IsArray || type.IsRecord || type.Base.IsPseudo) return null;
        if (value is null) return isBare ? "NULL" : $"NULL::{TypeName(type)}";
        switch (value)
        {
            case bool truth: return truth ? "true" : "false";
            case short or int or long or PgNumeric { IsFinite: true }:
                // PostgreSQL reads a bare number as integer, bigint or numeric by its size; comparisons give the same answer for each.
                var number = string.Format(CultureInfo.InvariantCulture, "{0}", value);
                if (isBare) return number;
                if (number[0] == '-') return $"({number})::{TypeName(type)}";

                // A number with a point is numeric by itself.
                return value is int || (number.Contains('.', StringComparison.Ordinal) && type.Modifier < 0)
                    ? number
                    : $"{number}::{TypeName(type)}";
            case string text when IsPlainText(type): return isBare ? Quote(text) : $"{Quote(text)}::{TypeName(type)}";
            case float or double or PgNumeric or PgDate or PgTime or PgTimeTz or PgTimestamp or PgInterval or Guid or byte[] or PgBits:
                return $"{Quote(ValueText.Format(value, type, s_format))}::{TypeName(type)}";
            default: return null;
        }
    }

    public override RemoteValue? Value(object? value, SqlType type)
    {
        if (value is null or bool || Constant(value, type, isBare: true) is not { } literal) return null;
        var text = value switch
        {
            string own => own,
            short or int or long or PgNumeric { IsFinite: true } => string.Format(CultureInfo.InvariantCulture, "{0}", value),
            _ => ValueText.Format(value, type, s_format),
        };
        return new RemoteValue(literal, text, TypeName(type));
    }

    /// <summary>Types whose values all have a text form that <see cref="Value"/> gives.</summary>
    public override RemoteValue? Parameter(int number, SqlType type) =>
        type.Modifier < 0 && Value(s_samples.GetValueOrDefault(type.IsArray ? "" : type.Base.Name), type) is { } sample
            ? new RemoteValue(string.Create(CultureInfo.InvariantCulture, $"${number}"), "", sample.TypeName) { Parameter = number }
            : null;

    public override string? Cast(string operand, SqlType from, SqlType to)
    {
        if (from.IsArray || to.IsArray) return null;
        var isExact = (from.Base.Name, to.Base.Name) switch
        {
            ("int2" or "int4" or "int8", "int2" or "int4" or "int8" or "numeric" or "float8") => true,
            ("float4", "float8") => true,
            ("numeric", "numeric" or "float8") => true,
            ("date", "timestamp") => true,
            ("text" or "varchar" or "name" or "bpchar", "text") => true,
            ("text" or "varchar" or "name", "varchar") => to.Modifier < 0,
            _ => false,
        };
        return isExact ? $"{operand}::{TypeName(to)}" : null;
    }

    public override string InByteOrder(string operand) => $"{operand} COLLATE \"C\"";

    public override string? Call(string name, IReadOnlyList<string> arguments)
    {
        if (name is not ("extract" or "date_part" or "date_trunc")) return $"{name}({string.Join(", ", arguments)})";
        if (!FieldName().IsMatch(arguments[0])) return null;
        var field = arguments[0][..arguments[0].IndexOf("::", StringComparison.Ordinal)];
        return name == "extract" ? $"extract({field} FROM {arguments[1]})" : $"{name}({field}, {arguments[1]})";
    }

    /// <summary>Written so that it means the same whatever standard_conforming_strings is at the source.</summary>
    internal static string Quote(string text)
    {
        var quoted = text.Replace("'", "''", StringComparison.Ordinal);
        return text.Contains('\\', StringComparison.Ordinal)
            ? $"E'{quoted.Replace("\\", "\\\\", StringComparison.Ordinal)}'"
            : $"'{quoted}'";
    }

    /// <summary>A value of each type that is sent beside statements.</summary>
    private static readonly Dictionary<string, object> s_samples = new(StringComparer.Ordinal)
    {
        ["int2"] = (short)0, ["int4"] = 0, ["int8"] = 0L, ["numeric"] = default(PgNumeric), ["float4"] = 0f, ["float8"] = 0d,
        ["text"] = "", ["varchar"] = "", ["bpchar"] = "", ["name"] = "", ["uuid"] = Guid.Empty, ["bytea"] = Array.Empty<byte>(),
        ["date"] = default(PgDate), ["time"] = default(PgTime), ["timetz"] = default(PgTimeTz), ["timestamp"] = default(PgTimestamp),
        ["timestamptz"] = default(PgTimestamp), ["interval"] = default(PgInterval),
    };

    private static readonly TextFormat s_format = TextFormat.Default with { ExtraFloatDigits = 3 };

    private static bool IsPlainText(SqlType type) => type.Base.Name is "text" or "varchar" or "bpchar" or "name";

    /// <summary>The name that people write; a numeric's shape without modifier is no part of it.</summary>
    private static string TypeName(SqlType type) => type.Base.Name switch
    {
        "timestamp" or "timestamptz" or "time" or "timetz" => type.Modifier < 0 ? type.Base.Name : type.ToString(),
        "varchar" or "bpchar" when type.Modifier < 0 => type.Base.Name,
        "bit" when type.Modifier < 0 => "varbit",
        "interval" => "interval",
        _ => type.ToString(),
    };

    [GeneratedRegex("^[a-z_][a-z0-9_]*$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PlainIdentifier();

    [GeneratedRegex("^'[a-z_]+'::text$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FieldName();
}
