namespace Federation.Arrow.Ipc;

/// <summary>Lists, structs, and the two encodings that repeat values: dictionaries and runs.</summary>
internal unsafe ref partial struct BatchDecoder
{
    private void ReadStruct(Column column, IpcField field)
    {
        column.Children = new Column[field.Children.Count];
        for (var i = 0; i < column.Children.Length; i++)
        {
            column.Children[i] = Read(field.Children[i]);
            if (column.Children[i].Length < column.Length) throw IpcErrors.Malformed("a field shorter than its struct");
        }
    }

    private void ReadList(Column column, IpcField field)
    {
        var offsets = NextOffsets(column.Length, field.Physical.Kind == ArrowKind.LargeList, out var first, out var last);
        var items = Read(field.Children[0]);
        if (last > items.Length) throw IpcErrors.Malformed("a list ends behind its items");
        column.Children = [items];
        if (first == 0)
        {
            column.List = ListLayout.Offsets32;
            column.Values = (byte*)offsets;
            return;
        }

        var entries = Entries(column);
        for (var row = 0; row < column.Length; row++)
        {
            entries[2 * row] = first + offsets[row];
            entries[(2 * row) + 1] = offsets[row + 1] - offsets[row];
        }
    }

    private void ReadListView(Column column, IpcField field)
    {
        var isLarge = field.Physical.Kind == ArrowKind.LargeListView;
        var width = isLarge ? sizeof(long) : sizeof(int);
        var offsets = Next((long)column.Length * width);
        var sizes = Next((long)column.Length * width);
        var items = Read(field.Children[0]);
        column.Children = [items];
        var entries = Entries(column);
        for (var row = 0; row < column.Length; row++)
        {
            var (offset, size) = column.IsNull(row)
                ? (0L, 0L)
                : isLarge ? (((long*)offsets)[row], ((long*)sizes)[row]) : (((int*)offsets)[row], ((int*)sizes)[row]);
            if (offset < 0 || size < 0 || offset > items.Length - size) throw IpcErrors.Malformed("a list view lies outside of its items");
            entries[2 * row] = offset;
            entries[(2 * row) + 1] = size;
            // Views may overlap; whoever writes the lists out pays for each.
            _memory.Charge(size);
        }
    }

    private void ReadFixedSizeList(Column column, IpcField field)
    {
        var size = field.Physical.Width;
        var items = Read(field.Children[0]);
        if ((long)column.Length * size > items.Length) throw IpcErrors.Malformed("fewer items than the lists hold");
        column.Children = [items];
        column.List = ListLayout.Offsets32;
        var offsets = (int*)_memory.Allocate((column.Length + 1L) * sizeof(int));
        for (var i = 0; i <= column.Length; i++) offsets[i] = i * size;
        column.Values = (byte*)offsets;
    }

    private readonly long* Entries(Column column)
    {
        column.List = ListLayout.Entries;
        column.Values = _memory.Allocate((long)column.Length * 2 * sizeof(long));
        return (long*)column.Values;
    }

    private Column ReadDictionary(IpcField field, DictionaryEncoding dictionary)
    {
        var (length, nulls) = NextNode();
        var validity = NextValidity(length, nulls);
        var width = dictionary.Index.Width / 8;
        var source = Next((long)length * width);
        var values = _dictionaries.GetValueOrDefault(dictionary.Id);
        var count = values?.Column.Length ?? 0;
        var indices = (int*)_memory.Allocate((long)length * sizeof(int));
        for (var row = 0; row < length; row++)
        {
            indices[row] = Gather.NoRow;
            if (validity is not null && (validity[row >> 6] >> (row & 63) & 1) == 0) continue;
            // Indices of 64 bits that do not fit an int are out of range in any dictionary here.
            var index = width switch
            {
                1 => dictionary.Index.IsSigned ? ((sbyte*)source)[row] : source[row],
                2 => dictionary.Index.IsSigned ? ((short*)source)[row] : ((ushort*)source)[row],
                4 => dictionary.Index.IsSigned ? ((int*)source)[row] : ((uint*)source)[row],
                _ => ((long*)source)[row],
            };
            if (index < 0 || index >= count)
                throw IpcErrors.Malformed(
                    values is null ? $"dictionary {dictionary.Id} is missing" : "an index points outside of its dictionary");
            indices[row] = (int)index;
        }

        if (values is null) return Gather.Rows(Empty(field.Type), indices, length, _memory);
        _memory.Hold(values.Memory.AddReference());
        return Gather.Rows(values.Column, indices, length, _memory);
    }

    /// <summary>A column without rows.</summary>
    private static Column Empty(Core.Types.SqlType type) => new(type)
    {
        Values = BatchMemory.Zeros,
        Children = type.Storage switch
        {
            Core.Types.Storage.List => [Empty(IpcTypes.ItemOf(type))],
            Core.Types.Storage.Struct => [.. type.Fields.Select(field => Empty(field.Type))],
            _ => [],
        },
    };

    private Column ReadRunEndEncoded(IpcField field, int length)
    {
        var (runs, _) = NextNode();
        NextAny(out _); // run ends have no NULLs
        var width = field.Children[0].Physical.Width / 8;
        var ends = Next((long)runs * width);
        var values = Read(field.Children[1]);
        if (values.Length < runs) throw IpcErrors.Malformed("fewer values than runs");
        var indices = (int*)_memory.Allocate((long)length * sizeof(int));
        var row = 0;
        for (var run = 0; run < runs && row < length; run++)
        {
            var end = width switch { 2 => ((short*)ends)[run], 4 => ((int*)ends)[run], _ => ((long*)ends)[run] };
            if (end <= row) throw IpcErrors.Malformed("run ends that do not ascend");
            for (; row < Math.Min(end, length); row++) indices[row] = run;
        }

        if (row < length) throw IpcErrors.Malformed("runs end before the column does");
        return Gather.Rows(values, indices, length, _memory);
    }
}
