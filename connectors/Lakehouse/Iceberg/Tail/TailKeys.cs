using Federation.Connectors.Lakehouse.Iceberg.Writing;
using Federation.Connectors.Lakehouse.Pruning;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Types;

namespace Federation.Connectors.Lakehouse.Iceberg.Tail;

/// <summary>
/// Looks for rows with the keys of rows that a change adds to a table's tail: in the tail itself, and in what the statistics of files say.
/// No file is read.
/// </summary>
internal static class TailKeys
{
    /// <summary>Types whose values are equal when their CLR forms are.</summary>
    private static readonly HashSet<PgType> s_comparable =
    [
        PgTypes.Bool, PgTypes.Int2, PgTypes.Int4, PgTypes.Int8, PgTypes.Numeric, PgTypes.Text, PgTypes.Varchar, PgTypes.Date,
        PgTypes.Timestamp, PgTypes.Timestamptz, PgTypes.Uuid,
    ];

    /// <param name="table">The state that the change was applied to.</param>
    /// <param name="tail">The tail of the state that came of it.</param>
    /// <param name="added">The rows that the change has added to it.</param>
    /// <param name="columns">The names of the key's columns.</param>
    /// <param name="known">A tail in which the key was looked for already; null for none.</param>
    /// <param name="knowsFiles">The key was looked for in the files.</param>
    public static KeyLookup Look(IcebergTable table, TableTail tail, TailRows added, EquatableArray<string> columns, TableTail? known,
        bool knowsFiles)
    {
        var schema = table.Metadata.CurrentSchema;
        var fields = columns.Select(name => schema.Find(name)).ToArray();
        if (Array.Exists(fields, field => field is null || !s_comparable.Contains(table.Metadata.TypeOf(field).Base)))
            return KeyLookup.Unknown;
        var keys = new HashSet<EquatableArray<object?>>();
        foreach (var key in KeysOf(added, fields!, table.Metadata))
            if (!keys.Add(key))
                return Duplicate(key, fields!, table.Metadata);
        if (keys.Count == 0) return KeyLookup.Unique;
        var looked = (known?.Rows ?? []).Select(rows => rows.Id).ToHashSet();
        foreach (var rows in tail.Rows)
            if (rows.Id != added.Id && !looked.Contains(rows.Id))
                foreach (var key in KeysOf(rows, fields!, table.Metadata))
                    if (keys.Contains(key))
                        return Duplicate(key, fields!, table.Metadata);
        return knowsFiles || !MayHold(table, keys, fields!) ? KeyLookup.Unique : KeyLookup.Unknown;
    }

    private static KeyLookup Duplicate(EquatableArray<object?> key, IcebergField[] fields, TableMetadata metadata) => new(IsKnown: true,
        key.Select((value, i) => (value!, metadata.TypeOf(fields[i]))).ToEquatableArray());

    /// <summary>The keys of rows that are there; a key with a NULL is like no other.</summary>
    private static IEnumerable<EquatableArray<object?>> KeysOf(TailRows rows, IcebergField[] fields, TableMetadata metadata)
    {
        var readers = Array.ConvertAll(fields, field => TailScan.ReaderOf(field, rows, metadata));
        foreach (var position in TailScan.LivePositions(rows))
        {
            var key = Array.ConvertAll(readers, read => read(position));
            if (Array.TrueForAll(key, value => value is not null)) yield return key.ToEquatableArray();
        }
    }

    private static bool MayHold(IcebergTable table, HashSet<EquatableArray<object?>> keys, IcebergField[] fields)
    {
        if (table.Metadata.CurrentSnapshotId is not { } id) return false;
        var metadata = table.Metadata;
        var ranges = new FileRanges(metadata, metadata.CurrentSchema);
        var predicate = new Predicate.Any(keys.Select(key => (Predicate)new Predicate.All(fields.Select((field, i) =>
            (Predicate)new Predicate.Compare(field.Name, Comparison.Equal, key[i]!, metadata.TypeOf(field))).ToEquatableArray()))
            .ToEquatableArray());
        foreach (var manifest in table.Manifests(table.SnapshotOf(id)))
        {
            if (manifest.HoldsDeletes) continue;
            var spec = table.SpecOf(manifest);
            if (manifest.LiveFiles is not null && !Pruner.MayMatch(predicate, column => ranges.OfManifest(manifest, spec, column)))
                continue;
            foreach (var file in table.Files(manifest, ranges))
                if (file.Packed is { Content: FileContent.Data, RecordCount: > 0 }
                    && Pruner.MayMatch(predicate, column => ranges.OfFile(file, column)))
                    return true;
        }

        return false;
    }
}
