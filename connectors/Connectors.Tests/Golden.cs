namespace Federation.Connectors.Tests;

/// <summary>
/// The golden tables: the folder <c>shared/golden</c> beside the repository or above it. Tests of it are skipped where it is absent.
/// </summary>
internal static class Golden
{
    public static readonly string? Folder = Find();

    public static string Path(params string[] parts) => System.IO.Path.Combine([Folder!, .. parts]);

    public static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(Path(folder), pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal);

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = System.IO.Path.Combine(folder.FullName, "shared", "golden");
            if (Directory.Exists(candidate)) return candidate;
        }

        return null;
    }
}

[AttributeUsage(AttributeTargets.Method)]
internal sealed class GoldenFactAttribute : FactAttribute
{
    public GoldenFactAttribute()
    {
        if (Golden.Folder is null) Skip = "the golden tables are not on this machine";
    }
}
