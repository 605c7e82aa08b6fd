using System.Runtime.InteropServices;

namespace Federation.DuckDb;

internal static unsafe partial class NativeMethods
{
    // Logical types; every type that a call returns is owned by the caller

    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_create_logical_type(int type);

    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_create_list_type(LogicalTypeHandle element);

    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_create_decimal_type(byte width, byte scale);

    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_create_struct_type(nint* types, byte** names, ulong count);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_destroy_logical_type(ref nint type);

    [LibraryImport(KernelLibrary.Name)]
    public static partial int duckdb_get_type_id(LogicalTypeHandle type);

    [LibraryImport(KernelLibrary.Name)]
    public static partial byte duckdb_decimal_width(LogicalTypeHandle type);

    [LibraryImport(KernelLibrary.Name)]
    public static partial byte duckdb_decimal_scale(LogicalTypeHandle type);

    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_list_type_child_type(LogicalTypeHandle type);

    [LibraryImport(KernelLibrary.Name)]
    public static partial ulong duckdb_struct_type_child_count(LogicalTypeHandle type);

    /// <summary>The caller frees the name.</summary>
    [LibraryImport(KernelLibrary.Name)]
    public static partial byte* duckdb_struct_type_child_name(LogicalTypeHandle type, ulong index);

    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_struct_type_child_type(LogicalTypeHandle type, ulong index);

    // Values

    [LibraryImport(KernelLibrary.Name)]
    public static partial long duckdb_get_int64(nint value);

    /// <summary>The caller frees the text.</summary>
    [LibraryImport(KernelLibrary.Name)]
    public static partial byte* duckdb_get_varchar(nint value);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_destroy_value(ref nint value);
}
