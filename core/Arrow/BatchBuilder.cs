namespace Federation.Arrow;

/// <summary>Builds batches row by row. <see cref="Build"/> moves the memory to the batch and leaves an empty builder.</summary>
public sealed class BatchBuilder(BatchSchema schema) : IDisposable
{
    private ColumnBuilder[]? _columns;

    public BatchSchema Schema { get; } = schema;

    public ColumnBuilder[] Columns => _columns ??= Create(Schema);

    /// <summary>Rows ended by <see cref="EndRow"/>.</summary>
    public int RowCount { get; private set; }

    public long ByteCount => Columns.Sum(column => column.ByteCount);

    /// <summary>Counts a row after each column got its value.</summary>
    public void EndRow() => RowCount++;

    /// <summary>Counts rows after each column got a value for each of them.</summary>
    public void AddRows(int count) => RowCount += count;

    /// <summary>The rows so far as a batch that owns their memory.</summary>
    public Batch Build()
    {
        var owned = Columns;
        var batch = new Batch(RowCount, Array.ConvertAll(owned, column => column.View()), new Owner(owned));
        _columns = null;
        RowCount = 0;
        return batch;
    }

    public void Dispose()
    {
        foreach (var column in _columns ?? []) column.Dispose();
    }

    private static ColumnBuilder[] Create(BatchSchema schema) => schema.Fields.Select(field => new ColumnBuilder(field.Type)).ToArray();

    private sealed class Owner(ColumnBuilder[] columns) : IDisposable
    {
        public void Dispose()
        {
            foreach (var column in columns) column.Dispose();
        }
    }
}
