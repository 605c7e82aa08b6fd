using System.Globalization;
using Federation.Connectors.Formats;
using Federation.Connectors.Spi;
using Federation.Core.Errors;
using Federation.Core.Values;
using Federation.ObjectStorage;
using Calendar = Federation.Core.Values.Calendar;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// A table at one metadata file: finds snapshots, lists manifests and files. Parsed files are shared through <see cref="IcebergFiles"/>.
/// </summary>
internal sealed class IcebergTable(TableMetadata metadata, TableLocation location, IcebergFiles files)
{
    /// <summary>How many files of one table are read at a time when they are remote.</summary>
    public const int RequestsAtOnce = 16;

    public TableMetadata Metadata { get; } = metadata;

    public TableLocation Location { get; } = location;

    public IObjectStore Store => files.Store;

    /// <summary>
    /// The snapshot and schema of a version. Tags and snapshots are read with the schema of their time, branches with the current one.
    /// </summary>
    public (Snapshot? Snapshot, IcebergSchema Schema) Find(TableVersion? version)
    {
        switch (version)
        {
            case null: return (Metadata.CurrentSnapshotId is { } current ? SnapshotOf(current) : null, Metadata.CurrentSchema);
            case TableVersion.Named { Version: var name }:
                if (Metadata.References.TryGetValue(name, out var reference))
                {
                    var target = SnapshotOf(reference.SnapshotId);
                    return (target, reference.IsBranch ? Metadata.CurrentSchema : SchemaOf(target));
                }

                if (ParseId(name) is not { } id || !Metadata.Snapshots.TryGetValue(id, out var snapshot))
                    throw NoVersion($"has no snapshot, branch or tag \"{name}\"");
                return (snapshot, SchemaOf(snapshot));
            case TableVersion.AsOf { Microseconds: var instant }:
                var found = At(instant) ?? throw NoVersion("has no snapshot of that time or before");
                return (found, SchemaOf(found));
            default: throw new SqlException(SqlState.FeatureNotSupported, "this kind of version is not supported for Iceberg tables");
        }
    }

    public Snapshot SnapshotOf(long id) => Metadata.Snapshots.GetValueOrDefault(id)
        ?? throw FormatErrors.Corrupt(Metadata.Path, $"snapshot {id} is not in its list");

    public IReadOnlyList<ManifestFile> Manifests(Snapshot snapshot)
    {
        if (snapshot.KeyId is not null) throw FormatErrors.Unsupported(Metadata.Path, $"snapshot {snapshot.Id} is encrypted");
        if (snapshot.ManifestList is { } list) return files.ManifestLists.Get(Location.Resolve(list)).Items;
        // The first format version may list manifests in place; everything there has sequence number 0.
        return [.. snapshot.Manifests.Select(path => new ManifestFile(path, null, false, 0, null, null, default))];
    }

    /// <summary>
    /// Reads manifests that will be asked for, several at a time where each costs a request. What is wrong with one is told when it is
    /// asked for.
    /// </summary>
    public void Prefetch(IReadOnlyCollection<ManifestFile> manifests)
    {
        if (manifests.Count < 2 || !StoragePath.IsRemote(Location.Folder)) return;
        Parallel.ForEach(manifests, new ParallelOptions { MaxDegreeOfParallelism = RequestsAtOnce }, manifest =>
        {
            try
            {
                files.Manifests.Get(Location.Resolve(manifest.Path));
            }
            catch (SqlException)
            {
                // It is read again where the error belongs.
            }
        });
    }

    /// <summary>A manifest's live files with what they inherit (spec, "Manifest Inheritance").</summary>
    public IEnumerable<TableFile> Files(ManifestFile manifest, FileRanges ranges)
    {
        var content = files.Manifests.Get(Location.Resolve(manifest.Path));
        var spec = SpecOf(manifest.SpecId ?? content.SpecId ?? Metadata.DefaultSpecId);
        for (var i = 0; i < content.Entries.Count; i++)
        {
            var entry = content.Entries.At(i);

            // Entries that are not new must carry their number; files of version 1 tables have none and count as 0.
            var sequence = entry.SequenceNumber ?? (entry.IsAdded ? manifest.SequenceNumber : 0);
            yield return new TableFile(entry, sequence, spec, ranges, Location);
        }
    }

    public PartitionSpec SpecOf(ManifestFile manifest) =>
        SpecOf(manifest.SpecId ?? files.Manifests.Get(Location.Resolve(manifest.Path)).SpecId ?? Metadata.DefaultSpecId);

    private PartitionSpec SpecOf(int id) => Metadata.Specs.GetValueOrDefault(id)
        ?? throw FormatErrors.Corrupt(Metadata.Path, $"partition spec {id} is not in its list");

    private IcebergSchema SchemaOf(Snapshot snapshot) =>
        snapshot.SchemaId is { } id && Metadata.Schemas.TryGetValue(id, out var schema) ? schema : Metadata.CurrentSchema;

    private static long? ParseId(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var id) ? id
        : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var unsigned) ? unchecked((long)unsigned) : null;

    /// <summary>The snapshot that was current at a time, in microseconds since 1970; null when there was none.</summary>
    public Snapshot? At(long microseconds)
    {
        // The log says what was current when; a snapshot's own time does not, because a table may be rolled back.
        SnapshotLogEntry? last = null;
        foreach (var entry in Metadata.SnapshotLog)
            if (entry.TimestampMs <= Calendar.FloorDivide(microseconds, 1000) && (last is null || entry.TimestampMs >= last.TimestampMs))
                last = entry;
        if (last is not null)
            return Metadata.Snapshots.GetValueOrDefault(last.SnapshotId)
                ?? throw NoVersion($"no longer has the snapshot {last.SnapshotId}");
        if (Metadata.SnapshotLog.Count > 0) return null;
        return Metadata.CurrentSnapshotId is { } id && SnapshotOf(id) is { } current
            && current.TimestampMs <= Calendar.FloorDivide(microseconds, 1000)
            ? current
            : null;
    }

    private SqlException NoVersion(string problem) => new(SqlState.UndefinedObject, $"table at \"{Metadata.Location}\" {problem}");
}
