using System.Buffers;
using Federation.Arrow;
using Federation.Core.Types;
using Federation.SessionApi;

namespace Federation.Session.Cursors;

/// <summary>
/// Rows kept for reading in any order: the first bytes in memory, the rest in a file that vanishes with the spool. Used by one statement at
/// a time.
/// </summary>
internal sealed class RowSpool(EquatableArray<ResultField> fields, string directory, long memoryLimit = RowSpool.MemoryLimit) : IDisposable
{
    /// <summary>Bytes of rows that a cursor holds in memory.</summary>
    public const long MemoryLimit = 8 << 20;

    /// <summary>Bytes of rows that a portal holds in memory which waits among many.</summary>
    public const long SuspendedMemoryLimit = 256 << 10;

    private const int BlockBytes = 128 << 10;

    /// <summary>Written before the disk is asked again what it has left.</summary>
    private const long CheckedBytes = 64L << 20;

    private readonly List<Block> _blocks = [];
    private readonly ArrayBufferWriter<byte> _open = new();
    private BatchSchema? _schema;
    private FileStream? _file;
    private long _left;
    private long _memoryBytes;
    private long _closedRows;
    private int _openRows;
    private (int Block, Batch Batch)? _cached;

    /// <param name="Bytes">Null when the block lies in the file.</param>
    private sealed record Block(long FirstRow, int RowCount, byte[]? Bytes, long Offset, int Length);

    public EquatableArray<ResultField> Fields => fields;

    public long RowCount => _closedRows + _openRows;

    /// <summary>Bytes that went to the file.</summary>
    public long FileBytes => _file?.Length ?? 0;

    /// <summary>Copies the rows from <paramref name="start"/>; the batch stays the caller's.</summary>
    public void Append(Batch batch, int start)
    {
        for (var row = start; row < batch.RowCount; row++) AppendRow(batch.Columns, row);
    }

    /// <summary>Copies one row of some columns.</summary>
    public void AppendRow(ReadOnlySpan<Column> columns, int row)
    {
        _schema ??= SchemaOf(columns);
        foreach (var column in columns) RowBytes.Write(_open, column, row);
        _openRows++;
        if (_open.WrittenCount >= BlockBytes) CloseBlock();
    }

    /// <summary>All rows from the first on. The caller owns the batches.</summary>
    public IEnumerable<Batch> ReadAll()
    {
        for (var row = 0L; row < RowCount;)
        {
            var batch = Read(row, long.MaxValue, isBackward: false);
            row += batch.RowCount;
            yield return batch;
        }
    }

    /// <summary>
    /// Up to <paramref name="count"/> rows from <paramref name="row"/> on, downward when <paramref name="isBackward"/>: as many as one
    /// block holds, at least one. The caller owns the batch.
    /// </summary>
    public Batch Read(long row, long count, bool isBackward)
    {
        if (row >= _closedRows) CloseBlock();
        var index = FindBlock(row);
        var block = _blocks[index];
        var batch = Load(index);
        var local = (int)(row - block.FirstRow);
        var taken = (int)Math.Min(count, isBackward ? local + 1 : block.RowCount - local);
        return Statements.BatchCopy.Slice(batch, local, taken, fields, isBackward);
    }

    public void Dispose()
    {
        _cached?.Batch.Dispose();
        _cached = null;
        _file?.Dispose();
        _file = null;
        _blocks.Clear();
    }

    private BatchSchema SchemaOf(ReadOnlySpan<Column> columns)
    {
        var types = new Field[columns.Length];
        for (var i = 0; i < types.Length; i++) types[i] = new Field(fields[i].Name, columns[i].Type);
        return new BatchSchema(types.ToEquatableArray());
    }

    private int FindBlock(long row)
    {
        var (low, high) = (0, _blocks.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            if (_blocks[middle].FirstRow <= row) low = middle;
            else high = middle - 1;
        }

        return low;
    }

    private Batch Load(int index)
    {
        if (_cached is { } cached && cached.Block == index) return cached.Batch;
        _cached?.Batch.Dispose();
        _cached = null;
        var block = _blocks[index];
        var bytes = block.Bytes ?? ReadFile(block);
        var batch = RowBytes.Read(bytes.AsSpan(0, block.Length), _schema!, block.RowCount);
        _cached = (index, batch);
        return batch;
    }

    private byte[] ReadFile(Block block)
    {
        var bytes = new byte[block.Length];
        _file!.Position = block.Offset;
        _file.ReadExactly(bytes);
        return bytes;
    }

    private void CloseBlock()
    {
        if (_openRows == 0) return;
        var length = _open.WrittenCount;
        if (_memoryBytes + length <= memoryLimit)
        {
            _blocks.Add(new Block(_closedRows, _openRows, _open.WrittenSpan.ToArray(), 0, length));
            _memoryBytes += length;
        }
        else
        {
            try
            {
                Append(length);
            }
            catch (IOException error)
            {
                throw new SqlException(SqlState.DiskFull, "could not write to a temporary file: No space left on device", error);
            }
        }

        _closedRows += _openRows;
        _openRows = 0;
        _open.ResetWrittenCount();
    }

    /// <summary>The open block becomes the last of the file, which leaves a part of the disk to others.</summary>
    private void Append(int length)
    {
        if (_left < length) _left = Math.Min(SpillFolder.LimitOf(directory, long.MaxValue), CheckedBytes);
        if ((_left -= length) < 0) throw new IOException("No space left on device");
        _file ??= new FileStream(Path.Combine(directory, $"cursor-{Guid.NewGuid():N}.rows"), new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, Options = FileOptions.DeleteOnClose,
            BufferSize = 0,
        });
        var offset = _file.Length;
        _file.Position = offset;
        _file.Write(_open.WrittenSpan);
        _blocks.Add(new Block(_closedRows, _openRows, null, offset, length));
    }
}
