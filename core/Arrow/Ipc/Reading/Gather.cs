using System.Runtime.CompilerServices;
using Federation.Core.Types;

namespace Federation.Arrow.Ipc;

/// <summary>
/// Columns made of chosen rows of another: decoded dictionaries and runs. Text and list items stay where they are; only what refers to them
/// is written.
/// </summary>
internal static unsafe class Gather
{
    /// <summary>An index that makes a NULL.</summary>
    public const int NoRow = -1;

    private const int ViewBytes = 16;

    /// <summary>
    /// A column of the source's rows at <paramref name="indices"/>, which are in range or <see cref="NoRow"/>. The source's memory must
    /// live as long as <paramref name="memory"/>.
    /// </summary>
    public static Column Rows(Column source, int* indices, int count, BatchMemory memory)
    {
        var target = new Column(source.Type)
            { Length = count, Values = BatchMemory.Zeros, Validity = Validity(source, indices, count, memory) };
        switch (source.Type.Storage)
        {
            case Storage.Boolean:
                target.Values = memory.AllocateCleared(count);
                for (var i = 0; i < count; i++)
                    if (indices[i] >= 0 && source.GetBoolean(indices[i]))
                        target.Values[i] = 1;
                break;
            case Storage.Text or Storage.Bytes or Storage.Bit:
                target.Bytes = BytesLayout.Views;
                target.Values = memory.AllocateCleared((long)count * ViewBytes);
                for (var i = 0; i < count; i++)
                {
                    if (indices[i] < 0 || source.IsNull(indices[i])) continue;
                    var bytes = source.GetBytes(indices[i]);
                    fixed (byte* start = bytes) BatchDecoder.WriteView(target.Values + ((long)i * ViewBytes), start, bytes.Length);
                }

                break;
            case Storage.List: Lists(source, target, indices, memory); break;
            case Storage.Struct:
                target.Children = new Column[source.Children.Length];
                for (var i = 0; i < target.Children.Length; i++) target.Children[i] = Rows(source.Children[i], indices, count, memory);
                break;
            default:
                var width = source.Type.Storage == Storage.Decimal ? source.DecimalWidth : source.Type.Storage.Width();
                target.DecimalWidth = source.DecimalWidth;
                target.Values = Fixed(source.Values, indices, count, width, memory);
                break;
        }

        return target;
    }

    /// <summary>One column after the other, for dictionaries that grow. Nested values raise 0A000.</summary>
    public static Column Concatenate(Column first, Column second, BatchMemory memory)
    {
        if (first.Type.Storage is Storage.List or Storage.Struct) throw IpcErrors.Unsupported("delta of a dictionary of nested values");
        var count = checked(first.Length + second.Length);
        var indices = (int*)memory.Allocate((long)count * sizeof(int));
        for (var i = 0; i < count; i++) indices[i] = i < first.Length ? i : NoRow;
        var target = Rows(first, indices, count, memory);
        for (var i = 0; i < second.Length; i++) indices[i] = i;
        var tail = Rows(second, indices, second.Length, memory);
        var width = Width(target);
        if (width != Width(tail)) throw IpcErrors.Malformed("a dictionary's delta differs in type");
        Buffer.MemoryCopy(tail.Values, target.Values + ((long)first.Length * width), (long)second.Length * width,
            (long)second.Length * width);
        if (target.Validity is not null)
            for (var i = 0; i < second.Length; i++)
                if (!second.IsNull(i))
                    target.Validity[(first.Length + i) >> 6] |= 1UL << ((first.Length + i) & 63);
        return target;
    }

    private static int Width(Column column) => column.Type.Storage switch
    {
        Storage.Text or Storage.Bytes or Storage.Bit => ViewBytes,
        Storage.Decimal => column.DecimalWidth,
        var storage => storage.Width(),
    };

    private static ulong* Validity(Column source, int* indices, int count, BatchMemory memory)
    {
        var hasNulls = false;
        for (var i = 0; i < count && !hasNulls; i++) hasNulls = indices[i] < 0 || source.IsNull(indices[i]);
        if (!hasNulls) return null;
        var validity = (ulong*)memory.AllocateCleared(Bitmap.BytesFor(count));
        for (var i = 0; i < count; i++)
            if (indices[i] >= 0 && !source.IsNull(indices[i]))
                ((byte*)validity)[i >> 3] |= (byte)(1 << (i & 7));
        return validity;
    }

    private static byte* Fixed(byte* source, int* indices, int count, int width, BatchMemory memory)
    {
        var target = memory.AllocateCleared((long)count * width);
        for (var i = 0; i < count; i++)
            if (indices[i] >= 0)
                Unsafe.CopyBlockUnaligned(target + ((long)i * width), source + ((long)indices[i] * width), (uint)width);
        return target;
    }

    private static void Lists(Column source, Column target, int* indices, BatchMemory memory)
    {
        target.List = ListLayout.Entries;
        target.Children = source.Children;
        var entries = (long*)memory.AllocateCleared((long)target.Length * 2 * sizeof(long));
        target.Values = (byte*)entries;
        for (var i = 0; i < target.Length; i++)
        {
            if (indices[i] < 0 || source.IsNull(indices[i])) continue;
            var (start, length) = source.GetList(indices[i]);
            entries[2 * i] = start;
            entries[(2 * i) + 1] = length;
            memory.Charge(length);
        }
    }
}
