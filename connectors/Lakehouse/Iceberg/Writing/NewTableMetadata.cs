using System.Globalization;
using System.Text.Json.Nodes;
using Federation.Connectors.Spi;
using Federation.Core.Errors;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>The first metadata of a table of format version 2 (spec, "Table Metadata Fields").</summary>
internal static class NewTableMetadata
{
    public static MetadataDocument Make(NewTable table, Guid uuid, long now)
    {
        var (fields, lastId) = WrittenTypes.Fields([.. table.Columns]);
        var partitions = PartitionSpecs.Of(table.PartitionedBy, fields);
        var (orders, orderId) = SortOrders.Of(table.SortedBy, fields);
        var properties = new JsonObject { ["write.parquet.compression-codec"] = "zstd" };
        if (WrittenTypes.Declared([.. table.Columns]) is { } declared) properties[WrittenTypes.Property] = declared;
        foreach (var (name, value) in table.Properties) properties[name] = value;
        var document = MetadataDocument.Empty();
        foreach (var (name, value) in (IEnumerable<KeyValuePair<string, JsonNode?>>)
        [
            new("format-version", 2),
            new("table-uuid", uuid.ToString()),
            new("location", table.Location),
            new("last-sequence-number", 0),
            new("last-updated-ms", now),
            new("last-column-id", lastId),
            new("current-schema-id", 0),
            new("schemas", new JsonArray(Struct(fields, 0))),
            new("default-spec-id", 0),
            new("partition-specs", new JsonArray(new JsonObject { ["spec-id"] = 0, ["fields"] = partitions })),
            new("last-partition-id", PartitionSpecs.FirstFieldId - 1 + partitions.Count),
            new("default-sort-order-id", orderId),
            new("sort-orders", orders),
            new("properties", properties),
            new("current-snapshot-id", -1),
            new("refs", new JsonObject()),
            new("snapshots", new JsonArray()),
            new("snapshot-log", new JsonArray()),
            new("metadata-log", new JsonArray()),
        ]) document.Root[name] = value;
        return document;
    }

    internal static JsonObject Struct(IEnumerable<IcebergField> fields, int? schemaId = null)
    {
        var result = new JsonObject { ["type"] = "struct" };
        if (schemaId is { } id) result["schema-id"] = id;
        result["fields"] = new JsonArray([.. fields.Select(Field)]);
        return result;
    }

    internal static JsonObject Field(IcebergField field) => new()
    {
        ["id"] = field.Id,
        ["name"] = field.Name,
        ["required"] = field.IsRequired,
        ["type"] = Type(field.Type),
    };

    internal static JsonNode Type(IcebergType type) => type switch
    {
        IcebergType.Struct nested => Struct(nested.Fields),
        IcebergType.List list => new JsonObject
        {
            ["type"] = "list", ["element-id"] = list.Element.Id, ["element"] = Type(list.Element.Type),
            ["element-required"] = list.Element.IsRequired,
        },
        IcebergType.Primitive primitive => primitive.ToString(),
        _ => throw new SqlException(SqlState.FeatureNotSupported,
            string.Create(CultureInfo.InvariantCulture, $"columns of type {type} cannot be made")),
    };
}
