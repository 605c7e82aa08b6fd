using Federation.Arrow;
using Federation.Arrow.Ipc;
using Federation.Core;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker.Exchange;

/// <summary>Encodes the batches of a task into the pages of its output. One thread at a time.</summary>
internal sealed class SpoolWriter : IDisposable
{
    // A page is large enough that its framing costs nothing and small enough that readers need not hold much.
    private const int PageRows = 16_384;

    private readonly SpooledOutput _output;
    private readonly IpcBatchWriter _encoder;
    private readonly BatchPartitioner? _partitioner;
    private readonly List<Batch> _waiting = [];
    private int _waitingRows;

    public SpoolWriter(SpooledOutput output, BatchSchema schema)
    {
        _output = output;
        _encoder = new IpcBatchWriter(output.Schema);
        if (output.PartitionCount > 1) _partitioner = new BatchPartitioner(schema, output.PartitionCount, PageRows);
    }

    /// <summary>
    /// The SQL whose rows a writer takes: with the number of each row's partition as a last column when there are several.
    /// </summary>
    public static TaskSpec Prepare(TaskSpec task)
    {
        if (task.Output is not TaskOutput.Hash { Partitions: > 1 } hash) return task;
        var keys = string.Join(", ", hash.KeyColumns.Select(key => SqlText.Identifier(task.Columns[key].Name)));
        return task with
        {
            Sql = $"SELECT *, CAST(hash({keys}) % {hash.Partitions} AS INTEGER) AS \"_partition\" FROM ({task.Sql}) AS fragment",
            Columns = task.Columns.Append(new RecordField("_partition", SqlType.Int4)).ToEquatableArray(),
        };
    }

    public static int Partitions(TaskOutput output) => output is TaskOutput.Hash hash ? hash.Partitions : 1;

    /// <summary>Takes the batch over.</summary>
    public void Add(Batch batch)
    {
        if (_partitioner is not null)
        {
            using (batch) _partitioner.Add(batch, Encode);
            return;
        }

        _waiting.Add(batch);
        _waitingRows += batch.RowCount;
        if (_waitingRows >= PageRows) Flush();
    }

    public void Finish()
    {
        _partitioner?.Finish(Encode);
        if (_waiting.Count > 0) Flush();
        _output.Complete();
    }

    public void Dispose()
    {
        _partitioner?.Dispose();
        foreach (var batch in _waiting) batch.Dispose();
        _waiting.Clear();
    }

    private void Flush()
    {
        _output.Add(0, _encoder.Encode(_waiting));
        foreach (var batch in _waiting) batch.Dispose();
        _waiting.Clear();
        _waitingRows = 0;
    }

    private void Encode(int partition, Batch page)
    {
        using (page) _output.Add(partition, _encoder.Encode(page));
    }
}
