namespace Federation.Arrow.Ipc;

/// <summary>
/// An encoded message: what Flight sends as data_header and data_body, and what the stream format frames. Owns the body until disposed;
/// <see cref="TakeBody"/> moves it.
/// </summary>
public sealed class IpcMessage(ReadOnlyMemory<byte> header, NativeBlock? body, long rowCount) : IDisposable
{
    private NativeBlock? _body = body;

    /// <summary>A Message FlatBuffer without frame; a multiple of 8 bytes long.</summary>
    public ReadOnlyMemory<byte> Header { get; } = header;

    /// <summary>The buffers, each aligned to 64 bytes within; empty for schemas. Valid until the message is disposed.</summary>
    public ReadOnlyMemory<byte> Body => _body?.Memory ?? default;

    public long RowCount { get; } = rowCount;

    /// <summary>Moves the body to the caller, who disposes it.</summary>
    public NativeBlock? TakeBody()
    {
        var taken = _body;
        _body = null;
        return taken;
    }

    public void Dispose() => TakeBody()?.Dispose();
}
