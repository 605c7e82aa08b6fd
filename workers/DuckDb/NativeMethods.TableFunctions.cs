using System.Runtime.InteropServices;

namespace Federation.DuckDb;

internal static unsafe partial class NativeMethods
{
    // Table functions

    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_create_table_function();

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_destroy_table_function(ref nint function);

    [LibraryImport(KernelLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void duckdb_table_function_set_name(nint function, string name);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_table_function_add_parameter(nint function, LogicalTypeHandle type);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_table_function_set_extra_info(
        nint function, nint extraInfo, delegate* unmanaged[Cdecl]<nint, void> destroy);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_table_function_set_bind(nint function, delegate* unmanaged[Cdecl]<nint, void> bind);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_table_function_set_init(nint function, delegate* unmanaged[Cdecl]<nint, void> init);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_table_function_set_local_init(nint function, delegate* unmanaged[Cdecl]<nint, void> init);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_table_function_set_function(nint function, delegate* unmanaged[Cdecl]<nint, nint, void> body);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_table_function_supports_projection_pushdown(nint function, byte pushdown);

    [LibraryImport(KernelLibrary.Name)]
    public static partial int duckdb_register_table_function(ConnectionHandle connection, nint function);

    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_bind_get_extra_info(nint info);

    /// <summary>The caller owns the value.</summary>
    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_bind_get_parameter(nint info, ulong index);

    [LibraryImport(KernelLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void duckdb_bind_add_result_column(nint info, string name, LogicalTypeHandle type);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_bind_set_bind_data(nint info, nint data, delegate* unmanaged[Cdecl]<nint, void> destroy);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_bind_set_cardinality(nint info, ulong cardinality, byte isExact);

    [LibraryImport(KernelLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void duckdb_bind_set_error(nint info, string error);

    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_init_get_bind_data(nint info);

    [LibraryImport(KernelLibrary.Name)]
    public static partial ulong duckdb_init_get_column_count(nint info);

    [LibraryImport(KernelLibrary.Name)]
    public static partial ulong duckdb_init_get_column_index(nint info, ulong column);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_init_set_init_data(nint info, nint data, delegate* unmanaged[Cdecl]<nint, void> destroy);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_init_set_max_threads(nint info, ulong count);

    [LibraryImport(KernelLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void duckdb_init_set_error(nint info, string error);

    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_function_get_init_data(nint info);

    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_function_get_local_init_data(nint info);

    [LibraryImport(KernelLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void duckdb_function_set_error(nint info, string error);
}
