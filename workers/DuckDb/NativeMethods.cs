using System.Runtime.InteropServices;

namespace Federation.DuckDb;

// The C API of libduckdb 1.5 (duckdb.h), by chapter. A `nint` is a handle or an info object that the call borrows; the owner is stated
// where a handle is made. Calls that only read a field skip the GC transition: they never block and never call back.
internal static unsafe partial class NativeMethods
{
    static NativeMethods() => KernelLibrary.Register();

    // Open, connect, configure

    [LibraryImport(KernelLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int duckdb_open_ext(string? path, out nint database, nint config, out byte* error);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_close(ref nint database);

    [LibraryImport(KernelLibrary.Name)]
    public static partial int duckdb_connect(DatabaseHandle database, out nint connection);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_disconnect(ref nint connection);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_interrupt(ConnectionHandle connection);

    [LibraryImport(KernelLibrary.Name)]
    public static partial int duckdb_create_config(out nint config);

    [LibraryImport(KernelLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int duckdb_set_config(nint config, string name, string option);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_destroy_config(ref nint config);

    [LibraryImport(KernelLibrary.Name)]
    public static partial byte* duckdb_library_version();

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_free(void* pointer);
}
