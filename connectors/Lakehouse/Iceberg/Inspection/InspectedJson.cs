using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Federation.Connectors.Formats.Avro;
using Federation.Core.Values;

namespace Federation.Connectors.Lakehouse.Iceberg.Inspection;

/// <summary>Maps and rows of manifests as JSON.</summary>
internal static class InspectedJson
{
    private static readonly JsonSerializerOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>In the form that jsonb has: spaces behind colons and commas, keys by length and bytes.</summary>
    public static string Text(JsonNode node)
    {
        switch (node)
        {
            case JsonObject members:
                var items = members.OrderBy(item => System.Text.Encoding.UTF8.GetByteCount(item.Key))
                    .ThenBy(item => item.Key, StringComparer.Ordinal)
                    .Select(item => $"{JsonSerializer.Serialize(item.Key, s_options)}: {(item.Value is null ? "null" : Text(item.Value))}");
                return $"{{{string.Join(", ", items)}}}";
            case JsonArray array: return $"[{string.Join(", ", array.Select(item => item is null ? "null" : Text(item)))}]";
            default: return node.ToJsonString(s_options);
        }
    }

    /// <summary>A map of the manifest by the ids of columns; null where there is none.</summary>
    public static JsonObject? Map(object? value, Func<int, object?, JsonNode?> convert)
    {
        if (value is not object?[] items) return null;
        var map = new JsonObject();
        foreach (var item in items)
            if (item is AvroRecord { Values: [int key, var content] })
                map[key.ToString(CultureInfo.InvariantCulture)] = convert(key, content);
        return map;
    }

    public static JsonObject? Counts(object? value) =>
        Map(value, (_, count) => JsonValue.Create(Convert.ToInt64(count, CultureInfo.InvariantCulture)));

    /// <summary>Bounds as PostgreSQL writes their values; bytes of columns that are not known as hexadecimal digits.</summary>
    public static JsonObject? Bounds(object? value, TableMetadata metadata) => Map(value, (id, bound) =>
        bound is not byte[] bytes ? null : JsonValue.Create(Bound(bytes, metadata.FindField(id)?.Type as IcebergType.Primitive)));

    public static string Bound(byte[] bytes, IcebergType.Primitive? type) =>
        type is not null && SingleValue.FromBound(bytes, type) is { } value
            ? ValueText.Format(value, SqlTypes.Of(type), TextFormat.Default)
            : "\\x" + Convert.ToHexStringLower(bytes);

    /// <summary>The values of a file's partition, by the names of the fields.</summary>
    public static JsonObject Partition(AvroRecord? partition, PartitionSpec spec, FileRanges ranges)
    {
        var values = new JsonObject();
        for (var i = 0; i < spec.Fields.Count; i++)
        {
            var field = spec.Fields[i];
            var raw = FileRanges.Raw(partition, field, i);
            var type = field.Transform.ResultOf(ranges.SourceOf(field));
            values[field.Name] = raw is null ? null
                : type is not null && SingleValue.FromAvro(raw, type) is { } value ? Value(value, type)
                : JsonValue.Create(Convert.ToString(raw, CultureInfo.InvariantCulture));
        }

        return values;
    }

    private static JsonNode? Value(object value, IcebergType.Primitive type) => value switch
    {
        bool truth => JsonValue.Create(truth),
        int number => JsonValue.Create(number),
        long number => JsonValue.Create(number),
        _ => JsonValue.Create(ValueText.Format(value, SqlTypes.Of(type), TextFormat.Default)),
    };
}
