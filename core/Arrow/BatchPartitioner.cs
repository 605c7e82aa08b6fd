using Federation.Core;

namespace Federation.Arrow;

/// <summary>
/// Deals the rows of batches out to partitions, by a column that names each row's partition, and gives each partition's rows as batches of
/// some size. One thread at a time.
/// </summary>
public sealed class BatchPartitioner : IDisposable
{
    private readonly BatchBuilder[] _builders;
    private readonly int[][] _rows;
    private readonly int[] _counts;
    private readonly int _pageRows;
    private readonly long _pageBytes;

    /// <param name="schema">The columns to keep: the first of each batch; the column after them is the partition, an int4.</param>
    public BatchPartitioner(BatchSchema schema, int partitions, int pageRows = 16_384, long pageBytes = 1 << 20)
    {
        _builders = new BatchBuilder[partitions];
        _rows = new int[partitions][];
        _counts = new int[partitions];
        _pageRows = pageRows;
        _pageBytes = pageBytes;
        for (var i = 0; i < partitions; i++)
        {
            _builders[i] = new BatchBuilder(schema);
            _rows[i] = [];
        }
    }

    /// <summary>Copies the batch's rows; the batch stays the caller's. Full pages are handed on, and with them their ownership.</summary>
    public void Add(Batch batch, Action<int, Batch> handOn)
    {
        var keys = batch.Columns[^1];
        Array.Clear(_counts);
        for (var row = 0; row < batch.RowCount; row++)
        {
            var partition = keys.Get<int>(row);
            if (_counts[partition] == _rows[partition].Length) Array.Resize(ref _rows[partition], Math.Max(256, 2 * _counts[partition]));
            _rows[partition][_counts[partition]++] = row;
        }

        for (var partition = 0; partition < _builders.Length; partition++)
        {
            var count = _counts[partition];
            if (count == 0) continue;
            var builder = _builders[partition];
            for (var i = 0; i < builder.Columns.Length; i++)
                ColumnGather.Append(builder.Columns[i], batch.Columns[i], _rows[partition].AsSpan(0, count));
            builder.AddRows(count);
            if (builder.RowCount >= _pageRows || builder.ByteCount >= _pageBytes) handOn(partition, builder.Build());
        }
    }

    /// <summary>Hands on what is left.</summary>
    public void Finish(Action<int, Batch> handOn)
    {
        for (var partition = 0; partition < _builders.Length; partition++)
            if (_builders[partition].RowCount > 0)
                handOn(partition, _builders[partition].Build());
    }

    public void Dispose()
    {
        foreach (var builder in _builders) builder.Dispose();
    }
}
