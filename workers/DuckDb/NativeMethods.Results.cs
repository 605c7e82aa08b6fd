using System.Runtime.InteropServices;

namespace Federation.DuckDb;

/// <summary>duckdb_result: all fields but the last are deprecated.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NativeResult
{
    private nint _columnCount;
    private nint _rowCount;
    private nint _rowsChanged;
    private nint _columns;
    private nint _errorMessage;
    private nint _internal;
}

internal static unsafe partial class NativeMethods
{
    // Statements

    [LibraryImport(KernelLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int duckdb_query(ConnectionHandle connection, string query, NativeResult* result);

    [LibraryImport(KernelLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int duckdb_prepare(ConnectionHandle connection, string query, out nint prepared);

    [LibraryImport(KernelLibrary.Name)]
    public static partial ulong duckdb_nparams(PreparedHandle prepared);

    [LibraryImport(KernelLibrary.Name)]
    public static partial int duckdb_bind_int32(PreparedHandle prepared, ulong index, int value);

    [LibraryImport(KernelLibrary.Name)]
    public static partial int duckdb_bind_int64(PreparedHandle prepared, ulong index, long value);

    [LibraryImport(KernelLibrary.Name)]
    public static partial int duckdb_bind_varchar_length(PreparedHandle prepared, ulong index, byte* text, ulong length);

    [LibraryImport(KernelLibrary.Name)]
    public static partial int duckdb_bind_blob(PreparedHandle prepared, ulong index, byte* bytes, ulong length);

    [LibraryImport(KernelLibrary.Name)]
    public static partial byte* duckdb_prepare_error(PreparedHandle prepared);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_destroy_prepare(ref nint prepared);

    /// <summary>Runs until the first buffer of rows is full or the statement is done; the rest is made while rows are fetched.</summary>
    [LibraryImport(KernelLibrary.Name)]
    public static partial int duckdb_pending_prepared_streaming(PreparedHandle prepared, out nint pending);

    [LibraryImport(KernelLibrary.Name)]
    public static partial int duckdb_execute_pending(PendingHandle pending, NativeResult* result);

    [LibraryImport(KernelLibrary.Name)]
    public static partial byte* duckdb_pending_error(PendingHandle pending);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_destroy_pending(ref nint pending);

    // Results

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_destroy_result(NativeResult* result);

    [LibraryImport(KernelLibrary.Name)]
    public static partial byte* duckdb_result_error(NativeResult* result);

    [LibraryImport(KernelLibrary.Name)]
    public static partial int duckdb_result_error_type(NativeResult* result);

    [LibraryImport(KernelLibrary.Name)]
    public static partial ulong duckdb_column_count(NativeResult* result);

    [LibraryImport(KernelLibrary.Name)]
    public static partial byte* duckdb_column_name(NativeResult* result, ulong column);

    /// <summary>The caller owns the type.</summary>
    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_column_logical_type(NativeResult* result, ulong column);

    /// <summary>The next chunk, owned by the caller; 0 at the end and after an error.</summary>
    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_fetch_chunk(NativeResult result);
}
