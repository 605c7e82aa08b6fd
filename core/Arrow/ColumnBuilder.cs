using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Arrow;

/// <summary>
/// Fills one column value by value. Fixed-width values lie as the kernel holds them (<see cref="Storage"/>), text and bytes with 32-bit
/// offsets, lists with 32-bit offsets. Reading sources append here; <see cref="BatchBuilder.Build"/> hands the memory to a batch.
/// </summary>
public sealed unsafe class ColumnBuilder : IDisposable
{
    private readonly NativeBuffer _values = new();
    private readonly NativeBuffer? _data;
    private readonly NativeBuffer _validity = new();
    private readonly int _width;
    private bool _hasNulls;

    public ColumnBuilder(SqlType type)
    {
        Type = type;
        // Resolved once: appending is the hot path of every source.
        _width = type.Storage == Storage.Decimal ? Column.KernelDecimalWidth(type.Decimal!.Value.Precision) : type.Storage.Width();
        switch (type.Storage)
        {
            case Storage.Text or Storage.Bytes or Storage.Bit:
                _data = new NativeBuffer();
                _values.Append(0);
                break;
            case Storage.List:
                _values.Append(0);
                Children = [new ColumnBuilder(type.Element!)];
                break;
            case Storage.Struct:
                Children = type.Fields.Select(field => new ColumnBuilder(field.Type)).ToArray();
                break;
        }
    }

    public SqlType Type { get; }

    public int Length { get; private set; }

    /// <summary>Bytes held for values; readers close a batch when it is large enough.</summary>
    public long ByteCount => _values.Length + (_data?.Length ?? 0) + Children.Sum(child => child.ByteCount);

    /// <summary>The item builder of a list, the field builders of a struct.</summary>
    public ColumnBuilder[] Children { get; } = [];

    public void AppendNull()
    {
        _hasNulls = true;
        switch (Type.Storage)
        {
            case Storage.Text or Storage.Bytes or Storage.Bit: _values.Append(checked((int)_data!.Length)); break;
            case Storage.List: _values.Append(Children[0].Length); break;
            case Storage.Struct:
                foreach (var child in Children) child.AppendNull();
                break;
            default: _values.Extend(_width); break;
        }

        Mark(valid: false);
    }

    /// <summary>Appends a fixed-width value; <typeparamref name="T"/> must have the width of the storage.</summary>
    public void Append<T>(T value)
        where T : unmanaged
    {
        if (sizeof(T) != _width) ThrowWidth(sizeof(T));
        _values.Append(value);
        Mark(valid: true);
    }

    public void AppendBoolean(bool value) => Append(value ? (byte)1 : (byte)0);

    /// <summary>Appends an unscaled decimal in the width of the column's precision.</summary>
    public void AppendDecimal(Int128 unscaled)
    {
        switch (_width)
        {
            case 2: Append(checked((short)unscaled)); break;
            case 4: Append(checked((int)unscaled)); break;
            case 8: Append(checked((long)unscaled)); break;
            default: Append(unscaled); break;
        }
    }

    /// <summary>Appends text (valid UTF-8, without zero bytes), bytes or a bit string in the kernel's form.</summary>
    public void AppendBytes(ReadOnlySpan<byte> bytes)
    {
        _data!.Append(bytes);
        _values.Append(checked((int)_data.Length));
        Mark(valid: true);
    }

    /// <summary>Ends a list whose items were appended to <c>Children[0]</c> since the last list ended.</summary>
    public void EndList()
    {
        _values.Append(Children[0].Length);
        Mark(valid: true);
    }

    /// <summary>Ends a struct after a value was appended to each of <see cref="Children"/>.</summary>
    public void EndStruct() => Mark(valid: true);

    public void Dispose()
    {
        _values.Dispose();
        _data?.Dispose();
        _validity.Dispose();
        foreach (var child in Children) child.Dispose();
    }

    /// <summary>A view of what was appended. The builder keeps the memory and must outlive the column.</summary>
    internal Column View()
    {
        var column = new Column(Type)
        {
            Length = Length,
            Validity = _hasNulls ? (ulong*)_validity.Pointer : null,
            Values = _values.Pointer,
            Children = Children.Select(child => child.View()).ToArray(),
        };
        switch (Type.Storage)
        {
            case Storage.Text or Storage.Bytes or Storage.Bit:
                column.Bytes = BytesLayout.Offsets32;
                column.Data = _data!.Pointer;
                break;
            case Storage.List: column.List = ListLayout.Offsets32; break;
            case Storage.Decimal: column.DecimalWidth = _width; break;
        }

        return column;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Mark(bool valid)
    {
        if ((Length & 63) == 0) _validity.Append(0UL);
        if (valid) ((ulong*)_validity.Pointer)[Length >> 6] |= 1UL << (Length & 63);
        Length++;
    }

    [DoesNotReturn]
    private void ThrowWidth(int width) =>
        throw new SqlException(SqlState.InternalError, $"a value of {width} bytes does not fit a column of type {Type}");
}
