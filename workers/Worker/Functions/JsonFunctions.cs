using Federation.Core.Errors;
using System.Text;
using System.Text.Json;
using Federation.Core.Types;
using Federation.DuckDb;
using Federation.Worker.Functions.Json;

namespace Federation.Worker.Functions;

/// <summary>json, which keeps the text as it was written: results are pieces of that text.</summary>
internal static class JsonFunctions
{
    private static readonly SqlType s_text = SqlType.Text;
    private static readonly SqlType s_texts = SqlType.Array(SqlType.Text);

    public static readonly ScalarFunction[] All =
    [
        // name, argument types, result type, implementation
        new("pg_json_in", [s_text], s_text, static (ref FunctionRow row) =>
        {
            JsonTree.Check(row.GetBytes(0));
            row.Set(row.GetBytes(0));
        }),
        new("pg_json_get", [s_text, s_text], s_text,
            static (ref FunctionRow row) => SetRaw(ref row, Member(Element(ref row), row.GetText(1)))),
        new("pg_json_get_text", [s_text, s_text], s_text,
            static (ref FunctionRow row) => SetPlain(ref row, Member(Element(ref row), row.GetText(1)))),
        new("pg_json_get_index", [s_text, SqlType.Int4], s_text,
            static (ref FunctionRow row) => SetRaw(ref row, Index(Element(ref row), row.GetInt32(1)))),
        new("pg_json_get_index_text", [s_text, SqlType.Int4], s_text,
            static (ref FunctionRow row) => SetPlain(ref row, Index(Element(ref row), row.GetInt32(1)))),
        new("pg_json_path", [s_text, s_texts], s_text,
            static (ref FunctionRow row) => SetRaw(ref row, Path(Element(ref row), row.GetTexts(1)))),
        new("pg_json_path_text", [s_text, s_texts], s_text,
            static (ref FunctionRow row) => SetPlain(ref row, Path(Element(ref row), row.GetTexts(1)))),
        new("pg_json_typeof", [s_text], s_text, static (ref FunctionRow row) => row.Set(Element(ref row).ValueKind switch
        {
            JsonValueKind.Null => "null",
            JsonValueKind.True or JsonValueKind.False => "boolean",
            JsonValueKind.Number => "number",
            JsonValueKind.String => "string",
            JsonValueKind.Array => "array",
            _ => "object",
        })),
        new("pg_json_array_length", [s_text], SqlType.Int4, static (ref FunctionRow row) =>
        {
            var element = Element(ref row);
            row.Set(element.ValueKind switch
            {
                JsonValueKind.Array => element.GetArrayLength(),
                JsonValueKind.Object => throw JsonOperations.Invalid("cannot get array length of a non-array"),
                _ => throw JsonOperations.Invalid("cannot get array length of a scalar"),
            });
        }),
        new("pg_json_strip_nulls", [s_text], s_text, static (ref FunctionRow row) =>
        {
            var text = new StringBuilder();
            WriteWithoutNulls(text, Element(ref row));
            row.Set(text.ToString());
        }),
        new("pg_json_object_keys", [s_text], s_texts, static (ref FunctionRow row) =>
        {
            var element = Element(ref row);
            row.Set(element.ValueKind switch
            {
                JsonValueKind.Object => element.EnumerateObject().Select(member => member.Name).ToArray().AsSpan(),
                JsonValueKind.Array => throw JsonOperations.Invalid("cannot call json_object_keys on an array"),
                _ => throw JsonOperations.Invalid("cannot call json_object_keys on a scalar"),
            });
        }),
        new("pg_json_each_keys", [s_text], s_texts,
            static (ref FunctionRow row) => row.Set(Members(ref row).Select(member => member.Name).ToArray().AsSpan())),
        new("pg_json_each_values", [s_text], s_texts, static (ref FunctionRow row) =>
            row.Set(Members(ref row).Select(member => member.Value.GetRawText()).ToArray().AsSpan())),
        new("pg_json_each_values_text", [s_text], s_texts, static (ref FunctionRow row) =>
            row.Set(Members(ref row).Select(member => Plain(member.Value)).ToArray().AsSpan())),
        new("pg_json_array_elements", [s_text], s_texts, static (ref FunctionRow row) =>
            row.Set(Items(ref row, "json_array_elements").Select(item => item.GetRawText()).ToArray().AsSpan())),
        new("pg_json_array_elements_text", [s_text], s_texts, static (ref FunctionRow row) =>
            row.Set(Items(ref row, "json_array_elements_text").Select(Plain).ToArray().AsSpan())),
    ];

    // The clone owns its memory; the document's pooled buffers go back at once.
    private static JsonElement Element(ref FunctionRow row)
    {
        try
        {
            using var document = JsonDocument.Parse(row.GetBytes(0).ToArray(), new JsonDocumentOptions { MaxDepth = JsonTree.MaxDepth });
            return document.RootElement.Clone();
        }
        catch (JsonException error)
        {
            throw JsonTree.Invalid(error);
        }
    }

    private static void SetRaw(ref FunctionRow row, JsonElement? element) => row.SetOrNull(element?.GetRawText());

    private static void SetPlain(ref FunctionRow row, JsonElement? element) => row.SetOrNull(element is { } value ? Plain(value) : null);

    private static string? Plain(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => element.GetString() is { } text && !text.Contains('\0', StringComparison.Ordinal) ? text : throw NoZero(),
        _ => element.GetRawText(),
    };

    private static SqlException NoZero() =>
        new(SqlState.UntranslatableCharacter, "unsupported Unicode escape sequence") { Detail = "\\u0000 cannot be converted to text." };

    private static JsonElement? Member(JsonElement element, string key) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(key, out var value) ? value : null;

    private static JsonElement? Index(JsonElement element, int index)
    {
        if (element.ValueKind != JsonValueKind.Array) return null;
        var position = index < 0 ? index + element.GetArrayLength() : index;
        return position < 0 || position >= element.GetArrayLength() ? null : element[position];
    }

    private static JsonElement? Path(JsonElement element, string?[] path)
    {
        JsonElement? current = element;
        foreach (var step in path)
        {
            if (step is null || current is not { } parent) return null;
            current = parent.ValueKind == JsonValueKind.Array
                ? JsonOperations.TryParseIndex(step, out var index) ? Index(parent, index) : null
                : Member(parent, step);
        }

        return current;
    }

    private static JsonElement.ObjectEnumerator Members(ref FunctionRow row)
    {
        var element = Element(ref row);
        return element.ValueKind switch
        {
            JsonValueKind.Object => element.EnumerateObject(),
            JsonValueKind.Array => throw JsonOperations.Invalid("cannot deconstruct an array as an object"),
            _ => throw JsonOperations.Invalid("cannot deconstruct a scalar"),
        };
    }

    private static JsonElement.ArrayEnumerator Items(ref FunctionRow row, string function)
    {
        var element = Element(ref row);
        return element.ValueKind switch
        {
            JsonValueKind.Array => element.EnumerateArray(),
            JsonValueKind.Object => throw JsonOperations.Invalid($"cannot call {function} on a non-array"),
            _ => throw JsonOperations.Invalid($"cannot call {function} on a scalar"),
        };
    }

    private static void WriteWithoutNulls(StringBuilder text, JsonElement element)
    {
        var separator = "";
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                text.Append('{');
                foreach (var member in element.EnumerateObject())
                {
                    if (member.Value.ValueKind == JsonValueKind.Null) continue;
                    text.Append(separator);
                    JsonTree.WriteString(text, member.Name);
                    text.Append(':');
                    WriteWithoutNulls(text, member.Value);
                    separator = ",";
                }

                text.Append('}');
                break;
            case JsonValueKind.Array:
                text.Append('[');
                foreach (var item in element.EnumerateArray())
                {
                    text.Append(separator);
                    WriteWithoutNulls(text, item);
                    separator = ",";
                }

                text.Append(']');
                break;
            case JsonValueKind.String: JsonTree.WriteString(text, element.GetString()!); break;
            default: text.Append(element.GetRawText()); break;
        }
    }
}
