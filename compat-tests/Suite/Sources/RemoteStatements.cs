using System.Globalization;
using Federation.CompatTests.Harness;

namespace Federation.CompatTests.Suite.Sources;

/// <summary>A PostgreSQL server that logs every statement, so that a test can count those that the gateway sends.</summary>
internal sealed class RemoteStatements : IAsyncDisposable
{
    private const string Application = "federation_counted";

    private readonly PostgresServer _server;
    private int _markers;

    private RemoteStatements(PostgresServer server) => _server = server;

    public PostgresServer Server => _server;

    /// <summary>Options of CREATE SERVER that lead here.</summary>
    public string Options =>
        $"host '127.0.0.1', port '{_server.Port.ToString(CultureInfo.InvariantCulture)}', dbname 'postgres', application_name "
            + $"'{Application}'";

    public static async Task<RemoteStatements> StartAsync() =>
        new(await PostgresServer.StartAsync("logging_collector=on", "log_filename=statements", "log_statement=all",
            "log_line_prefix=app=%a "));

    /// <summary>How many statements the gateway has sent until now.</summary>
    public async Task<int> CountAsync() => (await ReadAsync()).Count;

    /// <summary>The statements that the gateway has sent until now, their first lines.</summary>
    public async Task<IReadOnlyList<string>> ReadAsync()
    {
        // The collector writes what it gets in order: once the marker is there, so is all that was sent before.
        var marker = string.Create(CultureInfo.InvariantCulture, $"counted up to {++_markers} here");
        await _server.ExecuteAsync($"SELECT '{marker}'");
        while (true)
        {
            var log = (await _server.QueryAsync("SELECT pg_read_file('log/statements')"))[0]!;
            var end = log.IndexOf(marker, StringComparison.Ordinal);
            if (end >= 0)
                return [.. log[..end].Split('\n')
                    .Where(line => line.StartsWith($"app={Application} LOG:  ", StringComparison.Ordinal)
                        && (line.Contains("LOG:  execute ", StringComparison.Ordinal)
                            || line.Contains("LOG:  statement: ", StringComparison.Ordinal)))];
            await Task.Delay(20);
        }
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
