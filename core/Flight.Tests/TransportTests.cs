using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Federation.Arrow;
using Federation.Arrow.Ipc;
using Federation.Core.Errors;
using Federation.Flight.Client;
using Federation.Flight.Protocol;
using Federation.Flight.Server;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace Federation.Flight.Tests;

/// <summary>Every method between our client and our server: values, errors, cancellation from both ends, backpressure, TLS.</summary>
public sealed class TransportTests : IAsyncLifetime
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);

    private readonly TestService _service = new();
    private FlightServer _server = null!;
    private FlightClient _client = null!;

    public async Task InitializeAsync()
    {
        _server = new FlightServer(new FlightServerOptions(), _service, NullLoggerFactory.Instance);
        await _server.StartAsync(CancellationToken.None);
        _client = new FlightClient(_server.Address,
            new FlightClientOptions { Headers = new Dictionary<string, string> { ["authorization"] = "Bearer t0ken" } });
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Unary_calls_carry_headers_and_messages()
    {
        var descriptor = new FlightDescriptor { Type = FlightDescriptor.Types.DescriptorType.Path, Path = { "a", "b" } };
        var info = await _client.GetFlightInfoAsync(descriptor);
        Assert.Equal(descriptor, info.FlightDescriptor);
        Assert.Equal(7, info.TotalRecords);
        Assert.Equal("Bearer t0ken", _service.LastContext!.GetHeader("authorization"));
        Assert.Null(_service.LastContext.FindHeader("x-none"));
        Assert.True(IPAddress.IsLoopback(((IPEndPoint)_service.LastContext.Peer!).Address));
        Assert.False(_service.LastContext.IsEncrypted);
        Assert.Equal(TestService.Schema.Message.ToArray(), (await _client.GetSchemaAsync(descriptor)).Schema.ToByteArray());
    }

    [Fact]
    public async Task Streams_of_messages()
    {
        Assert.Equal([0, 1, 2], await _client.ListFlightsAsync(new Criteria()).Select(info => info.TotalRecords).ToListAsync());
        Assert.Equal(["echo 0 x", "echo 1 x", "echo 2 x"],
            await _client.DoActionAsync(Action("echo", "x")).Select(result => result.Body.ToStringUtf8()).ToListAsync());
        Assert.Equal(["echo"], await _client.ListActionsAsync().Select(action => action.Type).ToListAsync());
        Assert.Equal([4UL],
            await _client.HandshakeAsync(new HandshakeRequest { ProtocolVersion = 3 }).Select(response => response.ProtocolVersion)
                .ToListAsync());
    }

    [Fact]
    public async Task Batches_arrive_as_they_were()
    {
        var before = NativeBuffer.LiveBytes;
        var next = 0L;
        await foreach (var batch in _client.ReadBatchesAsync(Ticket("rows 20 5000")))
        {
            using (batch)
                for (var row = 0; row < batch.RowCount; row++, next++)
                {
                    Assert.Equal(next, batch.Columns[0].Get<long>(row));
                    Assert.Equal(next % 7 == 0 ? null : $"row {next}", batch.Columns[1].ReadValue(row));
                }
        }

        Assert.Equal(100_000, next);
        Assert.Equal(before, NativeBuffer.LiveBytes);
    }

    [Fact]
    public async Task Metadata_travels_with_batches()
    {
        var seen = new List<int>();
        await foreach (var data in _client.DoGetAsync(Ticket("rows 3 1")))
            using (data)
                if (data.AppMetadata.Length > 0)
                    seen.Add(BitConverter.ToInt32(data.AppMetadata.Span));
        Assert.Equal([0, 1, 2], seen);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16_384)]
    [InlineData(100_000_000)]
    public async Task Messages_of_any_size(int bytes)
    {
        var count = 0;
        await foreach (var data in _client.DoGetAsync(Ticket($"block {bytes}")))
        {
            using (data)
            {
                Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], data.Header.ToArray());
                Assert.Equal(bytes, data.Body.Length);
                Assert.False(data.Body.Span.ContainsAnyExcept((byte)0x5a));
            }

            count++;
        }

        Assert.Equal(1, count);
    }

    [Fact]
    public async Task Put_answers_while_data_is_sent()
    {
        var results = await _client.DoPutAsync(UploadAsync("table", 5, 1000)).Select(result => result.AppMetadata.ToStringUtf8())
            .ToListAsync();
        Assert.Equal(["1000 m0", "2000 m1", "3000 m2", "4000 m3", "5000 m4"], results);
    }

    [Fact]
    public async Task Exchange_sends_back_what_comes()
    {
        var rows = 0;
        var reader = new IpcBatchReader(TestService.Schema);
        await foreach (var data in _client.DoExchangeAsync(UploadAsync("x", 10, 100)))
            using (data)
                if (data.Body.Length > 0)
                    using (var batch = reader.Read(data.Header.Span, data.TakeBody()))
                        rows += batch!.RowCount;
        Assert.Equal(1000, rows);
    }

    [Theory]
    [InlineData("fail", 0)]
    [InlineData("fail-late", 20)]
    public async Task Errors_arrive_whole(string ticket, int rowsBefore)
    {
        var rows = 0;
        var error = await Assert.ThrowsAsync<SqlException>(async () =>
        {
            await foreach (var batch in _client.ReadBatchesAsync(Ticket(ticket)))
                using (batch)
                    rows += batch.RowCount;
        });
        Assert.Equal(rowsBefore, rows);
        AssertWhole(error);
    }

    [Fact]
    public async Task An_error_of_put_arrives_while_the_client_still_sends()
    {
        AssertWhole(
            await Assert.ThrowsAsync<SqlException>(async () =>
                await _client.DoPutAsync(UploadAsync("refuse", 1000, 10_000)).ToListAsync()));
        // The connection is still good.
        Assert.Equal(7, (await _client.GetFlightInfoAsync(new FlightDescriptor())).TotalRecords);
    }

    [Fact]
    public async Task Defects_and_unknown_methods_have_their_codes()
    {
        var defect = await Assert.ThrowsAsync<SqlException>(async () => await _client.DoGetAsync(Ticket("defect")).ToListAsync());
        Assert.Equal(SqlState.InternalError, defect.State);
        await using var bare = new FlightServer(new FlightServerOptions(), new BareService(), NullLoggerFactory.Instance);
        await bare.StartAsync(CancellationToken.None);
        await using var client = new FlightClient(bare.Address);
        var unsupported = await Assert.ThrowsAsync<SqlException>(async () => await client.DoGetAsync(Ticket("x")).ToListAsync());
        Assert.Equal(SqlState.FeatureNotSupported, unsupported.State);
        Assert.Contains("DoGet", unsupported.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_clients_own_error_stops_put() =>
        Assert.Equal("broken source",
            (await Assert.ThrowsAsync<SqlException>(async () => await _client.DoPutAsync(BrokenAsync()).ToListAsync())).Message);

    [Fact]
    public async Task Cancelling_a_stream_cancels_the_service_soon()
    {
        _service.Reset();
        using var cancel = new CancellationTokenSource();
        var watch = new Stopwatch();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var data in _client.DoGetAsync(Ticket("endless 1000"), cancel.Token))
            {
                data.Dispose();
                if (watch.IsRunning) continue;
                watch.Start();
                await cancel.CancelAsync();
            }
        });
        await _service.Cancelled.Task.WaitAsync(s_soon);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"{watch.Elapsed}");
    }

    [Fact]
    public async Task Leaving_a_stream_cancels_the_service()
    {
        _service.Reset();
        await foreach (var data in _client.DoGetAsync(Ticket("endless 1000")))
        {
            data.Dispose();
            break;
        }

        await _service.Cancelled.Task.WaitAsync(s_soon);
    }

    [Fact]
    public async Task Cancelling_a_call_that_waits_cancels_the_service()
    {
        _service.Reset();
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await _client.DoActionAsync(Action("wait", ""), cancel.Token).ToListAsync());
        await _service.Cancelled.Task.WaitAsync(s_soon);
    }

    [Fact]
    public async Task A_client_that_vanishes_cancels_the_service()
    {
        _service.Reset();
        var client = new FlightClient(_server.Address);
        await using var stream = client.DoGetAsync(Ticket("endless 100000")).GetAsyncEnumerator();
        Assert.True(await stream.MoveNextAsync());
        stream.Current.Dispose();
        await client.DisposeAsync();
        await _service.Cancelled.Task.WaitAsync(s_soon);
    }

    [Fact]
    public async Task Deadlines_are_kept()
    {
        _service.Reset();
        await using var client = new FlightClient(_server.Address,
            new FlightClientOptions { Headers = new Dictionary<string, string> { ["grpc-timeout"] = "200m" } });
        var error = await Assert.ThrowsAsync<SqlException>(async () => await client.DoActionAsync(Action("wait", "")).ToListAsync());
        Assert.Equal(SqlState.QueryCanceled, error.State);
        Assert.Contains("deadline", error.Message, StringComparison.Ordinal);
        await _service.Cancelled.Task.WaitAsync(s_soon);
    }

    [Fact]
    public async Task A_slow_reader_holds_the_service_back()
    {
        _service.Reset();
        const int messageBytes = 1 << 20;
        await using var stream = _client.DoGetAsync(Ticket($"endless {messageBytes}")).GetAsyncEnumerator();
        Assert.True(await stream.MoveNextAsync());
        stream.Current.Dispose();
        await Task.Delay(1000);
        // What is under way: the client's window and pipes, the server's buffer, the message being written.
        Assert.InRange(_service.Sent, 1, 24);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_named()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        await using var client = new FlightClient(new Uri($"http://127.0.0.1:{port}"));
        var error = await Assert.ThrowsAsync<SqlException>(async () => await client.GetFlightInfoAsync(new FlightDescriptor()));
        Assert.Equal(SqlState.ConnectionFailure, error.State);
        Assert.Contains($"127.0.0.1:{port}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_dies_is_a_connection_failure()
    {
        await using var stream = _client.DoGetAsync(Ticket("endless 100000")).GetAsyncEnumerator();
        Assert.True(await stream.MoveNextAsync());
        stream.Current.Dispose();
        await _server.DisposeAsync();
        var error = await Assert.ThrowsAsync<SqlException>(async () =>
        {
            while (await stream.MoveNextAsync()) stream.Current.Dispose();
        });
        Assert.True(error.State == SqlState.ConnectionFailure || error.State == SqlState.AdminShutdown, error.ToString());
    }

    [Fact]
    public async Task Stopping_lets_calls_end()
    {
        await using var stream = _client.DoGetAsync(Ticket("rows 50 5000")).GetAsyncEnumerator();
        Assert.True(await stream.MoveNextAsync());
        stream.Current.Dispose();
        using var limit = new CancellationTokenSource(s_soon);
        var stop = _server.StopAsync(limit.Token);
        var messages = 1;
        for (; await stream.MoveNextAsync(); messages++) stream.Current.Dispose();
        Assert.Equal(51, messages);
        await stop;
    }

    [Fact]
    public async Task Tls()
    {
        using var certificate = Certificate();
        var service = new TestService();
        await using var server = new FlightServer(new FlightServerOptions { Certificate = certificate }, service,
            NullLoggerFactory.Instance);
        await server.StartAsync(CancellationToken.None);
        await using (var client = new FlightClient(server.Address, new FlightClientOptions { TrustedRoots = [certificate] }))
        {
            Assert.Equal(7, (await client.GetFlightInfoAsync(new FlightDescriptor())).TotalRecords);
            Assert.True(service.LastContext!.IsEncrypted);
            Assert.Equal(10, await client.ReadBatchesAsync(Ticket("rows 10 100")).Select(Dispose).CountAsync());
        }

        await using var stranger = new FlightClient(server.Address);
        var error = await Assert.ThrowsAsync<SqlException>(async () => await stranger.GetFlightInfoAsync(new FlightDescriptor()));
        Assert.Equal(SqlState.ConnectionFailure, error.State);
    }

    private static void AssertWhole(SqlException error)
    {
        var expected = TestService.Error();
        Assert.Equal(
            (expected.State, expected.Message, expected.Detail, expected.Hint, expected.Position, expected.Where, expected.TableName,
                expected.Routine),
            (error.State, error.Message, error.Detail, error.Hint, error.Position, error.Where, error.TableName, error.Routine));
    }

    private static int Dispose(Batch batch)
    {
        using (batch) return batch.RowCount;
    }

    private static Ticket Ticket(string text) => new() { Ticket_ = ByteString.CopyFromUtf8(text) };

    private static Protocol.Action Action(string type, string body) => new() { Type = type, Body = ByteString.CopyFromUtf8(body) };

    private static async IAsyncEnumerable<FlightData> UploadAsync(string table, int batches, int rows)
    {
        yield return new FlightData(TestService.Schema) { Descriptor = new FlightDescriptor { Path = { table } }.ToByteArray() };
        var writer = new IpcBatchWriter(TestService.Schema);
        for (var i = 0; i < batches; i++)
        {
            await Task.Yield();
            using var batch = TestService.Rows(i * rows, rows);
            yield return new FlightData(writer.Encode(batch)) { AppMetadata = System.Text.Encoding.UTF8.GetBytes($"m{i}") };
        }
    }

    private static async IAsyncEnumerable<FlightData> BrokenAsync()
    {
        yield return new FlightData(TestService.Schema) { Descriptor = new FlightDescriptor { Path = { "x" } }.ToByteArray() };
        await Task.Yield();
        throw new SqlException(SqlState.DataException, "broken source");
    }

    private static X509Certificate2 Certificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    private sealed class BareService : FlightService;
}
