using System.Globalization;
using System.Text.Json.Nodes;
using Federation.Connectors.Lakehouse.Iceberg.Writing;
using Federation.Connectors.Spi;
using Federation.Core.Errors;

namespace Federation.Connectors.Lakehouse.Iceberg.Maintenance;

/// <summary>
/// Which snapshots, branches and tags of a table go (RemoveSnapshots of the reference implementation; spec, "Snapshot Retention Policy").
/// </summary>
internal sealed class SnapshotExpiry
{
    private static readonly long s_defaultAge = (long)TimeSpan.FromDays(5).TotalMilliseconds;

    private SnapshotExpiry(HashSet<long> snapshots, List<string> references) => (Snapshots, References) = (snapshots, references);

    /// <summary>The ids of snapshots that go.</summary>
    public IReadOnlySet<long> Snapshots { get; }

    /// <summary>The names of branches and tags that go.</summary>
    public IReadOnlyList<string> References { get; }

    /// <param name="now">Milliseconds since 1970.</param>
    public static SnapshotExpiry Find(MetadataDocument document, ExpiryOptions options, long now)
    {
        var snapshots = document.Array("snapshots").OfType<JsonObject>().ToDictionary(item => (long)item["snapshot-id"]!);
        var properties = document.Object("properties");
        var age = Property("history.expire.max-snapshot-age-ms") ?? s_defaultAge;
        var oldest = options.OlderThan?.ToUnixTimeMilliseconds() ?? now - age;
        var least = (int)Math.Clamp(options.RetainLast ?? Property("history.expire.min-snapshots-to-keep") ?? 1, 1, int.MaxValue);
        var (kept, goneReferences) = (new HashSet<long>(), new List<string>());
        var reachable = new HashSet<long>();
        foreach (var (name, node) in Named(document))
        {
            var target = (long)node["snapshot-id"]!;
            var isMain = name == MetadataUpdates.MainBranch;
            if (!snapshots.TryGetValue(target, out var head)
                || (!isMain && now - Time(head) > (Number(node["max-ref-age-ms"]) ?? Property(
                    "history.expire.max-ref-age-ms") ?? long.MaxValue)))
            {
                if (!isMain) goneReferences.Add(name);
                continue;
            }

            kept.Add(target);
            if ((string?)node["type"] == "tag")
            {
                reachable.Add(target);
                continue;
            }

            var ownOldest = options.OlderThan is null && Number(node["max-snapshot-age-ms"]) is { } ownAge ? now - ownAge : oldest;
            var ownLeast = options.RetainLast is null && Number(node["min-snapshots-to-keep"]) is { } count ? (int)count : least;
            var number = 0;
            var isOpen = true;
            for (var next = target; snapshots.TryGetValue(next, out var snapshot); next = Number(snapshot["parent-snapshot-id"]) ?? -1)
            {
                isOpen = isOpen && (number < ownLeast || (Time(snapshot) >= ownOldest && !(isMain && number >= options.MostSnapshots)));
                if (isOpen) kept.Add(next);
                // A loop of parents would be damage.
                if (!reachable.Add(next) && number > snapshots.Count) break;
                number++;
            }
        }

        foreach (var (id, snapshot) in snapshots)
            if (!reachable.Contains(id) && Time(snapshot) >= oldest)
                kept.Add(id);
        foreach (var id in options.SnapshotIds)
        {
            if (Named(document).FirstOrDefault(item => !goneReferences.Contains(item.Name) && (long)item.Node["snapshot-id"]! == id)
                is { Name: { } named })
                throw new SqlException(SqlState.ObjectNotInPrerequisiteState, $"snapshot {id} cannot be expired")
                    { Detail = $"\"{named}\" names it." };
            if (!snapshots.ContainsKey(id))
                throw new SqlException(SqlState.UndefinedObject, $"snapshot {id} does not exist");
            kept.Remove(id);
        }

        return new SnapshotExpiry([.. snapshots.Keys.Where(id => !kept.Contains(id))], goneReferences);

        long? Property(string name) =>
            properties[name] is JsonValue value && long.TryParse((string?)value, CultureInfo.InvariantCulture, out var number) ? number
                : null;
    }

    /// <summary>Branches and tags; a table without any has its current snapshot as its main branch.</summary>
    private static List<(string Name, JsonObject Node)> Named(MetadataDocument document)
    {
        var references = (document.Root["refs"] as JsonObject)?.Where(item => item.Value is JsonObject)
            .Select(item => (item.Key, (JsonObject)item.Value!)).ToList() ?? [];
        if (document.Long("current-snapshot-id", -1) is var current and >= 0
            && !references.Exists(item => item.Item1 == MetadataUpdates.MainBranch))
            references.Add((MetadataUpdates.MainBranch, new JsonObject { ["snapshot-id"] = current, ["type"] = "branch" }));
        return references;
    }

    private static long Time(JsonObject snapshot) => (long)snapshot["timestamp-ms"]!;

    private static long? Number(JsonNode? node) => node is JsonValue value && value.TryGetValue<long>(out var number) ? number : null;
}
