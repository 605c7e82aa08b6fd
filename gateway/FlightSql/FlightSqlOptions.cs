using System.Net;
using System.Security.Cryptography.X509Certificates;
using Federation.Core.Errors;

namespace Federation.FlightSql;

/// <summary>How the Flight SQL listener behaves.</summary>
public sealed record FlightSqlOptions
{
    /// <summary>Port 0 takes a free one; <see cref="FlightSqlServer.EndPoint"/> tells which.</summary>
    public IPEndPoint EndPoint { get; init; } = new(IPAddress.Loopback, 32010);

    /// <summary>With its private key; null for HTTP/2 without TLS. Not owned.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>A session that no call has used for so long is closed, and its transactions are rolled back.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>The database of clients that send no <c>database</c> header.</summary>
    public string DefaultDatabase { get; init; } = "federation";

    /// <summary>The user of trusted clients that do not say who they are.</summary>
    public string DefaultUser { get; init; } = "federation";

    /// <summary>Told of log-ins that fail: the user, the client's address, and why.</summary>
    public Action<string, EndPoint?, SqlException>? OnLogInFailed { get; init; }
}
