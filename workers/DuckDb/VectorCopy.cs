using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;
using Federation.Arrow;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.DuckDb;

/// <summary>Copies rows of a column into a fresh vector of the kernel.</summary>
internal static unsafe class VectorCopy
{
    private const int InlineLength = 12;

    /// <param name="targetRow">Row of the vector where the first copied row goes; above 0 only in the items of lists.</param>
    public static void Copy(Column source, int row, int count, nint vector, int targetRow)
    {
        if (count == 0) return;
        var target = NativeMethods.duckdb_vector_get_data(vector);
        switch (source.Type.Storage)
        {
            case Storage.Boolean when source.BooleansAreBits:
                for (var i = 0; i < count; i++) target[targetRow + i] = source.GetBoolean(row + i) ? (byte)1 : (byte)0;
                break;
            case Storage.Text: CopyText(source, row, count, vector, target, targetRow); break;
            case Storage.Bytes or Storage.Bit: CopyBytes(source, row, count, vector, target, targetRow); break;
            case Storage.Decimal: CopyDecimals(source, row, count, target, targetRow); break;
            case Storage.List: CopyLists(source, row, count, vector, target, targetRow); break;
            case Storage.Struct: CopyStructs(source, row, count, vector, targetRow); break;
            default: CopyFixed(source.Values, row, count, target, targetRow, source.Type.Storage.Width()); break;
        }

        CopyValidity(source, row, count, vector, targetRow);
    }

    private static void CopyFixed(byte* values, int row, int count, byte* target, int targetRow, int width) =>
        Buffer.MemoryCopy(values + ((long)row * width), target + ((long)targetRow * width), (long)count * width, (long)count * width);

    private static void CopyDecimals(Column source, int row, int count, byte* target, int targetRow)
    {
        var width = Column.KernelDecimalWidth(source.Type.Decimal!.Value.Precision);
        if (source.DecimalWidth == width)
        {
            CopyFixed(source.Values, row, count, target, targetRow, width);
            return;
        }

        for (var i = 0; i < count; i++)
        {
            // A NULL's bytes are undefined and need not fit.
            var value = source.IsNull(row + i) ? 0 : source.GetDecimal(row + i);
            switch (width)
            {
                case 2: ((short*)target)[targetRow + i] = checked((short)value); break;
                case 4: ((int*)target)[targetRow + i] = checked((int)value); break;
                case 8: ((long*)target)[targetRow + i] = checked((long)value); break;
                default: ((Int128*)target)[targetRow + i] = value; break;
            }
        }
    }

    private static void CopyText(Column source, int row, int count, nint vector, byte* target, int targetRow)
    {
        // The kernel trusts text to be UTF-8; a source that breaks the promise must not reach it.
        if (source.Bytes == BytesLayout.Offsets32) CheckUtf8(source, row, count);
        else
            for (var i = row; i < row + count; i++)
                if (!source.IsNull(i) && !Utf8.IsValid(source.GetBytes(i)))
                    ThrowEncoding(source.GetBytes(i));
        CopyBytes(source, row, count, vector, target, targetRow);
    }

    private static void CheckUtf8(Column source, int row, int count)
    {
        var offsets = (int*)source.Values + row;
        var all = new ReadOnlySpan<byte>(source.Data + offsets[0], offsets[count] - offsets[0]);
        if (Ascii.IsValid(all)) return;
        var isValid = Utf8.IsValid(all);
        for (var i = 1; isValid && i < count; i++)
            isValid = offsets[i] == offsets[count] || (source.Data[offsets[i]] & 0xC0) != 0x80; // no value begins inside a character
        if (isValid) return;
        for (var i = row; i < row + count; i++)
            if (!source.IsNull(i) && !Utf8.IsValid(source.GetBytes(i)))
                ThrowEncoding(source.GetBytes(i));
    }

    private static void ThrowEncoding(ReadOnlySpan<byte> text)
    {
        var start = 0;
        while (Rune.DecodeFromUtf8(text[start..], out _, out var length) == System.Buffers.OperationStatus.Done) start += length;
        var bytes = string.Join(" ", text[start..Math.Min(start + 4, text.Length)].ToArray().Select(value => $"0x{value:x2}"));
        throw new SqlException(SqlState.CharacterNotInRepertoire, $"invalid byte sequence for encoding \"UTF8\": {bytes}");
    }

    private static void CopyBytes(Column source, int row, int count, nint vector, byte* target, int targetRow)
    {
        var views = (StringView*)target + targetRow;
        if (source.Bytes == BytesLayout.Views)
        {
            for (var i = 0; i < count; i++)
            {
                var bytes = source.IsNull(row + i) ? default : source.GetBytes(row + i);
                if (bytes.Length <= InlineLength) views[i] = StringView.Inline(bytes);
                else
                    fixed (byte* start = bytes)
                        NativeMethods.duckdb_unsafe_vector_assign_string_element_len(vector, (ulong)(targetRow + i), start,
                            (ulong)bytes.Length);
            }

            return;
        }

        var offsets = (int*)source.Values + row;
        var length = offsets[count] - offsets[0];
        var heap = (byte*)null;
        if (length > InlineLength)
        {
            // One copy of all bytes into the vector's heap, made by assigning them to the first row; the rows then point into it.
            NativeMethods.duckdb_unsafe_vector_assign_string_element_len(vector, (ulong)targetRow, source.Data + offsets[0], (ulong)length);
            heap = views[0].Pointer;
        }

        for (var i = 0; i < count; i++)
        {
            var size = offsets[i + 1] - offsets[i];
            views[i] = size <= InlineLength
                ? StringView.Inline(new ReadOnlySpan<byte>(source.Data + offsets[i], size))
                : StringView.Of(heap + (offsets[i] - offsets[0]), size);
        }
    }

    private static void CopyLists(Column source, int row, int count, nint vector, byte* target, int targetRow)
    {
        var items = source.Children[0];
        var total = 0L;
        for (var i = 0; i < count; i++) total += source.IsNull(row + i) ? 0 : source.GetList(row + i).Length;
        var size = (int)NativeMethods.duckdb_list_vector_get_size(vector);
        if (NativeMethods.duckdb_list_vector_reserve(vector, (ulong)(size + total)) != 0
            || NativeMethods.duckdb_list_vector_set_size(vector, (ulong)(size + total)) != 0)
            throw new SqlException(SqlState.OutOfMemory, "out of memory");
        var child = NativeMethods.duckdb_list_vector_get_child(vector);
        var entries = (ulong*)target + ((long)targetRow * 2);
        // Ranges that follow each other are copied as one.
        int runStart = 0, runLength = 0;
        for (var i = 0; i < count; i++)
        {
            var (start, length) = source.IsNull(row + i) ? (0, 0) : source.GetList(row + i);
            entries[2 * i] = (ulong)(size + runLength);
            entries[(2 * i) + 1] = (ulong)length;
            if (length == 0) continue;
            if (runLength > 0 && start != runStart + runLength)
            {
                Copy(items, runStart, runLength, child, size);
                size += runLength;
                entries[2 * i] = (ulong)size;
                runLength = 0;
            }

            if (runLength == 0) runStart = start;
            runLength += length;
        }

        Copy(items, runStart, runLength, child, size);
    }

    private static void CopyStructs(Column source, int row, int count, nint vector, int targetRow)
    {
        for (var field = 0; field < source.Children.Length; field++)
        {
            var child = NativeMethods.duckdb_struct_vector_get_child(vector, (ulong)field);
            Copy(source.Children[field], row, count, child, targetRow);
            if (source.Validity is null) continue;
            // The kernel reads fields of a NULL struct without looking at the struct.
            for (var i = 0; i < count; i++)
                if (source.IsNull(row + i))
                    SetNull(child, targetRow + i);
        }
    }

    private static void CopyValidity(Column source, int row, int count, nint vector, int targetRow)
    {
        if (source.Validity is null) return;
        if ((row & 63) == 0 && targetRow == 0)
        {
            if (!HasNull(source.Validity + (row >> 6), count)) return;
            NativeMethods.duckdb_vector_ensure_validity_writable(vector);
            var words = (count + 63) >> 6;
            Buffer.MemoryCopy(source.Validity + (row >> 6), NativeMethods.duckdb_vector_get_validity(vector), words * 8L, words * 8L);
            return;
        }

        for (var i = 0; i < count; i++)
            if (source.IsNull(row + i))
                SetNull(vector, targetRow + i);
    }

    private static bool HasNull(ulong* words, int count)
    {
        for (var i = 0; i < count >> 6; i++)
            if (words[i] != ulong.MaxValue)
                return true;
        var rest = (1UL << (count & 63)) - 1;
        return (count & 63) != 0 && (words[count >> 6] & rest) != rest;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void SetNull(nint vector, int row)
    {
        NativeMethods.duckdb_vector_ensure_validity_writable(vector);
        NativeMethods.duckdb_vector_get_validity(vector)[row >> 6] &= ~(1UL << (row & 63));
    }
}

/// <summary>duckdb_string_t: length, then up to 12 bytes inline (the rest zero), or a 4-byte prefix and a pointer.</summary>
internal unsafe struct StringView
{
    private ulong _head;
    private ulong _tail;

    public readonly byte* Pointer => (byte*)_tail;

    public static StringView Inline(ReadOnlySpan<byte> bytes)
    {
        var view = default(StringView);
        *(int*)&view = bytes.Length;
        bytes.CopyTo(new Span<byte>((byte*)&view + 4, 12));
        return view;
    }

    public static StringView Of(byte* bytes, int length) =>
        new() { _head = (uint)length | ((ulong)*(uint*)bytes << 32), _tail = (ulong)bytes };
}
