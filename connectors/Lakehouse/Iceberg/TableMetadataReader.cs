using System.Text.Json;
using System.Text.Unicode;
using Federation.Connectors.Formats;
using Federation.Connectors.Formats.Compression;
using Federation.Core;
using Federation.ObjectStorage;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// Reads table metadata files, plain or compressed with gzip (spec, appendix C) or Zstandard. v1 writers may leave out what v2 demands: the
/// schema and spec lists, references, partition field ids.
/// </summary>
internal static class TableMetadataReader
{
    private const int MaxVersion = 3;
    private const int FirstPartitionFieldId = 1000;
    private const int MaxLength = 512 << 20;

    public static TableMetadata Load(IObjectStore store, string path) => Parse(path, ReadBytes(store, path));

    /// <summary>The file's JSON text as UTF-8, unpacked.</summary>
    public static ReadOnlyMemory<byte> ReadBytes(IObjectStore store, string path) =>
        Unpacking.File(path, store.ReadAll(path, MaxLength), MaxLength);

    public static TableMetadata Parse(string path, ReadOnlyMemory<byte> json)
    {
        // The parser looks at structure alone, and would raise when a text is asked for.
        if (!Utf8.IsValid(json.Span)) throw FormatErrors.Corrupt(path, "it is no UTF-8 text");
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 256 });
            return Read(new MetadataJson(path, document.RootElement, "the table metadata"));
        }
        catch (JsonException error)
        {
            throw FormatErrors.Corrupt(path, "it is no JSON document", error);
        }
        catch (InvalidOperationException error)
        {
            // Kinds are checked before values are asked for; what is left is half of a surrogate pair, written as an escape.
            throw FormatErrors.Corrupt(path, "a text in it is no Unicode", error);
        }
    }

    private static TableMetadata Read(MetadataJson json)
    {
        var version = json.Demand("format-version").Int32();
        if (version is < 1 or > MaxVersion) throw FormatErrors.Unsupported(json.Path, $"Iceberg format version {version} is not supported");
        var schemas = Schemas(json, version);
        var currentSchema = CurrentSchema(json, version, schemas);
        var properties = json.Find("properties");
        var added = Writing.AddedColumns.Read(properties?.Find(Writing.AddedColumns.DefaultsProperty)?.Text(),
            properties?.Find(Writing.AddedColumns.NotNullProperty)?.Text());
        if (!added.IsEmpty) schemas = schemas.ToDictionary(schema => schema.Key, schema => added.Apply(schema.Value));
        if (!schemas.ContainsKey(currentSchema))
            throw FormatErrors.Corrupt(json.Path, $"the current schema {currentSchema} is not in its list");
        var specs = Specs(json, version);
        if (version > 1)
        {
            json.Demand("last-partition-id").Int32();
            json.Demand("sort-orders").Items().Count();
        }

        var snapshots = json.Find("snapshots")?.Items().Select(ReadSnapshot).ToArray() ?? [];
        // Java writes -1 for "none" in v1 and v2.
        var current = json.Find("current-snapshot-id")?.Id() is { } id and not -1 ? id : (long?)null;
        var byId = new Dictionary<long, Snapshot>();
        foreach (var snapshot in snapshots) byId[snapshot.Id] = snapshot;
        if (current is { } currentId && !byId.ContainsKey(currentId))
            throw FormatErrors.Corrupt(json.Path, $"the current snapshot {currentId} is not in its list");
        return new TableMetadata(
            json.Path, version, json.Find("table-uuid")?.Text(), json.Demand("location").Text().TrimEnd('/'),
            json.Find("last-updated-ms")?.Int64() ?? 0, currentSchema, current)
        {
            Schemas = schemas,
            Specs = specs,
            DefaultSpecId = json.Find("default-spec-id")?.Int32() ?? specs.Keys.Max(),
            SortOrder = Order(json),
            Snapshots = byId,
            SnapshotLog = json.Find("snapshot-log")?.Items()
                .Select(entry => new SnapshotLogEntry(entry.Demand("snapshot-id").Id(), entry.Demand("timestamp-ms").Int64())).ToArray()
                    ?? [],
            References = References(json, current),
            NameMapping = Mapping(json),
            ColumnTypes = Writing.WrittenTypes.ReadDeclared(properties?.Find(Writing.WrittenTypes.Property)?.Text()),
        };
    }

    private static Dictionary<int, IcebergSchema> Schemas(MetadataJson json, int version)
    {
        var list = json.Find("schemas")?.Items().Select(SchemaReader.Read).ToArray();
        if (list is null && version > 1) json.Demand("schemas");
        list ??= [SchemaReader.Read(json.Demand("schema"))];
        if (list.Length == 0) throw FormatErrors.Corrupt(json.Path, "it has no schema");
        var schemas = new Dictionary<int, IcebergSchema>();
        foreach (var schema in list) schemas[schema.Id] = schema;
        return schemas;
    }

    // The first version may say which schema is current by repeating it.
    private static int CurrentSchema(MetadataJson json, int version, Dictionary<int, IcebergSchema> schemas)
    {
        if (json.Find("current-schema-id") is { } given) return given.Int32();
        if (version > 1) return json.Demand("current-schema-id").Int32();
        var schema = SchemaReader.Read(json.Demand("schema"));
        schemas.TryAdd(schema.Id, schema);
        return schema.Id;
    }

    private static Dictionary<int, PartitionSpec> Specs(MetadataJson json, int version)
    {
        var specs = new Dictionary<int, PartitionSpec>();
        var list = version > 1 ? json.Demand("partition-specs") : json.Find("partition-specs");
        if (list is { } given)
        {
            foreach (var item in given.Items())
            {
                var id = item.Demand("spec-id").Int32();
                specs[id] = new PartitionSpec(id, PartitionFields(item.Demand("fields")));
            }
        }
        else if (json.Find("partition-spec") is { } single)
        {
            specs[0] = new PartitionSpec(0, PartitionFields(single));
        }

        if (specs.Count == 0) specs[0] = new PartitionSpec(0, default);
        return specs;
    }

    internal static EquatableArray<PartitionField> PartitionFields(MetadataJson list) =>
        list.Items().Select((field, index) => new PartitionField(
        // v3 allows transforms of several columns; those are unknown here and never used to prune.
        field.Find("source-id")?.Int32() ?? -1,
        field.Find("field-id")?.Int32() ?? FirstPartitionFieldId + index,
        field.Demand("name").Text(),
        Transform.Parse(field.Demand("transform").Text()))).ToEquatableArray();

    /// <summary>The order by its id; none for an id that no order has, as no reader relies on it.</summary>
    private static SortOrder Order(MetadataJson json)
    {
        var id = json.Find("default-sort-order-id")?.Int32() ?? 0;
        foreach (var order in json.Find("sort-orders")?.Items() ?? [])
        {
            if (order.Find("order-id")?.Int32() != id) continue;
            return new SortOrder(id, (order.Find("fields")?.Items() ?? []).Select(field => new SortField(
                field.Find("source-id")?.Int32() ?? -1, Transform.Parse(field.Find("transform")?.Text() ?? ""),
                field.Find("direction")?.Text() == "desc", field.Find("null-order")?.Text() == "nulls-first")).ToEquatableArray());
        }

        return SortOrder.None;
    }

    private static Snapshot ReadSnapshot(MetadataJson json) => new(
        json.Demand("snapshot-id").Id(), json.Find("sequence-number")?.Int64() ?? 0, json.Demand("timestamp-ms").Int64(),
        json.Find("manifest-list")?.Text(),
        json.Find("manifests")?.Items().Select(path => path.Text()).ToEquatableArray() ?? default,
        json.Find("schema-id")?.Int32())
    {
        ParentId = json.Find("parent-snapshot-id")?.Id(),
        KeyId = json.Find("key-id")?.Text(),
        ChangesTail = json.Find("summary")?.Find(Writing.SnapshotSummary.ChangesTail) is not null,
    };

    private static Dictionary<string, SnapshotReference> References(MetadataJson json, long? current)
    {
        var references = new Dictionary<string, SnapshotReference>(StringComparer.Ordinal);
        if (json.Find("refs") is { } refs)
            foreach (var (name, reference) in refs.Members())
                references[name] = new SnapshotReference(reference.Demand("snapshot-id").Id(), reference.Demand("type").Text() == "branch");
        if (current is { } id) references.TryAdd("main", new SnapshotReference(id, true));
        return references;
    }

    private static NameMapping? Mapping(MetadataJson json)
    {
        if (json.Find("properties")?.Find("schema.name-mapping.default")?.Text() is not { } text) return null;
        try
        {
            using var document = JsonDocument.Parse(text);
            return NameMapping.Read(new MetadataJson(json.Path, document.RootElement, "schema.name-mapping.default"));
        }
        catch (JsonException error)
        {
            throw FormatErrors.Corrupt(json.Path, "schema.name-mapping.default is no JSON", error);
        }
    }
}
