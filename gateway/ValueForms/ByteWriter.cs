using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Text;
using Federation.Core.Errors;
using Federation.Core.Execution;
using Federation.Core.Values;

namespace Federation.ValueForms;

/// <summary>
/// Writes records straight into the memory of a pipe: messages of a protocol, or rows of a file. A record is complete at <see
/// cref="EndRecord"/>;
/// until then it can be taken back. Between flushes at most one partly filled block is held; after a flush none is. Not thread-safe.
/// <para>Positions are counted from the start of the record, because a record that outgrows its block moves to a larger one.</para>
/// </summary>
public class ByteWriter(PipeWriter pipe) : IBufferWriter<byte>
{
    private const int BlockBytes = 4096;

    // Of results: larger than the blocks of the transport's pool, so it comes from the shared pool of arrays and saves trips to the kernel
    // of the system.
    private const int LargeBlockBytes = 256 * 1024;

    /// <summary>A record from this size on asks for its memory before it takes it.</summary>
    private const int LargeRecordBytes = 16 << 20;

    private Memory<byte> _memory;
    private int _recordStart;
    private int _position;
    private long _unflushed;

    /// <summary>Bytes written since the last flush, whole records only.</summary>
    public long UnflushedBytes => _unflushed + _recordStart;

    /// <summary>Ends the statement whose values are written.</summary>
    public CancellationToken Interrupt { get; set; }

    /// <summary>Raises the end of the statement; who writes a value of any size asks every now and then.</summary>
    public void CheckInterrupt() => Interrupt.ThrowIfCancellationRequested();

    /// <summary>
    /// The position within the record, to be used with <see cref="PatchLength"/>, <see cref="WrittenSince"/> and <see cref="TruncateTo"/>.
    /// </summary>
    public int Mark => _position - _recordStart;

    public void EndRecord() => _recordStart = _position;

    /// <summary>Takes back the record that was begun and not ended.</summary>
    public void Abandon() => _position = _recordStart;

    public void WriteByte(byte value)
    {
        GetSpan(1)[0] = value;
        _position++;
    }

    public void WriteInt16(short value)
    {
        BinaryPrimitives.WriteInt16BigEndian(GetSpan(sizeof(short)), value);
        _position += sizeof(short);
    }

    public void WriteInt32(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(GetSpan(sizeof(int)), value);
        _position += sizeof(int);
    }

    public void WriteInt64(long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(GetSpan(sizeof(long)), value);
        _position += sizeof(long);
    }

    public void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        _position += bytes.Length;
    }

    public void WriteText(string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        Encoding.UTF8.GetBytes(text, GetSpan(length));
        _position += length;
    }

    public void WriteCString(string text)
    {
        WriteText(text);
        WriteByte(0);
    }

    /// <summary>Reserves an int32 that <see cref="PatchLength"/> sets to the number of bytes that follow it.</summary>
    public int ReserveLength()
    {
        var mark = Mark;
        _ = GetSpan(sizeof(int));
        _position += sizeof(int);
        return mark;
    }

    public void PatchLength(int mark) => PatchInt32(mark, Mark - mark - sizeof(int));

    public void PatchInt32(int mark, int value) => BinaryPrimitives.WriteInt32BigEndian(_memory.Span[(_recordStart + mark)..], value);

    public ReadOnlySpan<byte> WrittenSince(int mark) => _memory.Span[(_recordStart + mark).._position];

    /// <summary>What was written since the mark, to be changed where it is; valid until more is written.</summary>
    public Span<byte> TakeWritten(int mark) => _memory.Span[(_recordStart + mark).._position];

    public void TruncateTo(int mark) => _position = _recordStart + mark;

    /// <summary>
    /// Room for many records that are written without the help of this type; <see cref="AdvanceRecords"/> tells how much was used. Between
    /// records only.
    /// </summary>
    /// <param name="needed">Bytes that must be there; when they are not, a large block is taken.</param>
    public Span<byte> GetRecordSpace(int needed)
    {
        Debug.Assert(_position == _recordStart, "a record is open");
        if (_memory.Length - _position < needed) Grow(Math.Max(needed, LargeBlockBytes));
        return _memory.Span[_position..];
    }

    /// <summary>Whole records were written into the space.</summary>
    public void AdvanceRecords(int count) => _recordStart = _position += count;

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        if (_position + Math.Max(sizeHint, 1) > _memory.Length) Grow(Math.Max(sizeHint, 1));
        return _memory.Span[_position..];
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_position + Math.Max(sizeHint, 1) > _memory.Length) Grow(Math.Max(sizeHint, 1));
        return _memory[_position..];
    }

    public void Advance(int count) => _position += count;

    /// <summary>Hands everything that was ended to the pipe and waits while its reader is slow.</summary>
    /// <exception cref="IOException">The reader is gone.</exception>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        Debug.Assert(_position == _recordStart, "a record is open");
        pipe.Advance(_recordStart);
        _memory = default;
        _recordStart = _position = 0;
        _unflushed = 0;
        OnFlush();
        var result = await pipe.FlushAsync(cancellationToken);
        if (result.IsCompleted) throw new IOException("the client closed the connection");
    }

    /// <summary>Told of every flush when it begins.</summary>
    protected virtual void OnFlush()
    {
    }

    /// <exception cref="SqlException">54000: a record would be longer than PostgreSQL's longest; 53200: the process has no memory for
    /// it.</exception>
    private void Grow(int needed)
    {
        var partial = _memory[_recordStart.._position];
        _unflushed += _recordStart;
        // The block stays readable until the next flush, so the open record can be copied from it after it is given up.
        pipe.Advance(_recordStart);
        var wanted = partial.Length + needed;
        ValueLimits.CheckAppend(partial.Length, needed);
        if (wanted >= LargeRecordBytes)
        {
            CheckInterrupt();
            ProcessMemory.Demand(wanted);
        }

        // A record that spills out of a block gets room to grow, so that copies stay rare.
        _memory = pipe.GetMemory(partial.Length > 0
            ? Math.Max(wanted, Math.Min(partial.Length * 2, ValueLimits.MostBytes))
            : Math.Max(wanted, BlockBytes));
        partial.CopyTo(_memory);
        _recordStart = 0;
        _position = partial.Length;
    }
}
