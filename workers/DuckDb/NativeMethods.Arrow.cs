using System.Runtime.InteropServices;
using Federation.Arrow;

namespace Federation.DuckDb;

/// <summary>Export of chunks through the Arrow C data interface.</summary>
internal static unsafe partial class NativeMethods
{
    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_connection_get_arrow_options(ConnectionHandle connection, out nint options);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_destroy_arrow_options(ref nint options);

    /// <summary>Fills a schema that the caller releases; the result is error data that the caller destroys.</summary>
    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_to_arrow_schema(nint options, nint* types, byte** names, ulong count, CArrowSchema* schema);

    /// <summary>Fills an array that the caller releases and that does not need the chunk any longer.</summary>
    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_data_chunk_to_arrow(nint options, nint chunk, CArrowArray* array);

    [LibraryImport(KernelLibrary.Name)]
    [return: MarshalAs(UnmanagedType.U1)]
    public static partial bool duckdb_error_data_has_error(nint error);

    [LibraryImport(KernelLibrary.Name)]
    public static partial byte* duckdb_error_data_message(nint error);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_destroy_error_data(ref nint error);
}
