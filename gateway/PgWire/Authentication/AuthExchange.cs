using System.Text;
using Federation.Core.Errors;
using Federation.PgWire.Protocol;
using Federation.PgWire.Startup;
using Federation.SessionApi;

namespace Federation.PgWire.Authentication;

/// <summary>
/// Runs the exchange that a session factory demands. Returns when the client is who it says; throws a FATAL error otherwise.
/// </summary>
internal sealed class AuthExchange(ClientChannel channel, PgServerOptions options, string user)
{
    public async ValueTask RunAsync(AuthenticationDemand demand, CancellationToken cancellationToken)
    {
        switch (demand)
        {
            case AuthenticationDemand.Trust: break;
            case AuthenticationDemand.Scram scram: await RunScramAsync(scram.Verifier, cancellationToken); break;
            case AuthenticationDemand.ClearPassword clear: await RunClearPasswordAsync(clear.Verifier, cancellationToken); break;
            case AuthenticationDemand.Refuse refuse: throw refuse.Error.Fatal();
            default: throw new System.Diagnostics.UnreachableException(demand.GetType().Name);
        }

        BackendMessages.WriteAuthentication(channel.Writer, AuthenticationCodes.Ok);
    }

    private async ValueTask RunScramAsync(ScramVerifier? verifier, CancellationToken cancellationToken)
    {
        var endPointHash = channel.IsEncrypted ? options.Tls?.EndPointHash : null;
        string[] mechanisms = endPointHash is null ? [ScramServer.Mechanism] : [ScramServer.PlusMechanism, ScramServer.Mechanism];
        BackendMessages.WriteSaslMechanisms(channel.Writer, mechanisms);
        await channel.Writer.FlushAsync(cancellationToken);

        var (mechanism, clientFirst) = ReadInitialResponse(await ReadResponseAsync("SASL", cancellationToken));
        if (!mechanisms.Contains(mechanism, StringComparer.Ordinal))
            throw ProtocolErrors.Fatal("client selected an invalid SASL authentication mechanism");
        var server = new ScramServer(verifier, user, mechanism, endPointHash, options.MockSecret);
        var serverFirst = server.ReadClientFirst(clientFirst);
        BackendMessages.WriteAuthentication(channel.Writer, AuthenticationCodes.SaslContinue, Encoding.UTF8.GetBytes(serverFirst));
        await channel.Writer.FlushAsync(cancellationToken);

        var clientFinal = Encoding.UTF8.GetString((await ReadResponseAsync("SASL", cancellationToken)).Span);
        var serverFinal = server.ReadClientFinal(clientFinal) ?? throw WrongPassword();
        BackendMessages.WriteAuthentication(channel.Writer, AuthenticationCodes.SaslFinal, Encoding.UTF8.GetBytes(serverFinal));
    }

    private async ValueTask RunClearPasswordAsync(ScramVerifier? verifier, CancellationToken cancellationToken)
    {
        if (!channel.IsEncrypted)
        {
            throw new SqlException(
                SqlState.InvalidAuthorizationSpecification, "password authentication in clear text needs an encrypted connection")
            {
                IsFatal = true,
            };
        }

        BackendMessages.WriteAuthentication(channel.Writer, AuthenticationCodes.ClearTextPassword);
        await channel.Writer.FlushAsync(cancellationToken);
        var body = await ReadResponseAsync("password", cancellationToken);
        var password = ReadPassword(body.Span);
        // The work of deriving the key is done for unknown users too, so that the time taken tells nothing.
        var matches = ScramVerifiers.Matches(verifier ?? ScramVerifiers.Create(""), password);
        if (!matches || verifier is null) throw WrongPassword();
    }

    private async ValueTask<ReadOnlyMemory<byte>> ReadResponseAsync(string kind, CancellationToken cancellationToken)
    {
        var frame = await channel.Reader.ReadAsync(cancellationToken) ?? throw new IOException("the client left during authentication");
        return frame.Type == FrontendMessageType.Password
            ? frame.Body
            : throw ProtocolErrors.Fatal($"expected {kind} response, got message type {(byte)frame.Type}");
    }

    private static (string Mechanism, string ClientFirst) ReadInitialResponse(ReadOnlyMemory<byte> body)
    {
        var reader = new ByteReader(body.Span);
        var mechanism = reader.ReadCString();
        var length = reader.ReadInt32();
        var clientFirst = length < 0 ? "" : Encoding.UTF8.GetString(reader.ReadBytes(length));
        reader.DemandEnd();
        return (mechanism, clientFirst);
    }

    private static string ReadPassword(ReadOnlySpan<byte> body)
    {
        var reader = new ByteReader(body);
        var password = reader.ReadCString();
        reader.DemandEnd();
        return password.Length > 0
            ? password
            : throw new SqlException(SqlState.InvalidPassword, "empty password returned by client") { IsFatal = true };
    }

    private SqlException WrongPassword() =>
        new(SqlState.InvalidPassword, $"password authentication failed for user \"{user}\"") { IsFatal = true };
}
