using Federation.Arrow;
using Federation.SessionApi;

namespace Federation.Session;

/// <summary>A query whose one row is known before it runs. It cannot be cancelled: nothing waits.</summary>
internal sealed class ConstantPortal(EquatableArray<ResultField>? fields, Batch row) : IPortal
{
    private Batch? _row = row;

    public EquatableArray<ResultField>? Fields => fields;

    public bool IsEmpty => false;

    public CopyOut? CopyOut => null;

    public ValueTask<Batch?> NextBatchAsync(CancellationToken cancellationToken)
    {
        var batch = _row;
        _row = null;
        return ValueTask.FromResult(batch);
    }

    public string CommandTag(long rows) => rows == 1 ? "SELECT 1" : $"SELECT {rows}";

    public ValueTask DisposeAsync()
    {
        _row?.Dispose();
        _row = null;
        return ValueTask.CompletedTask;
    }
}
