using System.Text;
using Federation.Core.Errors;
using Federation.PgWire.Protocol;

namespace Federation.PgWire.Copy;

/// <summary>
/// COPY … FROM STDIN (https://www.postgresql.org/docs/15/protocol-flow.html#PROTOCOL-COPY): the data of the client's messages up to
/// CopyDone. Used by one thread.
/// </summary>
/// <param name="readAsync">The next message; null when the client has gone.</param>
internal sealed class CopyInReceiver(Func<CancellationToken, ValueTask<Frame?>> readAsync)
{
    /// <summary>The data of the next message, valid until the next call; null at CopyDone. 57014 when the client gives up.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> NextAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var frame = await readAsync(cancellationToken)
                ?? throw new SqlException(SqlState.ConnectionFailure, "unexpected EOF on client connection with an open transaction")
                    { IsFatal = true };
            switch (frame.Type)
            {
                case FrontendMessageType.CopyData: return frame.Body;
                case FrontendMessageType.CopyDone: return null;
                case FrontendMessageType.CopyFail:
                    throw new SqlException(SqlState.QueryCanceled,
                        $"COPY from stdin failed: {Encoding.UTF8.GetString(frame.Body.Span).TrimEnd('\0')}");
                case FrontendMessageType.Flush or FrontendMessageType.Sync: break;
                default:
                    throw new SqlException(SqlState.ProtocolViolation,
                        $"unexpected message type 0x{(byte)frame.Type:X2} during COPY from stdin");
            }
        }
    }
}
