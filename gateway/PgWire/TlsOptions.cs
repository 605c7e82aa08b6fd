using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Federation.PgWire;

/// <summary>The server's certificate and what clients need of it. Does not own the certificate.</summary>
public sealed class TlsOptions
{
    internal static readonly SslApplicationProtocol ApplicationProtocol = new("postgresql");

    private readonly SslStreamCertificateContext _context;

    /// <param name="certificate">With its private key.</param>
    /// <param name="intermediates">Sent along, so that clients can build the chain.</param>
    public TlsOptions(X509Certificate2 certificate, X509Certificate2Collection? intermediates = null)
    {
        _context = SslStreamCertificateContext.Create(certificate, intermediates, offline: true);
        EndPointHash = HashForEndPoint(certificate);
    }

    /// <summary>
    /// The tls-server-end-point channel binding (RFC 5929): the certificate's hash by its signature's hash function, SHA-256 in place of
    /// MD5 and SHA-1. Null when the signature has no hash function of its own; then no channel binding is offered.
    /// </summary>
    internal byte[]? EndPointHash { get; }

    internal SslServerAuthenticationOptions ForClient() => new()
    {
        ServerCertificateContext = _context,
        ApplicationProtocols = [ApplicationProtocol],
        ClientCertificateRequired = false,
    };

    private static byte[]? HashForEndPoint(X509Certificate2 certificate) => certificate.SignatureAlgorithm.Value switch
    {
        // md5, sha1 and sha256 with RSA; sha1 and sha256 with ECDSA.
        "1.2.840.113549.1.1.4" or "1.2.840.113549.1.1.5" or "1.2.840.113549.1.1.11" or "1.2.840.10045.4.1" or "1.2.840.10045.4.3.2" =>
            SHA256.HashData(certificate.RawData),
        "1.2.840.113549.1.1.12" or "1.2.840.10045.4.3.3" => SHA384.HashData(certificate.RawData),
        "1.2.840.113549.1.1.13" or "1.2.840.10045.4.3.4" => SHA512.HashData(certificate.RawData),
        _ => null,
    };
}
