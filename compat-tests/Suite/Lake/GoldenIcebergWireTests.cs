using System.Globalization;
using System.Text.Json;
using Npgsql;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Lake;

/// <summary>Each golden Iceberg table registered by SQL and read by Npgsql: count(*), all rows, and the stated contents.</summary>
[Collection(SuiteCollection.Name)]
public sealed class GoldenIcebergWireTests(SuiteServers servers, ITestOutputHelper output)
{
    /// <summary>
    /// Tables whose rows cannot be read, with the state of the error: broken deletion vectors, and data files that never were there.
    /// </summary>
    private static readonly Dictionary<string, string> s_refused = new(StringComparer.Ordinal)
    {
        ["legacy_bare_deletion_vector"] = "0A000",
        ["generated_bounds"] = "0A000",
    };

    [GoldenFact]
    public async Task Every_table()
    {
        await using var connection = new NpgsqlConnection(servers.Gateway.ConnectionString);
        await connection.OpenAsync();
        await ExecuteAsync(connection, "CREATE SCHEMA golden");
        using var expected = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(SuiteServers.GoldenFolder!, "expected.json")));
        var entries = expected.RootElement.EnumerateArray().Where(entry => entry.GetProperty("format").GetString() == "iceberg").ToList();
        var failures = new List<string>();
        for (var i = 0; i < entries.Count; i++)
        {
            try
            {
                if (await CheckAsync(connection, entries[i], $"golden.t{i}") is { } problem)
                    failures.Add($"{entries[i].GetProperty("path")}: {problem}");
            }
            catch (PostgresException error)
            {
                failures.Add($"{entries[i].GetProperty("path")}: {error.SqlState} {error.MessageText} {error.Detail}");
            }
        }

        output.WriteLine($"golden iceberg over the wire: {entries.Count - failures.Count} of {entries.Count}");
        Assert.True(entries.Count > 0 && failures.Count == 0, string.Join('\n', failures));
    }

    private static async Task<string?> CheckAsync(NpgsqlConnection connection, JsonElement entry, string table)
    {
        var metadata = Path.Combine(SuiteServers.GoldenFolder!, entry.GetProperty("metadata").GetString()!);
        await ExecuteAsync(connection, $"CALL lake.system.register_table('golden', '{table.Split('.')[1]}', '{metadata}')");
        var stated = entry.GetProperty("rows").GetInt64();
        if (s_refused.TryGetValue(Path.GetFileName(entry.GetProperty("path").GetString()!), out var state))
        {
            var error = await Assert.ThrowsAsync<PostgresException>(() => RowsAsync(connection, $"SELECT * FROM {table}"));
            return error.SqlState == state ? null : $"{error.SqlState} {error.MessageText} instead of {state}";
        }

        await using (var command = new NpgsqlCommand($"SELECT count(*) FROM {table}", connection))
            if ((long)(await command.ExecuteScalarAsync())! is var count && count != stated)
                return $"count(*) is {count} instead of {stated}";
        var rows = await RowsAsync(connection, $"SELECT * FROM {table}");
        if (rows.Count != stated) return $"{rows.Count} rows instead of {stated}";
        if (!entry.TryGetProperty("content", out var content)) return null;
        var wanted = content.EnumerateArray().Select(row => string.Join('|', row.EnumerateArray().Select(Text)))
            .Order(StringComparer.Ordinal);
        return wanted.SequenceEqual(rows.Order(StringComparer.Ordinal))
            ? null
            : $"rows are {string.Join(" ; ", rows.Order(StringComparer.Ordinal))}";
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Rows as the server writes them in text.</summary>
    private static async Task<List<string>> RowsAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { AllResultTypesAreUnknown = true };
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
            rows.Add(string.Join('|',
                Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? "NULL" : reader.GetString(i))));
        return rows;
    }

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "NULL",
        JsonValueKind.True => "t",
        JsonValueKind.False => "f",
        JsonValueKind.String => value.GetString()!,
        _ => Convert.ToString(value.GetRawText(), CultureInfo.InvariantCulture)!,
    };
}

/// <summary>Skipped where the golden tables are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class GoldenFactAttribute : FactAttribute
{
    public GoldenFactAttribute()
    {
        if (SuiteServers.GoldenFolder is null) Skip = "the golden tables (shared/golden) are not on this machine";
    }
}
