using System.Globalization;
using Federation.Connectors.Formats.Avro;
using Federation.Connectors.Lakehouse.Iceberg.Tail;
using Federation.Connectors.Spi;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// What a statement does to the rows of a table: data files come, single rows go by files of deletes, and files go of which no row is left.
/// Two deltas clash only where they take away the same row. Used by one thread at a time.
/// </summary>
/// <param name="dataFolder">Where the files lie that were written.</param>
internal sealed class RowDelta(IcebergWriter writer, NewFiles files, string dataFolder, TimeProvider clock) : ITableUpdate
{
    private readonly NewSnapshot _snapshot = new(writer, files, dataFolder, clock);
    private (TablePointer Before, TablePointer After)? _applied;

    /// <summary>The columns that new rows were written with.</summary>
    public int SchemaId { get; init; }

    /// <summary>The rows that go; null when none does.</summary>
    public RemovedRows? Removed { get; init; }

    /// <summary>The branch that gets the change; null for the main one.</summary>
    public string? Branch { get; init; }

    /// <summary>All files go that are there when the update is applied, and the tail with them.</summary>
    public bool RemovesAll { get; init; }

    /// <summary>What changes in the table's tail.</summary>
    public TailChange Tail { get; init; } = TailChange.None;

    /// <summary>All of the change is in the tail: the table's metadata stays as it is.</summary>
    public bool KeepsFiles { get; init; }

    /// <summary>The manifest of the added rows, as manifest lists name it; null before the update was applied.</summary>
    public string? AddedManifest => _snapshot.AddedManifest;

    public async ValueTask<TablePointer> ApplyAsync(TablePointer current, CancellationToken cancellationToken)
    {
        if (_applied is { } applied && applied.Before == current) return applied.After;
        var table = writer.Open(current with { Branch = Branch });
        IcebergWriter.RequireWritable(table.Metadata);
        if (files.Rows.Count > 0 || Tail.Added is not null) IcebergWriter.RequireSchema(table.Metadata, SchemaId);
        var parent = table.Metadata.CurrentSnapshotId is { } id ? table.SnapshotOf(id) : null;
        if (Removed is not null)
        {
            await Removed.RequireUnchangedAsync(table, parent is null ? [] : table.Manifests(parent), cancellationToken);
            if (Branch is null && Tail.Flush is null) TailChange.RequireLive(current.Tail, Removed.Selection);
        }

        var tail = Branch is not null ? current.Tail : RemovesAll ? null : Tail.Apply(current.Tail);
        var after = (KeepsFiles ? current : AddSnapshot(current, table, parent)) with { Tail = tail };
        _applied = (current, after);
        return after;
    }

    private TablePointer AddSnapshot(TablePointer current, IcebergTable table, Snapshot? parent)
    {
        var document = MetadataDocument.Load(table.Store, table.Metadata.Path);
        var previous = parent?.ManifestList is { } path ? AvroFile.Open(table.Store, table.Location.Resolve(path)).ReadRecords() : [];
        var gone = new List<GoneFile>();
        var (kept, copies) = WithoutGoneFiles(table, previous, gone);
        var summary = SnapshotSummary.Make(document, parent?.Id, files.Rows, files.Deletes.Values.SelectMany(deletes => deletes), gone,
            RemovesAll);
        if (!Tail.IsNothing && Branch is null) summary[SnapshotSummary.ChangesTail] = "true";
        return _snapshot.Make(current, table, document, parent, kept, copies, summary, Branch ?? MetadataUpdates.MainBranch);
    }

    public ValueTask PublishAsync(CancellationToken cancellationToken) => _snapshot.PublishAsync(cancellationToken);

    public ValueTask DiscardAsync(CancellationToken cancellationToken) => _snapshot.DiscardAsync();

    /// <summary>
    /// The entries of the list before that stay, and copies of the manifests that hold files of which no row is left.
    /// </summary>
    /// <param name="gone">Takes the files that go.</param>
    private (List<AvroRecord> Kept, List<NewManifest> Copies) WithoutGoneFiles(IcebergTable table, IEnumerable<AvroRecord> previous,
        List<GoneFile> gone)
    {
        var (kept, copies) = (new List<AvroRecord>(), new List<NewManifest>());
        var rewritten = Removed?.ManifestsOfGoneFiles() ?? [];
        foreach (var listed in previous)
        {
            // A manifest of files that are gone tells what the snapshot before has removed, and nothing of this one. Writers of version 1
            // need not count; then there may be some.
            if (Number(listed, 504, missing: 1) + Number(listed, 505, missing: 1) == 0) continue;
            var path = (string)listed.ById(500)!;
            if (!RemovesAll && !rewritten.Contains(path))
            {
                kept.Add(listed);
                continue;
            }

            // Deletes of files that are gone mean nothing.
            if (RemovesAll && Number(listed, 517, missing: 0) == 1) continue;

            var manifest = AvroFile.Open(table.Store, table.Location.Resolve(path));
            if (!ManifestCopy.IsPossible(manifest))
            {
                // Only files of format version 1 are in such a manifest. All of them go, without a trace of them in the new snapshot.
                foreach (var entry in manifest.ReadRecords()) gone.Add(ManifestCopy.Describe(entry));
                continue;
            }

            var (bytes, copy) = ManifestCopy.Make([(manifest, listed)], [],
                file => RemovesAll || Removed!.GoneFiles.Contains(file), _snapshot.Id, gone);
            copies.Add(_snapshot.AddCopy(table, bytes, copy));
        }

        return (kept, copies);

        static long Number(AvroRecord listed, int field, long missing) =>
            Convert.ToInt64(listed.ById(field) ?? missing, CultureInfo.InvariantCulture);
    }
}
