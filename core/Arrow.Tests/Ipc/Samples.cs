using System.Numerics;
using Federation.Core;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Arrow.Tests.Ipc;

/// <summary>Values of every type, the edges among them.</summary>
internal static class Samples
{
    /// <summary>Every scalar type that columns hold, numerics of each width, and nested types.</summary>
    public static IEnumerable<SqlType> Types()
    {
        foreach (var row in PgTypes.All)
            if (row.Storage is not (Storage.List or Storage.Struct or Storage.Decimal))
                yield return new SqlType(row);
        yield return SqlType.Numeric;
        yield return new SqlType(PgTypes.Numeric, ((10 << 16) | 2) + 4);
        foreach (var precision in (int[])[3, 9, 18, 38]) yield return SqlType.NumericOf(precision, 2);
        yield return new SqlType(PgTypes.Varchar, 24);
        yield return new SqlType(PgTypes.Timestamptz, 3);
        yield return new SqlType(PgTypes.Int2vector);
        yield return new SqlType(PgTypes.Oidvector);
        foreach (var element in (SqlType[])[SqlType.Int4, SqlType.Text, SqlType.NumericOf(12, 3), SqlType.Interval, SqlType.Uuid,
            SqlType.Bool, SqlType.Timetz]) yield return SqlType.Array(element);
        yield return SqlType.Array(SqlType.Array(SqlType.Text));
        yield return SqlType.Record(new RecordField("a", SqlType.Int4), new RecordField("b", SqlType.Text),
            new RecordField("a", SqlType.Array(SqlType.Date)));
        yield return SqlType.Array(
            SqlType.Record(new RecordField("x", SqlType.Bool), new RecordField("y", SqlType.Record(new RecordField("z", SqlType.Uuid)))));
        yield return SqlType.Record();
    }

    /// <summary>A value of the type, different for different numbers; some are NULL.</summary>
    public static object? Value(SqlType type, int number)
    {
        if (number % 5 == 3) return null;
        if (type.IsArray) return List(type, number);
        return type.Storage switch
        {
            Storage.Boolean => number % 2 == 0,
            Storage.Int16 => (short)(number * 1237),
            Storage.Int32 => number * 777_777_777,
            Storage.Int64 => number * 7_777_777_777_777_777L,
            Storage.Float32 => number / 3f,
            Storage.Float64 => number switch { 1 => double.NaN, 2 => double.NegativeInfinity, _ => number / 3.0 },
            Storage.Decimal => Decimal(type.Decimal!.Value, number),
            Storage.Text when type.IsNumeric => number == 1 ? PgNumeric.NaN : new PgNumeric(BigInteger.Pow(7, number * 3), number % 4),
            Storage.Text => string.Concat(Enumerable.Repeat("é€x", number % 9)),
            Storage.Bytes => Enumerable.Range(0, number % 20).Select(i => (byte)(i * number)).ToArray(),
            Storage.Date => number switch { 1 => PgDate.Infinity, 2 => PgDate.NegativeInfinity, _ => new PgDate(number * 1000) },
            Storage.Time => new PgTime(number == 1 ? 86_400_000_000 : number * 1_000_001L % 86_400_000_000),
            Storage.TimeTz => new PgTimeTz(number * 1_000_001L % 86_400_000_000, (number % 7 - 3) * 3600),
            Storage.Timestamp => number switch
            {
                1 => PgTimestamp.Infinity,
                2 => PgTimestamp.NegativeInfinity,
                _ => new PgTimestamp(number * 1_234_567_890_123L),
            },
            Storage.Interval => new PgInterval(number, -number, number * 1_000_000_007L),
            Storage.Uuid => new Guid(number, 2, 3, 4, 5, 6, 7, 8, 9, 10, (byte)number),
            Storage.Bit => Bits(number),
            Storage.Struct => type.Fields.Select((field, i) => Value(field.Type, number + i)).ToArray(),
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
        };
    }

    /// <summary>Rows 0 to <paramref name="rows"/> of one column per type, from the sample with number <paramref name="first"/>.</summary>
    public static Batch Batch(BatchSchema schema, int rows, int first = 0)
    {
        using var builder = new BatchBuilder(schema);
        for (var row = 0; row < rows; row++)
        {
            for (var i = 0; i < schema.Fields.Count; i++) builder.Columns[i].AppendValue(Value(schema.Fields[i].Type, first + row));
            builder.EndRow();
        }

        return builder.Build();
    }

    public static BatchSchema Schema(params SqlType[] types) => new(types.Select((type, i) => new Field($"c{i}", type)).ToEquatableArray());

    /// <summary>A value in a form that can be compared and shown.</summary>
    public static string Show(object? value) => value switch
    {
        null => "NULL",
        byte[] bytes => Convert.ToHexString(bytes),
        object?[] fields => $"({string.Join(",", fields.Select(Show))})",
        PgArray array => $"[{string.Join(",", array.Items.Select(Show))}]{array.Lengths}{array.LowerBounds}",
        double number => number.ToString("R", System.Globalization.CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private static PgArray List(SqlType type, int number)
    {
        var element = type.Element!;
        if (!element.IsArray)
        {
            var items = Enumerable.Range(number, number % 4).Select(i => Value(element, i)).ToArray();
            return items.Length == 0 ? PgArray.Vector() : new PgArray(items.ToEquatableArray(), [items.Length], [type.IsVector ? 0 : 1]);
        }

        var rows = Enumerable.Range(number, 2).SelectMany(i => Enumerable.Range(i, 3).Select(j => Value(element.Element!, j))).ToArray();
        return new PgArray(rows.ToEquatableArray(), [2, 3], [1, 1]);
    }

    private static PgNumeric Decimal(DecimalShape shape, int number)
    {
        var most = BigInteger.Pow(10, shape.Precision) - 1;
        return number switch
        {
            0 => new PgNumeric(most, shape.Scale),
            1 => new PgNumeric(-most, shape.Scale),
            _ => new PgNumeric(number * 31 % most, shape.Scale),
        };
    }

    private static PgBits Bits(int number)
    {
        var length = 1 + (number * 3 % 21);
        var bytes = new byte[(length + 7) / 8];
        for (var i = 0; i < length; i += 1 + (number % 3)) bytes[i >> 3] |= (byte)(0x80 >> (i & 7));
        return new PgBits(length, new EquatableArray<byte>(bytes));
    }
}
