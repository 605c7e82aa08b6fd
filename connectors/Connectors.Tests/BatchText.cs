using System.Text;
using Federation.Arrow;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Connectors.Tests;

/// <summary>Cells of batches in PostgreSQL's text form, NULL as "null".</summary>
internal static class BatchText
{
    public static string Cell(Column column, int row)
    {
        if (column.IsNull(row)) return "null";
        var type = column.Type;
        switch (type.Storage)
        {
            case Storage.Text: return Encoding.UTF8.GetString(column.GetBytes(row));
            case Storage.List:
                var (start, length) = column.GetList(row);
                return $"{{{string.Join(',', Enumerable.Range(start, length).Select(item => Cell(column.Children[0], item)))}}}";
            case Storage.Struct: return $"({string.Join(',', column.Children.Select(child => Cell(child, row)))})";
            default: return ValueText.Format(Value(column, row), type, TextFormat.Default);
        }
    }

    private static object Value(Column column, int row) => column.Type.Storage switch
    {
        Storage.Boolean => column.GetBoolean(row),
        Storage.Int16 => column.Get<short>(row),
        Storage.Int32 => column.Get<int>(row),
        Storage.Int64 => column.Get<long>(row),
        Storage.Float32 => column.Get<float>(row),
        Storage.Float64 => column.Get<double>(row),
        Storage.Decimal => PgNumeric.FromDecimal(column.GetDecimal(row), column.Type.Decimal!.Value),
        Storage.Bytes => column.GetBytes(row).ToArray(),
        Storage.Date => new PgDate(column.Get<int>(row)),
        Storage.Time => new PgTime(column.Get<long>(row)),
        Storage.Timestamp => new PgTimestamp(column.Get<long>(row)),
        Storage.Uuid => Uuid(column.Get<Int128>(row)),
        _ => throw new NotSupportedException(column.Type.ToString()),
    };

    private static Guid Uuid(Int128 value)
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteInt128BigEndian(bytes, value ^ Int128.MinValue);
        return new Guid(bytes, bigEndian: true);
    }
}
