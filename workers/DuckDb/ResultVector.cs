using Federation.Core.Types;

namespace Federation.DuckDb;

/// <summary>
/// Where a callback writes its rows. When values have a heap, that is a vector of its own that the kernel's vector comes to share: the heap
/// of a kernel's vector counts towards the memory limit, and what the kernel throws at the limit cannot pass through managed frames, so
/// that it ends the process. What an own vector holds is a few thousand rows, on their way.
/// </summary>
internal readonly ref struct ResultVector
{
    /// <summary>The kernel's vector size.</summary>
    public const ulong LeastCapacity = 2048;

    private readonly nint _output;

    /// <param name="output">The kernel's vector.</param>
    public ResultVector(nint output, SqlType type, ulong rows)
    {
        _output = output;
        Vector = HasHeap(type) ? Create(output, Math.Max(rows, LeastCapacity)) : output;
    }

    /// <summary>The vector to write to.</summary>
    public nint Vector { get; }

    /// <summary>The rows are written, or never will be.</summary>
    public void Dispose()
    {
        if (Vector == _output) return;
        var vector = Vector;
        NativeMethods.duckdb_vector_reference_vector(_output, vector);
        NativeMethods.duckdb_destroy_vector(ref vector);
    }

    public static bool HasHeap(SqlType type) => type.Storage switch
    {
        Storage.Text or Storage.Bytes or Storage.Bit or Storage.List => true,
        Storage.Struct => type.Fields.Any(field => HasHeap(field.Type)),
        _ => false,
    };

    private static nint Create(nint output, ulong capacity)
    {
        var type = NativeMethods.duckdb_vector_get_column_type(output);
        var vector = NativeMethods.duckdb_create_vector(type, capacity);
        NativeMethods.duckdb_destroy_logical_type(ref type);
        return vector;
    }
}
