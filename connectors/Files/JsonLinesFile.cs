using System.Text.Json;
using Federation.Connectors.Formats;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Connectors.Files;

/// <summary>
/// The members that the first lines of a JSON-lines file have: numbers, booleans, dates and texts by value, objects and arrays as jsonb. A
/// member whose values are of several kinds is jsonb when objects are among them, else text. Members that come later only are not seen.
/// Numbers that neither bigint nor float8 holds exactly are numeric. Each line is read as it is written, so that nothing in it is rounded.
/// </summary>
internal static class JsonLinesFile
{
    public static EquatableArray<FileColumn> Look(string path, FileOptions options)
    {
        var members = new Dictionary<string, Member>(StringComparer.Ordinal);
        var order = new List<string>();
        var text = SampleReader.Read(path);
        var line = 0;
        // Lines end at line feeds alone: the other line ends of Unicode may stand in strings.
        foreach (var part in text.AsSpan().Split('\n'))
        {
            if (text.AsSpan(part).Trim().IsEmpty) continue;
            if (++line > options.SampleRows) break;
            Look(text[part], path, line, members, order);
        }

        return order.Select(name => new FileColumn(name, members[name].Type)).ToEquatableArray();
    }

    /// <summary>The reader gives each line whole, in a column of this name; expressions take the members out.</summary>
    public const string LineColumn = "json";

    /// <summary>A member of a line as text; objects and arrays as they are written.</summary>
    public static string MemberOf(string name) => $"pg_json_line_member(CAST(d.{LineColumn} AS VARCHAR), {KernelText.Literal(name)})";

    private static void Look(string line, string path, int number, Dictionary<string, Member> members, List<string> order)
    {
        try
        {
            using var document = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = 512 });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw FormatErrors.Corrupt(path, $"line {number} is no JSON object");
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (!members.TryGetValue(property.Name, out var member))
                {
                    members.Add(property.Name, member = new Member());
                    order.Add(property.Name);
                }

                member.See(property.Value);
            }
        }
        catch (InvalidOperationException error)
        {
            throw new SqlException(SqlState.DataCorrupted, $"file \"{path}\" is corrupt: line {number} holds half of a surrogate pair", error);
        }
        catch (JsonException error)
        {
            throw new SqlException(
                SqlState.DataCorrupted, $"file \"{path}\" is corrupt: line {number} is no JSON", error) { Detail = error.Message };
        }
    }

    private sealed class Member
    {
        private readonly TypeGuess _guess = new();
        private bool _hasNumbers, _hasTexts, _hasBooleans, _hasContainers;

        public SqlType Type => _hasContainers ? SqlType.Jsonb
            // Texts that look like numbers are texts.
            : (_hasNumbers ? 1 : 0) + (_hasTexts ? 1 : 0) + (_hasBooleans ? 1 : 0) > 1 ? SqlType.Text
            : _hasTexts && _guess.Type.Base.Name is ("int8" or "float8" or "numeric" or "bool") ? SqlType.Text
            : _guess.Type;

        public void See(JsonElement value)
        {
            switch (value.ValueKind)
            {
                case JsonValueKind.Null: return;
                case JsonValueKind.Object or JsonValueKind.Array:
                    _hasContainers = true;
                    return;
                case JsonValueKind.String:
                    _hasTexts = true;
                    _guess.See(value.GetString()!);
                    return;
                case JsonValueKind.Number:
                    _hasNumbers = true;
                    _guess.See(value.GetRawText());
                    return;
                default:
                    _hasBooleans = true;
                    _guess.See(value.ValueKind == JsonValueKind.True ? "true" : "false");
                    return;
            }
        }
    }
}
