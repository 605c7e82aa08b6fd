using Federation.Arrow;
using Federation.SessionApi;

namespace Federation.Session.Statements;

/// <summary>Copies a range of rows into a batch of its own.</summary>
internal static class BatchCopy
{
    /// <param name="start">The first row of the copy.</param>
    /// <param name="isBackward">Takes the rows from <paramref name="start"/> downward.</param>
    public static Batch Slice(Batch batch, int start, int count, EquatableArray<ResultField> fields, bool isBackward = false)
    {
        using var builder =
            new BatchBuilder(new BatchSchema(fields.Select((field, i) => new Field(field.Name, batch.Columns[i].Type)).ToEquatableArray()));
        for (var taken = 0; taken < count; taken++)
        {
            var row = isBackward ? start - taken : start + taken;
            for (var i = 0; i < builder.Columns.Length; i++) Append(builder.Columns[i], batch.Columns[i], row);
            builder.EndRow();
        }

        return builder.Build();
    }

    public static void Append(ColumnBuilder target, Column source, int row)
    {
        if (source.IsNull(row))
        {
            target.AppendNull();
            return;
        }

        switch (source.Type.Storage)
        {
            case Storage.Boolean: target.AppendBoolean(source.GetBoolean(row)); break;
            case Storage.Int16: target.Append(source.Get<short>(row)); break;
            case Storage.Int32 or Storage.Float32 or Storage.Date: target.Append(source.Get<int>(row)); break;
            case Storage.Int64 or Storage.Float64 or Storage.Time or Storage.TimeTz or Storage.Timestamp:
                target.Append(source.Get<long>(row)); break;
            case Storage.Interval or Storage.Uuid: target.Append(source.Get<Int128>(row)); break;
            case Storage.Decimal: target.AppendDecimal(source.GetDecimal(row)); break;
            case Storage.Text or Storage.Bytes or Storage.Bit: target.AppendBytes(source.GetBytes(row)); break;
            case Storage.List:
                var (start, length) = source.GetList(row);
                for (var i = start; i < start + length; i++) Append(target.Children[0], source.Children[0], i);
                target.EndList();
                break;
            default:
                for (var i = 0; i < target.Children.Length; i++) Append(target.Children[i], source.Children[i], row);
                target.EndStruct();
                break;
        }
    }
}
