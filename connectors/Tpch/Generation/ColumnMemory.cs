using Federation.Arrow;
using Federation.Core.Types;

namespace Federation.Connectors.Tpch.Generation;

/// <summary>The memory of one column while it is filled; values are never NULL. One owner, not thread-safe.</summary>
internal sealed unsafe class ColumnMemory(SqlType type, int rows) : IDisposable
{
    // Copies are made in steps of a vector, the last of which may go beyond the value.
    private const int Slack = 256;

    private readonly NativeBuffer _values = new();
    private NativeBuffer? _data;

    public int Rows => rows;

    /// <summary>The values of an integer or date column.</summary>
    public int* Integers() => (int*)_values.Extend((long)rows * sizeof(int));

    /// <summary>The values of a bigint or numeric(15,2) column, the latter in hundredths.</summary>
    public long* Longs() => (long*)_values.Extend((long)rows * sizeof(long));

    /// <summary>One byte per row.</summary>
    public byte* Booleans() => _values.Extend(rows);

    /// <summary>The rows + 1 offsets of a text column; the first is 0 already.</summary>
    public int* Offsets() => (int*)_values.Extend((rows + 1L) * sizeof(int));

    /// <summary>The bytes of a text column; up to 255 bytes behind them may be overwritten.</summary>
    public byte* Bytes(long count) => (_data = new NativeBuffer()).Extend(count + Slack);

    public Column ToColumn()
    {
        var column = new Column(type) { Length = rows, Values = _values.Pointer };
        if (type.Storage == Storage.Text)
        {
            column.Bytes = BytesLayout.Offsets32;
            column.Data = _data!.Pointer;
        }
        else if (type.Storage == Storage.Decimal)
        {
            column.DecimalWidth = sizeof(long);
        }

        return column;
    }

    public void Dispose()
    {
        _values.Dispose();
        _data?.Dispose();
    }
}
