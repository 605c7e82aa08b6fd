using System.Runtime.CompilerServices;

namespace Federation.DuckDb;

/// <summary>The rows of one call from the kernel as spans: at most some thousands. Values of rows that are NULL are not defined.</summary>
public readonly unsafe ref struct FunctionChunk
{
    private readonly VectorView* _arguments;
    private readonly nint _output;
    private readonly byte* _values;

    internal FunctionChunk(VectorView* arguments, int rows, nint output)
    {
        _arguments = arguments;
        Rows = rows;
        _output = output;
        _values = NativeMethods.duckdb_vector_get_data(output);
    }

    public int Rows { get; }

    /// <summary>The values of an argument of fixed width, one for each row.</summary>
    public ReadOnlySpan<T> Argument<T>(int argument)
        where T : unmanaged => new(_arguments[argument].Values, Rows);

    /// <summary>The values of the result, one for each row.</summary>
    public Span<T> Result<T>()
        where T : unmanaged => new(_values, Rows);

    /// <summary>Whether an argument may be NULL in a row of this chunk.</summary>
    public bool HasNulls(int argument) => _arguments[argument].HasValidity;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsNull(int argument, int row) => _arguments[argument].IsNull(row);

    public void SetNull(int row)
    {
        NativeMethods.duckdb_vector_ensure_validity_writable(_output);
        NativeMethods.duckdb_vector_get_validity(_output)[row >> 6] &= ~(1UL << (row & 63));
    }
}
