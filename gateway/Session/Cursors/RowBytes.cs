using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Federation.Arrow;
using Federation.Core.Types;

namespace Federation.Session.Cursors;

/// <summary>
/// Rows as bytes of this process, for spooling: per value a byte that is 0 for NULL, then the value as it lies in a column; variable
/// lengths stand before their bytes as little-endian int32. The schema is not part of it.
/// </summary>
internal static class RowBytes
{
    /// <summary>Reads <paramref name="rows"/> rows into a batch of their own.</summary>
    public static Batch Read(ReadOnlySpan<byte> bytes, BatchSchema schema, int rows)
    {
        using var builder = new BatchBuilder(schema);
        for (var row = 0; row < rows; row++)
        {
            foreach (var column in builder.Columns) Read(ref bytes, column);
            builder.EndRow();
        }

        return builder.Build();
    }

    public static void Write(ArrayBufferWriter<byte> output, Column column, int row)
    {
        var isNull = column.IsNull(row);
        Put(output, (byte)(isNull ? 0 : 1));
        if (isNull) return;
        switch (column.Type.Storage)
        {
            case Storage.Boolean: Put(output, (byte)(column.GetBoolean(row) ? 1 : 0)); break;
            case Storage.Int16: Put(output, column.Get<short>(row)); break;
            case Storage.Int32 or Storage.Float32 or Storage.Date: Put(output, column.Get<int>(row)); break;
            case Storage.Int64 or Storage.Float64 or Storage.Time or Storage.TimeTz or Storage.Timestamp:
                Put(output, column.Get<long>(row)); break;
            case Storage.Interval or Storage.Uuid: Put(output, column.Get<Int128>(row)); break;
            case Storage.Decimal: Put(output, column.GetDecimal(row)); break;
            case Storage.Text or Storage.Bytes or Storage.Bit:
                var bytes = column.GetBytes(row);
                Put(output, bytes.Length);
                output.Write(bytes);
                break;
            case Storage.List:
                var (start, length) = column.GetList(row);
                Put(output, length);
                for (var i = start; i < start + length; i++) Write(output, column.Children[0], i);
                break;
            default:
                foreach (var child in column.Children) Write(output, child, row);
                break;
        }
    }

    private static void Read(ref ReadOnlySpan<byte> bytes, ColumnBuilder column)
    {
        if (Take<byte>(ref bytes) == 0)
        {
            column.AppendNull();
            return;
        }

        switch (column.Type.Storage)
        {
            case Storage.Boolean: column.AppendBoolean(Take<byte>(ref bytes) != 0); break;
            case Storage.Int16: column.Append(Take<short>(ref bytes)); break;
            case Storage.Int32 or Storage.Float32 or Storage.Date: column.Append(Take<int>(ref bytes)); break;
            case Storage.Int64 or Storage.Float64 or Storage.Time or Storage.TimeTz or Storage.Timestamp:
                column.Append(Take<long>(ref bytes)); break;
            case Storage.Interval or Storage.Uuid: column.Append(Take<Int128>(ref bytes)); break;
            case Storage.Decimal: column.AppendDecimal(Take<Int128>(ref bytes)); break;
            case Storage.Text or Storage.Bytes or Storage.Bit:
                var length = Take<int>(ref bytes);
                column.AppendBytes(bytes[..length]);
                bytes = bytes[length..];
                break;
            case Storage.List:
                for (var items = Take<int>(ref bytes); items > 0; items--) Read(ref bytes, column.Children[0]);
                column.EndList();
                break;
            default:
                foreach (var child in column.Children) Read(ref bytes, child);
                column.EndStruct();
                break;
        }
    }

    private static void Put<T>(ArrayBufferWriter<byte> output, T value)
        where T : unmanaged
    {
        var size = Unsafe.SizeOf<T>();
        MemoryMarshal.Write(output.GetSpan(size), value);
        output.Advance(size);
    }

    private static T Take<T>(ref ReadOnlySpan<byte> bytes)
        where T : unmanaged
    {
        var value = MemoryMarshal.Read<T>(bytes);
        bytes = bytes[Unsafe.SizeOf<T>()..];
        return value;
    }
}
