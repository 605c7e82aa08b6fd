using System.Net;

namespace Federation.PgWire;

/// <summary>How the PostgreSQL listener behaves.</summary>
public sealed record PgServerOptions
{
    /// <summary>Port 0 takes a free one; <see cref="PgServer.EndPoint"/> tells which.</summary>
    public IPEndPoint EndPoint { get; init; } = new(IPAddress.Loopback, 15432);

    /// <summary>Null answers N to requests for TLS.</summary>
    public TlsOptions? Tls { get; init; }

    /// <summary>From the first byte to the end of authentication.</summary>
    public TimeSpan AuthenticationTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a statement goes on after its client's connection broke.</summary>
    public TimeSpan DisconnectGrace { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest message accepted from a client that has logged in.</summary>
    public int MaxMessageBytes { get; init; } = 256 * 1024 * 1024;

    /// <summary>Connections beyond this number are refused with 53300.</summary>
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>Takes cancel requests for sessions that are not here: the id and the secret. It raises nothing. Null for nobody.</summary>
    public Func<int, ReadOnlyMemory<byte>, CancellationToken, ValueTask>? ForwardCancel { get; init; }

    /// <summary>
    /// What the salts of unknown users are made of. It must outlive the process, or a restart would tell them from the salts of real ones.
    /// </summary>
    public string MockSecret { get; init; } = Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));
}
