using System.Globalization;
using System.Text.Json.Nodes;
using Federation.Connectors.Formats.Avro;
using Federation.Core.Errors;
using Federation.ObjectStorage;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>Makes the manifests of files that a change adds.</summary>
internal static class NewManifests
{
    /// <param name="groups">Files of one kind of content by the partition spec that they were written with.</param>
    /// <param name="id">Of the change: part of the manifests' names.</param>
    /// <param name="staged">Takes the manifests.</param>
    public static List<NewManifest> Make(StagedMetadata staged, IcebergTable table, MetadataDocument document,
        IEnumerable<(int SpecId, IReadOnlyList<DataFile> Files)> groups, string id, long snapshotId)
    {
        var manifests = new List<NewManifest>();
        foreach (var (specId, files) in groups)
        {
            if (!table.Metadata.Specs.TryGetValue(specId, out var spec))
                throw new SqlException(SqlState.TRSerializationFailure, "could not serialize access due to concurrent update")
                    { Detail = $"Partition spec {specId} of the table is gone." };
            var name = string.Create(CultureInfo.InvariantCulture, $"metadata/{id}-m{manifests.Count}.avro");
            var schema = document.Array("schemas").OfType<JsonObject>()
                .First(item => (int)item["schema-id"]! == table.Metadata.CurrentSchemaId);
            var specFields = document.Array("partition-specs").OfType<JsonObject>()
                .First(item => (int)item["spec-id"]! == spec.Id)["fields"]!;
            var bytes = ManifestWriter.Write(files, table.Metadata, schema, spec, specFields, snapshotId);
            staged.AddToEvery(StoragePath.Combine(table.Location.Folder, name), bytes);
            manifests.Add(NewManifest.Of($"{table.Metadata.Location}/{name}", bytes.Length, spec, files,
                [.. spec.Fields.Select(field => ManifestWriter.PartitionType(table.Metadata, field))]));
        }

        return manifests;
    }

    /// <summary>
    /// Files and rows that a manifest adds, keeps and deletes, as lists name them: version 1 lets lists leave them out, version 2 does not.
    /// </summary>
    public static Dictionary<int, long> Count(IcebergTable table, string manifest)
    {
        var counts = new[] { 504, 505, 506, 512, 513, 514 }.ToDictionary(field => field, _ => 0L);
        foreach (var entry in AvroFile.Open(table.Store, table.Location.Resolve(manifest)).ReadRecords())
        {
            // Status: 0 kept, 1 added, 2 deleted.
            var status = Convert.ToInt32(entry.ById(0), CultureInfo.InvariantCulture);
            var (file, rows) = status switch { 0 => (505, 513), 1 => (504, 512), _ => (506, 514) };
            counts[file]++;
            counts[rows] += Convert.ToInt64((entry.ById(2) as AvroRecord)?.ById(103) ?? 0L, CultureInfo.InvariantCulture);
        }

        return counts;
    }
}
