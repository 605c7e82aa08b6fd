namespace Federation.ObjectStorage;

/// <summary>A file of a store read from its start to its end. Not thread-safe; holds nothing open.</summary>
public sealed class StoredStream(IObjectStore store, string path) : Stream
{
    /// <summary>Each read asks for more than the one before: most readers want the beginning alone.</summary>
    private const int FirstRead = 1 << 20, LargestRead = 8 << 20;

    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private long _position;
    private string? _version;
    private bool _isAtEnd;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        if (_start == _end && !Fill()) return 0;
        var count = Math.Min(buffer.Length, _end - _start);
        _buffer.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private bool Fill()
    {
        if (_isAtEnd) return false;
        if (_buffer.Length < LargestRead) _buffer = new byte[Math.Max(FirstRead, _buffer.Length * 2)];
        var part = store.Read(path, _position, _buffer, _version);
        _version = part.Status.Version;
        (_start, _end) = (0, part.Count);
        _position += part.Count;
        _isAtEnd = part.Count < _buffer.Length;
        return part.Count > 0;
    }
}
