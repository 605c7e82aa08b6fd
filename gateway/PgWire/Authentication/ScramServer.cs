using System.Security.Cryptography;
using System.Text;
using Federation.Core;
using Federation.Core.Errors;
using Federation.SessionApi;

namespace Federation.PgWire.Authentication;

/// <summary>
/// The server's side of one SCRAM exchange (RFC 5802 with SHA-256), without I/O: client-first in, server-first out; client-final in,
/// server-final out or null when the proof is wrong. The user name inside the messages is ignored; the start-up packet's counts.
/// </summary>
public sealed class ScramServer
{
    public const string Mechanism = "SCRAM-SHA-256";
    public const string PlusMechanism = "SCRAM-SHA-256-PLUS";

    private const int NonceBytes = 18;

    private readonly ScramVerifier _verifier;
    private readonly bool _isMock;
    private readonly bool _usesBinding;
    private readonly byte[]? _endPointHash;
    private readonly string _serverNonce;
    private string _gs2Header = "";
    private string _clientFirstBare = "";
    private string _serverFirst = "";
    private string _nonce = "";

    /// <param name="verifier">Null for an unknown user: the exchange looks real and fails at its end.</param>
    /// <param name="user">Decides the mock salt, which must not change between attempts.</param>
    /// <param name="mechanism">The one the client chose.</param>
    /// <param name="mockSecret">A secret of the gateway, so that salts of unknown users cannot be told from real ones.</param>
    /// <param name="endPointHash">The channel binding that was offered; null when none was.</param>
    public ScramServer(ScramVerifier? verifier, string user, string mechanism, byte[]? endPointHash, string mockSecret,
        string? serverNonce = null)
    {
        _isMock = verifier is null;
        _verifier = verifier ?? Mock(user, mockSecret);
        _usesBinding = mechanism == PlusMechanism;
        _endPointHash = endPointHash;
        _serverNonce = serverNonce ?? Convert.ToBase64String(RandomNumberGenerator.GetBytes(NonceBytes));
    }

    public string ReadClientFirst(string message)
    {
        var rest = ReadBindingFlag(message);
        _gs2Header = message[..^rest.Length];
        _clientFirstBare = rest;
        var attributes = rest.Split(',');
        if (attributes[0].StartsWith("m=", StringComparison.Ordinal))
            throw new SqlException(SqlState.FeatureNotSupported, "client requires an unsupported SCRAM extension") { IsFatal = true };
        if (attributes.Length < 2 || !attributes[0].StartsWith("n=", StringComparison.Ordinal)
            || !attributes[1].StartsWith("r=", StringComparison.Ordinal))
            throw Malformed("Expected attribute \"n\" and attribute \"r\".");
        var clientNonce = attributes[1][2..];
        if (clientNonce.Length == 0 || clientNonce.Any(c => c is < '!' or > '~'))
            throw Malformed("Non-printable characters in SCRAM nonce.");
        _nonce = clientNonce + _serverNonce;
        _serverFirst = $"r={_nonce},s={Convert.ToBase64String(_verifier.Salt.AsSpan())},i={_verifier.Iterations}";
        return _serverFirst;
    }

    /// <summary>The server-final message, or null when the client does not know the password.</summary>
    public string? ReadClientFinal(string message)
    {
        var proofStart = message.LastIndexOf(",p=", StringComparison.Ordinal);
        if (proofStart < 0) throw Malformed("Expected attribute \"p\".");
        var withoutProof = message[..proofStart];
        var attributes = withoutProof.Split(',');
        if (attributes.Length < 2 || !attributes[0].StartsWith("c=", StringComparison.Ordinal)
            || !attributes[1].StartsWith("r=", StringComparison.Ordinal))
            throw Malformed("Expected attribute \"c\" and attribute \"r\".");
        if (attributes[0][2..] != Convert.ToBase64String(BindingData()))
        {
            throw _usesBinding
                ? new SqlException(SqlState.InvalidAuthorizationSpecification, "SCRAM channel binding check failed") { IsFatal = true }
                : Malformed("Unexpected SCRAM channel-binding attribute in client-final-message.");
        }

        if (attributes[1][2..] != _nonce) throw Malformed("Nonce does not match.");
        var proof = new byte[SHA256.HashSizeInBytes];
        if (!Convert.TryFromBase64String(message[(proofStart + 3)..], proof, out var length) || length != proof.Length)
            throw Malformed("Malformed proof in client-final-message.");

        var authMessage = Encoding.UTF8.GetBytes($"{_clientFirstBare},{_serverFirst},{withoutProof}");
        var signature = HMACSHA256.HashData(_verifier.StoredKey.AsSpan(), authMessage);
        var clientKey = new byte[proof.Length];
        for (var i = 0; i < clientKey.Length; i++) clientKey[i] = (byte)(proof[i] ^ signature[i]);
        var matches = CryptographicOperations.FixedTimeEquals(SHA256.HashData(clientKey), _verifier.StoredKey.AsSpan());
        if (!matches || _isMock) return null;
        return $"v={Convert.ToBase64String(HMACSHA256.HashData(_verifier.ServerKey.AsSpan(), authMessage))}";
    }

    /// <summary>Reads the GS2 header and returns what follows it.</summary>
    private string ReadBindingFlag(string message)
    {
        var flagEnd = message.IndexOf(',', StringComparison.Ordinal);
        if (flagEnd < 0) throw Malformed("The message is empty.");
        var flag = message[..flagEnd];
        switch (flag)
        {
            case "n" when _usesBinding:
                throw Malformed("The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.");
            case "n": break;
            case "y" when _usesBinding:
                throw Malformed("The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.");
            case "y" when _endPointHash is not null:
                // A man in the middle has taken the -PLUS mechanism out of our offer.
                throw new SqlException(SqlState.InvalidAuthorizationSpecification, "SCRAM channel binding negotiation error")
                {
                    IsFatal = true,
                    Detail =
                        "The client supports SCRAM channel binding but thinks the server does not.  However, this server does support "
                            + "channel binding.",
                };
            case "y": break;
            case "p=tls-server-end-point" when _usesBinding: break;
            case "p=tls-server-end-point":
                throw Malformed(
                    "The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.");
            case var _ when flag.StartsWith("p=", StringComparison.Ordinal):
                throw new SqlException(
                    SqlState.ProtocolViolation, $"unsupported SCRAM channel-binding type \"{flag[2..]}\"") { IsFatal = true };
            default: throw Malformed($"Unexpected channel-binding flag \"{flag}\".");
        }

        var nameEnd = message.IndexOf(',', flagEnd + 1);
        if (nameEnd < 0) throw Malformed("Comma expected.");
        if (nameEnd != flagEnd + 1)
            throw new SqlException(
                SqlState.FeatureNotSupported, "client uses authorization identity, but it is not supported") { IsFatal = true };
        return message[(nameEnd + 1)..];
    }

    private byte[] BindingData()
    {
        var header = Encoding.UTF8.GetBytes(_gs2Header);
        return _usesBinding ? [.. header, .. _endPointHash ?? []] : header;
    }

    private static ScramVerifier Mock(string user, string secret)
    {
        var salt = HMACSHA256.HashData(Encoding.UTF8.GetBytes("mock salt " + secret), Encoding.UTF8.GetBytes(user))[..16];
        return new ScramVerifier(
            ScramVerifiers.DefaultIterations, new EquatableArray<byte>(salt), new EquatableArray<byte>(new byte[32]),
            new EquatableArray<byte>(new byte[32]));
    }

    private static SqlException Malformed(string detail) =>
        new(SqlState.ProtocolViolation, "malformed SCRAM message") { IsFatal = true, Detail = detail };
}
