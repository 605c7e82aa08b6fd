using System.Runtime.CompilerServices;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Arrow;

/// <summary>Where the bytes of a variable-length value lie.</summary>
public enum BytesLayout
{
    /// <summary>The column has no variable-length values.</summary>
    None,

    /// <summary>
    /// 16 bytes per row: uint32 length, then up to 12 bytes inline, or a 4-byte prefix and a pointer (the kernel's string_t).
    /// </summary>
    Views,

    /// <summary>length + 1 int32 offsets into <see cref="Column.Data"/> (Arrow utf8 and binary).</summary>
    Offsets32,
}

/// <summary>Where the items of a list lie in the child column.</summary>
public enum ListLayout
{
    None,

    /// <summary>16 bytes per row: uint64 offset, uint64 length (the kernel's list_entry_t).</summary>
    Entries,

    /// <summary>length + 1 int32 offsets (Arrow list).</summary>
    Offsets32,
}

/// <summary>
/// One column of a batch as raw memory. The same type views a kernel vector, buffers of an Arrow array and buffers filled by a
/// <see cref="ColumnBuilder"/>, so row codecs and writers read all three without a copy.
/// <para>The memory belongs to the <see cref="Batch"/>; a column must not be read after its batch is disposed. Not thread-safe for writing;
/// concurrent reads are fine.</para>
/// </summary>
public sealed unsafe class Column
{
    public Column(SqlType type) => Type = type;

    public SqlType Type { get; }

    /// <summary>Rows in this column; for the child of a list the number of items.</summary>
    public int Length { get; set; }

    /// <summary>One bit per row, least significant first, 1 = not NULL; null pointer = no NULLs. Readable in whole 64-bit words.</summary>
    public ulong* Validity { get; set; }

    /// <summary>
    /// Fixed-width values, string views, list entries, or int32 offsets, by <see cref="Bytes"/> and <see cref="List"/>; unused for structs.
    /// </summary>
    public byte* Values { get; set; }

    /// <summary>The bytes that <see cref="BytesLayout.Offsets32"/> offsets point into.</summary>
    public byte* Data { get; set; }

    public BytesLayout Bytes { get; set; }

    public ListLayout List { get; set; }

    /// <summary>Booleans are bits (Arrow) instead of bytes (kernel).</summary>
    public bool BooleansAreBits { get; set; }

    /// <summary>Bytes per decimal value: 2, 4, 8 (kernel, by precision) or 16 (kernel and Arrow).</summary>
    public int DecimalWidth { get; set; }

    /// <summary>The item column of a list, the field columns of a struct.</summary>
    public Column[] Children { get; set; } = [];

    /// <summary>Bytes per value that the kernel uses for a decimal of this precision.</summary>
    public static int KernelDecimalWidth(int precision) => precision switch { <= 4 => 2, <= 9 => 4, <= 18 => 8, _ => 16 };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsNull(int row) => Validity is not null && (Validity[row >> 6] >> (row & 63) & 1) == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool GetBoolean(int row) => BooleansAreBits ? (Values[row >> 3] >> (row & 7) & 1) != 0 : Values[row] != 0;

    /// <summary>
    /// The value at <paramref name="row"/> for storages of fixed width (Int16…Float64, Date, Time, Timestamp, Interval, Uuid).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Get<T>(int row)
        where T : unmanaged => ((T*)Values)[row];

    /// <summary>The unscaled value of a decimal.</summary>
    public Int128 GetDecimal(int row) => DecimalWidth switch
    {
        2 => ((short*)Values)[row],
        4 => ((int*)Values)[row],
        8 => ((long*)Values)[row],
        // Arrow buffers may be aligned to 8 bytes only.
        16 => Unsafe.ReadUnaligned<Int128>(Values + ((long)row * 16)),
        _ => throw new SqlException(SqlState.InternalError, $"column of type {Type} has no decimal width"),
    };

    /// <summary>The bytes of a text, bytea or bit value. The span lives as long as the batch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> GetBytes(int row)
    {
        if (Bytes == BytesLayout.Views)
        {
            var view = Values + ((long)row * 16);
            var length = *(int*)view;
            return new ReadOnlySpan<byte>(length <= 12 ? view + 4 : *(byte**)(view + 8), length);
        }

        var offsets = (int*)Values;
        return new ReadOnlySpan<byte>(Data + offsets[row], offsets[row + 1] - offsets[row]);
    }

    /// <summary>The range of items of a list in <c>Children[0]</c>.</summary>
    public (int Start, int Length) GetList(int row)
    {
        if (List == ListLayout.Entries)
        {
            var entry = (ulong*)Values + ((long)row * 2);
            return ((int)entry[0], (int)entry[1]);
        }

        var offsets = (int*)Values;
        return (offsets[row], offsets[row + 1] - offsets[row]);
    }
}
