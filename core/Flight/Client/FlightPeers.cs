using System.Collections.Concurrent;

namespace Federation.Flight.Client;

/// <summary>The clients of the other processes of a cluster, one for each address, made when first used. Thread-safe.</summary>
/// <param name="headers">Sent with each call.</param>
public sealed class FlightPeers(IReadOnlyDictionary<string, string> headers) : IAsyncDisposable
{
    // A worker on a machine that is there answers at once; one that does not is lost.
    private static readonly TimeSpan s_connectTimeout = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<string, Lazy<FlightClient>> _clients = new(StringComparer.Ordinal);

    /// <param name="address"><c>host:port</c></param>
    public FlightClient Get(string address) => _clients.GetOrAdd(
        address,
        _ => new Lazy<FlightClient>(() => new FlightClient(new Uri($"http://{address}"),
            new FlightClientOptions { Headers = headers, ConnectTimeout = s_connectTimeout }))).Value;

    /// <summary>Closes the client of a process that is gone; its calls end with 08003.</summary>
    public async ValueTask ForgetAsync(string address)
    {
        if (_clients.TryRemove(address, out var client) && client.IsValueCreated) await client.Value.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var address in _clients.Keys) await ForgetAsync(address);
    }
}
