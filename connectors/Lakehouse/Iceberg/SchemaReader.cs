using System.Globalization;
using System.Text.Json;
using Federation.Connectors.Formats;
using Federation.Core;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>Reads schemas (spec, appendix C, "Schemas").</summary>
internal static class SchemaReader
{
    private const int MaxDepth = 64;

    public static IcebergSchema Read(MetadataJson json)
    {
        if (json.Demand("type").Text() != "struct") throw json.Wrong("a struct");
        return new IcebergSchema(json.Find("schema-id")?.Int32() ?? 0, Fields(json, 0));
    }

    private static EquatableArray<IcebergField> Fields(MetadataJson json, int depth)
    {
        if (depth > MaxDepth) throw json.Wrong("a schema of reasonable depth");
        return json.Demand("fields").Items().Select(field => new IcebergField(
            field.Demand("id").Int32(),
            field.Demand("name").Text(),
            Type(field.Demand("type"), depth + 1),
            field.Find("required")?.Boolean() ?? false,
            field.Find("initial-default")?.Element.GetRawText())).ToEquatableArray();
    }

    private static IcebergType Type(MetadataJson json, int depth)
    {
        if (json.Element.ValueKind == JsonValueKind.String) return Primitive(json);
        return json.Demand("type").Text() switch
        {
            "struct" => new IcebergType.Struct(Fields(json, depth)),
            "list" => new IcebergType.List(Part(json, "element", depth, IsRequired(json, "element"))),
            "map" => new IcebergType.Map(Part(json, "key", depth, isRequired: true), Part(json, "value", depth, IsRequired(json, "value"))),
            var other => new IcebergType.Other(other),
        };
    }

    /// <summary>The item of a list, or the key or value of a map.</summary>
    private static IcebergField Part(MetadataJson json, string name, int depth, bool isRequired) =>
        new(json.Demand(name + "-id").Int32(), name, Type(json.Demand(name), depth + 1), isRequired);

    private static bool IsRequired(MetadataJson json, string name) => json.Find(name + "-required")?.Boolean() ?? false;

    private static IcebergType Primitive(MetadataJson json)
    {
        var text = json.Text();
        switch (text)
        {
            case "boolean": return new IcebergType.Primitive(IcebergKind.Boolean);
            case "int": return new IcebergType.Primitive(IcebergKind.Int);
            case "long": return new IcebergType.Primitive(IcebergKind.Long);
            case "float": return new IcebergType.Primitive(IcebergKind.Float);
            case "double": return new IcebergType.Primitive(IcebergKind.Double);
            case "date": return new IcebergType.Primitive(IcebergKind.Date);
            case "time": return new IcebergType.Primitive(IcebergKind.Time);
            case "timestamp": return new IcebergType.Primitive(IcebergKind.Timestamp);
            case "timestamptz": return new IcebergType.Primitive(IcebergKind.Timestamptz);
            case "timestamp_ns": return new IcebergType.Primitive(IcebergKind.TimestampNs);
            case "timestamptz_ns": return new IcebergType.Primitive(IcebergKind.TimestamptzNs);
            case "string": return new IcebergType.Primitive(IcebergKind.String);
            case "uuid": return new IcebergType.Primitive(IcebergKind.Uuid);
            case "binary": return new IcebergType.Primitive(IcebergKind.Binary);
            case "unknown": return new IcebergType.Primitive(IcebergKind.Unknown);
        }

        if (text.StartsWith("decimal(", StringComparison.Ordinal) && text.EndsWith(')')
            && text["decimal(".Length..^1].Split(',') is [var precision, var scale]
            && int.TryParse(precision, CultureInfo.InvariantCulture, out var digits)
                && int.TryParse(scale, CultureInfo.InvariantCulture, out var fraction)
            && digits is > 0 and <= 38 && fraction >= 0 && fraction <= digits)
        {
            return new IcebergType.Primitive(IcebergKind.Decimal, digits, fraction);
        }

        if (text.StartsWith("fixed[", StringComparison.Ordinal) && text.EndsWith(']')
            && int.TryParse(text["fixed[".Length..^1], CultureInfo.InvariantCulture, out var length) && length >= 0)
        {
            return new IcebergType.Primitive(IcebergKind.Fixed, Length: length);
        }

        if (text is "variant" || text.StartsWith("geometry", StringComparison.Ordinal)
            || text.StartsWith("geography", StringComparison.Ordinal))
            return new IcebergType.Other(text);
        throw FormatErrors.Corrupt(json.Path, $"\"{text}\" is no type");
    }
}
