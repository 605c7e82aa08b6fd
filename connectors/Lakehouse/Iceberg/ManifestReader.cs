using System.Globalization;
using Federation.Connectors.Formats;
using Federation.Connectors.Formats.Avro;
using Federation.Core;
using Federation.ObjectStorage;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// Reads manifest lists and manifests. Fields are found by id, never by name: writers spell several of them differently (spec, appendix A).
/// </summary>
internal static class ManifestReader
{
    private static readonly Dictionary<int, long> s_noCounts = [];
    private static readonly Dictionary<int, byte[]> s_noBounds = [];

    /// <summary>Whether a file says of itself that it is a list of manifests.</summary>
    public static bool IsList(AvroFile file) => file.Schema is AvroSchema.Record record && record.Fields.Any(field => field.FieldId == 500);

    public static IReadOnlyList<ManifestFile> ReadList(IObjectStore store, string path) => ReadList(path, AvroFile.Open(store, path));

    public static IReadOnlyList<ManifestFile> ReadList(string path, AvroFile file)
    {
        return file.ReadRecords().Select(record => new ManifestFile(
            Demand<string>(record, 500, path),
            Integer(record.ById(502)) is { } spec ? (int)spec : null,
            Integer(record.ById(517)) is 1,
            Integer(record.ById(515)) ?? 0,
            Sum(record, 504, 505),
            Sum(record, 512, 513),
            Encrypted(record.ById(519), path) ? default : Summaries(record.ById(507)))).ToArray();
    }

    public static Manifest Read(IObjectStore store, string path) => Read(path, AvroFile.Open(store, path));

    public static Manifest Read(string path, AvroFile file)
    {
        var entries = PackedEntries.Pack(LiveEntries(path, file));
        return new Manifest(int.TryParse(file.Text("partition-spec-id"), CultureInfo.InvariantCulture, out var specId)
            ? specId
            : null, entries);
    }

    private static IEnumerable<ManifestEntry> LiveEntries(string path, AvroFile file)
    {
        foreach (var record in file.ReadRecords())
        {
            var status = Integer(record.ById(0));
            if (status is not (0 or 1 or 2)) throw FormatErrors.Corrupt(path, "a manifest entry has no status");
            if (status == 2) continue;
            yield return ReadEntry(record, Demand<AvroRecord>(record, 2, path), isAdded: status == 1, path);
        }
    }

    private static ManifestEntry ReadEntry(AvroRecord entry, AvroRecord file, bool isAdded, string path)
    {
        var content = Integer(file.ById(134)) ?? 0;
        if (content is < 0 or > 2) throw FormatErrors.Corrupt(path, $"a manifest entry has the unknown content {content}");
        var rows = Integer(file.ById(103)) ?? throw FormatErrors.Corrupt(path, "a manifest entry has no record count");
        if (rows < 0) throw FormatErrors.Corrupt(path, "a manifest entry has a negative record count");
        return new ManifestEntry(
            isAdded,
            Integer(entry.ById(3)),
            (FileContent)content,
            Demand<string>(file, 100, path),
            Demand<string>(file, 101, path).ToLowerInvariant(),
            file.ById(102) as AvroRecord,
            rows,
            Integer(file.ById(104)) ?? 0,
            Counts(file.ById(109)),
            Counts(file.ById(110)),
            Counts(file.ById(137)),
            Bounds(file.ById(125)),
            Bounds(file.ById(128)),
            file.ById(135) is object?[] ids ? ids.Select(id => (int)(Integer(id) ?? -1)).ToEquatableArray() : default,
            file.ById(131) is byte[],
            file.ById(143) as string,
            Integer(file.ById(144)),
            Integer(file.ById(145)));
    }

    private static bool Encrypted(object? keyMetadata, string path) =>
        keyMetadata is byte[] ? throw FormatErrors.Unsupported(path, "a manifest of it is encrypted") : false;

    private static T Demand<T>(AvroRecord record, int id, string path)
        where T : class =>
        record.ById(id) as T ?? throw FormatErrors.Corrupt(path, $"a record has no field {id}");

    private static long? Sum(AvroRecord record, int first, int second) => Integer(record.ById(first)) + Integer(record.ById(second));

    private static long? Integer(object? value) => value switch
    {
        int number => number,
        long number => number,
        _ => null,
    };

    internal static EquatableArray<PartitionSummary> Summaries(object? value) => value is not object?[] items
        ? default
        : items.OfType<AvroRecord>().Select(item => new PartitionSummary(
            item.ById(509) is not false, item.ById(518) as bool?, item.ById(510) as byte[], item.ById(511) as byte[])).ToEquatableArray();

    private static Dictionary<int, long> Counts(object? value) => Map(value, Integer, s_noCounts);

    private static Dictionary<int, byte[]> Bounds(object? value)
    {
        if (value is not object?[] items || items.Length == 0) return s_noBounds;
        var bounds = new Dictionary<int, byte[]>(items.Length);
        foreach (var item in items)
            if (item is AvroRecord { Values: [int key, byte[] bytes] })
                bounds[key] = bytes;
        return bounds;
    }

    private static Dictionary<int, long> Map(object? value, Func<object?, long?> convert, Dictionary<int, long> none)
    {
        if (value is not object?[] items || items.Length == 0) return none;
        var map = new Dictionary<int, long>(items.Length);
        foreach (var item in items)
            if (item is AvroRecord { Values: [int key, var count] } && convert(count) is { } number)
                map[key] = number;
        return map;
    }
}
