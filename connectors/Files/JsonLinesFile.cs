using System.Text.Json;
using Federation.Connectors.Formats;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Connectors.Files;

/// <summary>
/// The members that the first lines of a JSON-lines file have: numbers, booleans, dates and texts by value, objects and arrays as jsonb. A
/// member whose values are of several kinds is jsonb when objects are among them, else text. Members that come later only are not seen.
/// Numbers with a fraction keep what a double holds, also inside of jsonb: the kernel's JSON reader has no other form for them.
/// </summary>
internal static class JsonLinesFile
{
    public static EquatableArray<FileColumn> Look(string path, FileOptions options)
    {
        var members = new Dictionary<string, Member>(StringComparer.Ordinal);
        var order = new List<string>();
        var text = SampleReader.Read(path);
        var line = 0;
        foreach (var part in text.AsSpan().EnumerateLines())
        {
            if (part.Trim().IsEmpty) continue;
            if (++line > options.SampleRows) break;
            Look(part.ToString(), path, line, members, order);
        }

        // The kernel's names are not case-sensitive and it would read one for both.
        if (order.GroupBy(name => name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1) is { } clash)
            throw FormatErrors.Unsupported(
                path, $"members {string.Join(" and ", clash.Select(name => $"\"{name}\""))} differ in case only");
        return order.Select(name => new FileColumn(name, members[name].Type)).ToEquatableArray();
    }

    /// <summary>Every member is read as text or as JSON; expressions make the values.</summary>
    public static EquatableArray<string> ReaderOptions(EquatableArray<FileColumn> columns) =>
    [
        "auto_detect = false",
        "format = 'newline_delimited'",
        $"columns = {{{string.Join(", ", columns.Select(column => $"{KernelText.Literal(column.Name)}: '{KernelTypeOf(column)}'"))}}}",
    ];

    private static string KernelTypeOf(FileColumn column) => column.Type == SqlType.Jsonb ? "JSON" : "VARCHAR";

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
            : _hasTexts && _guess.Type.Base.Name is ("int8" or "float8" or "bool") ? SqlType.Text
            : _hasNumbers && _guess.Type == SqlType.Text ? SqlType.Float8
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
