using System.Globalization;
using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Clients;

/// <summary>psql and libraries of Node run programs on PostgreSQL and on the gateway: both must print the same.</summary>
[Collection(SuiteCollection.Name)]
public sealed class ClientProgramTests(SuiteServers servers)
{
    private const int FewestLines = 10;
    private static readonly string s_folder = Path.Combine(Repository.CompatTests, "clients");

    [Fact]
    public Task Psql_prints_the_same() => CompareAsync(async server =>
    {
        var output = await PsqlAsync(server, "-f", Path.Combine(s_folder, "smoke.psql"));
        // Which source file of the server raised an error is no part of the promise; nor is the version's text.
        return output.Split('\n').Where(line => !line.StartsWith("LOCATION:", StringComparison.Ordinal)).ToList();
    });

    [Fact]
    public Task Psql_describes_the_catalogs_alike() => CompareAsync(async server =>
        // The owner of everything has another name.
        [.. (await PsqlAsync(server, "-f", Path.Combine(s_folder, "catalog.psql")))
            .Replace("federation", "postgres", StringComparison.Ordinal).Split('\n')]);

    /// <summary>COPY FROM STDIN: formats, options and what is wrong with data.</summary>
    [Fact]
    public Task Psql_copies_the_same() => CompareAsync(async server =>
        [.. (await PsqlAsync(server, "-f", Path.Combine(s_folder, "copy_from.psql"))).Split('\n')]);

    /// <summary>Commands whose answers differ by nature, such as lists of servers: they are answered, and with what is there.</summary>
    [Fact]
    public async Task Psql_describes_what_only_the_gateway_has()
    {
        try
        {
            await PsqlAsync(servers.Gateway, "-c", $"CREATE SERVER described FOREIGN DATA WRAPPER files OPTIONS (root '{servers.Files}')");
            var output = await PsqlAsync(servers.Gateway, "-f", Path.Combine(s_folder, "catalog_own.psql"));
            Assert.DoesNotContain("ERROR", output, StringComparison.Ordinal);
            Assert.Contains($"described|{servers.Gateway.User}|files||||(root '{servers.Files}')|", output, StringComparison.Ordinal);
            Assert.Contains("schemaname|name|||", await PsqlAsync(servers.Gateway, "-A", "-c", "\\d pg_views"), StringComparison.Ordinal);
            Assert.DoesNotContain("information_schema", await PsqlAsync(servers.Gateway, "-c", "\\dvS"), StringComparison.Ordinal);
        }
        finally
        {
            await PsqlAsync(servers.Gateway, "-c", "DROP SERVER IF EXISTS described");
        }
    }

    /// <summary>Object mappers over tables that they make, change and look at in a schema of their own.</summary>
    [Theory]
    [InlineData("smoke.js")]
    [InlineData("sequelize.js")]
    [InlineData("knex.js")]
    [InlineData("drizzle.js")]
    [InlineData("prisma.js")]
    public Task Node_programs_print_the_same(string program) => CompareAsync(async server =>
    {
        var url = $"postgres://{server.User}@{server.Host}:{server.Port.ToString(CultureInfo.InvariantCulture)}/{server.Database}";
        var (exitCode, output) = await ProgramRun.RunAsync("node", Path.Combine(s_folder, program), url);
        Assert.True(exitCode == 0, output);
        return [.. output.Split('\n')];
    });

    /// <summary>Tools connect to these before they know any other database.</summary>
    [Theory]
    [InlineData("postgres")]
    [InlineData("template1")]
    public async Task Databases_of_every_server_can_be_connected_to(string database)
    {
        var server = servers.Gateway with { Database = database };
        Assert.Equal($"{database}|t\n",
            await PsqlAsync(server, "-At", "-c",
                "SELECT current_database(), EXISTS (SELECT FROM information_schema.schemata WHERE catalog_name = current_database())"));
        Assert.Contains("template1|t|t",
            await PsqlAsync(server, "-At", "-c", "SELECT datname, datistemplate, datallowconn FROM pg_database"), StringComparison.Ordinal);
        Assert.Contains("database \"template0\" is not currently accepting connections",
            await PsqlAsync(servers.Gateway with { Database = "template0" }, "-c", "SELECT 1"), StringComparison.Ordinal);
    }

    private static async Task<string> PsqlAsync(ServerAddress server, params string[] arguments)
    {
        var port = server.Port.ToString(CultureInfo.InvariantCulture);
        return (await ProgramRun.RunAsync("psql",
            ["-X", "-h", server.Host, "-p", port, "-U", server.User, "-d", server.Database, .. arguments])).Output;
    }

    private Task CompareAsync(Func<ServerAddress, Task<List<string>>> run) => CompareAsync(servers.Postgres, servers.Gateway, run);

    internal static async Task CompareAsync(ServerAddress postgres, ServerAddress gateway, Func<ServerAddress, Task<List<string>>> run)
    {
        var expected = await run(postgres);
        Assert.True(expected.Count > FewestLines, string.Join('\n', expected));
        var actual = await run(gateway);
        var line = Enumerable.Range(0, Math.Max(expected.Count, actual.Count))
            .FirstOrDefault(i => expected.ElementAtOrDefault(i) != actual.ElementAtOrDefault(i), -1);
        Assert.True(line < 0,
            $"line {line + 1} differs\nPostgreSQL: {expected.ElementAtOrDefault(line)}\ngateway:    "
                + $"{actual.ElementAtOrDefault(line)}\n\n{string.Join('\n', actual)}");
    }
}
