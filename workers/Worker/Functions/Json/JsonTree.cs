using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Federation.Core.Errors;
using Federation.Core.Execution;
using Federation.Core.Values;

namespace Federation.Worker.Functions.Json;

/// <summary>
/// A jsonb value: numbers are numeric; objects have each key once, shorter keys first and those of one length in byte order.
/// </summary>
internal abstract class JsonTree
{
    /// <summary>Arrays and objects inside of one another; PostgreSQL with its usual stack takes between 5,000 and 6,500.</summary>
    public const int MaxDepth = 6_000;

    /// <summary>Smaller texts are not counted.</summary>
    private const int LargeBytes = 1 << 20;

    /// <summary>What an item of an array takes, about.</summary>
    private const int ValueBytes = 64;

    private JsonTree() { }

    public sealed class Null : JsonTree
    {
        public static readonly Null Value = new();
    }

    public sealed class Bool(bool value) : JsonTree
    {
        public bool Value { get; } = value;
    }

    public sealed class Number(PgNumeric value) : JsonTree
    {
        public PgNumeric Value { get; } = value;
    }

    public sealed class Text(string value) : JsonTree
    {
        public string Value { get; } = value;
    }

    public sealed class Array(IReadOnlyList<JsonTree> items) : JsonTree
    {
        public IReadOnlyList<JsonTree> Items { get; } = items;
    }

    public sealed class Object : JsonTree
    {
        /// <summary>Of equal keys the last counts.</summary>
        public Object(IEnumerable<KeyValuePair<string, JsonTree>> members)
        {
            var last = new Dictionary<string, JsonTree>(StringComparer.Ordinal);
            foreach (var (key, value) in members) last[key] = value;
            Members = [.. last.OrderBy(member => member.Key, KeyOrder.Instance)];
        }

        public IReadOnlyList<KeyValuePair<string, JsonTree>> Members { get; }

        public JsonTree? Find(string key)
        {
            foreach (var member in Members)
                if (member.Key == key)
                    return member.Value;
            return null;
        }
    }

    public bool IsScalar => this is not (Array or Object);

    public string TypeName => this switch
    {
        Null => "null",
        Bool => "boolean",
        Number => "number",
        Text => "string",
        Array => "array",
        _ => "object",
    };

    public static JsonTree Parse(ReadOnlySpan<byte> utf8)
    {
        ReserveTree(utf8);
        try
        {
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
            reader.Read();
            var tree = Read(ref reader);
            return reader.Read() ? throw Invalid(null) : tree;
        }
        catch (JsonException error)
        {
            throw Invalid(error);
        }
    }

    /// <summary>Strings are kept as UTF-16, and each value is an object.</summary>
    private static void ReserveTree(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length >= LargeBytes) ValueMemory.Reserve((utf8.Length * 2L) + (utf8.Count((byte)',') * (long)ValueBytes));
    }

    /// <summary>Refuses what is not JSON.</summary>
    public static void Check(ReadOnlySpan<byte> utf8)
    {
        try
        {
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
            while (reader.Read()) StatementGuard.Check();
        }
        catch (JsonException error)
        {
            throw Invalid(error);
        }
    }

    public static SqlException Invalid(Exception? error) =>
        error is JsonException && error.Message.Contains("maximum configured depth", StringComparison.Ordinal)
        ? new SqlException(SqlState.StatementTooComplex, "stack depth limit exceeded", error)
        : new SqlException(SqlState.InvalidTextRepresentation, "invalid input syntax for type json", error);

    public override string ToString()
    {
        var text = new StringBuilder();
        Write(text);
        if (text.Length >= LargeBytes) ValueMemory.Reserve(text.Length * 4L);
        return text.ToString();
    }

    /// <summary>The text of a scalar without quotes, or of a container; null for JSON's null.</summary>
    public string? ToPlainText() => this switch
    {
        Null => null,
        Text text => text.Value,
        _ => ToString(),
    };

    /// <summary>jsonb_pretty: four blanks a level.</summary>
    public string ToPrettyText()
    {
        var text = new StringBuilder();
        WritePretty(text, 0);
        return text.ToString();
    }

    public JsonTree WithoutNulls()
    {
        StatementGuard.EnterLevel();
        return this switch
        {
            Object members => new Object(members.Members.Where(member => member.Value is not Null)
                .Select(member => KeyValuePair.Create(member.Key, member.Value.WithoutNulls()))),
            Array array => new Array([.. array.Items.Select(item => item.WithoutNulls())]),
            _ => this,
        };
    }

    public static void WriteString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var character in value)
        {
            switch (character)
            {
                case '"': text.Append("\\\""); break;
                case '\\': text.Append(@"\\"); break;
                case '\b': text.Append("\\b"); break;
                case '\f': text.Append("\\f"); break;
                case '\n': text.Append("\\n"); break;
                case '\r': text.Append("\\r"); break;
                case '\t': text.Append("\\t"); break;
                case < ' ': text.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"); break;
                default: text.Append(character); break;
            }
        }

        text.Append('"');
    }

    private static JsonTree Read(ref Utf8JsonReader reader)
    {
        StatementGuard.EnterLevel();
        switch (reader.TokenType)
        {
            case JsonTokenType.Null: return Null.Value;
            case JsonTokenType.True: return new Bool(true);
            case JsonTokenType.False: return new Bool(false);
            case JsonTokenType.Number: return new Number(PgNumeric.Parse(reader.ValueSpan));
            case JsonTokenType.String: return new Text(ReadString(ref reader));
            case JsonTokenType.StartArray:
            {
                var items = new List<JsonTree>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) items.Add(Read(ref reader));
                return new Array(items);
            }

            default:
            {
                var members = new List<KeyValuePair<string, JsonTree>>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var key = ReadString(ref reader);
                    reader.Read();
                    members.Add(KeyValuePair.Create(key, Read(ref reader)));
                }

                return new Object(members);
            }
        }
    }

    private static string ReadString(ref Utf8JsonReader reader)
    {
        try
        {
            var value = reader.GetString()!;
            return !value.Contains('\0', StringComparison.Ordinal) ? value
                : throw new SqlException(SqlState.UntranslatableCharacter, "unsupported Unicode escape sequence")
                {
                    Detail = "\\u0000 cannot be converted to text.",
                };
        }
        catch (InvalidOperationException error)
        {
            // Half of a surrogate pair.
            throw Invalid(error);
        }
    }

    private void Write(StringBuilder text)
    {
        StatementGuard.EnterLevel();
        switch (this)
        {
            case Null: text.Append("null"); break;
            case Bool value: text.Append(value.Value ? "true" : "false"); break;
            case Number number: text.Append(number.Value); break;
            case Text value: WriteString(text, value.Value); break;
            case Array array:
                text.Append('[');
                for (var i = 0; i < array.Items.Count; i++)
                {
                    if (i > 0) text.Append(", ");
                    array.Items[i].Write(text);
                }

                text.Append(']');
                break;
            case Object members:
                text.Append('{');
                for (var i = 0; i < members.Members.Count; i++)
                {
                    if (i > 0) text.Append(", ");
                    WriteString(text, members.Members[i].Key);
                    text.Append(": ");
                    members.Members[i].Value.Write(text);
                }

                text.Append('}');
                break;
        }
    }

    private void WritePretty(StringBuilder text, int depth)
    {
        StatementGuard.EnterLevel();
        switch (this)
        {
            case Array array:
                text.Append('[');
                for (var i = 0; i < array.Items.Count; i++)
                {
                    NewLine(text, depth + 1, i > 0);
                    array.Items[i].WritePretty(text, depth + 1);
                }

                NewLine(text, depth, withComma: false);
                text.Append(']');
                break;
            case Object members:
                text.Append('{');
                for (var i = 0; i < members.Members.Count; i++)
                {
                    NewLine(text, depth + 1, i > 0);
                    WriteString(text, members.Members[i].Key);
                    text.Append(": ");
                    members.Members[i].Value.WritePretty(text, depth + 1);
                }

                NewLine(text, depth, withComma: false);
                text.Append('}');
                break;
            default: Write(text); break;
        }
    }

    private static void NewLine(StringBuilder text, int depth, bool withComma) =>
        text.Append(withComma ? ",\n" : "\n").Append(' ', depth * 4);

    /// <summary>Shorter keys first (in bytes), then byte order.</summary>
    private sealed class KeyOrder : IComparer<string>
    {
        public static readonly KeyOrder Instance = new();

        public int Compare(string? x, string? y)
        {
            var left = Encoding.UTF8.GetBytes(x!);
            var right = Encoding.UTF8.GetBytes(y!);
            return left.Length != right.Length ? left.Length.CompareTo(right.Length) : left.AsSpan().SequenceCompareTo(right);
        }
    }
}
