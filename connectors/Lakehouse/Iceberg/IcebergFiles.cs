using Federation.Connectors.Formats;
using Federation.Connectors.Formats.Parquet;
using Federation.ObjectStorage;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// Parsed metadata of all tables, shared between statements. Metadata files never change once written, so what is cached stays true.
/// </summary>
internal sealed class IcebergFiles(IObjectStore store, ParquetFooters footers)
{
    private const long MaxBytes = 128 << 20;
    private const int BytesPerManifest = 400;

    public IObjectStore Store { get; } = store;

    public ParquetFooters Footers { get; } = footers;

    public FileCache<TableMetadata> Tables { get; } =
        new(store, MaxBytes, path => TableMetadataReader.Load(store, path), metadata =>
            4096 + (metadata.Snapshots.Count * 400L) + (metadata.Schemas.Sum(schema => schema.Value.Fields.Count) * 200L));

    public FileCache<ManifestList> ManifestLists { get; } =
        new(store, MaxBytes, path => new ManifestList(ManifestReader.ReadList(store, path)),
            list => BytesPerManifest * (list.Items.Count + 1L));

    public FileCache<Manifest> Manifests { get; } =
        new(store, MaxBytes, path => ManifestReader.Read(store, path), manifest => BytesPerManifest + manifest.Entries.Bytes);

    internal sealed record ManifestList(IReadOnlyList<ManifestFile> Items);
}
