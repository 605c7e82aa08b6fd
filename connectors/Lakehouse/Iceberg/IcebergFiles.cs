using Federation.Connectors.Formats;
using Federation.Connectors.Formats.Parquet;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// Parsed metadata of all tables, shared between statements. Metadata files never change once written, so what is cached stays true.
/// </summary>
internal sealed class IcebergFiles(ParquetFooters footers)
{
    private const long MaxBytes = 128 << 20;
    private const int BytesPerManifest = 400;

    public ParquetFooters Footers { get; } = footers;

    public FileCache<TableMetadata> Tables { get; } =
        new(MaxBytes, TableMetadataReader.Load, metadata =>
            4096 + (metadata.Snapshots.Count * 400L) + (metadata.Schemas.Sum(schema => schema.Value.Fields.Count) * 200L));

    public FileCache<ManifestList> ManifestLists { get; } =
        new(MaxBytes, path => new ManifestList(ManifestReader.ReadList(path)), list => BytesPerManifest * (list.Items.Count + 1L));

    public FileCache<Manifest> Manifests { get; } =
        new(MaxBytes, ManifestReader.Read, manifest => BytesPerManifest + manifest.Entries.Bytes);

    internal sealed record ManifestList(IReadOnlyList<ManifestFile> Items);
}
