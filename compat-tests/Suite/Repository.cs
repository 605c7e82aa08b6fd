namespace Federation.CompatTests.Suite;

/// <summary>Paths within the source tree that the tests run from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string CompatTests { get; } = Path.Combine(Root, "compat-tests");

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Federation.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException("no Federation.sln above the tests");
    }
}
