using System.Net;
using Federation.Core.Errors;
using Federation.Flight.Grpc;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Federation.Flight.Server;

/// <summary>Serves one <see cref="FlightService"/> over gRPC on Kestrel: HTTP/2, with or without TLS.</summary>
public sealed class FlightServer : IAsyncDisposable
{
    private const int MaxFrameBytes = 1 << 20;

    private readonly FlightServerOptions _options;
    private readonly FlightService _service;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly WebApplication _application;
    private readonly CancellationTokenSource _stopping = new();
    private IPEndPoint? _endPoint;
    private int _isDisposed;

    /// <param name="loggers">Not owned.</param>
    public FlightServer(FlightServerOptions options, FlightService service, ILoggerFactory loggers, TimeProvider? clock = null)
    {
        _options = options;
        _service = service;
        _clock = clock ?? TimeProvider.System;
        _logger = loggers.CreateLogger<FlightServer>();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, LargeBlockPool.Factory>();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseSockets(sockets =>
        {
            sockets.UnsafePreferInlineScheduling = true;
            sockets.MaxWriteBufferSize = MaxFrameBytes;
        });
        if (options.Certificate is not null) builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(Configure);
        _application = builder.Build();
        _application.Run(HandleAsync);
    }

    /// <summary>Where the server listens, with the port it got.</summary>
    public IPEndPoint EndPoint => _endPoint ?? _options.EndPoint;

    /// <summary>The address as clients name it.</summary>
    public Uri Address => new($"{(_options.Certificate is null ? "http" : "https")}://{EndPoint}");

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _application.StartAsync(cancellationToken);
        var addresses = _application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        _endPoint = new IPEndPoint(_options.EndPoint.Address, new Uri(addresses.First()).Port);
        Log.Listening(_logger, _endPoint);
    }

    /// <summary>Takes no new calls and lets the running ones end until the token is cancelled, then cuts them.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await using var cut = cancellationToken.Register(static source => ((CancellationTokenSource)source!).Cancel(), _stopping);
        await _application.StopAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        await _stopping.CancelAsync();
        await _application.DisposeAsync();
        _stopping.Dispose();
    }

    private void Configure(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = null;
        // Slow readers are normal here; dead ones are found by pings.
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.MaxResponseBufferSize = _options.ResponseBufferBytes;
        kestrel.Limits.Http2.MaxStreamsPerConnection = _options.MaxCallsPerConnection;
        kestrel.Limits.Http2.InitialStreamWindowSize = _options.RequestWindowBytes;
        kestrel.Limits.Http2.InitialConnectionWindowSize = 4 * _options.RequestWindowBytes;
        kestrel.Limits.Http2.MaxFrameSize = MaxFrameBytes;
        kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        kestrel.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(20);
        kestrel.Listen(_options.EndPoint, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            if (_options.Certificate is { } certificate) listen.UseHttps(certificate);
        });
    }

    private async Task HandleAsync(HttpContext http)
    {
        if (!HttpMethods.IsPost(http.Request.Method)
            || http.Request.ContentType?.StartsWith("application/grpc", StringComparison.Ordinal) != true)
        {
            http.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }

        if (FlightMethods.Find(http.Request.Path.Value ?? "") is { } method)
        {
            await new FlightCall(http, _options, _clock, _logger, _stopping.Token).RunAsync(_service, method);
            return;
        }

        http.Response.ContentType = "application/grpc";
        var error = new SqlException(SqlState.FeatureNotSupported, $"there is no method {http.Request.Path}");
        foreach (var (name, value) in ErrorTrailers.Of(error)) http.Response.AppendTrailer(name, value);
    }

    /// <summary>Signals are the process's own business.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
