using System.Globalization;
using System.Text;
using Federation.Connectors.Formats.Avro;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// Manifests written again as one, without some of their files. Entries keep everything that their writer said of them; what they inherit
/// from the manifest list is written out, since the copy has another place there (spec, "Manifest Inheritance").
/// </summary>
internal static class ManifestCopy
{
    private const int Status = 0;
    private const int SnapshotId = 1;
    private const int SequenceNumber = 3;
    private const int FileSequenceNumber = 4;
    private const int Kept = 0;
    private const int Deleted = 2;

    /// <summary>
    /// Whether the manifest's own schema can say what a copy has to: manifests of format version 1 have no sequence numbers.
    /// </summary>
    public static bool IsPossible(AvroFile manifest) => manifest.Schema is AvroSchema.Record record
        && record.Fields.Any(field => field.FieldId == SequenceNumber) && record.Fields.Any(field => field.FieldId == FileSequenceNumber);

    /// <summary>Equal for manifests whose entries can be written into one.</summary>
    public static string LayoutOf(AvroFile manifest, AvroRecord listed) => string.Create(CultureInfo.InvariantCulture,
        $"{Number(listed.ById(502))}/{Number(listed.ById(517)) ?? 0}/{manifest.Text("avro.schema")}");

    /// <param name="manifests">Manifests of one layout, with what the manifest list says of each.</param>
    /// <param name="partitionTypes">The types of partition values, for bounds; null where a type is not known.</param>
    /// <param name="isRemoved">Whether a file goes, by its recorded path.</param>
    /// <param name="snapshotId">The snapshot that removes them.</param>
    /// <param name="gone">Takes each file that goes.</param>
    /// <returns>The copy, and its entry in the list but for the path.</returns>
    public static (byte[] Bytes, NewManifest Entry) Make(IReadOnlyList<(AvroFile Manifest, AvroRecord Listed)> manifests,
        IReadOnlyList<IcebergType.Primitive?> partitionTypes, Predicate<string> isRemoved, long snapshotId, List<GoneFile> gone)
    {
        // The list names newer manifests first, whose header tells the newer columns.
        var (first, firstListed) = manifests[0];
        var header = first.Metadata.Where(item => !item.Key.StartsWith("avro.", StringComparison.Ordinal))
            .ToDictionary(item => item.Key, item => Encoding.UTF8.GetString(item.Value), StringComparer.Ordinal);
        var copy = new Copy(new AvroFileWriter(first.Text("avro.schema")!, header), isRemoved, snapshotId, gone);
        foreach (var (manifest, listed) in manifests) copy.Add(manifest, listed);
        var bytes = copy.Writer.Finish();
        return (bytes, new NewManifest("", bytes.Length, (int)Number(firstListed.ById(502))!, Number(firstListed.ById(517)) is 1,
            copy.Counts, copy.Least,
            PartitionSummaries.Union([.. manifests.Select(item => ManifestReader.Summaries(item.Listed.ById(507)))], partitionTypes)));
    }

    /// <summary>What a manifest entry says of its file.</summary>
    public static GoneFile Describe(AvroRecord entry) => entry.ById(2) is AvroRecord file
        ? new GoneFile((FileContent)(Number(file.ById(134)) ?? 0), Number(file.ById(103)) ?? 0, Number(file.ById(104)) ?? 0)
        : new GoneFile(FileContent.Data, 0, 0);

    /// <summary>A copy that is being written.</summary>
    private sealed class Copy(AvroFileWriter writer, Predicate<string> isRemoved, long snapshotId, List<GoneFile> gone)
    {
        public AvroFileWriter Writer => writer;

        public ManifestCounts Counts { get; private set; } = new();

        /// <summary>The least sequence number of a file that stays.</summary>
        public long? Least { get; private set; }

        public void Add(AvroFile manifest, AvroRecord listed)
        {
            var schema = (AvroSchema.Record)manifest.Schema;
            foreach (var entry in manifest.ReadRecords())
            {
                if (Number(entry.ById(Status)) == Deleted) continue;
                var file = (AvroRecord)entry.ById(2)!;
                var rows = Number(file.ById(103)) ?? 0;
                var sequence = Number(entry.ById(SequenceNumber)) ?? Number(listed.ById(515)) ?? 0;
                var isGone = isRemoved((string)file.ById(100)!);
                var values = new Dictionary<int, object?>
                {
                    [Status] = isGone ? Deleted : Kept,
                    [SnapshotId] = isGone ? snapshotId : Number(entry.ById(SnapshotId)) ?? Number(listed.ById(503)),
                    [SequenceNumber] = sequence,
                    [FileSequenceNumber] = Number(entry.ById(FileSequenceNumber)) ?? Number(listed.ById(515)) ?? 0,
                };
                Counts = isGone
                    ? Counts with { DeletedFiles = Counts.DeletedFiles + 1, DeletedRows = Counts.DeletedRows + rows }
                    : Counts with { KeptFiles = Counts.KeptFiles + 1, KeptRows = Counts.KeptRows + rows };
                if (isGone) gone.Add(Describe(entry));
                else Least = Math.Min(Least ?? sequence, sequence);
                writer.Add(encoder =>
                {
                    for (var i = 0; i < schema.Fields.Count; i++)
                    {
                        var field = schema.Fields[i];
                        AvroDatum.Write(encoder, field.Type, values.TryGetValue(field.FieldId, out var value) ? value : entry.Values[i]);
                    }
                });
            }
        }
    }

    private static long? Number(object? value) => value is null ? null : Convert.ToInt64(value, CultureInfo.InvariantCulture);
}

/// <summary>A file that a snapshot has no more.</summary>
internal sealed record GoneFile(FileContent Content, long Rows, long Bytes);
