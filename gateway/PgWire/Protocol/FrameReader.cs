using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Federation.Core.Execution;

namespace Federation.PgWire.Protocol;

/// <summary>A typed message. The body is valid until the next read, and that of a large message for ever.</summary>
internal readonly record struct Frame(FrontendMessageType Type, ReadOnlyMemory<byte> Body);

/// <summary>
/// Cuts the byte stream of a client into messages: one type byte, then a big-endian int32 length that counts itself, then the body. The
/// start-up packet has no type byte. Holds no buffer between messages. A large message is taken out of the pipe while it comes, into memory
/// of its own.
/// </summary>
internal sealed class FrameReader(PipeReader pipe, int maxMessageBytes)
{
    public const int MaxStartupPacketBytes = 10_000;

    /// <summary>Messages that carry no user data are small in every sane client.</summary>
    private const int MaxSmallMessageBytes = 10_000;

    private const int MaxAuthenticationBytes = 65_535;

    /// <summary>From here on a message is large.</summary>
    private const int LargeMessageBytes = 512 << 10;

    private const int HeaderBytes = sizeof(byte) + sizeof(int);

    private int _maxLargeMessageBytes = MaxAuthenticationBytes;
    private SequencePosition? _consumed;
    private byte[]? _rented;

    /// <summary>The body of a large message that is still coming, its type, and how much is there.</summary>
    private byte[]? _large;
    private FrontendMessageType _largeType;
    private int _largeBytes;

    /// <summary>The length of a large message whose memory is not there yet, and those of the messages that have memory.</summary>
    private int _demanded;
    private int _held;

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

    /// <summary>
    /// The type of the message behind the last one, whose body is let go; null when nothing of it has been received.
    /// </summary>
    public byte? TryPeekType()
    {
        Release();
        if (!pipe.TryRead(out var result)) return null;
        byte? type = result.Buffer.IsEmpty ? null : result.Buffer.FirstSpan[0];
        pipe.AdvanceTo(result.Buffer.Start);
        return type;
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
        AdvanceBehind(result.Buffer);
        return false;
    }

    /// <summary>The next message; null when the client left between messages.</summary>
    public async ValueTask<Frame?> ReadAsync(CancellationToken cancellationToken)
    {
        Release();
        ReleaseLarge();
        while (true)
        {
            if (_demanded > 0)
            {
                await MessageMemory.EnterAsync(_demanded, cancellationToken);
                _held = _demanded;
                _large = GC.AllocateUninitializedArray<byte>(_demanded);
                (_demanded, _largeBytes) = (0, 0);
            }

            var result = await pipe.ReadAsync(cancellationToken);
            if (TryTake(result.Buffer, out var frame)) return frame;
            AdvanceBehind(result.Buffer);
            if (_demanded > 0) continue;
            if (result.IsCompleted)
                return _large is null && result.Buffer.IsEmpty ? null : throw ProtocolErrors.Fatal("unexpected EOF within message");
        }
    }

    private bool TryTake(ReadOnlySequence<byte> buffer, out Frame frame)
    {
        frame = default;
        if (_large is not null) return TryFill(buffer, out frame);
        if (buffer.IsEmpty) return false;
        var type = (FrontendMessageType)buffer.FirstSpan[0];
        var limit = Limit(type);
        if (buffer.Length < HeaderBytes) return false;
        var length = ReadLength(buffer.Slice(1));
        if (length < sizeof(int) || length > limit) throw ProtocolErrors.Fatal("invalid message length");
        // Who claims a length has to send some of it before memory is given for all of it.
        if (length >= LargeMessageBytes && buffer.Length >= LargeMessageBytes)
        {
            (_largeType, _demanded) = (type, length - sizeof(int));
            return false;
        }

        if (buffer.Length < sizeof(byte) + (long)length) return false;
        frame = new Frame(type, Take(buffer, HeaderBytes, sizeof(byte) + length));
        return true;
    }

    /// <summary>Nothing is read any more.</summary>
    public void Abandon()
    {
        _large = null;
        ReleaseLarge();
    }

    /// <summary>The client has all its answers, or must send more to get them: its large messages have been acted on.</summary>
    private void ReleaseLarge()
    {
        if (_held == 0 || _large is not null) return;
        // Memory is given back before others are let in.
        LargeGarbage.Add(_held);
        MessageMemory.Leave(_held);
        _held = 0;
    }

    /// <summary>Leaves the message that is not there as a whole; of a large one all but the header has been taken.</summary>
    private void AdvanceBehind(ReadOnlySequence<byte> buffer)
    {
        if (_demanded > 0) pipe.AdvanceTo(buffer.GetPosition(HeaderBytes));
        else pipe.AdvanceTo(_large is null ? buffer.Start : buffer.End, buffer.End);
    }

    /// <summary>Takes what has come of a large message: all of the buffer, or up to the message's end.</summary>
    private bool TryFill(ReadOnlySequence<byte> buffer, out Frame frame)
    {
        frame = default;
        var part = buffer.Slice(0, Math.Min(buffer.Length, _large!.Length - _largeBytes));
        part.CopyTo(_large.AsSpan(_largeBytes));
        _largeBytes += (int)part.Length;
        if (_largeBytes < _large.Length) return false;
        frame = new Frame(_largeType, _large);
        _consumed = part.End;
        _large = null;
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
