using System.Globalization;
using System.Text.Json.Nodes;
using Federation.Connectors.Formats.Avro;
using Federation.Core.Errors;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>Makes a manifest of added files, all of one kind of content, for a table of format version 2 (spec, "Manifests").</summary>
internal static class ManifestWriter
{
    public static byte[] Write(IReadOnlyList<DataFile> files, TableMetadata table, JsonNode schemaJson, PartitionSpec spec,
        JsonNode specFields, long snapshotId)
    {
        var partitionTypes = spec.Fields.Select(field => PartitionType(table, field)).ToArray();
        var writer = new AvroFileWriter(Schema(spec, partitionTypes), new Dictionary<string, string>
        {
            ["schema"] = schemaJson.ToJsonString(),
            ["schema-id"] = table.CurrentSchemaId.ToString(CultureInfo.InvariantCulture),
            ["partition-spec"] = specFields.ToJsonString(),
            ["partition-spec-id"] = spec.Id.ToString(CultureInfo.InvariantCulture),
            ["format-version"] = "2",
            ["content"] = files[0].Content == FileContent.Data ? "data" : "deletes",
        });
        foreach (var file in files) writer.Add(encoder => WriteEntry(encoder, file, partitionTypes, snapshotId));
        return writer.Finish();
    }

    /// <summary>Sequence numbers are left to the manifest list, so that the manifest serves every attempt to commit it.</summary>
    private static void WriteEntry(AvroEncoder encoder, DataFile file, IcebergType.Primitive[] partitionTypes, long snapshotId)
    {
        encoder.Long(1);
        encoder.Optional(true);
        encoder.Long(snapshotId);
        encoder.Optional(false);
        encoder.Optional(false);

        encoder.Long((int)file.Content);
        encoder.String(file.RecordedPath);
        encoder.String("PARQUET");
        for (var i = 0; i < partitionTypes.Length; i++) WritePartitionValue(encoder, file.Partition[i], partitionTypes[i]);
        encoder.Long(file.RowCount);
        encoder.Long(file.SizeBytes);
        WriteCounts(encoder, file.ColumnSizes);
        WriteCounts(encoder, file.ValueCounts);
        WriteCounts(encoder, file.NullCounts);
        WriteBounds(encoder, file.LowerBounds);
        WriteBounds(encoder, file.UpperBounds);
        if (encoder.Optional(file.SortOrderId is not null)) encoder.Long(file.SortOrderId!.Value);
        if (encoder.Optional(file.ReferencedDataFile is not null)) encoder.String(file.ReferencedDataFile!);
    }

    /// <summary>
    /// The type of a field's values; a source that was dropped still has the type that it had. Raises 0A000 for a partition field that
    /// cannot be written.
    /// </summary>
    public static IcebergType.Primitive PartitionType(TableMetadata table, PartitionField field) =>
        field.Transform.ResultOf(table.FindField(field.SourceId)?.Type as IcebergType.Primitive)
        ?? throw new SqlException(SqlState.FeatureNotSupported, "tables partitioned by a nested or dropped column cannot be written yet");

    private static void WritePartitionValue(AvroEncoder encoder, byte[]? value, IcebergType.Primitive type)
    {
        if (!encoder.Optional(value is not null)) return;
        switch (type.Kind)
        {
            case IcebergKind.Boolean: encoder.Boolean(value![0] != 0); break;
            case IcebergKind.Int or IcebergKind.Date: encoder.Long(BitConverter.ToInt32(value!)); break;
            case IcebergKind.Long or IcebergKind.Time or IcebergKind.Timestamp or IcebergKind.Timestamptz:
                encoder.Long(BitConverter.ToInt64(value!)); break;
            case IcebergKind.Float or IcebergKind.Double or IcebergKind.Uuid: encoder.Fixed(value!); break;
            case IcebergKind.Decimal: encoder.Fixed(Extended(value!, DecimalLength(type.Precision))); break;
            default: encoder.Bytes(value!); break;
        }
    }

    private static void WriteCounts(AvroEncoder encoder, SortedDictionary<int, long> counts)
    {
        if (!encoder.Optional(counts.Count > 0)) return;
        encoder.Items(counts, item =>
        {
            encoder.Long(item.Key);
            encoder.Long(item.Value);
        });
    }

    private static void WriteBounds(AvroEncoder encoder, SortedDictionary<int, byte[]> bounds)
    {
        if (!encoder.Optional(bounds.Count > 0)) return;
        encoder.Items(bounds, item =>
        {
            encoder.Long(item.Key);
            encoder.Bytes(item.Value);
        });
    }

    private static byte[] Extended(byte[] value, int length)
    {
        // A truncated decimal may have more digits than its column.
        if (value.Length > length) throw new SqlException(SqlState.NumericValueOutOfRange, "numeric field overflow");
        var extended = new byte[length];
        if ((value[0] & 0x80) != 0) extended.AsSpan().Fill(0xff);
        value.CopyTo(extended.AsSpan(length - value.Length));
        return extended;
    }

    /// <summary>The fewest bytes that hold a decimal of a precision (spec, appendix A).</summary>
    private static int DecimalLength(int precision)
    {
        var most = System.Numerics.BigInteger.Pow(10, precision) - 1;
        return most.GetByteCount(isUnsigned: false);
    }

    private static string Schema(PartitionSpec spec, IcebergType.Primitive[] types)
    {
        var partition =
            new JsonArray([
                .. spec.Fields.Select((field, i) => Field(field.FieldId, field.Name, Optional(AvroType(types[i], field.FieldId))))]);
        for (var i = 0; i < spec.Fields.Count; i++)
        {
            // Avro's names are plainer than SQL's; readers go by the id.
            var item = (JsonObject)partition[i]!;
            item["name"] = AvroName(spec.Fields[i].Name);
        }

        var file = Record("r2",
            Field(134, "content", "int"), Field(100, "file_path", "string"), Field(101, "file_format", "string"),
            Field(102, "partition", new JsonObject { ["type"] = "record", ["name"] = "r102", ["fields"] = partition }),
            Field(103, "record_count", "long"), Field(104, "file_size_in_bytes", "long"),
            Field(108, "column_sizes", Optional(Map("k117_v118", 117, 118, "long"))),
            Field(109, "value_counts", Optional(Map("k119_v120", 119, 120, "long"))),
            Field(110, "null_value_counts", Optional(Map("k121_v122", 121, 122, "long"))),
            Field(125, "lower_bounds", Optional(Map("k126_v127", 126, 127, "bytes"))),
            Field(128, "upper_bounds", Optional(Map("k129_v130", 129, 130, "bytes"))),
            Field(140, "sort_order_id", Optional("int")), Field(143, "referenced_data_file", Optional("string")));
        return Record("manifest_entry",
            Field(0, "status", "int"), Field(1, "snapshot_id", Optional("long")), Field(3, "sequence_number", Optional("long")),
            Field(4, "file_sequence_number", Optional("long")), Field(2, "data_file", file)).ToJsonString();
    }

    internal static JsonObject Record(string name, params JsonNode[] fields) =>
        new() { ["type"] = "record", ["name"] = name, ["fields"] = new JsonArray(fields) };

    internal static JsonObject Field(int id, string name, JsonNode type)
    {
        var field = new JsonObject { ["name"] = name, ["type"] = type, ["field-id"] = id };
        if (type is JsonArray) field["default"] = null;
        return field;
    }

    internal static JsonArray Optional(JsonNode type) => new("null", type);

    private static JsonObject Map(string name, int keyId, int valueId, string value) => new()
    {
        ["type"] = "array", ["logicalType"] = "map", ["items"] = Record(name, Field(keyId, "key", "int"), Field(valueId, "value", value)),
    };

    private static JsonNode AvroType(IcebergType.Primitive type, int fieldId) => type.Kind switch
    {
        IcebergKind.Boolean => "boolean",
        IcebergKind.Int => "int",
        IcebergKind.Long => "long",
        IcebergKind.Float => "float",
        IcebergKind.Double => "double",
        IcebergKind.Date => Logical("int", "date"),
        IcebergKind.Time => Logical("long", "time-micros"),
        IcebergKind.Timestamp or IcebergKind.Timestamptz => new JsonObject
        {
            ["type"] = "long", ["logicalType"] = "timestamp-micros", ["adjust-to-utc"] = type.Kind == IcebergKind.Timestamptz,
        },
        IcebergKind.Decimal => new JsonObject
        {
            ["type"] = "fixed", ["name"] = string.Create(CultureInfo.InvariantCulture, $"decimal_{fieldId}"),
            ["size"] = DecimalLength(type.Precision),
            ["logicalType"] = "decimal", ["precision"] = type.Precision, ["scale"] = type.Scale,
        },
        IcebergKind.Uuid => new JsonObject
        {
            ["type"] = "fixed", ["name"] = string.Create(CultureInfo.InvariantCulture, $"uuid_{fieldId}"), ["size"] = 16,
            ["logicalType"] = "uuid",
        },
        IcebergKind.Binary or IcebergKind.Fixed => "bytes",
        _ => "string",
    };

    private static JsonObject Logical(string type, string logical) => new() { ["type"] = type, ["logicalType"] = logical };

    private static string AvroName(string name)
    {
        var text = new System.Text.StringBuilder();
        foreach (var character in name)
        {
            var isPlain = character == '_' || char.IsAsciiLetter(character) || (char.IsAsciiDigit(character) && text.Length > 0);
            if (isPlain) text.Append(character);
            else text.Append(CultureInfo.InvariantCulture, $"_x{(int)character:X}");
        }

        return text.Length == 0 ? "_" : text.ToString();
    }
}
