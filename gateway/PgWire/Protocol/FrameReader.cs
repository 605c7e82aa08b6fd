using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;

namespace Federation.PgWire.Protocol;

/// <summary>A typed message. The body is valid until the next read.</summary>
internal readonly record struct Frame(FrontendMessageType Type, ReadOnlyMemory<byte> Body);

/// <summary>
/// Cuts the byte stream of a client into messages: one type byte, then a big-endian int32 length that counts itself, then the body. The
/// start-up packet has no type byte. Holds no buffer between messages.
/// </summary>
internal sealed class FrameReader(PipeReader pipe, int maxMessageBytes)
{
    public const int MaxStartupPacketBytes = 10_000;

    /// <summary>Messages that carry no user data are small in every sane client.</summary>
    private const int MaxSmallMessageBytes = 10_000;

    private const int MaxAuthenticationBytes = 65_535;
    private const int HeaderBytes = sizeof(byte) + sizeof(int);

    private int _maxLargeMessageBytes = MaxAuthenticationBytes;
    private SequencePosition? _consumed;
    private byte[]? _rented;

    /// <summary>Until the client is known, no message may be larger than the largest of an authentication exchange.</summary>
    public void AllowLargeMessages() => _maxLargeMessageBytes = maxMessageBytes;

    /// <summary>The next byte without taking it; null at the end of the stream.</summary>
    public async ValueTask<byte?> PeekAsync(CancellationToken cancellationToken)
    {
        Release();
        var result = await pipe.ReadAsync(cancellationToken);
        if (result.Buffer.IsEmpty)
        {
            pipe.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            return null;
        }

        var first = result.Buffer.FirstSpan.IsEmpty ? result.Buffer.ToArray()[0] : result.Buffer.FirstSpan[0];
        pipe.AdvanceTo(result.Buffer.Start);
        return first;
    }

    /// <summary>True when bytes were received behind the last message.</summary>
    public bool TryPeekBuffered()
    {
        Release();
        if (!pipe.TryRead(out var result)) return false;
        var any = !result.Buffer.IsEmpty;
        pipe.AdvanceTo(result.Buffer.Start);
        return any;
    }

    /// <summary>The body of a start-up packet; null when the client left before sending one.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> ReadStartupPacketAsync(CancellationToken cancellationToken)
    {
        Release();
        while (true)
        {
            var result = await pipe.ReadAsync(cancellationToken);
            var buffer = result.Buffer;
            if (buffer.Length >= sizeof(int))
            {
                var length = ReadLength(buffer);
                if (length is < 8 or > MaxStartupPacketBytes) throw ProtocolErrors.Fatal("invalid length of startup packet");
                if (buffer.Length >= length) return Take(buffer, sizeof(int), length);
            }

            if (result.IsCompleted)
            {
                pipe.AdvanceTo(buffer.End);
                return buffer.IsEmpty ? null : throw ProtocolErrors.Fatal("incomplete startup packet");
            }

            pipe.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    /// <summary>
    /// The next message if all of it has been received. Pipelined messages are taken without a trip through the scheduler.
    /// </summary>
    public bool TryRead(out Frame frame)
    {
        Release();
        frame = default;
        if (!pipe.TryRead(out var result)) return false;
        if (TryTake(result.Buffer, out frame)) return true;
        pipe.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        return false;
    }

    /// <summary>The next message; null when the client left between messages.</summary>
    public async ValueTask<Frame?> ReadAsync(CancellationToken cancellationToken)
    {
        Release();
        while (true)
        {
            var result = await pipe.ReadAsync(cancellationToken);
            if (TryTake(result.Buffer, out var frame)) return frame;
            pipe.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            if (result.IsCompleted) return End(result.Buffer);
        }
    }

    private static Frame? End(ReadOnlySequence<byte> rest) =>
        rest.IsEmpty ? null : throw ProtocolErrors.Fatal("unexpected EOF within message");

    private bool TryTake(ReadOnlySequence<byte> buffer, out Frame frame)
    {
        frame = default;
        if (buffer.IsEmpty) return false;
        var type = (FrontendMessageType)buffer.FirstSpan[0];
        var limit = Limit(type);
        if (buffer.Length < HeaderBytes) return false;
        var length = ReadLength(buffer.Slice(1));
        if (length < sizeof(int) || length > limit) throw ProtocolErrors.Fatal("invalid message length");
        if (buffer.Length < sizeof(byte) + (long)length) return false;
        frame = new Frame(type, Take(buffer, HeaderBytes, sizeof(byte) + length));
        return true;
    }

    private int Limit(FrontendMessageType type) => type switch
    {
        FrontendMessageType.Query or FrontendMessageType.Parse or FrontendMessageType.Bind or FrontendMessageType.CopyData
            or FrontendMessageType.FunctionCall => _maxLargeMessageBytes,
        FrontendMessageType.Password => MaxAuthenticationBytes,
        FrontendMessageType.Close or FrontendMessageType.CopyDone or FrontendMessageType.CopyFail or FrontendMessageType.Describe
            or FrontendMessageType.Execute or FrontendMessageType.Flush or FrontendMessageType.Sync or FrontendMessageType.Terminate =>
                MaxSmallMessageBytes,
        _ => throw ProtocolErrors.Fatal($"invalid frontend message type {(byte)type}"),
    };

    private static int ReadLength(ReadOnlySequence<byte> buffer)
    {
        if (buffer.FirstSpan.Length >= sizeof(int)) return BinaryPrimitives.ReadInt32BigEndian(buffer.FirstSpan);
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        buffer.Slice(0, sizeof(int)).CopyTo(bytes);
        return BinaryPrimitives.ReadInt32BigEndian(bytes);
    }

    private ReadOnlyMemory<byte> Take(ReadOnlySequence<byte> buffer, int start, int end)
    {
        var body = buffer.Slice(start, end - start);
        _consumed = body.End;
        if (body.IsSingleSegment) return body.First;
        var length = end - start;
        _rented = ArrayPool<byte>.Shared.Rent(length);
        body.CopyTo(_rented);
        return _rented.AsMemory(0, length);
    }

    private void Release()
    {
        if (_consumed is { } position)
        {
            _consumed = null;
            pipe.AdvanceTo(position);
        }

        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
            _rented = null;
        }
    }
}
