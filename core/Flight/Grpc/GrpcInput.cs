using System.Buffers;
using System.Buffers.Binary;
using Federation.Arrow;
using Federation.Core.Errors;
using Google.Protobuf;

namespace Federation.Flight.Grpc;

/// <summary>
/// Reads the messages of one direction of a call: a byte that tells compression, the big-endian uint32 length, the message. A small buffer
/// serves prefixes and short messages; bodies go from the stream straight to their memory. Memory grows with what arrives, not with the
/// lengths that are claimed. Not thread-safe; the stream stays the caller's.
/// </summary>
internal sealed class GrpcInput(Stream stream, long maxMessageBytes) : IDisposable
{
    private const int PrefixBytes = 5;
    private const int BufferBytes = 16 * 1024;

    private byte[]? _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private int _start;
    private int _end;

    /// <summary>Bytes of the present message that were not read yet.</summary>
    public long Remaining { get; private set; }

    /// <summary>Goes to the next message; false when the other side has ended the stream.</summary>
    public async ValueTask<bool> NextAsync(CancellationToken cancellationToken)
    {
        if (!await BufferAsync(PrefixBytes, isEndAllowed: true, cancellationToken)) return false;
        var prefix = _buffer.AsSpan(_start, PrefixBytes);
        if (prefix[0] != 0) throw new SqlException(SqlState.FeatureNotSupported, "compressed gRPC messages are not supported");
        Remaining = BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
        if (Remaining > maxMessageBytes)
            throw new SqlException(SqlState.ProgramLimitExceeded,
                $"a gRPC message of {Remaining} bytes is longer than the limit of {maxMessageBytes}");
        _start += PrefixBytes;
        return true;
    }

    /// <summary>The next message, parsed; null at the end of the stream.</summary>
    public async ValueTask<T?> ReadAsync<T>(MessageParser<T> parser, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        if (!await NextAsync(cancellationToken)) return null;
        var bytes = await ReadBytesAsync(Remaining, cancellationToken);
        try
        {
            return parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw new SqlException(SqlState.ProtocolViolation, $"malformed {typeof(T).Name}: {exception.Message}", exception);
        }
    }

    /// <summary>A varint of the present message.</summary>
    public ValueTask<ulong> ReadVarintAsync(CancellationToken cancellationToken)
    {
        const int mostBytes = 10;
        return Math.Min(_end - _start, Remaining) >= mostBytes ? new(ReadVarint()) : WaitAsync();

        async ValueTask<ulong> WaitAsync()
        {
            await BufferAsync((int)Math.Min(mostBytes, Remaining), isEndAllowed: false, cancellationToken);
            return ReadVarint();
        }
    }

    public ValueTask<byte[]> ReadBytesAsync(long length, CancellationToken cancellationToken)
    {
        Consume(length);
        return ClaimedBytes.ReadAsync((int)length, FillAsync, cancellationToken);
    }

    /// <summary>Bytes of the present message as a block of their own.</summary>
    public ValueTask<NativeBlock> ReadBlockAsync(long length, CancellationToken cancellationToken)
    {
        Consume(length);
        return ClaimedBytes.ReadBlockAsync((int)length, FillAsync, cancellationToken);
    }

    public async ValueTask SkipAsync(long length, CancellationToken cancellationToken)
    {
        Consume(length);
        while (length > 0)
        {
            await BufferAsync(1, isEndAllowed: false, cancellationToken);
            var step = (int)Math.Min(length, _end - _start);
            _start += step;
            length -= step;
        }
    }

    public void Dispose()
    {
        if (_buffer is not null) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = null;
    }

    private static SqlException Cut() => new(SqlState.ProtocolViolation, "a gRPC message was cut off");

    private void Consume(long length)
    {
        if (length < 0 || length > Remaining || length > int.MaxValue)
            throw new SqlException(SqlState.ProtocolViolation, "a field is longer than its gRPC message");
        Remaining -= length;
    }

    private ulong ReadVarint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (Remaining == 0) throw Cut();
            var next = _buffer![_start++];
            Remaining--;
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80) return value;
        }

        throw new SqlException(SqlState.ProtocolViolation, "a number in a gRPC message is too long");
    }

    /// <summary>Has at least <paramref name="count"/> bytes in the buffer; false when the stream ended before the first.</summary>
    private async ValueTask<bool> BufferAsync(int count, bool isEndAllowed, CancellationToken cancellationToken)
    {
        if (_end - _start >= count) return true;
        var buffer = _buffer ?? throw new ObjectDisposedException(nameof(GrpcInput));
        buffer.AsSpan(_start, _end - _start).CopyTo(buffer);
        _end -= _start;
        _start = 0;
        while (_end < count)
        {
            // Never more than the buffer: what a body has too much here is copied once more.
            var read = await stream.ReadAsync(buffer.AsMemory(_end, BufferBytes - _end), cancellationToken);
            if (read == 0) return _end == 0 && isEndAllowed ? false : throw Cut();
            _end += read;
        }

        return true;
    }

    private async ValueTask FillAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        var buffered = Math.Min(target.Length, _end - _start);
        _buffer.AsMemory(_start, buffered).CopyTo(target);
        _start += buffered;
        target = target[buffered..];
        while (target.Length > 0)
        {
            var read = await stream.ReadAsync(target, cancellationToken);
            if (read == 0) throw Cut();
            target = target[read..];
        }
    }
}
