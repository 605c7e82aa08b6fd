using System.Runtime.InteropServices;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Arrow;

/// <summary>
/// Takes over record batches that come through the Arrow C data interface. The columns view the foreign buffers; disposing the batch
/// releases them, once.
/// </summary>
public static unsafe class ArrowImport
{
    /// <summary>
    /// Moves the contents of <paramref name="array"/> (a struct array, one child per column) into a batch; the caller's struct is marked as
    /// released. The schema stays the caller's. Raises 42804 when a column's format does not hold values of its type.
    /// </summary>
    public static Batch Take(CArrowArray* array, CArrowSchema* schema, ReadOnlySpan<SqlType> types)
    {
        if (array->Release is null) throw new SqlException(SqlState.InternalError, "the Arrow array was already released");
        var owned = (CArrowArray*)NativeMemory.Alloc((nuint)sizeof(CArrowArray));
        *owned = *array;
        array->Release = null;
        var owner = new Owner(owned);
        try
        {
            if (owned->ChildCount != types.Length || schema->ChildCount != types.Length)
                throw new SqlException(SqlState.DatatypeMismatch,
                    $"the Arrow batch has {owned->ChildCount} columns instead of {types.Length}");
            var columns = new Column[types.Length];
            for (var i = 0; i < columns.Length; i++) columns[i] = View(owned->Children[i], schema->Children[i], types[i]);
            return new Batch(checked((int)owned->Length), columns, owner);
        }
        catch
        {
            owner.Dispose();
            throw;
        }
    }

    private static Column View(CArrowArray* array, CArrowSchema* schema, SqlType type)
    {
        var format = Marshal.PtrToStringUTF8((nint)schema->Format) ?? "";
        if (!Holds(format, type))
            throw new SqlException(SqlState.DatatypeMismatch, $"Arrow format \"{format}\" does not hold values of type {type}");
        if (array->Offset != 0) throw new SqlException(SqlState.FeatureNotSupported, "Arrow arrays with an offset are not supported");
        var column = new Column(type)
        {
            Length = checked((int)array->Length),
            Validity = array->NullCount == 0 ? null : (ulong*)array->Buffers[0],
            Values = array->BufferCount > 1 ? (byte*)array->Buffers[1] : null,
        };
        switch (type.Storage)
        {
            case Storage.Boolean: column.BooleansAreBits = true; break;
            case Storage.Decimal: column.DecimalWidth = 16; break;
            case Storage.Text or Storage.Bytes:
                column.Bytes = BytesLayout.Offsets32;
                column.Data = (byte*)array->Buffers[2];
                break;
            case Storage.List:
                column.List = ListLayout.Offsets32;
                column.Children = [View(array->Children[0], schema->Children[0], type.Element!)];
                break;
            case Storage.Struct:
                column.Children = new Column[type.Fields.Count];
                for (var i = 0; i < column.Children.Length; i++)
                    column.Children[i] = View(array->Children[i], schema->Children[i], type.Fields[i].Type);
                break;
        }

        return column;
    }

    /// <summary>
    /// Formats whose buffers lie as a column's spans do; intervals, uuids and bit strings are written otherwise in Arrow.
    /// </summary>
    private static bool Holds(string format, SqlType type) => type.Storage switch
    {
        Storage.Boolean => format == "b",
        Storage.Int16 => format == "s",
        Storage.Int32 => format == "i",
        Storage.Int64 => format == "l",
        Storage.Float32 => format == "f",
        Storage.Float64 => format == "g",
        Storage.Decimal => format == $"d:{type.Decimal!.Value.Precision},{type.Decimal.Value.Scale}"
            || format == $"d:{type.Decimal.Value.Precision},{type.Decimal.Value.Scale},128",
        Storage.Text => format == "u",
        Storage.Bytes => format == "z",
        Storage.Date => format == "tdD",
        Storage.Time => format == "ttu",
        Storage.Timestamp => format.StartsWith("tsu:", StringComparison.Ordinal),
        Storage.List => format == "+l",
        Storage.Struct => format == "+s",
        _ => false,
    };

    private sealed class Owner(CArrowArray* array) : IDisposable
    {
        private CArrowArray* _array = array;

        public void Dispose()
        {
            if (_array is null) return;
            if (_array->Release is not null) _array->Release(_array);
            NativeMemory.Free(_array);
            _array = null;
        }
    }
}
