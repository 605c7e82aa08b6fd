using System.Globalization;
using System.Text;
using Federation.Arrow;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.PgWire.Tests.Fakes;

/// <summary>Appends CLR forms to columns.</summary>
internal static class ColumnFiller
{
    public static void Append(ColumnBuilder column, object? value)
    {
        switch (value)
        {
            case null: column.AppendNull(); break;
            case bool truth: column.AppendBoolean(truth); break;
            case short number: column.Append(number); break;
            case int number: column.Append(number); break;
            case long number: column.Append(number); break;
            case float number: column.Append(number); break;
            case double number: column.Append(number); break;
            case PgNumeric number when column.Type.Decimal is { } shape:
                column.AppendDecimal((Int128)NumberText.Rescale(number, shape.Scale).Unscaled);
                break;
            case PgNumeric number: column.AppendBytes(Encoding.UTF8.GetBytes(number.ToString())); break;
            case string text: column.AppendBytes(Encoding.UTF8.GetBytes(text)); break;
            case byte[] bytes: column.AppendBytes(bytes); break;
            case PgDate date: column.Append(date.Days); break;
            case PgTime time: column.Append(time.Microseconds); break;
            case PgTimeTz time: column.Append(TimeTzForm.Pack(time)); break;
            case PgTimestamp timestamp: column.Append(timestamp.Microseconds); break;
            case PgInterval interval: column.Append(interval); break;
            case Guid uuid: column.Append(UuidText.ToKernelForm(uuid)); break;
            case PgBits bits: column.AppendBytes(BitText.ToKernelForm(bits)); break;
            case PgArray { Lengths.Count: > 1 } when column.Children[0].Type.Storage != Storage.List:
                throw new SqlException(SqlState.FeatureNotSupported, "the column has one dimension");
            case PgArray array:
                var next = 0;
                AppendLevel(column, array, 0, ref next);
                break;
            case object?[] fields:
                for (var i = 0; i < fields.Length; i++) Append(column.Children[i], fields[i]);
                column.EndStruct();
                break;
            default: throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"no column form for {value}"), nameof(value));
        }
    }

    private static void AppendLevel(ColumnBuilder column, PgArray array, int dimension, ref int next)
    {
        for (var i = 0; array.Lengths.Count > 0 && i < array.Lengths[dimension]; i++)
        {
            if (dimension < array.Lengths.Count - 1) AppendLevel(column.Children[0], array, dimension + 1, ref next);
            else Append(column.Children[0], array.Items[next++]);
        }

        column.EndList();
    }
}
