using System.Text.Json;
using Federation.Core;

namespace Federation.Connectors.Formats.Avro;

/// <summary>Reads a schema from its JSON form. One instance per schema; named types are known from their definition on.</summary>
internal sealed class AvroSchemaReader(string path)
{
    private const int MaxDepth = 64;
    private readonly Dictionary<string, AvroSchema> _named = new(StringComparer.Ordinal);

    public AvroSchema Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDepth * 4 });
            return Read(document.RootElement, "", 0);
        }
        catch (JsonException error)
        {
            throw FormatErrors.Corrupt(path, "its Avro schema is no JSON", error);
        }
        catch (Exception error) when (error is InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw FormatErrors.Corrupt(path, "its Avro schema is malformed", error);
        }
    }

    private AvroSchema Read(JsonElement element, string space, int depth)
    {
        if (depth > MaxDepth) throw FormatErrors.Corrupt(path, "its Avro schema is nested too deeply");
        return element.ValueKind switch
        {
            JsonValueKind.String => Named(element.GetString()!, space, null),
            JsonValueKind.Array => new AvroSchema.Union(
                element.EnumerateArray().Select(branch => Read(branch, space, depth + 1)).ToEquatableArray()),
            JsonValueKind.Object => Complex(element, space, depth),
            _ => throw FormatErrors.Corrupt(path, "its Avro schema is malformed"),
        };
    }

    private AvroSchema Complex(JsonElement element, string space, int depth)
    {
        var type = element.GetProperty("type");
        // {"type": {"type": …}} and {"type": [ … ]} are legal spellings of the inner type.
        if (type.ValueKind != JsonValueKind.String) return Read(type, space, depth + 1);
        var logicalType = element.TryGetProperty("logicalType", out var logical) && logical.ValueKind == JsonValueKind.String
            ? logical.GetString()
            : null;
        switch (type.GetString())
        {
            case "record" or "error": return ReadRecord(element, space, logicalType, depth);
            case "enum":
                var symbols = element.GetProperty("symbols").EnumerateArray().Select(symbol => symbol.GetString()!).ToEquatableArray();
                return Define(element, ref space, new AvroSchema.Enumeration(symbols) { LogicalType = logicalType });
            case "fixed":
                var size = element.GetProperty("size").GetInt32();
                if (size < 0) throw FormatErrors.Corrupt(path, "its Avro schema has a fixed type of negative size");
                return Define(element, ref space, new AvroSchema.Fixed(size) { LogicalType = logicalType });
            case "array":
                return new AvroSchema.Array(
                    Read(element.GetProperty("items"), space, depth + 1), Id(element, "element-id")) { LogicalType = logicalType };
            case "map":
                return new AvroSchema.Map(
                    Read(element.GetProperty("values"), space, depth + 1), Id(element, "key-id"), Id(element, "value-id"))
                {
                    LogicalType = logicalType,
                };
            default: return Named(type.GetString()!, space, logicalType);
        }
    }

    private AvroSchema.Record ReadRecord(JsonElement element, string space, string? logicalType, int depth)
    {
        var name = element.GetProperty("name").GetString()!;
        // Known before its fields are read: a field may be of the record's own type.
        var record = Define(element, ref space, new AvroSchema.Record(name) { LogicalType = logicalType });
        var inner = space;
        record.Fields = element.GetProperty("fields").EnumerateArray()
            .Select(field => new AvroField(
                field.GetProperty("name").GetString()!, Read(field.GetProperty("type"), inner, depth + 1), Id(field, "field-id")))
            .ToEquatableArray();
        return record;
    }

    private T Define<T>(JsonElement element, ref string space, T schema)
        where T : AvroSchema
    {
        var name = element.GetProperty("name").GetString()!;
        if (element.TryGetProperty("namespace", out var given) && given.ValueKind == JsonValueKind.String) space = given.GetString()!;
        var dot = name.LastIndexOf('.');
        if (dot >= 0) space = name[..dot];
        _named[dot >= 0 || space.Length == 0 ? name : $"{space}.{name}"] = schema;
        return schema;
    }

    private AvroSchema Named(string name, string space, string? logicalType) => name switch
    {
        "null" => new AvroSchema.Primitive(AvroPrimitive.Null) { LogicalType = logicalType },
        "boolean" => new AvroSchema.Primitive(AvroPrimitive.Boolean) { LogicalType = logicalType },
        "int" => new AvroSchema.Primitive(AvroPrimitive.Int) { LogicalType = logicalType },
        "long" => new AvroSchema.Primitive(AvroPrimitive.Long) { LogicalType = logicalType },
        "float" => new AvroSchema.Primitive(AvroPrimitive.Float) { LogicalType = logicalType },
        "double" => new AvroSchema.Primitive(AvroPrimitive.Double) { LogicalType = logicalType },
        "bytes" => new AvroSchema.Primitive(AvroPrimitive.Bytes) { LogicalType = logicalType },
        "string" => new AvroSchema.Primitive(AvroPrimitive.String) { LogicalType = logicalType },
        _ => _named.GetValueOrDefault(space.Length == 0 || name.Contains('.', StringComparison.Ordinal) ? name : $"{space}.{name}")
            ?? _named.GetValueOrDefault(name)
            ?? throw FormatErrors.Corrupt(path, $"its Avro schema names the unknown type \"{name}\""),
    };

    private static int Id(JsonElement element, string name) =>
        element.TryGetProperty(name, out var id) && id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out var value) ? value : -1;
}
