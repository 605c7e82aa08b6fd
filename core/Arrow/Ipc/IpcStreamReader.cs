using System.Buffers.Binary;

namespace Federation.Arrow.Ipc;

/// <summary>
/// Reads the Arrow stream format, also that of writers before 0.15, which set no marker in front of a length. Memory grows with what
/// arrives, not with the lengths that the stream claims. Not thread-safe; the stream stays the caller's.
/// </summary>
/// <param name="trustsValues">See <see cref="IpcBatchReader"/>.</param>
public sealed class IpcStreamReader(Stream stream, bool trustsValues = false) : IDisposable
{
    private const int MaxHeaderBytes = 64 << 20;

    private readonly byte[] _prefix = new byte[sizeof(int)];
    private IpcBatchReader? _reader;

    /// <summary>Reads the schema, which must come first. Raises 08P01 when the stream is empty.</summary>
    public async ValueTask<IpcSchema> ReadSchemaAsync(CancellationToken cancellationToken = default)
    {
        if (_reader is not null) return _reader.Schema;
        var header = await ReadHeaderAsync(cancellationToken) ?? throw IpcErrors.Malformed("a stream without schema");
        _reader = new IpcBatchReader(IpcSchema.Decode(header), trustsValues);
        return _reader.Schema;
    }

    /// <summary>The next batch, which the caller owns; null at the end of the stream.</summary>
    public async ValueTask<Batch?> ReadBatchAsync(CancellationToken cancellationToken = default)
    {
        await ReadSchemaAsync(cancellationToken);
        while (await ReadHeaderAsync(cancellationToken) is { } header)
        {
            var body = await ReadBodyAsync(IpcHeader.Read(header).BodyLength, cancellationToken);
            if (_reader!.Read(header, body) is { } batch) return batch;
        }

        return null;
    }

    public void Dispose() => _reader?.Dispose();

    private async ValueTask<byte[]?> ReadHeaderAsync(CancellationToken cancellationToken)
    {
        // Streams may end without the mark of the end.
        var read = await stream.ReadAtLeastAsync(_prefix, _prefix.Length, throwOnEndOfStream: false, cancellationToken);
        if (read == 0) return null;
        if (read < _prefix.Length) throw Cut();
        var length = BinaryPrimitives.ReadInt32LittleEndian(_prefix);
        if (length == -1)
        {
            await FillAsync(_prefix, cancellationToken);
            length = BinaryPrimitives.ReadInt32LittleEndian(_prefix);
        }

        if (length == 0) return null;
        if (length is < 0 or > MaxHeaderBytes) throw IpcErrors.Malformed($"a header of {length} bytes");
        return await ClaimedBytes.ReadAsync(length, FillAsync, cancellationToken);
    }

    private async ValueTask<NativeBlock?> ReadBodyAsync(long length, CancellationToken cancellationToken)
    {
        if (length == 0) return null;
        if (length > int.MaxValue) throw IpcErrors.TooLarge("message");
        return await ClaimedBytes.ReadBlockAsync((int)length, FillAsync, cancellationToken);
    }

    private async ValueTask FillAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        if (await stream.ReadAtLeastAsync(target, target.Length, throwOnEndOfStream: false, cancellationToken) < target.Length) throw Cut();
    }

    private static Core.Errors.SqlException Cut() => IpcErrors.Malformed("the stream ends within a message");
}
