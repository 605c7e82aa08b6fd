using System.Text.Json;

namespace Federation.Catalog;

/// <summary>The folder of a table that was dropped: its files stay for as long as a version of the catalog names them.</summary>
/// <param name="Since">Milliseconds since 1970.</param>
public sealed record DroppedFolder(string Folder, long Since)
{
    public const string Kind = "remove folder";

    public static DroppedFolder Read(CatalogIntent intent) => JsonSerializer.Deserialize<DroppedFolder>(intent.Body)!;

    /// <summary>What is to be removed after a commit. Files of tables that other engines have made are theirs.</summary>
    internal static async ValueTask<IReadOnlyList<CatalogIntent>> OfAsync(CatalogOverlay overlay, RecordingSnapshot before,
        CancellationToken cancellationToken)
    {
        var intents = new List<CatalogIntent>();
        foreach (var (key, entry) in overlay.Changed)
        {
            if (key.Kind != ObjectKind.Table || entry is not null
                || await before.FindAsync(key, cancellationToken) is not TableEntry { IsRegistered: false } dropped
                // It has another name now.
                || overlay.Changed.Values.Any(other => other is TableEntry && other.Oid == dropped.Oid)) continue;
            var body = new DroppedFolder(dropped.Pointer.Location, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
            intents.Add(new CatalogIntent(Guid.NewGuid().ToString("N"), Kind, JsonSerializer.Serialize(body)));
        }

        return intents;
    }
}
