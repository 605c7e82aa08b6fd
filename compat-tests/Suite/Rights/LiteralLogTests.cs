using Npgsql;

namespace Federation.CompatTests.Suite.Rights;

/// <summary>What a gateway that was told to log literals logs: values and the texts of errors, but no password.</summary>
public sealed class LiteralLogTests(LiteralLogTests.LiteralGateway gateway) : IClassFixture<LiteralLogTests.LiteralGateway>
{
    public sealed class LiteralGateway : RightsGateway
    {
        protected override bool LogsLiterals => true;
    }

    [Theory]
    [InlineData("SELECT 'shown-1'::int", "failed with 22P02", "SELECT 'shown-1'::int",
        "invalid input syntax for type integer: \"shown-1\"")]
    [InlineData("SELECT 1 FROM nowhere WHERE a = 'shown-2'", "failed with 42P01", "'shown-2'", "relation \"nowhere\" does not exist")]
    [InlineData("SELECT 1 / (length('shown-3') - 7)", "failed with 22012", "'shown-3'", "division by zero")]
    public async Task Values_and_errors_are_logged(string sql, params string[] texts)
    {
        await using var root = await gateway.ConnectAsync("root");
        await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(root, sql));
        await gateway.LineAsync(texts);
    }

    [Theory]
    [InlineData("CREATE ROLE hidden LOGIN PASSWORD 'secret-1'", "CREATE ROLE hidden LOGIN PASSWORD ?")]
    [InlineData("ALTER ROLE hidden PASSWORD 'secret-2'", "ALTER ROLE hidden PASSWORD ?")]
    [InlineData("CREATE USER MAPPING FOR root SERVER nowhere OPTIONS (user 'secret-3', password 'secret-4')",
        "OPTIONS (user ?, password ?)")]
    [InlineData("CREATE ROLE broken LOGIN PASSWORD 'secret-5' NONSENSE", "CREATE ROLE broken LOGIN PASSWORD ?")]
    public async Task Passwords_never_are(string sql, string shown)
    {
        await using var root = await gateway.ConnectAsync("root");
        try
        {
            await ExecuteAsync(root, sql);
        }
        catch (PostgresException error)
        {
            Assert.NotEqual("XX000", error.SqlState);
        }

        await gateway.LineAsync(shown);
        Assert.DoesNotContain(gateway.Lines, line => line.Contains("secret", StringComparison.Ordinal));
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
