using System.Globalization;
using Federation.CompatTests.Suite.Faults;
using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Slt;

namespace Federation.CompatTests.Suite.Clients;

/// <summary>
/// Programs of drivers and tools over the tables of compat-tests/attached, on PostgreSQL and on a gateway where the database of the same
/// name is that server: both must print the same.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class ToolProgramTests(SuiteServers servers) : IAsyncLifetime
{
    private static readonly string s_folder = Path.Combine(Repository.CompatTests, "clients");
    private readonly string _data = Directory.CreateTempSubdirectory("federation-tools-").FullName;
    private GatewayProcess? _gateway;

    public async Task InitializeAsync() => _gateway = await GatewayProcess.StartAsync(_data);

    public async Task DisposeAsync()
    {
        if (_gateway is not null) await _gateway.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    [Theory]
    [InlineData("/usr/bin/python3", "asyncpg_client.py")]
    [InlineData("/usr/bin/python3", "sqlalchemy_client.py")]
    [InlineData("java", "-cp", "/usr/share/java/postgresql.jar", "Metadata.java")]
    [InlineData("node", "typeorm.js")]
    [InlineData("node", "kysely.js")]
    public async Task Tools_print_the_same(string program, params string[] arguments)
    {
        var database = await servers.GetAttachedDatabaseAsync();
        await AttachedTests.AttachAsync(database, _gateway!.Address);
        string[] fixedArguments = [.. arguments[..^1], Path.Combine(s_folder, arguments[^1])];
        await ClientProgramTests.CompareAsync(database, _gateway.Address with { Database = database.Database, User = database.User },
            async server =>
        {
            var port = server.Port.ToString(CultureInfo.InvariantCulture);
            string[] target = program switch
            {
                "java" => [$"jdbc:postgresql://{server.Host}:{port}/{server.Database}", server.User],
                "node" => [$"postgres://{server.User}@{server.Host}:{port}/{server.Database}"],
                _ => [server.Host, port, server.User, server.Database],
            };
            var (exitCode, output) = await ProgramRun.RunAsync(program, [.. fixedArguments, .. target]);
            Assert.True(exitCode == 0, output);
            return [.. output.Split('\n')];
        });
    }
}
