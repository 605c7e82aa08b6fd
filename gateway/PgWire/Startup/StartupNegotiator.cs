using System.Net.Security;
using System.Security.Authentication;
using Federation.Core.Errors;
using Federation.PgWire.Protocol;

namespace Federation.PgWire.Startup;

/// <summary>
/// What happens before the session's start-up packet: requests for TLS and GSS encryption, each at most once and in any order, direct TLS,
/// and cancel requests (https://www.postgresql.org/docs/15/protocol-flow.html, 55.2.10 and 55.2.11).
/// </summary>
internal sealed class StartupNegotiator(ClientChannel channel, TlsOptions? tls)
{
    /// <summary>The first byte of a TLS handshake record; no start-up packet begins with it.</summary>
    private const byte TlsHandshake = 0x16;

    /// <summary>The request to act on: the start of a session or a cancel request. Null when the client left.</summary>
    public async ValueTask<StartupRequest?> NegotiateAsync(CancellationToken cancellationToken)
    {
        if (await channel.Reader.PeekAsync(cancellationToken) == TlsHandshake) await StartDirectTlsAsync(cancellationToken);
        var askedForTls = channel.IsEncrypted;
        var askedForGss = false;
        while (await channel.Reader.ReadStartupPacketAsync(cancellationToken) is { } packet)
        {
            switch (StartupPacket.Read(packet.Span))
            {
                case StartupRequest.Ssl when !askedForTls:
                    askedForTls = true;
                    await AnswerTlsRequestAsync(cancellationToken);
                    break;
                case StartupRequest.GssEncryption when !askedForGss:
                    askedForGss = true;
                    await channel.AnswerAsync('N', cancellationToken);
                    break;
                case StartupRequest.Ssl or StartupRequest.GssEncryption: throw ProtocolErrors.Fatal("encryption was requested twice");
                case var request: return request;
            }
        }

        return null;
    }

    private async ValueTask AnswerTlsRequestAsync(CancellationToken cancellationToken)
    {
        // Plain bytes behind the request would be taken for encrypted ones (CVE-2021-23222).
        if (channel.Reader.TryPeekBuffered())
        {
            throw new SqlException(SqlState.ProtocolViolation, "received unencrypted data after SSL request")
            {
                IsFatal = true,
                Detail = "This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.",
            };
        }

        await channel.AnswerAsync(tls is null ? 'N' : 'S', cancellationToken);
        if (tls is not null) await channel.StartTlsAsync(tls.ForClient(), cancellationToken);
    }

    private async ValueTask StartDirectTlsAsync(CancellationToken cancellationToken)
    {
        // Without a certificate the bytes of the handshake are an impossible packet length.
        if (tls is null) throw ProtocolErrors.Fatal("invalid length of startup packet");
        await channel.StartTlsAsync(tls.ForClient(), cancellationToken);
        // Clients that skip the request must name the protocol, or any TLS client could be talked into speaking to us.
        if (channel.NegotiatedApplicationProtocol != TlsOptions.ApplicationProtocol)
            throw new AuthenticationException("received direct SSL connection request without ALPN protocol negotiation extension");
    }
}
