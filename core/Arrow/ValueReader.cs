using System.Text;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Arrow;

/// <summary>
/// Reads single values of columns in their CLR forms (listed in Values.cs); the counterpart of <see cref="ValueAppender"/>. For parameters
/// and tests: it allocates per value.
/// </summary>
public static class ValueReader
{
    /// <summary>The value at a row; null for NULL.</summary>
    public static object? ReadValue(this Column column, int row)
    {
        if (column.IsNull(row)) return null;
        var type = column.Type;
        return type.Storage switch
        {
            Storage.Boolean => column.GetBoolean(row),
            Storage.Int16 => column.Get<short>(row),
            Storage.Int32 => column.Get<int>(row),
            Storage.Int64 => column.Get<long>(row),
            Storage.Float32 => column.Get<float>(row),
            Storage.Float64 => column.Get<double>(row),
            Storage.Decimal => new PgNumeric((System.Numerics.BigInteger)column.GetDecimal(row), type.Decimal!.Value.Scale),
            Storage.Text when type.IsNumeric => NumberText.ParseNumeric(Encoding.UTF8.GetString(column.GetBytes(row))),
            Storage.Text => Encoding.UTF8.GetString(column.GetBytes(row)),
            Storage.Bytes => column.GetBytes(row).ToArray(),
            Storage.Date => new PgDate(column.Get<int>(row)),
            Storage.Time => new PgTime(column.Get<long>(row)),
            Storage.TimeTz => TimeTzForm.Unpack(column.Get<long>(row)),
            Storage.Timestamp => new PgTimestamp(column.Get<long>(row)),
            Storage.Interval => column.Get<PgInterval>(row),
            Storage.Uuid => UuidText.FromKernelForm(column.Get<UInt128>(row)),
            Storage.Bit => BitText.FromKernelForm(column.GetBytes(row)),
            Storage.List => ReadArray(column, row),
            Storage.Struct => column.Children.Select(child => child.ReadValue(row)).ToArray(),
            _ => throw new SqlException(SqlState.InternalError, $"values of type {type} cannot be read"),
        };
    }

    /// <summary>Nested lists are dimensions; like PostgreSQL's arrays they must be rectangular.</summary>
    private static PgArray ReadArray(Column column, int row)
    {
        var items = new List<object?>();
        var lengths = new List<int>();
        Collect(column, row, 0);
        if (items.Count == 0) return PgArray.Vector();
        var lower = column.Type.IsVector ? 0 : 1;
        return new PgArray(items.ToEquatableArray(), lengths.ToEquatableArray(), lengths.Select(_ => lower).ToEquatableArray());

        void Collect(Column list, int at, int dimension)
        {
            var (start, length) = list.GetList(at);
            if (dimension == lengths.Count) lengths.Add(length);
            else if (lengths[dimension] != length) throw Ragged();
            var child = list.Children[0];
            var isNested = child.Type.IsArray && !child.Type.IsVector;
            for (var i = start; i < start + length; i++)
            {
                if (!isNested) items.Add(child.ReadValue(i));
                else if (child.IsNull(i)) throw Ragged();
                else Collect(child, i, dimension + 1);
            }
        }
    }

    private static SqlException Ragged() =>
        new(SqlState.ArraySubscriptError, "multidimensional arrays must have array expressions with matching dimensions");
}
