using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Federation.CompatTests.Suite.Protocol;
using Federation.Core.Errors;
using Federation.Flight.Client;
using Federation.Flight.Protocol;
using Federation.Host;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace Federation.CompatTests.Suite.Clients;

/// <summary>What the options of `federation serve` do to the Flight SQL listener: encryption, idle sessions, no listener at all.</summary>
[Collection(SuiteCollection.Name)]
public sealed class FlightListenerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("federation-flight-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>gRPC for JavaScript, with a password, which only an encrypted connection may carry beyond this machine.</summary>
    [Fact]
    public async Task Tls_serves_who_trusts_the_certificate_and_nobody_else()
    {
        var pem = WriteCertificate();
        await Roles.AddAsync(_folder, "ada", "secret");
        await using var gateway = await StartAsync(Options() with { CertificatePath = pem });
        var script = Path.Combine(Repository.CompatTests, "clients", "flight", "tls.js");
        var (exitCode, output) = await ProgramRun.RunAsync("node", script, "127.0.0.1",
            gateway.FlightEndPoint!.Port.ToString(CultureInfo.InvariantCulture), pem, "ada", "secret");
        Assert.Equal(0, exitCode);
        // What node says of itself follows on its error stream.
        Assert.Equal(["trusting: 1 aaa, 2 bbb, 3 ccc", "distrusting: unavailable", "plain: unavailable"],
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Take(3));
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData(null)]
    public async Task A_certificate_that_cannot_be_read_is_named(string? content)
    {
        var path = Path.Combine(_folder, "gateway.pem");
        if (content is not null) await File.WriteAllTextAsync(path, content);
        var error = await Assert.ThrowsAsync<SqlException>(() => StartAsync(Options() with { CertificatePath = path }));
        Assert.StartsWith($"could not read the certificate \"{path}\"", error.Message, StringComparison.Ordinal);
    }

    /// <summary>A session that nobody uses ends with what it has not committed, also one that its client still holds a token of.</summary>
    [Fact]
    public async Task Idle_sessions_end_and_roll_back()
    {
        await using var gateway = await StartAsync(Options() with { FlightIdleTimeout = TimeSpan.FromSeconds(6) });
        var address = new Uri($"http://{gateway.FlightEndPoint}");
        string token;
        await using (var login = new FlightClient(address, new FlightClientOptions()))
            token = (await login.HandshakeAsync(new HandshakeRequest()).FirstAsync()).Payload.ToStringUtf8();
        await using var client = new FlightClient(address,
            new FlightClientOptions { Headers = new Dictionary<string, string> { ["authorization"] = $"Bearer {token}" } });
        await UpdateAsync(client, "BEGIN");
        await UpdateAsync(client, "CREATE SERVER half FOREIGN DATA WRAPPER tpch");

        // Calls keep a session alive for longer than the timeout; pauses do not.
        for (var i = 0; i < 16; i++)
        {
            await Task.Delay(400);
            Assert.Equal(1, await client.DoActionAsync(new Flight.Protocol.Action { Type = "GetSessionOptions" }).CountAsync());
        }

        await using var postgres =
            await RawClient.ConnectAsync(new ServerAddress("127.0.0.1", gateway.EndPoint.Port, "federation", "federation"));
        const string Others = "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";
        Assert.Equal(["1"], await postgres.RowsAsync(Others));
        for (var waited = 0; (await postgres.RowsAsync(Others))[0] != "0"; waited++)
        {
            Assert.True(waited < 600, "the session has not ended");
            await Task.Delay(100);
        }

        var error = await Assert.ThrowsAsync<SqlException>(async () =>
            await client.DoActionAsync(new Flight.Protocol.Action { Type = "GetSessionOptions" }).CountAsync());
        Assert.Equal((SqlState.InvalidAuthorizationSpecification, "the session does not exist or has expired"),
            (error.State, error.Message));

        Assert.Equal("0", (await postgres.QueryAsync("SELECT count(*) FROM pg_foreign_server WHERE srvname = 'half'")).Rows[0][0]);
    }

    [Fact]
    public async Task The_listener_can_be_left_out()
    {
        await using var gateway = await StartAsync(Options() with { FlightPort = -1 });
        Assert.Null(gateway.FlightEndPoint);
        await using var postgres =
            await RawClient.ConnectAsync(new ServerAddress("127.0.0.1", gateway.EndPoint.Port, "federation", "federation"));
        Assert.Equal("1", (await postgres.QueryAsync("SELECT 1")).Rows[0][0]);
    }

    private ServeOptions Options() =>
        new() { Port = 0, FlightPort = 0, DataDirectory = _folder, MemoryLimitBytes = InProcess.MemoryLimitBytes };

    private static Task<Gateway> StartAsync(ServeOptions options) =>
        Gateway.StartAsync(options, NullLoggerFactory.Instance, CancellationToken.None).AsTask();

    /// <summary>A certificate of this machine's loopback address, signed by itself, and its key, in one PEM file.</summary>
    private string WriteCertificate()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=federation", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var path = Path.Combine(_folder, "gateway.pem");
        File.WriteAllText(path, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n");
        return path;
    }

    private static async Task UpdateAsync(FlightClient client, string sql)
    {
        using var command = new MemoryStream();
        using (var writer = new CodedOutputStream(command))
        {
            // CommandStatementUpdate.query
            writer.WriteTag(1, WireFormat.WireType.LengthDelimited);
            writer.WriteString(sql);
        }

        var packed =
            new Google.Protobuf.WellKnownTypes.Any { TypeUrl = "type.googleapis.com/arrow.flight.protocol.sql.CommandStatementUpdate",
                Value = ByteString.CopyFrom(command.ToArray()) };
        var descriptor = new FlightDescriptor { Type = FlightDescriptor.Types.DescriptorType.Cmd, Cmd = packed.ToByteString() };
        Flight.FlightData[] messages = [new Flight.FlightData(ReadOnlyMemory<byte>.Empty, ReadOnlyMemory<byte>.Empty)
            { Descriptor = descriptor.ToByteArray() }];
        Assert.Equal(1, await client.DoPutAsync(messages.ToAsyncEnumerable()).CountAsync());
    }
}
