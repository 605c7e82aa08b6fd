using Federation.Arrow;
using Federation.Core.Types;

namespace Federation.FlightSql.Statements;

/// <summary>
/// Gives batches the columns that were announced. The kernel may hold a numeric otherwise than its announced type says: as a decimal where
/// text was announced, or as text after an overflow. Such columns are written anew; the rest passes. Not thread-safe.
/// </summary>
internal sealed class BatchShaper(BatchSchema schema)
{
    /// <summary>
    /// Takes the batch over and gives one that fits the schema. Raises 22003 for a number that does not fit the announced decimal.
    /// </summary>
    public Batch Shape(Batch batch)
    {
        var hasMisfit = false;
        for (var i = 0; i < batch.Columns.Length && !hasMisfit; i++) hasMisfit = !Fits(batch.Columns[i].Type, schema.Fields[i].Type);
        if (!hasMisfit) return batch;
        var owned = new Owner(batch);
        try
        {
            var columns = new Column[batch.Columns.Length];
            for (var i = 0; i < columns.Length; i++)
                columns[i] = Fits(batch.Columns[i].Type, schema.Fields[i].Type)
                    ? batch.Columns[i]
                    : Rewrite(batch.Columns[i], schema.Fields[i], batch.RowCount, owned);
            return new Batch(batch.RowCount, columns, owned);
        }
        catch
        {
            owned.Dispose();
            throw;
        }
    }

    private static bool Fits(SqlType held, SqlType announced)
    {
        if (ReferenceEquals(held, announced)) return true;
        if (held.Storage != announced.Storage) return false;
        return held.Storage switch
        {
            Storage.Decimal => held.Decimal!.Value.Scale == announced.Decimal!.Value.Scale
                && held.Decimal.Value.Precision <= announced.Decimal.Value.Precision,
            Storage.List => held.Element is null || announced.Element is null || Fits(held.Element, announced.Element),
            Storage.Struct => held.Fields.Count == announced.Fields.Count
                && !held.Fields.Where((field, i) => !Fits(field.Type, announced.Fields[i].Type)).Any(),
            _ => true,
        };
    }

    private static Column Rewrite(Column column, Field field, int rows, Owner owned)
    {
        using var builder = new BatchBuilder(new BatchSchema([field]));
        for (var row = 0; row < rows; row++)
        {
            builder.Columns[0].AppendValue(column.ReadValue(row));
            builder.EndRow();
        }

        var rewritten = builder.Build();
        owned.Parts.Add(rewritten);
        return rewritten.Columns[0];
    }

    private sealed class Owner(Batch batch) : IDisposable
    {
        public List<Batch> Parts { get; } = [batch];

        public void Dispose()
        {
            foreach (var part in Parts) part.Dispose();
        }
    }
}
