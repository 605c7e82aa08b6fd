using System.Buffers.Binary;
using Federation.Core.Errors;

namespace Federation.Arrow.Ipc;

/// <summary>
/// Writes the Arrow stream format: for each message the marker 0xFFFFFFFF, the int32 length of the header, the header, the body; at the end
/// the marker and a length of 0. The schema goes out with the first message. Not thread-safe; the stream stays the caller's.
/// </summary>
public sealed class IpcStreamWriter(Stream stream, IpcSchema schema)
{
    private const int PrefixBytes = 2 * sizeof(int);

    private readonly IpcBatchWriter _encoder = new(schema);
    private readonly byte[] _prefix = new byte[PrefixBytes];
    private bool _isStarted;
    private bool _isEnded;

    /// <summary>Writes a batch, which stays the caller's.</summary>
    public async ValueTask WriteAsync(Batch batch, CancellationToken cancellationToken = default)
    {
        using var message = _encoder.Encode(batch);
        await WriteAsync(message, cancellationToken);
    }

    /// <summary>Writes a message that was encoded for the same schema.</summary>
    public async ValueTask WriteAsync(IpcMessage message, CancellationToken cancellationToken = default)
    {
        await StartAsync(cancellationToken);
        await WritePrefixAsync(message.Header.Length, cancellationToken);
        await stream.WriteAsync(message.Header, cancellationToken);
        await stream.WriteAsync(message.Body, cancellationToken);
    }

    /// <summary>Ends the stream: a reader can tell a whole stream from one that was cut.</summary>
    public async ValueTask EndAsync(CancellationToken cancellationToken = default)
    {
        await StartAsync(cancellationToken);
        _isEnded = true;
        await WritePrefixAsync(0, cancellationToken);
    }

    private async ValueTask StartAsync(CancellationToken cancellationToken)
    {
        if (_isEnded) throw new SqlException(SqlState.InternalError, "the Arrow stream has ended");
        if (_isStarted) return;
        _isStarted = true;
        await WritePrefixAsync(schema.Message.Length, cancellationToken);
        await stream.WriteAsync(schema.Message, cancellationToken);
    }

    private ValueTask WritePrefixAsync(int length, CancellationToken cancellationToken)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_prefix, -1);
        BinaryPrimitives.WriteInt32LittleEndian(_prefix.AsSpan(sizeof(int)), length);
        return stream.WriteAsync(_prefix, cancellationToken);
    }
}
