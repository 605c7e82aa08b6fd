using System.Net;
using Federation.CompatTests.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace Federation.PgWire.Tests.Fakes;

/// <summary>A server over fake sessions on a free port.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private TestServer(PgServer server, FakeSessionFactory factory)
    {
        Server = server;
        Factory = factory;
    }

    public PgServer Server { get; }

    public FakeSessionFactory Factory { get; }

    public int Port => ((IPEndPoint)Server.EndPoint).Port;

    public WireTarget Target => new("127.0.0.1", Port, "tester", "tests");

    public string ConnectionString =>
        $"Host=127.0.0.1;Port={Port};Username=tester;Database=tests;Server Compatibility Mode=NoTypeLoading;Pooling=false;SSL Mode=Disable";

    public static async Task<TestServer> StartAsync(
        FakeSessionFactory? factory = null, TlsOptions? tls = null, Func<PgServerOptions, PgServerOptions>? configure = null)
    {
        factory ??= new FakeSessionFactory();
        var options = new PgServerOptions { EndPoint = new IPEndPoint(IPAddress.Loopback, 0), Tls = tls,
            DisconnectGrace = TimeSpan.FromMilliseconds(50) };
        var server = new PgServer(configure is null ? options : configure(options), factory, NullLoggerFactory.Instance);
        await server.StartAsync(CancellationToken.None);
        return new TestServer(server, factory);
    }

    /// <summary>Plays an inline script and fails with its first difference.</summary>
    public async Task PlayAsync(string script)
    {
        var mismatches = await new WireRunner(Target).RunAsync(WireScript.Parse("inline", script));
        Assert.True(mismatches.Count == 0, string.Join("\n\n", mismatches));
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
