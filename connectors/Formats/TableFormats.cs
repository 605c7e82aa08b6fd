using Federation.ObjectStorage;

namespace Federation.Connectors.Formats;

/// <summary>Recognises folders of table formats by the folder of their log.</summary>
public static class TableFormats
{
    private static readonly (string Log, string Name)[] s_logs = [("_delta_log", "Delta"), (".hoodie", "Hudi")];

    /// <summary>The name of the format that is not read here, or null.</summary>
    public static string? Of(IObjectStore store, string folder)
    {
        foreach (var (log, name) in s_logs)
            if (store.IsFolder(StoragePath.Combine(folder, log)))
                return name;
        return null;
    }
}
