using System.Reflection;
using System.Runtime.InteropServices;

namespace Federation.DuckDb;

/// <summary>Finds libduckdb beside the assembly, wherever the process was started.</summary>
internal static class KernelLibrary
{
    public const string Name = "duckdb";

    public static void Register() => NativeLibrary.SetDllImportResolver(typeof(KernelLibrary).Assembly, Resolve);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (name != Name) return 0;
        var file = OperatingSystem.IsWindows() ? "duckdb.dll" : OperatingSystem.IsMacOS() ? "libduckdb.dylib" : "libduckdb.so";
        return NativeLibrary.TryLoad(Path.Combine(AppContext.BaseDirectory, file), out var library)
            || NativeLibrary.TryLoad(file, assembly, searchPath, out library)
            ? library
            : 0; // the runtime goes on with its own search and reports what it tried
    }
}
