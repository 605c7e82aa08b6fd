using System.Runtime.InteropServices;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Arrow.Ipc;

/// <summary>
/// Encodes batches of one schema as record batch messages. Columns may view kernel vectors, Arrow buffers or builders: each byte is copied
/// once, from the column to the body. One writer per stream; not thread-safe.
/// </summary>
public sealed unsafe class IpcBatchWriter
{
    private readonly IpcSchema _schema;
    private readonly ColumnWriter[] _columns;
    private readonly BodyLayout _layout = new();
    private readonly FlatBuilder _builder = new();

    /// <param name="schema">Made by <see cref="IpcSchema.Encode"/>.</param>
    public IpcBatchWriter(IpcSchema schema)
    {
        _schema = schema;
        _columns = [.. schema.Fields.Select(ColumnWriter.Create)];
    }

    /// <summary>
    /// All rows of a batch. The batch is read, and stays the caller's. Raises 54000 when the body would be longer than 2 GB.
    /// </summary>
    public IpcMessage Encode(Batch batch) => Encode(batch, 0, batch.RowCount);

    /// <summary>A range of a batch's rows.</summary>
    public IpcMessage Encode(Batch batch, int start, int count)
    {
        try
        {
            Measure(batch, start, count);
            return Write(count);
        }
        finally
        {
            Forget();
        }
    }

    /// <summary>The rows of several batches as one message; small batches travel better together.</summary>
    public IpcMessage Encode(IReadOnlyList<Batch> batches)
    {
        try
        {
            var rows = 0L;
            foreach (var batch in batches)
            {
                Add(batch, 0, batch.RowCount);
                rows += batch.RowCount;
            }

            foreach (var column in _columns) column.Measure(_layout);
            return Write(rows);
        }
        finally
        {
            Forget();
        }
    }

    /// <summary>
    /// A batch as several messages when its body would be longer than <paramref name="maxBodyBytes"/>; a single row is never split.
    /// </summary>
    public IEnumerable<IpcMessage> EncodeSplit(Batch batch, long maxBodyBytes)
    {
        var pending = new Stack<(int Start, int Count)>();
        pending.Push((0, batch.RowCount));
        while (pending.TryPop(out var range))
        {
            if (TryEncode(batch, range.Start, range.Count, maxBodyBytes) is { } message)
            {
                yield return message;
                continue;
            }

            var half = range.Count / 2;
            pending.Push((range.Start + half, range.Count - half));
            pending.Push((range.Start, half));
        }
    }

    private IpcMessage? TryEncode(Batch batch, int start, int count, long maxBodyBytes)
    {
        try
        {
            Measure(batch, start, count);
            return _layout.Length > maxBodyBytes && count > 1 ? null : Write(count);
        }
        catch (SqlException error) when (error.State == SqlState.ProgramLimitExceeded && count > 1)
        {
            return null;
        }
        finally
        {
            Forget();
        }
    }

    private void Measure(Batch batch, int start, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, batch.RowCount - start);
        Add(batch, start, count);
        foreach (var column in _columns) column.Measure(_layout);
    }

    private void Add(Batch batch, int start, int count)
    {
        if (batch.Columns.Length != _columns.Length)
            throw new SqlException(SqlState.DatatypeMismatch, $"the batch has {batch.Columns.Length} columns instead of {_columns.Length}");
        for (var i = 0; i < _columns.Length; i++)
        {
            if (!IsHeldAlike(batch.Columns[i].Type, _schema.Fields[i].Type))
                throw new SqlException(SqlState.DatatypeMismatch,
                    $"column {i + 1} of the batch is held as {batch.Columns[i].Type.KernelName} instead of "
                        + $"{_schema.Fields[i].Type.KernelName}");
            _columns[i].Add(batch.Columns[i], start, count);
        }
    }

    /// <summary>Whether values of one type mean the same in columns of the other.</summary>
    private static bool IsHeldAlike(SqlType held, SqlType announced)
    {
        if (ReferenceEquals(held, announced)) return true;
        if (held.Storage != announced.Storage) return false;
        switch (held.Storage)
        {
            case Storage.Decimal: return held.Decimal!.Value.Scale == announced.Decimal!.Value.Scale
                && held.Decimal.Value.Precision <= announced.Decimal.Value.Precision;
            case Storage.List: return IsHeldAlike(IpcTypes.ItemOf(held), IpcTypes.ItemOf(announced));
            case Storage.Struct:
                if (held.Fields.Count != announced.Fields.Count) return false;
                for (var i = 0; i < held.Fields.Count; i++)
                    if (!IsHeldAlike(held.Fields[i].Type, announced.Fields[i].Type))
                        return false;
                return true;
            default: return true;
        }
    }

    private IpcMessage Write(long rows)
    {
        if (_layout.Length > int.MaxValue) throw new SqlException(SqlState.ProgramLimitExceeded, "an Arrow batch is longer than 2 GB");
        var body = new NativeBlock((int)_layout.Length);
        try
        {
            foreach (var column in _columns) column.Write(body.Pointer);
            ClearPadding(body);
            return new IpcMessage(IpcHeader.WriteBatch(_builder, _layout, rows), body, rows);
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <summary>Bytes between buffers are sent too, so they must not show what the memory held before.</summary>
    private void ClearPadding(NativeBlock body)
    {
        var buffers = _layout.Buffers;
        for (var i = 0; i < buffers.Count; i++)
        {
            var end = buffers[i].Offset + buffers[i].Length;
            var next = i + 1 < buffers.Count ? buffers[i + 1].Offset : body.Length;
            NativeMemory.Clear(body.Pointer + end, (nuint)(next - end));
        }
    }

    private void Forget()
    {
        foreach (var column in _columns) column.Reset();
        _layout.Reset();
    }
}
