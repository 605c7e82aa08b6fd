using System.Globalization;
using System.Text;
using Federation.Core.Errors;
using Federation.Flight.Client;
using Federation.Flight.Protocol;
using Federation.Host;
using Microsoft.Extensions.Logging.Abstractions;

namespace Federation.CompatTests.Suite.Clients;

/// <summary>Arrow Flight SQL: clients of other makers against the gateway, and who is let in.</summary>
[Collection(SuiteCollection.Name)]
public sealed class FlightSqlTests(SuiteServers servers)
{
    /// <summary>gRPC for JavaScript, apache-arrow and the Rust client; rows are compared with those of the PostgreSQL protocol.</summary>
    [Fact]
    public async Task Client_programs_pass()
    {
        var gateway = servers.Gateway;
        var url = $"postgres://{gateway.User}@{gateway.Host}:{gateway.Port.ToString(CultureInfo.InvariantCulture)}/{gateway.Database}";
        var script = Path.Combine(Repository.CompatTests, "clients", "flight", "smoke.js");
        var (exitCode, output) =
            await ProgramRun.RunAsync("node", script, gateway.Host, servers.Flight.Port.ToString(CultureInfo.InvariantCulture), url);
        Assert.True(exitCode == 0, output);
        Assert.Contains("14 of 14 checks passed", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Passwords_are_those_of_the_PostgreSQL_protocol()
    {
        var folder = Directory.CreateTempSubdirectory("federation-flight-").FullName;
        try
        {
            await Roles.AddAsync(folder, "ada", "secret");
            var options = new ServeOptions
                { Port = 0, FlightPort = 0, DataDirectory = folder, MemoryLimitBytes = InProcess.MemoryLimitBytes };
            await using var gateway = await Gateway.StartAsync(options, NullLoggerFactory.Instance, CancellationToken.None);
            var address = new Uri($"http://{gateway.FlightEndPoint}");
            Assert.Equal("28000", await FailureAsync(address, null));
            Assert.Equal("28P01", await FailureAsync(address, Basic("ada", "wrong")));
            Assert.Equal("28P01", await FailureAsync(address, Basic("nobody", "secret")));
            Assert.Equal("28000", await FailureAsync(address, "Bearer nonsense"));
            Assert.Null(await FailureAsync(address, Basic("ada", "secret")));

            await using var client = Client(address, Basic("ada", "secret"));
            var token = (await client.HandshakeAsync(new HandshakeRequest()).FirstAsync()).Payload.ToStringUtf8();
            Assert.Null(await FailureAsync(address, $"Bearer {token}"));
            await using (var holder = Client(address, $"Bearer {token}"))
                Assert.Equal(1, await holder.DoActionAsync(new Flight.Protocol.Action { Type = "CloseSession" }).CountAsync());
            Assert.Equal("28000", await FailureAsync(address, $"Bearer {token}"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The SQLSTATE of a call that needs a session; null when it succeeds.</summary>
    private static async Task<string?> FailureAsync(Uri address, string? authorization)
    {
        await using var client = Client(address, authorization);
        try
        {
            Assert.Equal(1, await client.DoActionAsync(new Flight.Protocol.Action { Type = "GetSessionOptions" }).CountAsync());
            return null;
        }
        catch (SqlException error)
        {
            return error.State.Code;
        }
    }

    private static FlightClient Client(Uri address, string? authorization) =>
        new(address,
            new FlightClientOptions { Headers = authorization is null
                ? new Dictionary<string, string>()
                : new Dictionary<string, string> { ["authorization"] = authorization } });

    private static string Basic(string user, string password) =>
        $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"))}";
}
