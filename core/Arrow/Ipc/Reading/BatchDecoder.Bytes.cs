using System.Numerics;
using System.Text;
using System.Text.Unicode;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Arrow.Ipc;

/// <summary>Text, bytes, and the types that messages hold as text.</summary>
internal unsafe ref partial struct BatchDecoder
{
    private const int ViewBytes = 16;
    private const int InlineLength = 12;

    private void ReadBytes(Column column, ArrowKind kind)
    {
        var isLarge = kind is ArrowKind.LargeUtf8 or ArrowKind.LargeBinary;
        var offsets = NextOffsets(column.Length, isLarge, out var first, out var last);
        var data = NextAny(out var length);
        if (last > length) throw IpcErrors.Malformed("an offset points behind the data");
        column.Bytes = BytesLayout.Offsets32;
        column.Values = (byte*)offsets;
        column.Data = data + first;
        FinishBytes(column, kind is ArrowKind.Utf8 or ArrowKind.LargeUtf8);
    }

    /// <summary>
    /// length + 1 ascending offsets. Those of 64 bits become 32 bits counted from <paramref name="first"/>; for 32 bits that is 0.
    /// <paramref name="last"/> counts from the start of the data.
    /// </summary>
    private int* NextOffsets(int length, bool isLarge, out long first, out long last)
    {
        first = last = 0;
        if (length == 0)
        {
            // A column without rows may come without its one offset.
            NextAny(out _);
            return (int*)BatchMemory.Zeros;
        }

        if (!isLarge)
        {
            var offsets = (int*)Next((length + 1L) * sizeof(int));
            last = offsets[length];
            DemandAscending<int>(offsets, length);
            return offsets;
        }

        var large = (long*)Next((length + 1L) * sizeof(long));
        DemandAscending<long>(large, length);
        first = large[0];
        last = large[length];
        if (last - first > int.MaxValue) throw IpcErrors.TooLarge("column of text or lists");
        var narrow = (int*)_memory.Allocate((length + 1L) * sizeof(int));
        for (var i = 0; i <= length; i++) narrow[i] = (int)(large[i] - first);
        return narrow;
    }

    private static void DemandAscending<T>(T* offsets, int length)
        where T : unmanaged, INumber<T>
    {
        var isDescending = offsets[0] < T.Zero;
        for (var i = 0; i < length; i++) isDescending |= offsets[i + 1] < offsets[i];
        if (isDescending) throw IpcErrors.Malformed("offsets that do not ascend");
    }

    /// <summary>Views whose long values refer to a buffer by its index become the kernel's, which point to the bytes.</summary>
    private void ReadViews(Column column, ArrowKind kind)
    {
        var source = Next((long)column.Length * ViewBytes);
        if (_variadicCount >= _variadicCounts.Count) throw IpcErrors.Malformed("no buffer count of a view column");
        var count = _variadicCounts.Int64(_variadicCount++);
        if (count < 0 || count > _buffers.Count - _buffer) throw IpcErrors.Malformed($"{count} data buffers of a view column");
        var pointers = new nint[(int)count];
        var lengths = new long[(int)count];
        for (var i = 0; i < pointers.Length; i++) pointers[i] = (nint)NextAny(out lengths[i]);

        var target = _memory.AllocateCleared((long)column.Length * ViewBytes);
        for (var row = 0; row < column.Length; row++)
        {
            if (column.IsNull(row)) continue;
            var view = (int*)(source + ((long)row * ViewBytes));
            var result = target + ((long)row * ViewBytes);
            var length = view[0];
            if (length < 0) throw IpcErrors.Malformed("a view of negative length");
            if (length <= InlineLength)
            {
                System.Buffer.MemoryCopy(view, result, ViewBytes, sizeof(int) + length);
                continue;
            }

            var (index, offset) = (view[2], view[3]);
            if ((uint)index >= (uint)pointers.Length || offset < 0 || offset > lengths[index] - length)
                throw IpcErrors.Malformed("a view points outside of its buffer");
            WriteView(result, (byte*)pointers[index] + offset, length);
        }

        column.Bytes = BytesLayout.Views;
        column.Values = target;
        FinishBytes(column, kind == ArrowKind.Utf8View);
    }

    /// <summary>A view of the kernel's form of bytes that stay where they are.</summary>
    internal static void WriteView(byte* view, byte* bytes, int length)
    {
        *(int*)view = length;
        if (length <= InlineLength)
        {
            *(long*)(view + 4) = 0;
            *(int*)(view + 12) = 0;
            System.Buffer.MemoryCopy(bytes, view + 4, InlineLength, length);
            return;
        }

        *(int*)(view + 4) = *(int*)bytes;
        *(byte**)(view + 8) = bytes;
    }

    private readonly void FinishBytes(Column column, bool isText)
    {
        switch (column.Type.Storage)
        {
            case Storage.TimeTz: ParseTimes(column); break;
            case Storage.Bit when isText: ParseBits(column); break;
            case Storage.Bit: DemandBits(column); break;
            case Storage.Text when !_trustsValues: DemandText(column); break;
        }
    }

    private static void DemandText(Column column)
    {
        if (column.Bytes == BytesLayout.Offsets32)
        {
            var offsets = (int*)column.Values;
            var all = new ReadOnlySpan<byte>(column.Data + offsets[0], offsets[column.Length] - offsets[0]);
            if (Ascii.IsValid(all) && !all.Contains((byte)0)) return;
        }

        // Bytes of NULL rows may be anything.
        for (var row = 0; row < column.Length; row++)
            if (!column.IsNull(row) && column.GetBytes(row) is var bytes && (!Utf8.IsValid(bytes) || bytes.Contains((byte)0)))
                throw new SqlException(SqlState.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\" in Arrow data");
    }

    private readonly void ParseTimes(Column column)
    {
        var times = (long*)_memory.AllocateCleared((long)column.Length * sizeof(long));
        for (var row = 0; row < column.Length; row++)
            if (!column.IsNull(row))
                times[row] =
                    TimeTzForm.Pack(DateTimeInput.ParseTimeTz(Encoding.UTF8.GetString(column.GetBytes(row)), -1, ValueContext.Default));
        column.Bytes = BytesLayout.None;
        column.Values = (byte*)times;
        column.Data = null;
    }

    /// <summary>Bit strings from text of ones and zeros.</summary>
    private readonly void ParseBits(Column column)
    {
        var blobs = new NativeBuffer();
        _memory.Hold(blobs);
        var offsets = (int*)_memory.Allocate((column.Length + 1L) * sizeof(int));
        for (var row = 0; row < column.Length; row++)
        {
            offsets[row] = (int)blobs.Length;
            if (!column.IsNull(row))
                blobs.Append(BitText.ToKernelForm(BitText.Parse(Encoding.UTF8.GetString(column.GetBytes(row)), -1, isVarying: true)));
        }

        offsets[column.Length] = (int)blobs.Length;
        column.Bytes = BytesLayout.Offsets32;
        column.Values = (byte*)offsets;
        column.Data = blobs.Pointer;
    }

    /// <summary>The kernel's blobs begin with the number of padding bits.</summary>
    private static void DemandBits(Column column)
    {
        for (var row = 0; row < column.Length; row++)
            if (!column.IsNull(row) && column.GetBytes(row) is var blob
                && (blob.IsEmpty || blob[0] > 7 || (blob.Length == 1 && blob[0] != 0)))
                throw IpcErrors.Malformed("a bit string without its padding");
    }
}
