using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Federation.Core.Types;

namespace Federation.Connectors.Formats;

/// <summary>
/// Kernel expressions that write values as PostgreSQL's to_jsonb does; instants are shown in UTC. The worker's function <c>pg_jsonb_in</c>
/// gives the whole its normal form: key order, one value per key, spacing, numbers without exponents.
/// </summary>
public static class KernelJson
{
    private static readonly JsonSerializerOptions s_plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The jsonb text of a kernel MAP; NULL for NULL.</summary>
    /// <param name="key">Makes the typed key from an expression of the raw one; <paramref name="value"/> likewise.</param>
    /// <param name="depth">Enclosing lambdas; each depth has variables of its own.</param>
    public static string Map(
        string map, Func<string, string> key, SqlType keyType, Func<string, string> value, SqlType valueType, int depth)
    {
        var entry = "m" + depth.ToString(CultureInfo.InvariantCulture);
        var name = $"CAST(to_json({Plain(key($"{entry}.key"), keyType)}) AS VARCHAR)";
        var item = OrNull(value($"{entry}.value"), valueType, depth + 1);
        var pairs = $"list_transform(map_entries({map}), lambda {entry}: {name} || ': ' || {item})";
        return $"CASE WHEN {map} IS NOT NULL THEN pg_jsonb_in('{{' || array_to_string({pairs}, ', ') || '}}') END";
    }

    private static string OrNull(string text, SqlType type, int depth) => $"coalesce({Value(text, type, depth)}, 'null')";

    private static string Value(string text, SqlType type, int depth)
    {
        if (type.Element is { } element)
        {
            var item = "j" + depth.ToString(CultureInfo.InvariantCulture);
            return $"'[' || array_to_string(list_transform({text}, lambda {item}: {OrNull(item, element, depth + 1)}), ', ') || ']'";
        }

        if (type.IsRecord)
        {
            var members = type.Fields.Select(field => $"{KernelText.Literal(JsonSerializer.Serialize(field.Name, s_plain) + ": ")} || "
                + OrNull($"struct_extract({text}, {KernelText.Literal(field.Name)})", field.Type, depth));
            return $"CASE WHEN {text} IS NOT NULL THEN '{{' || {string.Join(" || ', ' || ", members)} || '}}' END";
        }

        return type.Base.Name switch
        {
            "json" or "jsonb" => text,
            "bool" or "int2" or "int4" or "int8" or "numeric" => Plain(text, type),
            // Not-a-number and the infinities are strings in JSON.
            "float4" or "float8" => $"CASE WHEN isfinite({text}) THEN {Plain(text, type)} ELSE '\"' || {Plain(text, type)} || '\"' END",
            _ => $"CAST(to_json({Plain(text, type)}) AS VARCHAR)",
        };
    }

    /// <summary>The text of a scalar as to_jsonb shows it, without quotes.</summary>
    private static string Plain(string text, SqlType type) => type.Base.Name switch
    {
        "float4" => $"pg_float4out(CAST({text} AS FLOAT))",
        "float8" => $"pg_float8out(CAST({text} AS DOUBLE))",
        "bytea" => $"'\\x' || lower(hex({text}))",
        "timestamp" => Iso($"CAST({text} AS TIMESTAMP)"),
        "timestamptz" => $"{Iso($"timezone('UTC', CAST({text} AS TIMESTAMPTZ))")} || '+00:00'",
        _ => $"CAST(CAST({text} AS {type.KernelName}) AS VARCHAR)",
    };

    private static string Iso(string timestamp) => $"rtrim(rtrim(strftime({timestamp}, '%Y-%m-%dT%H:%M:%S.%f'), '0'), '.')";
}
