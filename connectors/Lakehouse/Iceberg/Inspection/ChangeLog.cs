using System.Text.Json.Nodes;
using Federation.Connectors.Lakehouse.Iceberg.Writing;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;

namespace Federation.Connectors.Lakehouse.Iceberg.Inspection;

/// <summary>
/// Which rows each snapshot of a table has taken and given (the changelog scan of the reference implementation): files that came and went,
/// and files that lost rows by deletes.
/// </summary>
internal sealed class ChangeLog(IcebergTable table, TablePointer pointer, IcebergSchema schema)
{
    private const int MostSnapshots = 300;

    public static TableChangeLog Read(IcebergTable table, TablePointer pointer, TableVersion? from, TableVersion? to)
    {
        var (last, schema) = table.Find(to);
        var first = from is null ? null : table.Find(from).Snapshot;
        var log = new ChangeLog(table, pointer, schema);
        var columns = schema.Fields
            .Select(field => new ConnectorColumn(field.Name, table.Metadata.TypeOf(field), !field.IsRequired)).ToEquatableArray();
        return new TableChangeLog(columns,
            [.. Enumerable.Reverse(log.Snapshots(first, last)).Select(log.Describe).OfType<SnapshotChange>()]);
    }

    /// <summary>Newest first.</summary>
    private List<Snapshot> Snapshots(Snapshot? first, Snapshot? last)
    {
        var replaced = MetadataDocument.Load(table.Store, table.Metadata.Path).Array("snapshots").OfType<JsonObject>()
            .Where(item => (string?)item["summary"]?["operation"] == "replace").Select(item => (long)item["snapshot-id"]!).ToHashSet();
        var found = new List<Snapshot>();
        for (var next = last; next is not null && next.Id != first?.Id;)
        {
            if (!replaced.Contains(next.Id)) found.Add(next);
            if (found.Count > MostSnapshots)
                throw new SqlException(SqlState.FeatureNotSupported, $"changes of more than {MostSnapshots} snapshots are not supported")
                    { Hint = "Ask for a shorter range." };
            if (next.ParentId is not { } parent)
            {
                if (first is not null)
                    throw new SqlException(SqlState.ObjectNotInPrerequisiteState,
                        $"snapshot {first.Id} is not an ancestor of snapshot {last!.Id}");
                break;
            }

            next = table.Metadata.Snapshots.GetValueOrDefault(parent)
                ?? throw new SqlException(SqlState.ObjectNotInPrerequisiteState, $"snapshot {parent} has been expired")
                    { Hint = "Begin with a later snapshot." };
        }

        return found;
    }

    private SnapshotChange? Describe(Snapshot snapshot)
    {
        var parent = snapshot.ParentId is { } id ? table.SnapshotOf(id) : null;
        var (before, after) = (parent is null ? [] : table.Manifests(parent), table.Manifests(snapshot));
        var shared = before.Select(manifest => manifest.Path).Intersect(after.Select(manifest => manifest.Path), StringComparer.Ordinal)
            .ToHashSet(StringComparer.Ordinal);
        var (old, now) = (Files(before, shared), Files(after, shared));
        var added = now.Values.Where(file => file.Packed.Content == FileContent.Data && !old.ContainsKey(file.Packed.Path)).ToArray();
        var gone = old.Values.Where(file => file.Packed.Content == FileContent.Data && !now.ContainsKey(file.Packed.Path)).ToArray();
        var deletes = now.Values.Where(file => file.Packed.Content != FileContent.Data && !old.ContainsKey(file.Packed.Path)).ToArray();
        var touched = deletes.Length == 0 ? [] : Touched(after, deletes, added);
        if (added.Length == 0 && gone.Length == 0 && touched.Length == 0) return null;
        return new SnapshotChange(snapshot.Id, snapshot.TimestampMs * 1000, Load(snapshot, added, namesRows: false),
            Load(parent, gone, namesRows: false), Load(parent, touched, namesRows: true), Load(snapshot, touched, namesRows: true));
    }

    /// <summary>Files that were there before and that some of the deletes may be for.</summary>
    private TableFile[] Touched(IReadOnlyList<ManifestFile> manifests, TableFile[] deletes, TableFile[] added)
    {
        var index = new DeleteIndex(deletes);
        var own = added.Select(file => file.Packed.Path).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. Files(manifests, new HashSet<string>()).Values.Where(file => file.Packed.Content == FileContent.Data
                && !own.Contains(file.Packed.Path)
                && (index.VectorOf(file) is not null || index.PositionsOf(file).Count > 0 || index.EqualitiesOf(file).Count > 0)),
        ];
    }

    private Dictionary<string, TableFile> Files(IReadOnlyList<ManifestFile> manifests, HashSet<string> without)
    {
        var ranges = new FileRanges(table.Metadata, schema);
        return manifests.Where(manifest => !without.Contains(manifest.Path)).SelectMany(manifest => table.Files(manifest, ranges))
            .ToDictionary(file => file.Packed.Path, StringComparer.Ordinal);
    }

    private ConnectorTable? Load(Snapshot? snapshot, TableFile[] files, bool namesRows)
    {
        if (snapshot is null || files.Length == 0) return null;
        var columns = schema.Fields.Select(field => new ConnectorColumn(field.Name, table.Metadata.TypeOf(field), !field.IsRequired));
        if (namesRows)
            columns = columns.Append(new ConnectorColumn(RowIdentity.File, RowIdentity.FileType))
                .Append(new ConnectorColumn(RowIdentity.Position, RowIdentity.PositionType));
        return new ConnectorTable(new IcebergTableHandle(pointer, snapshot.Id, schema.Id)
        {
            OnlyFiles = files.Select(file => file.Packed.Path).ToEquatableArray(),
        }, columns.ToEquatableArray(), files.Sum(file => file.Packed.RecordCount));
    }
}
