using Federation.Core.Types;
using Federation.Core.Values;
using Federation.PgWire.Authentication;
using Federation.PgWire.Tests.Fakes;
using Federation.SessionApi;
using Npgsql;
using NpgsqlTypes;

namespace Federation.PgWire.Tests;

/// <summary>A real driver, which reads results in binary only, against canned results.</summary>
public sealed class NpgsqlTests
{
    public static TheoryData<string, object?> Values => new()
    {
        { "bool", true },
        { "int2", (short)-7 },
        { "int4", 42 },
        { "int8", long.MinValue },
        { "float4", 1.5f },
        { "float8", -2.25 },
        { "text", "h\u00e9llo" },
        { "bytea", new byte[] { 0, 1, 255 } },
        { "uuid", Guid.Parse("00112233-4455-6677-8899-aabbccddeeff") },
        { "date", new DateOnly(2024, 2, 29) },
        { "time", new TimeOnly(4, 5, 6, 789) },
        { "timestamp", new DateTime(2024, 1, 5, 10, 11, 12, DateTimeKind.Unspecified) },
        { "timestamptz", new DateTime(1999, 12, 31, 23, 59, 59, DateTimeKind.Utc) },
        { "numeric", 12345.6700m },
        { "numeric", -0.00012m },
        { "numeric", 100000000m },
        { "int4[]", new[] { 1, 2, 3 } },
        { "text[]", new[] { "a", "b,\"c\"", "" } },
        { "jsonb", """{"a": 1}""" },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public async Task Parameters_come_back_as_they_were_sent(string type, object? value)
    {
        await using var server = await TestServer.StartAsync();
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"echo {type}", connection);
        var parameter = new NpgsqlParameter { Value = value };
        if (type == "jsonb") parameter.NpgsqlDbType = NpgsqlDbType.Jsonb;
        command.Parameters.Add(parameter);
        await using var reader = await command.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
        var read = type switch
        {
            "date" => reader.GetFieldValue<DateOnly>(0),
            "time" => reader.GetFieldValue<TimeOnly>(0),
            _ => reader.GetValue(0),
        };
        Assert.Equal(value, read);
    }

    [Fact]
    public async Task Decimals_are_sent_as_numeric()
    {
        await using var server = await TestServer.StartAsync();
        string[] texts = ["0.00", "1.00", "-12345678.90", "99999999999999999999999999.99", "0.01", "10000.00", "-0.10"];
        server.Factory.Results.Add(
            "decimals", SqlType.NumericOf(28, 2), texts.Select(text => (object?)NumberText.ParseNumeric(text)).ToArray());
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("decimals", connection);
        await using var reader = await command.ExecuteReaderAsync();
        foreach (var text in texts)
        {
            Assert.True(await reader.ReadAsync());
            Assert.Equal(text, reader.GetDecimal(0).ToString(System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public async Task Large_results_arrive_whole()
    {
        await using var server = await TestServer.StartAsync();
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("rows 200000", connection);
        await using var reader = await command.ExecuteReaderAsync();
        var expected = 0;
        while (await reader.ReadAsync())
        {
            Assert.Equal(++expected, reader.GetInt32(0));
            Assert.Equal(expected % 10 == 0, await reader.IsDBNullAsync(1));
        }

        Assert.Equal(200_000, expected);
    }

    [Fact]
    public async Task Errors_carry_their_fields()
    {
        await using var server = await TestServer.StartAsync();
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("fail", connection);
        var error = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync());
        Assert.Equal(("22012", "division by zero", "int4div", 3), (error.SqlState, error.MessageText, error.Routine, error.Position));
    }

    [Theory]
    [InlineData("secret", true)]
    [InlineData("wrong", false)]
    public async Task Scram_checks_the_password(string password, bool succeeds)
    {
        var factory = new FakeSessionFactory { Demand = new AuthenticationDemand.Scram(ScramVerifiers.Create("secret")) };
        await using var server = await TestServer.StartAsync(factory);
        await AssertLoginAsync(server.ConnectionString + ";Password=" + password, succeeds);
    }

    [Fact]
    public async Task Unknown_users_fail_only_at_the_end()
    {
        await using var server = await TestServer.StartAsync(new FakeSessionFactory { Demand = new AuthenticationDemand.Scram(null) });
        await AssertLoginAsync(server.ConnectionString + ";Password=secret", succeeds: false);
    }

    [Theory]
    [InlineData("Prefer", "Postgres")]
    [InlineData("Require", "Postgres")]
    [InlineData("Require", "Direct")]
    public async Task Tls_is_negotiated_or_direct(string mode, string negotiation)
    {
        using var certificate = TestCertificate.Create();
        await using var server = await TestServer.StartAsync(tls: new TlsOptions(certificate));
        var text = server.ConnectionString.Replace(
            "SSL Mode=Disable", $"SSL Mode={mode};SSL Negotiation={negotiation}", StringComparison.Ordinal);
        await AssertLoginAsync(text, succeeds: true);
        Assert.True(server.Factory.LastOrigin!.IsEncrypted);
    }

    [Theory]
    [InlineData("secret", true)]
    [InlineData("wrong", false)]
    public async Task Scram_binds_to_the_certificate(string password, bool succeeds)
    {
        using var certificate = TestCertificate.Create();
        var factory = new FakeSessionFactory { Demand = new AuthenticationDemand.Scram(ScramVerifiers.Create("secret")) };
        await using var server = await TestServer.StartAsync(factory, new TlsOptions(certificate));
        var text = server.ConnectionString.Replace(
            "SSL Mode=Disable", "SSL Mode=Require;Channel Binding=Require", StringComparison.Ordinal);
        await AssertLoginAsync($"{text};Password={password}", succeeds);
    }

    [Theory]
    [InlineData("token", true)]
    [InlineData("other", false)]
    public async Task Clear_passwords_work_under_tls(string password, bool succeeds)
    {
        using var certificate = TestCertificate.Create();
        var factory = new FakeSessionFactory { Demand = new AuthenticationDemand.ClearPassword(ScramVerifiers.Create("token")) };
        await using var server = await TestServer.StartAsync(factory, new TlsOptions(certificate));
        await AssertLoginAsync(
            server.ConnectionString.Replace(
                "SSL Mode=Disable", $"SSL Mode=Require;Password={password}", StringComparison.Ordinal), succeeds);
    }

    private static async Task AssertLoginAsync(string connectionString, bool succeeds)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        if (succeeds)
        {
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand("rows 1", connection);
            Assert.Equal(1, await command.ExecuteScalarAsync());
            return;
        }

        var error = await Assert.ThrowsAsync<PostgresException>(() => connection.OpenAsync());
        Assert.Equal(("28P01", "password authentication failed for user \"tester\""), (error.SqlState, error.MessageText));
    }
}
