using System.Runtime.InteropServices;

namespace Federation.DuckDb;

internal static unsafe partial class NativeMethods
{
    // Scalar functions

    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_create_scalar_function();

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_destroy_scalar_function(ref nint function);

    [LibraryImport(KernelLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void duckdb_scalar_function_set_name(nint function, string name);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_scalar_function_add_parameter(nint function, LogicalTypeHandle type);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_scalar_function_set_return_type(nint function, LogicalTypeHandle type);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_scalar_function_set_special_handling(nint function);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_scalar_function_set_volatile(nint function);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_scalar_function_set_extra_info(
        nint function, nint extraInfo, delegate* unmanaged[Cdecl]<nint, void> destroy);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_scalar_function_set_function(nint function, delegate* unmanaged[Cdecl]<nint, nint, nint, void> body);

    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_scalar_function_get_extra_info(nint info);

    [LibraryImport(KernelLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void duckdb_scalar_function_set_error(nint info, string error);

    [LibraryImport(KernelLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint duckdb_create_scalar_function_set(string name);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_destroy_scalar_function_set(ref nint set);

    [LibraryImport(KernelLibrary.Name)]
    public static partial int duckdb_add_scalar_function_to_set(nint set, nint function);

    [LibraryImport(KernelLibrary.Name)]
    public static partial int duckdb_register_scalar_function_set(ConnectionHandle connection, nint set);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_scalar_function_set_bind(nint function, delegate* unmanaged[Cdecl]<nint, void> bind);

    [LibraryImport(KernelLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void duckdb_scalar_function_bind_set_error(nint info, string error);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_scalar_function_set_bind_data(nint info, nint data, delegate* unmanaged[Cdecl]<nint, void> destroy);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_scalar_function_set_bind_data_copy(nint info, delegate* unmanaged[Cdecl]<nint, nint> copy);

    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_scalar_function_get_bind_data(nint info);

    /// <summary>The caller owns the context object.</summary>
    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_scalar_function_get_client_context(nint info, out nint context);

    /// <summary>The caller owns the context object.</summary>
    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_connection_get_client_context(ConnectionHandle connection, out nint context);

    [LibraryImport(KernelLibrary.Name)]
    public static partial ulong duckdb_client_context_get_connection_id(nint context);

    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_scalar_function_bind_get_extra_info(nint info);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_destroy_client_context(ref nint context);

    /// <summary>The caller owns the value; 0 when there is no such option.</summary>
    [LibraryImport(KernelLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint duckdb_client_context_get_config_option(nint context, string name, out int scope);

    // Aggregate functions

    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_create_aggregate_function();

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_destroy_aggregate_function(ref nint function);

    [LibraryImport(KernelLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void duckdb_aggregate_function_set_name(nint function, string name);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_aggregate_function_add_parameter(nint function, LogicalTypeHandle type);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_aggregate_function_set_return_type(nint function, LogicalTypeHandle type);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_aggregate_function_set_functions(
        nint function,
        delegate* unmanaged[Cdecl]<nint, ulong> stateSize,
        delegate* unmanaged[Cdecl]<nint, nint*, void> initialise,
        delegate* unmanaged[Cdecl]<nint, nint, nint**, void> update,
        delegate* unmanaged[Cdecl]<nint, nint**, nint**, ulong, void> combine,
        delegate* unmanaged[Cdecl]<nint, nint**, nint, ulong, ulong, void> finish);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_aggregate_function_set_destructor(
        nint function, delegate* unmanaged[Cdecl]<nint**, ulong, void> destroy);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_aggregate_function_set_special_handling(nint function);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_aggregate_function_set_extra_info(
        nint function, nint extraInfo, delegate* unmanaged[Cdecl]<nint, void> destroy);

    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_aggregate_function_get_extra_info(nint info);

    [LibraryImport(KernelLibrary.Name, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void duckdb_aggregate_function_set_error(nint info, string error);

    [LibraryImport(KernelLibrary.Name)]
    public static partial int duckdb_register_aggregate_function(ConnectionHandle connection, nint function);
}
