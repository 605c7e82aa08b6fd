namespace Federation.Arrow.Tests.Ipc;

/// <summary>
/// The streams that the Arrow project's own implementations wrote, beside or above the repository; absent on other machines.
/// </summary>
internal static class GoldenFiles
{
    public static string? Folder { get; } = Find();

    /// <summary>
    /// All streams, by their path within the folder; one empty name when the folder is absent, so that the skip is counted.
    /// </summary>
    public static IEnumerable<string> Streams() => Folder is null ? [""]
        : Directory.EnumerateFiles(Folder, "*.stream", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Folder, file))
            .Order(StringComparer.Ordinal);

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "shared", "golden", "arrow", "arrow-testing", "arrow-ipc-stream",
                "integration") is var candidate && Directory.Exists(candidate))
                return candidate;
        return null;
    }
}

/// <summary>A theory over golden files that is skipped, visibly, where they are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class GoldenTheoryAttribute : TheoryAttribute
{
    public GoldenTheoryAttribute() => Skip = GoldenFiles.Folder is null ? "the golden Arrow files are absent" : null;
}
