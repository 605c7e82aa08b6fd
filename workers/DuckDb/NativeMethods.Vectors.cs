using System.Runtime.InteropServices;

namespace Federation.DuckDb;

internal static unsafe partial class NativeMethods
{
    // Data chunks

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_destroy_data_chunk(ref nint chunk);

    [LibraryImport(KernelLibrary.Name), SuppressGCTransition]
    public static partial ulong duckdb_data_chunk_get_size(nint chunk);

    [LibraryImport(KernelLibrary.Name), SuppressGCTransition]
    public static partial void duckdb_data_chunk_set_size(nint chunk, ulong size);

    [LibraryImport(KernelLibrary.Name), SuppressGCTransition]
    public static partial nint duckdb_data_chunk_get_vector(nint chunk, ulong column);

    // Vectors; always borrowed from their chunk

    /// <summary>The caller owns the type.</summary>
    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_vector_get_column_type(nint vector);

    /// <summary>A vector of the caller, outside any chunk.</summary>
    [LibraryImport(KernelLibrary.Name)]
    public static partial nint duckdb_create_vector(nint type, ulong capacity);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_destroy_vector(ref nint vector);

    /// <summary>Both vectors own what <paramref name="from"/> owns.</summary>
    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_vector_reference_vector(nint to, nint from);

    [LibraryImport(KernelLibrary.Name), SuppressGCTransition]
    public static partial byte* duckdb_vector_get_data(nint vector);

    /// <summary>Null when every row is valid.</summary>
    [LibraryImport(KernelLibrary.Name), SuppressGCTransition]
    public static partial ulong* duckdb_vector_get_validity(nint vector);

    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_vector_ensure_validity_writable(nint vector);

    /// <summary>Copies bytes into the vector's heap without checking that they are UTF-8.</summary>
    [LibraryImport(KernelLibrary.Name)]
    public static partial void duckdb_unsafe_vector_assign_string_element_len(nint vector, ulong row, byte* bytes, ulong length);

    [LibraryImport(KernelLibrary.Name), SuppressGCTransition]
    public static partial nint duckdb_list_vector_get_child(nint vector);

    [LibraryImport(KernelLibrary.Name), SuppressGCTransition]
    public static partial ulong duckdb_list_vector_get_size(nint vector);

    [LibraryImport(KernelLibrary.Name)]
    public static partial int duckdb_list_vector_set_size(nint vector, ulong size);

    [LibraryImport(KernelLibrary.Name)]
    public static partial int duckdb_list_vector_reserve(nint vector, ulong capacity);

    [LibraryImport(KernelLibrary.Name), SuppressGCTransition]
    public static partial nint duckdb_struct_vector_get_child(nint vector, ulong index);
}
