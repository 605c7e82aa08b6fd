using Federation.CompatTests.Suite.Protocol;
using Npgsql;
using NpgsqlTypes;

namespace Federation.CompatTests.Suite.Clients;

/// <summary>
/// Parameters of every type: in text through the raw protocol and in binary through Npgsql, as <c>SELECT $1::type</c> and in a predicate.
/// The value must come back as PostgreSQL gives it back.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class ParameterTypeTests(SuiteServers servers)
{
    /// <summary>Type, a value of it, a greater one; both as text.</summary>
    public static TheoryData<string, string, string> Types => new()
    {
        { "boolean", "f", "t" },
        { "smallint", "-32768", "32767" },
        { "integer", "-2147483648", "2147483647" },
        { "bigint", "-9223372036854775808", "9223372036854775807" },
        { "real", "-1.5", "3.4028235e+38" },
        { "double precision", "0.1", "1.7976931348623157e+308" },
        { "numeric", "-1234567890.0123456789", "99999999999999999999.5" },
        { "numeric(12,3)", "1.500", "2.250" },
        { "text", "", "héllo \\ 'quoted'" },
        { "varchar(10)", "a", "b" },
        { "character(4)", "ab  ", "b   " },
        { "bytea", "\\x00", "\\xdeadbeef" },
        { "date", "0001-01-01 BC", "2024-02-29" },
        { "time", "00:00:00", "23:59:59.999999" },
        { "timestamp", "1999-12-31 23:59:59.999999", "2024-02-29 12:00:00" },
        { "timestamptz", "2024-02-29 12:00:00+00", "2024-02-29 12:00:00.000001+00" },
        { "interval", "1 day", "1 year 2 mons 3 days 04:05:06.789" },
        { "uuid", "00112233-4455-6677-8899-aabbccddeeff", "ffffffff-ffff-ffff-ffff-ffffffffffff" },
        { "jsonb", "{\"a\": [1, null]}", "{\"a\": 1, \"b\": 2}" },
        { "integer[]", "{1,NULL,3}", "{2}" },
        { "text[]", "{a,\"b c\",NULL,\"\"}", "{b}" },
        { "numeric[]", "{1.50,2}", "{2}" },
        { "boolean[]", "{f}", "{t}" },
        { "timestamptz[]", "{\"2024-01-01 00:00:00+00\"}", "{\"2024-01-02 00:00:00+00\"}" },
        { "oid", "0", "4294967295" },
    };

    [Theory]
    [MemberData(nameof(Types))]
    public async Task Text_parameter(string type, string low, string high)
    {
        await using var oracle = await RawClient.ConnectAsync(servers.Postgres);
        await using var subject = await RawClient.ConnectAsync(servers.Gateway);
        foreach (var (sql, parameters) in (IEnumerable<(string, string?[])>)
        [
            ($"SELECT $1::{type}", [low]), ($"SELECT $1::{type}", [high]), ($"SELECT $1::{type}", [null]),
            ($"SELECT x FROM (VALUES ('{low.Replace("'", "''", StringComparison.Ordinal)}'::{type})) t(x) WHERE x = $1", [low]),
            ($"SELECT x FROM (VALUES ('{low.Replace("'", "''", StringComparison.Ordinal)}'::{type})) t(x) WHERE x < $1", [high]),
            ($"SELECT x FROM (VALUES ('{low.Replace("'", "''", StringComparison.Ordinal)}'::{type})) t(x) WHERE x IN ($1, $2)",
                [high, low]),
        ])
        {
            var (expected, actual) = (await oracle.ExecuteAsync(sql, parameters), await subject.ExecuteAsync(sql, parameters));
            Assert.Null(expected.Error);
            Assert.Single(expected.Rows);
            Assert.True(actual.Error is null, $"{sql}: {actual.Error}");
            Assert.Equal(expected.Rows[0], Assert.Single(actual.Rows));
            Assert.Equal(expected.Columns, actual.Columns);
        }
    }

    /// <summary>
    /// The value is read in binary from PostgreSQL, sent in binary to the gateway, and must come back in binary the same.
    /// </summary>
    [Theory]
    [MemberData(nameof(Types))]
    public async Task Binary_parameter(string type, string low, string high)
    {
        await using var oracle = new NpgsqlConnection(servers.Postgres.ConnectionString + ";Timezone=UTC");
        await using var subject = new NpgsqlConnection(servers.Gateway.ConnectionString + ";Timezone=UTC");
        await oracle.OpenAsync();
        await subject.OpenAsync();
        foreach (var text in (string[])[low, high])
        {
            if (text.Contains("BC", StringComparison.Ordinal)) continue; // .NET has no such date
            await using var literal = new NpgsqlCommand($"SELECT '{text.Replace("'", "''", StringComparison.Ordinal)}'::{type}", oracle);
            await using var reader = await literal.ExecuteReaderAsync();
            Assert.True(await reader.ReadAsync());
            object value = type switch
            {
                "interval" => reader.GetFieldValue<NpgsqlInterval>(0),
                "integer[]" => reader.GetFieldValue<int?[]>(0),
                _ => reader.GetValue(0),
            };
            await reader.CloseAsync();
            var dataType = type.Split('(')[0];
            foreach (var sql in (string[])[$"SELECT $1::{type}",
                $"SELECT x FROM (VALUES ('{text.Replace("'", "''", StringComparison.Ordinal)}'::{type})) t(x) WHERE x = $1"])
            {
                Assert.Equal(await RoundTripAsync(oracle, sql, dataType, value), await RoundTripAsync(subject, sql, dataType, value));
            }
        }
    }

    private static async Task<object> RoundTripAsync(NpgsqlConnection connection, string sql, string dataType, object value)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = value, DataTypeName = dataType });
        await command.PrepareAsync();
        await using var reader = await command.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync(), $"{sql}: no row");
        object result = value switch
        {
            NpgsqlInterval => reader.GetFieldValue<NpgsqlInterval>(0),
            int?[] => reader.GetFieldValue<int?[]>(0),
            _ => reader.GetValue(0),
        };
        Assert.False(await reader.ReadAsync());
        return result;
    }
}
