using System.Runtime.CompilerServices;
using System.Text;
using Federation.Core.Errors;
using Federation.Core.Execution;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.DuckDb;

/// <summary>
/// One row of a call from the kernel: the arguments and the place of the result. A function reads arguments by index and sets the result
/// once. Spans live until the function returns.
/// </summary>
public unsafe ref struct FunctionRow
{
    private const int LargeBytes = 1 << 20;

    /// <summary>Thousands of shorter results are no more than a few megabytes.</summary>
    private const int CountedBytes = 4096;

    [ThreadStatic]
    private static char[][]? t_chars;

    private readonly VectorView* _arguments;
    private readonly int _argumentCount;
    private readonly nint _output;
    private readonly byte* _values;

    internal FunctionRow(VectorView* arguments, int argumentCount, nint output)
    {
        _arguments = arguments;
        _argumentCount = argumentCount;
        _output = output;
        _values = output == 0 ? null : NativeMethods.duckdb_vector_get_data(output);
    }

    internal int ArgumentRow { get; set; }

    internal int ResultRow { get; set; }

    /// <summary>Set for functions that declare <see cref="ScalarFunction.UsesSession"/>.</summary>
    public FunctionSession? Session { readonly get; internal set; }

    public readonly int ArgumentCount => _argumentCount;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool IsNull(int argument) => _arguments[argument].IsNull(ArgumentRow);

    /// <summary>A value of fixed width as it lies in the vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly T Get<T>(int argument)
        where T : unmanaged => ((T*)_arguments[argument].Values)[ArgumentRow];

    public readonly bool GetBoolean(int argument) => Get<byte>(argument) != 0;

    public readonly int GetInt32(int argument) => Get<int>(argument);

    public readonly PgInterval GetInterval(int argument) => Get<PgInterval>(argument);

    /// <summary>The bytes of text, bytea or a bit string.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ReadOnlySpan<byte> GetBytes(int argument) => _arguments[argument].GetBytes(ArgumentRow);

    /// <summary>Text as a new string.</summary>
    public readonly string GetText(int argument)
    {
        var bytes = GetBytes(argument);
        ValueMemory.Reserve(bytes.Length * 2L);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Text as characters in a buffer of this thread, one per argument.</summary>
    public readonly ReadOnlySpan<char> GetChars(int argument)
    {
        var bytes = GetBytes(argument);
        if (bytes.Length > LargeBytes)
        {
            // No thread keeps a buffer for the few large values.
            ValueMemory.Reserve(bytes.Length * 2L);
            var characters = new char[bytes.Length];
            return characters.AsSpan(0, Encoding.UTF8.GetChars(bytes, characters));
        }

        var buffers = t_chars ??= new char[8][];
        ref var buffer = ref buffers[argument];
        if (buffer is null || buffer.Length < bytes.Length) buffer = new char[Math.Max(bytes.Length * 2, 256)];
        return buffer.AsSpan(0, Encoding.UTF8.GetChars(bytes, buffer));
    }

    /// <summary>A list of text.</summary>
    public readonly string?[] GetTexts(int argument)
    {
        ref readonly var list = ref _arguments[argument];
        var entry = (ulong*)list.Values + (ArgumentRow * 2L);
        var child = new VectorView(NativeMethods.duckdb_list_vector_get_child(list.Vector));
        var texts = new string?[(int)entry[1]];
        var size = new ListSize();
        for (var i = 0; i < texts.Length; i++)
        {
            var row = (int)entry[0] + i;
            if (child.IsNull(row)) continue;
            var bytes = child.GetBytes(row);
            size.Add(bytes.Length);
            texts[i] = Encoding.UTF8.GetString(bytes);
        }

        return texts;
    }

    /// <summary>A list of text or bytea as it lies in the vector.</summary>
    public readonly ListItems GetList(int argument)
    {
        ref readonly var list = ref _arguments[argument];
        var entry = (ulong*)list.Values + (ArgumentRow * 2L);
        return new ListItems(new VectorView(NativeMethods.duckdb_list_vector_get_child(list.Vector)), (int)entry[0], (int)entry[1]);
    }

    /// <summary>The items of a list without NULLs, of a type of fixed width, as they lie in the vector.</summary>
    public readonly ReadOnlySpan<T> GetItems<T>(int argument)
        where T : unmanaged
    {
        ref readonly var list = ref _arguments[argument];
        var entry = (ulong*)list.Values + (ArgumentRow * 2L);
        var child = new VectorView(NativeMethods.duckdb_list_vector_get_child(list.Vector));
        return new ReadOnlySpan<T>((T*)child.Values + entry[0], (int)entry[1]);
    }

    public readonly void SetNull() => SetNull(_output, ResultRow);

    /// <summary>Sets a value of fixed width; <typeparamref name="T"/> must have the width of the result type.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Set<T>(T value)
        where T : unmanaged => ((T*)_values)[ResultRow] = value;

    public readonly void Set(bool value) => _values[ResultRow] = value ? (byte)1 : (byte)0;

    public readonly void Set(ReadOnlySpan<byte> bytes) => SetBytes(_output, (StringView*)_values, ResultRow, bytes);

    public readonly void Set(string text) => SetText(_output, (StringView*)_values, ResultRow, text);

    public readonly void Set(ReadOnlySpan<char> text) => SetText(_output, (StringView*)_values, ResultRow, text);

    /// <summary>Sets the text or bytea that two of them in a row are.</summary>
    public readonly void SetJoined(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        const int StackLimit = 1024;
        const int HeaderBytes = 4;
        var length = (long)first.Length + second.Length;
        if (length <= StackLimit)
        {
            Span<byte> few = stackalloc byte[(int)length];
            Join(first, second, few);
            return;
        }

        ValueLimits.CheckAllocation(length + HeaderBytes);
        ValueMemory.Reserve(length);
        var memory = (byte*)System.Runtime.InteropServices.NativeMemory.Alloc((nuint)length);
        try
        {
            Join(first, second, new Span<byte>(memory, (int)length));
        }
        finally
        {
            System.Runtime.InteropServices.NativeMemory.Free(memory);
        }
    }

    private readonly void Join(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, Span<byte> joined)
    {
        first.CopyTo(joined);
        second.CopyTo(joined[first.Length..]);
        Set(joined);
    }

    /// <summary>Sets text, or NULL.</summary>
    public readonly void SetOrNull(string? text)
    {
        if (text is null) SetNull();
        else Set(text);
    }

    /// <summary>Sets a list of text.</summary>
    public readonly void Set(ReadOnlySpan<string?> texts)
    {
        var start = AddItems(texts.Length);
        var child = NativeMethods.duckdb_list_vector_get_child(_output);
        var views = (StringView*)NativeMethods.duckdb_vector_get_data(child);
        for (var i = 0; i < texts.Length; i++)
        {
            if (texts[i] is { } text)
            {
                SetText(child, views, start + i, text);
                continue;
            }

            SetNull(child, start + i);
        }
    }

    /// <summary>Sets a list of text whose items are set afterwards, each once and before the next call of this function.</summary>
    public readonly TextItems SetList(int count)
    {
        var start = AddItems(count);
        var child = NativeMethods.duckdb_list_vector_get_child(_output);
        return new TextItems(child, start);
    }

    /// <summary>Sets a list of values of fixed width.</summary>
    public readonly void SetItems<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        var start = AddItems(values.Length);
        var items = NativeMethods.duckdb_vector_get_data(NativeMethods.duckdb_list_vector_get_child(_output));
        values.CopyTo(new Span<T>((T*)items + start, values.Length));
    }

    /// <summary>Makes room behind the items of the rows before, and gives its beginning.</summary>
    private readonly int AddItems(int count)
    {
        var start = (int)NativeMethods.duckdb_list_vector_get_size(_output);
        if (NativeMethods.duckdb_list_vector_reserve(_output, (ulong)(start + count)) != 0
            || NativeMethods.duckdb_list_vector_set_size(_output, (ulong)(start + count)) != 0)
            throw new SqlException(SqlState.OutOfMemory, "out of memory");
        var entry = (ulong*)_values + (ResultRow * 2L);
        entry[0] = (ulong)start;
        entry[1] = (ulong)count;
        return start;
    }

    private static void SetText(nint vector, StringView* views, int row, ReadOnlySpan<char> text)
    {
        const int StackLimit = 1024;
        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (most > StackLimit)
        {
            SetLongText(vector, views, row, text);
            return;
        }

        Span<byte> bytes = stackalloc byte[most];
        SetBytes(vector, views, row, bytes[..Encoding.UTF8.GetBytes(text, bytes)]);
    }

    private static void SetLongText(nint vector, StringView* views, int row, ReadOnlySpan<char> text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        if (length > LargeBytes)
        {
            ValueLimits.CheckAllocation(length);
            ValueMemory.Reserve(length);
            var memory = (byte*)System.Runtime.InteropServices.NativeMemory.Alloc((nuint)length);
            try
            {
                var bytes = new Span<byte>(memory, length);
                Encoding.UTF8.GetBytes(text, bytes);
                SetBytes(vector, views, row, bytes);
            }
            finally
            {
                System.Runtime.InteropServices.NativeMemory.Free(memory);
            }

            return;
        }

        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(length);
        SetBytes(vector, views, row, buffer.AsSpan(0, Encoding.UTF8.GetBytes(text, buffer)));
        System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
    }

    internal static void SetNull(nint vector, int row)
    {
        NativeMethods.duckdb_vector_ensure_validity_writable(vector);
        NativeMethods.duckdb_vector_get_validity(vector)[row >> 6] &= ~(1UL << (row & 63));
    }

    internal static void SetBytes(nint vector, StringView* views, int row, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length <= 12)
        {
            views[row] = StringView.Inline(bytes);
            return;
        }

        ValueLimits.CheckAllocation(bytes.Length);
        if (bytes.Length >= CountedBytes) ValueMemory.Give(bytes.Length);
        fixed (byte* start = bytes)
            NativeMethods.duckdb_unsafe_vector_assign_string_element_len(vector, (ulong)row, start, (ulong)bytes.Length);
    }
}

/// <summary>The items of one list, borrowed for the length of a callback. None of them may be NULL.</summary>
public readonly ref struct ListItems
{
    private readonly VectorView _items;
    private readonly int _start;

    internal ListItems(VectorView items, int start, int count) => (_items, _start, Count) = (items, start, count);

    public int Count { get; }

    public ReadOnlySpan<byte> this[int index] => _items.GetBytes(_start + index);
}

/// <summary>The items of a list that is made, borrowed until the function makes the next one.</summary>
public readonly unsafe ref struct TextItems
{
    private readonly nint _items;
    private readonly StringView* _views;
    private readonly int _start;

    internal TextItems(nint items, int start)
    {
        _items = items;
        _views = (StringView*)NativeMethods.duckdb_vector_get_data(items);
        _start = start;
    }

    public void Set(int index, ReadOnlySpan<byte> text) => FunctionRow.SetBytes(_items, _views, _start + index, text);

    public void SetNull(int index) => FunctionRow.SetNull(_items, _start + index);
}

/// <summary>A flat vector of the kernel, borrowed for the length of a callback.</summary>
internal readonly unsafe struct VectorView
{
    private readonly ulong* _validity;

    public VectorView(nint vector)
    {
        Vector = vector;
        Values = NativeMethods.duckdb_vector_get_data(vector);
        _validity = NativeMethods.duckdb_vector_get_validity(vector);
    }

    public nint Vector { get; }

    public byte* Values { get; }

    public bool HasValidity => _validity is not null;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsNull(int row) => _validity is not null && (_validity[row >> 6] >> (row & 63) & 1) == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> GetBytes(int row)
    {
        var view = Values + ((long)row * 16);
        var length = *(int*)view;
        return new ReadOnlySpan<byte>(length <= 12 ? view + 4 : *(byte**)(view + 8), length);
    }
}
