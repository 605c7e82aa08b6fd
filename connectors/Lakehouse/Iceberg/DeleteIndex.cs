using System.Text;
using Federation.Core;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// Says which delete files apply to a data file (spec, "Scan Planning"): position deletes of the same partition whose sequence number is
/// not smaller, equality deletes whose number is greater and which are of the same partition or of an unpartitioned spec, and a deletion
/// vector that names the file.
/// </summary>
internal sealed class DeleteIndex
{
    /// <summary>The reserved field id of the path column of position delete files.</summary>
    public const int PathFieldId = 2147483546;

    /// <summary>The reserved field id of their position column.</summary>
    public const int PositionFieldId = 2147483545;

    /// <summary>Position deletes for one data file, by its path.</summary>
    private readonly Dictionary<string, List<TableFile>> _ofFile = new(StringComparer.Ordinal);

    /// <summary>Those for several, by partition.</summary>
    private readonly Dictionary<string, List<TableFile>> _positions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<TableFile>> _equalities = new(StringComparer.Ordinal);
    private readonly List<TableFile> _globalEqualities = [];
    private readonly Dictionary<string, TableFile> _vectors = new(StringComparer.Ordinal);

    public DeleteIndex(IEnumerable<TableFile> deletes)
    {
        foreach (var delete in deletes)
        {
            if (delete.Entry.Content == FileContent.EqualityDeletes)
            {
                if (IsUnpartitioned(delete.Spec)) _globalEqualities.Add(delete);
                else Add(_equalities, delete.PartitionKey, delete);
            }
            else if (delete.Entry.Format == "puffin")
            {
                _vectors[delete.Entry.ReferencedDataFile ?? ""] = delete;
            }
            else if (delete.Entry.ReferencedDataFile is { } only)
            {
                Add(_ofFile, only, delete);
            }
            else
            {
                Add(_positions, delete.PartitionKey, delete);
            }
        }
    }

    /// <summary>The deletion vector of a data file; position deletes do not count then.</summary>
    public TableFile? VectorOf(TableFile data) =>
        _vectors.TryGetValue(data.Entry.Path, out var vector) && data.SequenceNumber <= vector.SequenceNumber ? vector : null;

    public EquatableArray<TableFile> PositionsOf(TableFile data)
    {
        var own = _ofFile.Count == 0 ? [] : Find(_ofFile, data.Entry.Path).Where(delete => delete.PartitionKey == data.PartitionKey);
        var shared = Find(_positions, data.PartitionKey);
        if (shared.Count > 0)
        {
            var path = Encoding.UTF8.GetBytes(data.Entry.Path);
            own = own.Concat(shared.Where(delete => IsWithinBounds(delete, path)));
        }

        return own.Where(delete => data.SequenceNumber <= delete.SequenceNumber).ToEquatableArray();
    }

    public EquatableArray<TableFile> EqualitiesOf(TableFile data) => Find(_equalities, data.PartitionKey).Concat(_globalEqualities)
        .Where(delete => data.SequenceNumber < delete.SequenceNumber).ToEquatableArray();

    /// <summary>False when a position delete file cannot hold rows of this data file.</summary>
    public static bool MayName(TableFile delete, string dataPath)
    {
        if (delete.Entry.ReferencedDataFile is { } only) return only == dataPath;
        return IsWithinBounds(delete, Encoding.UTF8.GetBytes(dataPath));
    }

    private static bool IsWithinBounds(TableFile delete, byte[] path) =>
        !(delete.Entry.LowerBounds.TryGetValue(PathFieldId, out var lower) && path.AsSpan().SequenceCompareTo(lower) < 0)
            && !(delete.Entry.UpperBounds.TryGetValue(PathFieldId, out var upper) && path.AsSpan().SequenceCompareTo(upper) > 0);

    private static bool IsUnpartitioned(PartitionSpec spec) => spec.Fields.All(field => field.Transform.Kind == TransformKind.Void);

    private static void Add(Dictionary<string, List<TableFile>> index, string key, TableFile delete)
    {
        if (!index.TryGetValue(key, out var list)) index.Add(key, list = []);
        list.Add(delete);
    }

    private static List<TableFile> Find(Dictionary<string, List<TableFile>> index, string key) => index.GetValueOrDefault(key) ?? [];
}
