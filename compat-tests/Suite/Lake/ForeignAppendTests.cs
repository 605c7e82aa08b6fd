using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Slt;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Lake;

/// <summary>Appends to tables that other engines have made: each golden table of format version 2, copied and registered.</summary>
[Collection(SuiteCollection.Name)]
public sealed class ForeignAppendTests(SuiteServers servers, ITestOutputHelper output)
{
    /// <summary>Members of metadata that an append changes.</summary>
    private static readonly string[] s_changed = ["last-sequence-number", "last-updated-ms", "current-snapshot-id", "snapshots",
        "snapshot-log", "metadata-log", "refs"];

    [GoldenFact]
    public async Task Golden_tables_take_their_own_rows_again()
    {
        await using var client = await OpenAsync("appended");
        using var expected = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(SuiteServers.GoldenFolder!, "expected.json")));
        var (number, doubled, refused, failures) = (0, 0, 0, new List<string>());
        foreach (var entry in expected.RootElement.EnumerateArray().Where(entry => entry.GetProperty("format").GetString() == "iceberg"))
        {
            var (path, metadata) = (entry.GetProperty("path").GetString()!, entry.GetProperty("metadata").GetString()!);
            var table = $"t{++number}";
            var copy = Copy(path, $"appended/{table}");
            await client.QueryAsync(
                $"CALL lake.system.register_table('appended', '{table}', '{Path.Combine(copy, Path.GetRelativePath(path, metadata))}')");
            var before = await client.QueryAsync($"SELECT * FROM {table}");
            // Broken on purpose, or with files outside of the folder that was copied.
            if (before.Error is not null)
            {
                output.WriteLine($"{path}: {before.Error}");
                continue;
            }

            var version = entry.GetProperty("format_version").GetInt32();
            var result = await client.QueryAsync($"INSERT INTO {table} SELECT * FROM {table}");
            if (version != 2 || result.Error?.Code == "0A000")
            {
                if (result.Error?.Code != "0A000") failures.Add($"{path}: version {version} gives {result.Tag}{result.Error}");
                refused++;
                output.WriteLine($"{path}: {result.Error}");
                continue;
            }

            var after = await client.QueryAsync($"SELECT * FROM {table}");
            var wanted = before.Rows.Concat(before.Rows).Select(SltFile.Row).Order(StringComparer.Ordinal);
            if (result.Error is not null || after.Error is not null) failures.Add($"{path}: {result.Error} {after.Error}");
            else if (!wanted.SequenceEqual(after.Rows.Select(SltFile.Row).Order(StringComparer.Ordinal)))
                failures.Add($"{path}: {after.Rows.Count} rows instead of {before.Rows.Count * 2}, or other values");
            else doubled++;
        }

        output.WriteLine($"{doubled} tables doubled, {refused} refused");
        Assert.True(failures.Count == 0, string.Join('\n', failures));
        Assert.True(doubled >= 20 && refused >= 3, $"{doubled} doubled, {refused} refused");
    }

    [GoldenFact]
    public async Task What_the_metadata_says_besides_survives()
    {
        await using var client = await OpenAsync("survived");
        var copy = Copy("iceberg/pg_lake/iceberg/sample_tables/public/spark_generated_iceberg_ddl_test", "survived");
        var file = Directory.GetFiles(Path.Combine(copy, "metadata"), "*.metadata.json").Max(StringComparer.Ordinal)!;
        var before = JsonNode.Parse(await File.ReadAllBytesAsync(file))!.AsObject();
        AddUnknown(before, 0);
        before["refs"]!["tagged"] = new JsonObject { ["snapshot-id"] = before["snapshots"]![0]!["snapshot-id"]!.DeepClone(),
            ["type"] = "tag", ["max-ref-age-ms"] = 5 };
        before["statistics"] = new JsonArray(new JsonObject { ["snapshot-id"] = 1, ["statistics-path"] = "x", ["unknown"] = 1.5e300 });
        before["large"] = JsonNode.Parse("123456789012345678901234567890.10");
        await File.WriteAllTextAsync(file, before.ToJsonString());
        await RunAsync(client, $"CALL lake.system.register_table('survived', 't', '{file}')");
        var count = long.Parse((await client.QueryAsync("SELECT count(*) FROM t")).Rows[0][0]!, CultureInfo.InvariantCulture);
        await RunAsync(client, "INSERT INTO t SELECT * FROM t", "INSERT INTO t SELECT * FROM t LIMIT 1");
        Assert.Equal((count * 2) + 1,
            long.Parse((await client.QueryAsync("SELECT count(*) FROM t")).Rows[0][0]!, CultureInfo.InvariantCulture));

        var newest = Directory.GetFiles(Path.Combine(copy, "metadata"), "*.metadata.json")
            .MaxBy(path => int.Parse(Path.GetFileName(path).Split('-')[0], CultureInfo.InvariantCulture))!;
        var after = JsonNode.Parse(await File.ReadAllBytesAsync(newest))!.AsObject();
        Assert.Equal(before.Select(member => member.Key), after.Select(member => member.Key));
        foreach (var (name, value) in before)
            if (!s_changed.Contains(name))
                Assert.True(JsonNode.DeepEquals(value, after[name]), $"{name} is {after[name]?.ToJsonString()}");
        Assert.Equal("123456789012345678901234567890.10", after["large"]!.ToJsonString());
        foreach (var name in (string[])["snapshots", "snapshot-log", "metadata-log"])
        {
            var (old, now) = (before[name]!.AsArray(), after[name]!.AsArray());
            Assert.Equal(old.Count + 2, now.Count);
            for (var i = 0; i < old.Count; i++) Assert.True(JsonNode.DeepEquals(old[i], now[i]), $"{name} {i}");
        }

        Assert.True(JsonNode.DeepEquals(before["refs"]!["tagged"], after["refs"]!["tagged"]));
        Assert.Equal("kept", (string?)after["refs"]!["main"]!["unknown-member"]!["inner"]);
        Assert.Equal((long)after["current-snapshot-id"]!, (long)after["refs"]!["main"]!["snapshot-id"]!);
    }

    /// <summary>Adds a member that nobody knows to every object.</summary>
    private static void AddUnknown(JsonNode? node, int depth)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array) AddUnknown(item, depth + 1);
        }
        else if (node is JsonObject members)
        {
            foreach (var (name, value) in members.ToArray())
                if (name is not ("properties" or "summary" or "refs" or "schema"))
                    AddUnknown(value, depth + 1);
            if (members["refs"] is JsonObject references) AddUnknown(references["main"], depth + 1);
            foreach (var name in (string[])["properties", "summary"])
                if (members[name] is JsonObject texts) texts["unknown-member"] = "ünknown \u2028 'text'";
            members["unknown-member"] = new JsonObject { ["inner"] = "kept", ["null"] = null,
                ["deep"] = new JsonArray(depth, 1.25, "x", new JsonObject()) };
        }
    }

    private async Task<RawClient> OpenAsync(string schema)
    {
        var client = await RawClient.ConnectAsync(servers.Gateway);
        await RunAsync(client, $"DROP SCHEMA IF EXISTS {schema} CASCADE", $"CREATE SCHEMA {schema}", $"SET search_path = {schema}");
        return client;
    }

    private string Copy(string path, string folder)
    {
        var source = Path.Combine(SuiteServers.GoldenFolder!, path);
        var copy = Path.Combine(servers.Files, folder);
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(copy, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return copy;
    }

    private static async Task RunAsync(RawClient client, params string[] statements)
    {
        foreach (var sql in statements)
        {
            var error = (await client.QueryAsync(sql)).Error;
            Assert.True(error is null, $"{sql}: {error}");
        }
    }
}
