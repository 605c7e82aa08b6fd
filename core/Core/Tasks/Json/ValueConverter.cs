using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Federation.Core.Values;

namespace Federation.Core.Tasks.Json;

/// <summary>
/// Values in the CLR forms of Values.cs. Strings, booleans and NULL are themselves; every other value is an array that begins with a tag,
/// so that it is read back as exactly the class it was.
/// </summary>
internal sealed class ValueConverter : JsonConverter<object?>
{
    public override bool HandleNull => true;

    public override object? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        return Read(document.RootElement);
    }

    public override void Write(Utf8JsonWriter writer, object? value, JsonSerializerOptions options)
    {
        switch (value)
        {
            case null: writer.WriteNullValue(); return;
            case string text: writer.WriteStringValue(text); return;
            case bool truth: writer.WriteBooleanValue(truth); return;
        }

        writer.WriteStartArray();
        switch (value)
        {
            case short number: Numbers("i2", number); break;
            case int number: Numbers("i4", number); break;
            case long number: Numbers("i8", number); break;
            case float number: Text("f4", number.ToString("R", CultureInfo.InvariantCulture)); break;
            case double number: Text("f8", number.ToString("R", CultureInfo.InvariantCulture)); break;
            case PgNumeric number: Text("n", number.ToString()); break;
            case byte[] bytes: Text("x", Convert.ToBase64String(bytes)); break;
            case Guid uuid: Text("u", uuid.ToString("D")); break;
            case PgDate date: Numbers("d", date.Days); break;
            case PgTime time: Numbers("t", time.Microseconds); break;
            case PgTimeTz time: Numbers("tz", time.Microseconds, time.OffsetSeconds); break;
            case PgTimestamp timestamp: Numbers("ts", timestamp.Microseconds); break;
            case PgInterval interval: Numbers("iv", interval.Months, interval.Days, interval.Microseconds); break;
            case PgBits bits:
                Numbers("b", bits.Length);
                writer.WriteStringValue(Convert.ToBase64String(bits.Bytes.AsSpan()));
                break;
            case PgArray array:
                writer.WriteStringValue("a");
                foreach (var dimension in (EquatableArray<int>[])[array.Lengths, array.LowerBounds])
                {
                    writer.WriteStartArray();
                    foreach (var item in dimension) writer.WriteNumberValue(item);
                    writer.WriteEndArray();
                }

                foreach (var item in array.Items) Write(writer, item, options);
                break;
            case object?[] fields:
                writer.WriteStringValue("r");
                foreach (var field in fields) Write(writer, field, options);
                break;
            default: throw new UnreachableException(value.GetType().Name);
        }

        writer.WriteEndArray();

        void Numbers(string tag, params ReadOnlySpan<long> items)
        {
            writer.WriteStringValue(tag);
            foreach (var item in items) writer.WriteNumberValue(item);
        }

        void Text(string tag, string text)
        {
            writer.WriteStringValue(tag);
            writer.WriteStringValue(text);
        }
    }

    private static object? Read(JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Null: return null;
            case JsonValueKind.String: return json.GetString();
            case JsonValueKind.True: return true;
            case JsonValueKind.False: return false;
        }

        if (json.ValueKind != JsonValueKind.Array || json.GetArrayLength() == 0) throw new JsonException("a value has no tag");
        var tag = json[0].GetString();
        return (tag, json.GetArrayLength()) switch
        {
            ("i2", 2) => json[1].GetInt16(),
            ("i4", 2) => json[1].GetInt32(),
            ("i8", 2) => json[1].GetInt64(),
            ("f4", 2) => float.Parse(Text(1), CultureInfo.InvariantCulture),
            ("f8", 2) => double.Parse(Text(1), CultureInfo.InvariantCulture),
            ("n", 2) => PgNumeric.TryParse(Text(1), out var number) ? number : throw new JsonException("a numeric is malformed"),
            ("x", 2) => json[1].GetBytesFromBase64(),
            ("u", 2) => json[1].GetGuid(),
            ("d", 2) => new PgDate(json[1].GetInt32()),
            ("t", 2) => new PgTime(json[1].GetInt64()),
            ("tz", 3) => new PgTimeTz(json[1].GetInt64(), json[2].GetInt32()),
            ("ts", 2) => new PgTimestamp(json[1].GetInt64()),
            ("iv", 4) => new PgInterval(json[1].GetInt32(), json[2].GetInt32(), json[3].GetInt64()),
            ("b", 3) => Bits(json[1].GetInt32(), json[2].GetBytesFromBase64()),
            ("a", >= 3) => new PgArray(Items(3), Integers(json[1]), Integers(json[2])),
            ("r", _) => Items(1).ToArray(),
            _ => throw new JsonException($"a value has the unknown tag \"{tag}\""),
        };

        string Text(int index) => json[index].GetString() ?? throw new JsonException("a value is missing");

        EquatableArray<object?> Items(int first) => json.EnumerateArray().Skip(first).Select(Read).ToEquatableArray();
    }

    private static PgBits Bits(int length, byte[] bytes) => length >= 0 && bytes.Length == (length + 7) / 8
        ? new PgBits(length, new EquatableArray<byte>(bytes))
        : throw new JsonException("a bit string has the wrong length");

    private static EquatableArray<int> Integers(JsonElement json) =>
        json.EnumerateArray().Select(item => item.GetInt32()).ToEquatableArray();
}
