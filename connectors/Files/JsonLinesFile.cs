using System.Text.Json;
using Federation.Connectors.Formats;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.ObjectStorage;

namespace Federation.Connectors.Files;

/// <summary>
/// The members that the first lines of a JSON-lines file have: numbers, booleans, dates and texts by value, objects and arrays as jsonb. A
/// member whose values are of several kinds is jsonb when objects are among them, else text. The lines behind them are looked at for
/// members that come there first; in a file that is too long for that, reading a line with another member is an error. Numbers that neither
/// bigint nor float8 holds exactly are numeric. Each line is read as it is written, so that nothing in it is rounded.
/// </summary>
internal static class JsonLinesFile
{
    private const int MaxDepth = 512;

    /// <summary>What is looked at of one file at most for the names of members.</summary>
    private const long MaxBytes = 64 << 20;

    /// <param name="Members">In the order in which they come.</param>
    /// <param name="HasMark">The file begins with a byte order mark, which the kernel's reader of JSON lines does not take.</param>
    /// <param name="IsWhole">No line has other members.</param>
    public sealed record Layout(EquatableArray<FileColumn> Members, bool HasMark, bool IsWhole);

    public static Layout Look(IObjectStore store, string path, FileOptions options)
    {
        var members = new Dictionary<string, Member>(StringComparer.Ordinal);
        var order = new List<string>();
        var text = SampleReader.Read(store, path);
        var line = 0;
        // Lines end at line feeds alone: the other line ends of Unicode may stand in strings.
        foreach (var part in text.AsSpan().Split('\n'))
        {
            if (text.AsSpan(part).Trim().IsEmpty) continue;
            if (++line > options.SampleRows) break;
            Look(text[part], path, line, members, order);
        }

        var (hasMark, isWhole) = SampleReader.Guarded(path,
            () => LookBehind(store, path, line > options.SampleRows ? options.SampleRows : line, members, order));
        return new Layout(order.Select(name => new FileColumn(name, members[name].Type)).ToEquatableArray(), hasMark, isWhole);
    }

    /// <summary>The members that come first behind the sampled lines.</summary>
    private static (bool HasMark, bool IsWhole) LookBehind(IObjectStore store, string path, int sampled, Dictionary<string, Member> members,
        List<string> order)
    {
        using var stream = SampleReader.Open(store, path);
        var sampledMembers = new HashSet<string>(order, StringComparer.Ordinal);
        var buffer = new byte[SampleReader.MaxBytes];
        var (filled, total, line, hasMark) = (0, 0L, 0, false);
        while (true)
        {
            if (filled == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
            var read = stream.Read(buffer, filled, buffer.Length - filled);
            if (total == 0 && filled < 3)
            {
                // The mark may come in pieces.
                read += read == 0
                    ? 0
                    : stream.ReadAtLeast(buffer.AsSpan(filled + read), Math.Max(0, 3 - filled - read), throwOnEndOfStream: false);
                hasMark = buffer.AsSpan(0, filled + read).StartsWith(SampleReader.ByteOrderMark);
                if (hasMark) buffer.AsSpan(0, 3).Fill((byte)' ');
            }

            total += read;
            filled += read;
            var start = 0;
            while (buffer.AsSpan(start, filled - start).IndexOf((byte)'\n') is var length && (length >= 0 || (read == 0 && filled > start)))
            {
                if (length < 0) length = filled - start;
                var text = buffer.AsMemory(start, length);
                start = Math.Min(filled, start + length + 1);
                if (text.Span.Trim(" \t\r"u8).IsEmpty || ++line <= sampled) continue;
                LookForNew(text, path, line, sampledMembers, members, order);
            }

            if (read == 0) return (hasMark, true);
            buffer.AsSpan(start, filled - start).CopyTo(buffer);
            filled -= start;
            if (total >= MaxBytes) return (hasMark, false);
        }
    }

    private static void LookForNew(ReadOnlyMemory<byte> line, string path, int number, HashSet<string> sampled,
        Dictionary<string, Member> members, List<string> order)
    {
        var reader = new Utf8JsonReader(line.Span, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            // What is wrong here is said when the line is read.
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                reader.Read();
                if (sampled.Contains(name))
                {
                    reader.Skip();
                    continue;
                }

                using var value = JsonDocument.ParseValue(ref reader);
                if (!members.TryGetValue(name, out var member))
                {
                    members.Add(name, member = new Member());
                    order.Add(name);
                }

                member.See(value.RootElement);
            }
        }
        catch (InvalidOperationException error)
        {
            throw HalfPair(path, number, error);
        }
        catch (JsonException)
        {
            // Likewise.
        }
    }

    /// <summary>The reader gives each line whole, in a column of this name; expressions take the members out.</summary>
    public const string LineColumn = "json";

    /// <summary>True, or an error when a line has other members.</summary>
    public static string HasOnly(EquatableArray<FileColumn> members) =>
        $"pg_json_line_has_only(CAST(d.{LineColumn} AS VARCHAR), "
            + $"CAST([{string.Join(", ", members.Select(member => KernelText.Literal(member.Name)))}] AS VARCHAR[]))";

    /// <summary>
    /// How the reader of CSV takes a file whose first bytes the reader of JSON lines would refuse: each line is one field, since no JSON
    /// has this delimiter, and nothing is quoted. Empty lines are NULL.
    /// </summary>
    public static readonly EquatableArray<string> MarkedReaderOptions =
    [
        "auto_detect = false", "header = false", "strict_mode = false", "delim = '\u001f'", "quote = ''", "escape = ''",
        "max_line_size = 16777216", "buffer_size = 33554432", $"columns = {{'{LineColumn}': 'VARCHAR'}}",
    ];

    /// <summary>A member of a line as text; objects and arrays as they are written.</summary>
    public static string MemberOf(string name) => $"pg_json_line_member(CAST(d.{LineColumn} AS VARCHAR), {KernelText.Literal(name)})";

    private static void Look(string line, string path, int number, Dictionary<string, Member> members, List<string> order)
    {
        try
        {
            using var document = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = MaxDepth });
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
            throw HalfPair(path, number, error);
        }
        catch (JsonException error)
        {
            throw new SqlException(
                SqlState.DataCorrupted, $"file \"{path}\" is corrupt: line {number} is no JSON", error) { Detail = error.Message };
        }
    }

    private static SqlException HalfPair(string path, int number, Exception error) =>
        new(SqlState.DataCorrupted, $"file \"{path}\" is corrupt: line {number} holds half of a surrogate pair", error);

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
