using System.Buffers;
using System.Runtime.CompilerServices;
using Federation.Core.Types;

namespace Federation.Arrow;

/// <summary>Copies chosen rows of columns to the end of a builder of the same type. Allocates nothing per row.</summary>
public static unsafe class ColumnGather
{
    /// <param name="rows">Rows of <paramref name="source"/> in the order in which they are appended.</param>
    public static void Append(ColumnBuilder target, Column source, ReadOnlySpan<int> rows) =>
        Append(target, source.Type.Storage, new OfOne(source, rows));

    /// <param name="sources">Columns of the same type, though not always in the same form.</param>
    /// <param name="origins">For each row to append the source it comes from.</param>
    /// <param name="rows">For each row to append its number there.</param>
    public static void Append(ColumnBuilder target, ReadOnlySpan<Column> sources, ReadOnlySpan<int> origins, ReadOnlySpan<int> rows) =>
        Append(target, target.Type.Storage, new OfSeveral(sources, origins, rows));

    /// <summary>The rows to append. A structure for each way of naming them, so that the loops below are compiled for each.</summary>
    private interface IChoice
    {
        int Count { get; }

        Column Source(int index);

        int Row(int index);
    }

    private readonly ref struct OfOne(Column source, ReadOnlySpan<int> rows) : IChoice
    {
        private readonly ReadOnlySpan<int> _rows = rows;

        public int Count => _rows.Length;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Column Source(int index) => source;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int Row(int index) => _rows[index];
    }

    private readonly ref struct OfSeveral(ReadOnlySpan<Column> sources, ReadOnlySpan<int> origins, ReadOnlySpan<int> rows) : IChoice
    {
        private readonly ReadOnlySpan<Column> _sources = sources;
        private readonly ReadOnlySpan<int> _origins = origins;
        private readonly ReadOnlySpan<int> _rows = rows;

        public int Count => _rows.Length;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Column Source(int index) => _sources[_origins[index]];

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public int Row(int index) => _rows[index];
    }

    private static void Append<TChoice>(ColumnBuilder target, Storage storage, TChoice chosen)
        where TChoice : IChoice, allows ref struct
    {
        switch (storage)
        {
            case Storage.Boolean:
                for (var i = 0; i < chosen.Count; i++)
                    if (!IsNull(target, chosen, i, out var source, out var row))
                        target.AppendBoolean(source.GetBoolean(row));
                break;
            case Storage.Decimal:
                for (var i = 0; i < chosen.Count; i++)
                    if (!IsNull(target, chosen, i, out var source, out var row))
                        target.AppendDecimal(source.GetDecimal(row));
                break;
            case Storage.Text or Storage.Bytes or Storage.Bit:
                for (var i = 0; i < chosen.Count; i++)
                    if (!IsNull(target, chosen, i, out var source, out var row))
                        target.AppendBytes(source.GetBytes(row));
                break;
            case Storage.List: AppendLists(target, chosen); break;
            case Storage.Struct: AppendStructs(target, chosen); break;
            default: AppendFixed(target, storage, chosen); break;
        }
    }

    /// <summary>Appends a NULL where the row has one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsNull<TChoice>(ColumnBuilder target, TChoice chosen, int index, out Column source, out int row)
        where TChoice : IChoice, allows ref struct
    {
        source = chosen.Source(index);
        row = chosen.Row(index);
        if (!source.IsNull(row)) return false;
        target.AppendNull();
        return true;
    }

    private static void AppendFixed<TChoice>(ColumnBuilder target, Storage storage, TChoice chosen)
        where TChoice : IChoice, allows ref struct
    {
        switch (storage.Width())
        {
            case 2: Copy<short, TChoice>(target, chosen); break;
            case 4: Copy<int, TChoice>(target, chosen); break;
            case 8: Copy<long, TChoice>(target, chosen); break;
            default: Copy<Int128, TChoice>(target, chosen); break;
        }
    }

    private static void Copy<T, TChoice>(ColumnBuilder target, TChoice chosen)
        where T : unmanaged
        where TChoice : IChoice, allows ref struct
    {
        for (var i = 0; i < chosen.Count; i++)
            if (!IsNull(target, chosen, i, out var source, out var row))
                target.Append(source.Get<T>(row));
    }

    private static void AppendLists<TChoice>(ColumnBuilder target, TChoice chosen)
        where TChoice : IChoice, allows ref struct
    {
        for (var at = 0; at < chosen.Count; at++)
        {
            if (IsNull(target, chosen, at, out var source, out var row)) continue;
            var (start, length) = source.GetList(row);
            var items = ArrayPool<int>.Shared.Rent(length);
            for (var i = 0; i < length; i++) items[i] = start + i;
            Append(target.Children[0], source.Children[0], items.AsSpan(0, length));
            ArrayPool<int>.Shared.Return(items);
            target.EndList();
        }
    }

    private static void AppendStructs<TChoice>(ColumnBuilder target, TChoice chosen)
        where TChoice : IChoice, allows ref struct
    {
        for (var at = 0; at < chosen.Count; at++)
        {
            if (IsNull(target, chosen, at, out var source, out var row)) continue;
            for (var i = 0; i < source.Children.Length; i++) Append(target.Children[i], source.Children[i], [row]);
            target.EndStruct();
        }
    }
}
