using System.Globalization;
using System.Text;
using Federation.Connectors.Formats.Avro;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// A manifest written again without some of its files. Entries keep everything that their writer said of them; what they inherit from the
/// manifest list is written out, since the copy has another place there (spec, "Manifest Inheritance").
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

    /// <param name="manifest">The manifest.</param>
    /// <param name="listed">What the manifest list says of it.</param>
    /// <param name="isRemoved">Whether a file goes, by its recorded path.</param>
    /// <param name="snapshotId">The snapshot that removes them.</param>
    /// <param name="gone">Takes rows and bytes of each file that goes.</param>
    /// <returns>The copy, and its entry in the list but for the path.</returns>
    public static (byte[] Bytes, NewManifest Entry) Make(AvroFile manifest, AvroRecord listed, Predicate<string> isRemoved, long snapshotId,
        List<(long Rows, long Bytes)> gone)
    {
        var schema = (AvroSchema.Record)manifest.Schema;
        var header = manifest.Metadata.Where(item => !item.Key.StartsWith("avro.", StringComparison.Ordinal))
            .ToDictionary(item => item.Key, item => Encoding.UTF8.GetString(item.Value), StringComparer.Ordinal);
        var writer = new AvroFileWriter(manifest.Text("avro.schema")!, header);
        var counts = new ManifestCounts();
        long? least = null;
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
            counts = isGone
                ? counts with { DeletedFiles = counts.DeletedFiles + 1, DeletedRows = counts.DeletedRows + rows }
                : counts with { KeptFiles = counts.KeptFiles + 1, KeptRows = counts.KeptRows + rows };
            if (isGone) gone.Add(SizeOf(entry));
            else least = Math.Min(least ?? sequence, sequence);
            writer.Add(encoder =>
            {
                for (var i = 0; i < schema.Fields.Count; i++)
                {
                    var field = schema.Fields[i];
                    AvroDatum.Write(encoder, field.Type, values.TryGetValue(field.FieldId, out var value) ? value : entry.Values[i]);
                }
            });
        }

        var bytes = writer.Finish();
        return (bytes, new NewManifest("", bytes.Length, (int)Number(listed.ById(502))!, Number(listed.ById(517)) is 1, counts, least,
            [.. ManifestReader.Summaries(listed.ById(507))]));
    }

    /// <summary>Rows and bytes of an entry's file.</summary>
    public static (long Rows, long Bytes) SizeOf(AvroRecord entry) => entry.ById(2) is AvroRecord file
        ? (Number(file.ById(103)) ?? 0, Number(file.ById(104)) ?? 0)
        : (0, 0);

    private static long? Number(object? value) => value is null ? null : Convert.ToInt64(value, CultureInfo.InvariantCulture);
}
