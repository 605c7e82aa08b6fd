using Federation.CompatTests.Suite.Clients;
using Federation.CompatTests.Suite.Faults;
using Npgsql;

namespace Federation.CompatTests.Suite.Rights;

/// <summary>Who may log in, until when, and what `federation user` makes of a user.</summary>
public sealed class LogInTests(RightsGateway gateway) : IClassFixture<RightsGateway>
{
    [Theory]
    [InlineData("2000-01-01", false)]
    [InlineData("1999-12-31 23:59:59+00", false)]
    [InlineData("-infinity", false)]
    [InlineData("2999-01-01", true)]
    [InlineData("infinity", true)]
    public async Task A_password_ends_when_its_role_says(string end, bool works)
    {
        var name = $"until_{Guid.NewGuid():N}";
        await using var root = await gateway.ConnectAsync("root");
        await ExecuteAsync(root, $"CREATE ROLE {name} LOGIN PASSWORD '{name}' VALID UNTIL '{end}'");
        if (works)
        {
            await (await gateway.ConnectAsync(name)).DisposeAsync();
            await ExecuteAsync(root, $"ALTER ROLE {name} VALID UNTIL '2000-01-01'");
        }

        Assert.Equal("28P01", (await Assert.ThrowsAsync<PostgresException>(() => gateway.ConnectAsync(name))).SqlState);
        await gateway.LineAsync($"log-in of user \"{name}\"", "28P01");
        await ExecuteAsync(root, $"ALTER ROLE {name} VALID UNTIL 'infinity'");
        await using var connection = await gateway.ConnectAsync(name);

        // Only log-ins are refused; who is in stays.
        await ExecuteAsync(root, $"ALTER ROLE {name} VALID UNTIL '2000-01-01'");
        await ExecuteAsync(connection, "SELECT 1");
        await connection.CloseAsync();
        await ExecuteAsync(root, $"DROP ROLE {name}");
    }

    [Fact]
    public async Task The_user_command_makes_changes_and_removes_users()
    {
        var data = Directory.CreateTempSubdirectory("federation-user-").FullName;
        try
        {
            Assert.Equal((0, "created user ann"), await UserAsync(data, "secret", "ann"));
            Assert.Equal((0, "created user ben, who is no superuser"), await UserAsync(data, "secret", "ben", "--superuser", "false"));
            Assert.Equal((0, "changed the password of ben, who is no superuser"), await UserAsync(data, "other", "ben"));
            Assert.Equal((0, "created user cy"), await UserAsync(data, "secret", "cy", "--superuser", "true"));
            Assert.Equal((1, "federation: the password must not be empty"), await UserAsync(data, "", "dan"));
            Assert.Equal((1, "federation: role name \"pg_x\" is reserved"), await UserAsync(data, "secret", "pg_x"));
            var (code, text) = await UserAsync(data, "", "nobody", "--remove");
            Assert.Equal(1, code);
            Assert.StartsWith("federation: ", text, StringComparison.Ordinal);
            await using (var process = await GatewayProcess.StartAsync(data))
            {
                Assert.Equal("t,t,f,f", await RolesAsync(process, "cy", "secret"));
                Assert.Equal("28P01", (await Assert.ThrowsAsync<PostgresException>(() => RolesAsync(process, "ben", "secret"))).SqlState);
                Assert.Equal("t,t,f,f", await RolesAsync(process, "ben", "other"));
            }

            Assert.Equal(0, (await UserAsync(data, "", "cy", "--remove")).ExitCode);
            await using (var process = await GatewayProcess.StartAsync(data))
                Assert.Equal("28P01", (await Assert.ThrowsAsync<PostgresException>(() => RolesAsync(process, "cy", "secret"))).SqlState);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    /// <summary>Whether ann and cy, then ben are superusers, and whether there is another one that logs in.</summary>
    private static async Task<string> RolesAsync(GatewayProcess process, string user, string password)
    {
        await using var connection =
            new NpgsqlConnection((process.Address with { User = user }).ConnectionString + $";Password={password};Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            "SELECT concat_ws(',', bool_and(rolsuper) FILTER (WHERE rolname = 'ann'), bool_and(rolsuper) FILTER (WHERE rolname = 'cy'), "
                + "bool_or(rolsuper) FILTER (WHERE rolname = 'ben'), "
            + "bool_or(rolname IN ('dan', 'pg_x', 'nobody'))) FROM pg_roles",
            connection);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private static async Task<(int ExitCode, string Output)> UserAsync(string data, string password, params string[] arguments)
    {
        var (code, output) = await ProgramRun.RunWithInputAsync("dotnet", password + "\n",
            [Path.Combine(AppContext.BaseDirectory, "federation.dll"), "user", "--data", data, .. arguments]);
        return (code, output.Trim());
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
