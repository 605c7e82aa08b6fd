using System.Text.Json.Nodes;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>One change of table metadata (the REST catalog's TableUpdate, in the specification's words).</summary>
internal abstract record MetadataUpdate
{
    private MetadataUpdate() { }

    public sealed record AddSnapshot(JsonObject Snapshot) : MetadataUpdate;

    /// <summary>Makes a snapshot the head of a branch; of "main" it becomes the current one.</summary>
    public sealed record SetBranch(string Branch, long SnapshotId) : MetadataUpdate;

    /// <summary>Names a snapshot by a branch or tag, in place of what the name stood for.</summary>
    public sealed record SetReference(string Name, JsonObject Reference) : MetadataUpdate;

    public sealed record RemoveReference(string Name) : MetadataUpdate;

    /// <summary>Forgets snapshots that no branch and no tag names.</summary>
    public sealed record RemoveSnapshots(IReadOnlySet<long> Ids) : MetadataUpdate;

    /// <summary>Adds a schema, and makes it the current one.</summary>
    public sealed record SetSchema(JsonObject Schema, int LastColumnId) : MetadataUpdate;

    /// <summary>Makes a spec that of new files, and adds it unless it is there.</summary>
    public sealed record SetPartitionSpec(JsonObject Spec, int LastFieldId) : MetadataUpdate;

    /// <summary>Makes an order that of new files, and adds it unless it is there.</summary>
    public sealed record SetSortOrder(JsonObject Order) : MetadataUpdate;

    public sealed record SetProperties(IReadOnlyDictionary<string, string> Properties) : MetadataUpdate;

    public sealed record RemoveProperties(IReadOnlyList<string> Names) : MetadataUpdate;
}

/// <summary>Applies changes to metadata. Pure but for the tree that it is given.</summary>
internal static class MetadataUpdates
{
    public const string MainBranch = "main";

    /// <param name="now">Milliseconds since 1970; what the table says of its last change never goes back.</param>
    /// <param name="previous">Where the metadata before the changes lies, for the log of such files.</param>
    public static void Apply(MetadataDocument document, IEnumerable<MetadataUpdate> updates, long now, string? previous)
    {
        var last = document.Long("last-updated-ms", 0);
        if (previous is not null) Log(document, previous, last);
        var time = Math.Max(now, last + 1);
        foreach (var update in updates) Apply(document, update, time);
        document.Root["last-updated-ms"] = time;
    }

    private static void Apply(MetadataDocument document, MetadataUpdate update, long time)
    {
        switch (update)
        {
            case MetadataUpdate.AddSnapshot { Snapshot: var snapshot }:
                snapshot["timestamp-ms"] = time;
                document.Array("snapshots").Add(snapshot);
                document.Root["last-sequence-number"] = (long)snapshot["sequence-number"]!;
                break;
            case MetadataUpdate.SetBranch set:
                var reference = document.Object("refs")[set.Branch] as JsonObject ?? [];
                reference["snapshot-id"] = set.SnapshotId;
                reference["type"] = "branch";
                if (reference.Parent is null) document.Object("refs")[set.Branch] = reference;
                if (set.Branch != MainBranch) break;
                document.Root["current-snapshot-id"] = set.SnapshotId;
                document.Array("snapshot-log").Add(new JsonObject { ["snapshot-id"] = set.SnapshotId, ["timestamp-ms"] = time });
                break;
            case MetadataUpdate.SetReference set: document.Object("refs")[set.Name] = set.Reference; break;
            case MetadataUpdate.RemoveReference remove: document.Object("refs").Remove(remove.Name); break;
            case MetadataUpdate.RemoveSnapshots remove: Remove(document, remove.Ids); break;
            case MetadataUpdate.SetSchema set:
                document.Array("schemas").Add(set.Schema);
                document.Root["current-schema-id"] = (int)set.Schema["schema-id"]!;
                document.Root["last-column-id"] = Math.Max(document.Long("last-column-id", 0), set.LastColumnId);
                break;
            case MetadataUpdate.SetPartitionSpec set:
                SetDefault(document, set.Spec, "partition-specs", "spec-id", "default-spec-id");
                document.Root["last-partition-id"] = Math.Max(document.Long("last-partition-id", 0), set.LastFieldId);
                break;
            case MetadataUpdate.SetSortOrder set:
                SetDefault(document, set.Order, "sort-orders", "order-id", "default-sort-order-id");
                break;
            case MetadataUpdate.SetProperties set:
                foreach (var (name, value) in set.Properties) document.Object("properties")[name] = value;
                break;
            case MetadataUpdate.RemoveProperties remove:
                foreach (var name in remove.Names) document.Object("properties").Remove(name);
                break;
            default: throw new System.Diagnostics.UnreachableException(update.GetType().Name);
        }
    }

    private static void SetDefault(MetadataDocument document, JsonObject item, string list, string key, string current)
    {
        var id = (int)item[key]!;
        if (!document.Array(list).OfType<JsonObject>().Any(known => (int)known[key]! == id)) document.Array(list).Add(item);
        document.Root[current] = id;
    }

    /// <summary>
    /// The log keeps no entry from before a snapshot that is gone: a look at that time would find an older one, which was not current then.
    /// </summary>
    private static void Remove(MetadataDocument document, IReadOnlySet<long> ids)
    {
        foreach (var (list, isGap) in (ValueTuple<string, bool>[])[("snapshots", false), ("snapshot-log", true), ("statistics", false),
            ("partition-statistics", false)])
        {
            var kept = new List<JsonNode>();
            foreach (var item in document.Array(list).OfType<JsonObject>().ToArray())
            {
                if (!ids.Contains((long)item["snapshot-id"]!)) kept.Add(item.DeepClone());
                else if (isGap) kept.Clear();
            }

            document.Root[list] = new JsonArray([.. kept]);
        }
    }

    /// <summary>write.metadata.previous-versions-max says how many entries stay; 100 if it does not.</summary>
    private static void Log(MetadataDocument document, string previous, long time)
    {
        var log = document.Array("metadata-log");
        log.Add(new JsonObject { ["timestamp-ms"] = time, ["metadata-file"] = previous });
        var most = document.Root["properties"]?["write.metadata.previous-versions-max"] is JsonValue value
            && int.TryParse((string?)value, out var given) && given > 0 ? given : 100;
        while (log.Count > most) log.RemoveAt(0);
    }
}
