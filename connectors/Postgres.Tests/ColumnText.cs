using System.Diagnostics;
using System.Text;
using Federation.Arrow;
using Federation.Core;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Connectors.Postgres.Tests;

/// <summary>Values of batches as the text that our output functions give.</summary>
internal static class ColumnText
{
    private const int MaxOffsetSeconds = (16 * 60 * 60) - 1;

    public static string? Format(Column column, int row) =>
        Value(column, row) is { } value ? ValueText.Format(value, column.Type, TextFormat.Default) : null;

    private static object? Value(Column column, int row)
    {
        if (column.IsNull(row)) return null;
        switch (column.Type.Storage)
        {
            case Storage.Boolean: return column.GetBoolean(row);
            case Storage.Int16: return column.Get<short>(row);
            case Storage.Int32: return column.Get<int>(row);
            case Storage.Int64: return column.Get<long>(row);
            case Storage.Float32: return column.Get<float>(row);
            case Storage.Float64: return column.Get<double>(row);
            case Storage.Decimal: return PgNumeric.FromDecimal(column.GetDecimal(row), column.Type.Decimal!.Value);
            case Storage.Text when column.Type.IsNumeric: return PgNumeric.Parse(column.GetBytes(row));
            case Storage.Text: return Encoding.UTF8.GetString(column.GetBytes(row));
            case Storage.Bytes: return column.GetBytes(row).ToArray();
            case Storage.Date: return new PgDate(column.Get<int>(row));
            case Storage.Time: return new PgTime(column.Get<long>(row));
            case Storage.TimeTz:
                var time = column.Get<long>(row);
                return new PgTimeTz(time >> 24, MaxOffsetSeconds - (int)(time & 0xFFFFFF));
            case Storage.Timestamp: return new PgTimestamp(column.Get<long>(row));
            case Storage.Interval: return column.Get<PgInterval>(row);
            case Storage.Uuid:
                Span<byte> bytes = stackalloc byte[16];
                System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes,
                    (UInt128)column.Get<Int128>(row) ^ (UInt128.One << 127));
                return new Guid(bytes, bigEndian: true);
            case Storage.Bit: return BitText.FromKernelForm(column.GetBytes(row));
            case Storage.List:
                var (start, length) = column.GetList(row);
                var items = Enumerable.Range(start, length).Select(index => Value(column.Children[0], index)).ToEquatableArray();
                return new PgArray(items, length == 0 ? default : [length], length == 0 ? default : [1]);
            default: throw new UnreachableException(column.Type.ToString());
        }
    }
}
