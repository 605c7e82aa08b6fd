using Federation.Arrow;
using Federation.Arrow.Ipc;

namespace Federation.Flight;

/// <summary>
/// One message of a data stream: an Arrow message (header and body) and metadata of the application. What was encoded or received once is
/// sent on without encoding it again. Owns its body; whoever takes the message out of a stream disposes it, or moves the body with
/// <see cref="TakeBody"/>.
/// </summary>
public sealed class FlightData : IDisposable
{
    private IDisposable? _owner;

    /// <param name="body">Must stay valid and unchanged until the message is disposed.</param>
    /// <param name="owner">Disposed with the message: what holds the body's memory; null when nobody needs to be told.</param>
    public FlightData(ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> body, IDisposable? owner = null)
    {
        Header = header;
        Body = body;
        _owner = owner;
    }

    /// <summary>Takes over an encoded batch or dictionary.</summary>
    public FlightData(IpcMessage message)
        : this(message.Header, message.Body, message)
    {
    }

    /// <summary>The schema that a stream begins with.</summary>
    public FlightData(IpcSchema schema)
        : this(schema.Message, default)
    {
    }

    /// <summary>data_header: a Message FlatBuffer; empty for a message that has only metadata.</summary>
    public ReadOnlyMemory<byte> Header { get; }

    /// <summary>data_body: the buffers of the batch.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>app_metadata: what the two ends agreed on.</summary>
    public ReadOnlyMemory<byte> AppMetadata { get; init; }

    /// <summary>flight_descriptor, serialised; only in the first message of DoPut and DoExchange.</summary>
    public ReadOnlyMemory<byte> Descriptor { get; init; }

    /// <summary>Moves the body to the caller. A body that is not a block of its own is copied.</summary>
    public NativeBlock? TakeBody()
    {
        var owner = Interlocked.Exchange(ref _owner, null);
        if (owner is NativeBlock block) return block;
        using (owner)
        {
            if (owner is IpcMessage message) return message.TakeBody();
            return Body.IsEmpty ? null : NativeBlock.CopyOf(Body.Span);
        }
    }

    public void Dispose() => Interlocked.Exchange(ref _owner, null)?.Dispose();
}
