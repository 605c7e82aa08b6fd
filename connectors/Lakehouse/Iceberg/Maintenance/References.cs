using System.Text.Json.Nodes;
using Federation.Connectors.Lakehouse.Iceberg.Writing;
using Federation.Connectors.Spi;
using Federation.Core.Errors;

namespace Federation.Connectors.Lakehouse.Iceberg.Maintenance;

/// <summary>Changes what branches and tags name (spec, "Snapshot References").</summary>
internal static class References
{
    public static ReferenceUpdate Change(IcebergWriter writer, TablePointer pointer, ReferenceChange change, TimeProvider clock)
    {
        var table = writer.Open(pointer);
        IcebergWriter.RequireWritable(table.Metadata);
        var asked = Resolve(table, change);
        if (asked.Updates.Count == 0) return new ReferenceUpdate(null, asked.Before, asked.After);
        var update = new MetadataChange(writer, (present, _) =>
        {
            var now = Resolve(present, change);
            // Whoever moved the name meanwhile did not know of this change, nor did this one know of that.
            if (now.Before != asked.Before || now.After != asked.After)
                throw new SqlException(SqlState.TRSerializationFailure, "could not serialize access due to concurrent update")
                    { Detail = "Another transaction has changed the table meanwhile." };
            return now.Updates;
        }, clock)
        {
            ForgetsTail = change is ReferenceChange.Rollback or ReferenceChange.RollbackToTime or ReferenceChange.SetCurrent,
        };
        return new ReferenceUpdate(update, asked.Before, asked.After);
    }

    private static (long? Before, long? After, IReadOnlyList<MetadataUpdate> Updates) Resolve(IcebergTable table, ReferenceChange change)
    {
        switch (change)
        {
            case ReferenceChange.Rollback rollback:
                RequireAncestor(table, rollback.SnapshotId);
                return Main(table, rollback.SnapshotId);
            case ReferenceChange.RollbackToTime { Microseconds: var time }:
                var found = table.Find(new TableVersion.AsOf(time)).Snapshot!.Id;
                RequireAncestor(table, found);
                return Main(table, found);
            case ReferenceChange.SetCurrent set: return Main(table, Known(table, set.SnapshotId));
            case ReferenceChange.Create create: return Create(table, create);
            case ReferenceChange.Drop drop: return Drop(table, drop);
            case ReferenceChange.FastForward forward: return FastForward(table, forward);
            default: throw new System.Diagnostics.UnreachableException(change.GetType().Name);
        }
    }

    private static (long?, long?, IReadOnlyList<MetadataUpdate>) Main(IcebergTable table, long snapshot) =>
        (table.Metadata.CurrentSnapshotId, snapshot, [new MetadataUpdate.SetBranch(MetadataUpdates.MainBranch, snapshot)]);

    private static (long?, long?, IReadOnlyList<MetadataUpdate>) Create(IcebergTable table, ReferenceChange.Create create)
    {
        var word = create.IsTag ? "tag" : "branch";
        var present = table.Metadata.References.GetValueOrDefault(create.Name);
        if (present is not null)
        {
            if (create.IfNotExists) return (present.SnapshotId, present.SnapshotId, []);
            if (!create.Replaces)
                throw new SqlException(SqlState.DuplicateObject,
                    $"{(present.IsBranch ? "branch" : "tag")} \"{create.Name}\" already exists");
            if (present.IsBranch == create.IsTag)
                throw new SqlException(SqlState.WrongObjectType, $"\"{create.Name}\" is not a {word}");
        }

        if (create.Name == MetadataUpdates.MainBranch) throw new SqlException(SqlState.ReservedName, "branch \"main\" cannot be replaced");
        var target = create.SnapshotId is { } id ? Known(table, id) : table.Metadata.CurrentSnapshotId
            ?? throw new SqlException(SqlState.ObjectNotInPrerequisiteState, $"{word} \"{create.Name}\" cannot be created")
                { Detail = "The table has no snapshot yet." };
        var reference = new JsonObject { ["snapshot-id"] = target, ["type"] = word };
        if (create.Retention.MaxReferenceAge is { } age) reference["max-ref-age-ms"] = (long)age.TotalMilliseconds;
        if (!create.IsTag && create.Retention.MinSnapshots is { } least) reference["min-snapshots-to-keep"] = least;
        if (!create.IsTag && create.Retention.MaxSnapshotAge is { } old) reference["max-snapshot-age-ms"] = (long)old.TotalMilliseconds;
        return (present?.SnapshotId, target, [new MetadataUpdate.SetReference(create.Name, reference)]);
    }

    private static (long?, long?, IReadOnlyList<MetadataUpdate>) Drop(IcebergTable table, ReferenceChange.Drop drop)
    {
        var word = drop.IsTag ? "tag" : "branch";
        if (table.Metadata.References.GetValueOrDefault(drop.Name) is not { } present)
            return drop.IfExists ? (null, null, []) : throw Missing(word, drop.Name);
        if (present.IsBranch == drop.IsTag) throw new SqlException(SqlState.WrongObjectType, $"\"{drop.Name}\" is not a {word}");
        if (drop.Name == MetadataUpdates.MainBranch) throw new SqlException(SqlState.ReservedName, "branch \"main\" cannot be dropped");
        return (present.SnapshotId, null, [new MetadataUpdate.RemoveReference(drop.Name)]);
    }

    private static (long?, long?, IReadOnlyList<MetadataUpdate>) FastForward(IcebergTable table, ReferenceChange.FastForward forward)
    {
        var target = table.Metadata.References.GetValueOrDefault(forward.To) ?? throw Missing("branch or tag", forward.To);
        var present = table.Metadata.References.GetValueOrDefault(forward.Branch) ?? throw Missing("branch", forward.Branch);
        if (!present.IsBranch) throw new SqlException(SqlState.WrongObjectType, $"\"{forward.Branch}\" is not a branch");
        if (present.SnapshotId == target.SnapshotId) return (present.SnapshotId, target.SnapshotId, []);
        if (!Ancestors(table, target.SnapshotId).Contains(present.SnapshotId))
            throw new SqlException(SqlState.ObjectNotInPrerequisiteState,
                $"cannot fast-forward branch \"{forward.Branch}\": it is not an ancestor of \"{forward.To}\"");
        return (present.SnapshotId, target.SnapshotId, [new MetadataUpdate.SetBranch(forward.Branch, target.SnapshotId)]);
    }

    /// <summary>A snapshot and those before it, newest first, as far as they are known.</summary>
    public static IEnumerable<long> Ancestors(IcebergTable table, long? snapshot)
    {
        var seen = new HashSet<long>();
        for (var next = snapshot; next is { } id && seen.Add(id); next = table.Metadata.Snapshots.GetValueOrDefault(id)?.ParentId)
            if (table.Metadata.Snapshots.ContainsKey(id))
                yield return id;
    }

    private static void RequireAncestor(IcebergTable table, long snapshot)
    {
        Known(table, snapshot);
        if (!Ancestors(table, table.Metadata.CurrentSnapshotId).Contains(snapshot))
            throw new SqlException(SqlState.ObjectNotInPrerequisiteState,
                $"cannot roll back to snapshot {snapshot}: it is not an ancestor of the current one");
    }

    private static long Known(IcebergTable table, long snapshot) => table.Metadata.Snapshots.ContainsKey(snapshot)
        ? snapshot
        : throw new SqlException(SqlState.UndefinedObject, $"snapshot {snapshot} does not exist");

    private static SqlException Missing(string word, string name) => new(SqlState.UndefinedObject, $"{word} \"{name}\" does not exist");
}
