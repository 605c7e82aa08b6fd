using System.Buffers;
using Federation.Core.Types;

namespace Federation.Arrow;

/// <summary>Copies chosen rows of a column to the end of a builder of the same type. Allocates nothing per row.</summary>
public static unsafe class ColumnGather
{
    /// <param name="rows">Rows of <paramref name="source"/> in the order in which they are appended.</param>
    public static void Append(ColumnBuilder target, Column source, ReadOnlySpan<int> rows)
    {
        switch (source.Type.Storage)
        {
            case Storage.Boolean:
                foreach (var row in rows)
                    if (source.IsNull(row)) target.AppendNull();
                    else target.AppendBoolean(source.GetBoolean(row));
                break;
            case Storage.Decimal:
                foreach (var row in rows)
                    if (source.IsNull(row)) target.AppendNull();
                    else target.AppendDecimal(source.GetDecimal(row));
                break;
            case Storage.Text or Storage.Bytes or Storage.Bit:
                foreach (var row in rows)
                    if (source.IsNull(row)) target.AppendNull();
                    else target.AppendBytes(source.GetBytes(row));
                break;
            case Storage.List: AppendLists(target, source, rows); break;
            case Storage.Struct: AppendStructs(target, source, rows); break;
            default: AppendFixed(target, source, rows); break;
        }
    }

    private static void AppendFixed(ColumnBuilder target, Column source, ReadOnlySpan<int> rows)
    {
        switch (source.Type.Storage.Width())
        {
            case 2: Copy<short>(target, source, rows); break;
            case 4: Copy<int>(target, source, rows); break;
            case 8: Copy<long>(target, source, rows); break;
            default: Copy<Int128>(target, source, rows); break;
        }
    }

    private static void Copy<T>(ColumnBuilder target, Column source, ReadOnlySpan<int> rows)
        where T : unmanaged
    {
        foreach (var row in rows)
            if (source.IsNull(row)) target.AppendNull();
            else target.Append(source.Get<T>(row));
    }

    private static void AppendLists(ColumnBuilder target, Column source, ReadOnlySpan<int> rows)
    {
        foreach (var row in rows)
        {
            if (source.IsNull(row))
            {
                target.AppendNull();
                continue;
            }

            var (start, length) = source.GetList(row);
            var items = ArrayPool<int>.Shared.Rent(length);
            for (var i = 0; i < length; i++) items[i] = start + i;
            Append(target.Children[0], source.Children[0], items.AsSpan(0, length));
            ArrayPool<int>.Shared.Return(items);
            target.EndList();
        }
    }

    private static void AppendStructs(ColumnBuilder target, Column source, ReadOnlySpan<int> rows)
    {
        foreach (var row in rows)
        {
            if (source.IsNull(row))
            {
                target.AppendNull();
                continue;
            }

            for (var i = 0; i < source.Children.Length; i++) Append(target.Children[i], source.Children[i], [row]);
            target.EndStruct();
        }
    }
}
