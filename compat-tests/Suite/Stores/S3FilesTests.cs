using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Federation.CompatTests.Harness;
using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Lake;
using Npgsql;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Stores;

/// <summary>Servers of the wrapper files whose root is on S3, and tables of others that are registered there.</summary>
public sealed class S3FilesTests(S3Lake lake, ITestOutputHelper output) : IClassFixture<S3Lake>
{
    [Fact]
    public async Task Files_of_all_formats_are_tables()
    {
        Put("files/all/people.csv", "id,name\n1,Ada\n2,Grace\n");
        lake.Server.Put(S3Lake.Bucket, "files/all/packed.csv.gz", Packed("id,name\n3,Edsger\n"));
        Put("files/all/events.jsonl", "{\"id\": 1, \"kind\": \"a\"}\n{\"id\": 2, \"kind\": \"b\", \"more\": [1]}\n");
        Put("files/all/2024/a.csv", "n\n1\n");
        Put("files/all/2024/b.csv", "n\n2\n");
        Put("files/all/_hidden.csv", "n\n1\n");
        await using var client =
            await ConnectAsync("CREATE SERVER allfiles FOREIGN DATA WRAPPER files OPTIONS (root 's3://lake/files/all')");
        Assert.Equal(["2024", "events", "packed", "people"],
            await RowsAsync(client, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'allfiles.public' ORDER BY 1"));
        Assert.Equal(["1|Ada", "2|Grace"], await RowsAsync(client, "SELECT * FROM allfiles.public.people ORDER BY id"));
        Assert.Equal(["3|Edsger"], await RowsAsync(client, "SELECT * FROM allfiles.public.packed"));
        Assert.Equal(["1|a|", "2|b|[1]"], await RowsAsync(client, "SELECT id, kind, more FROM allfiles.public.events ORDER BY id"));
        Assert.Equal(["3"], await RowsAsync(client, "SELECT sum(n) FROM allfiles.public.\"2024\""));
        Assert.Equal(["2"], await RowsAsync(client, "SELECT n FROM allfiles.\"2024\".\"b*.csv\""));
        Assert.Equal("42P01", (await client.QueryAsync("SELECT * FROM allfiles.public.nothing")).Error?.Code);
    }

    [Fact]
    public async Task A_replaced_object_is_read_anew()
    {
        Put("files/changing/t.csv", "n\n1\n");
        await using var client =
            await ConnectAsync("CREATE SERVER changing FOREIGN DATA WRAPPER files OPTIONS (root 's3://lake/files/changing/')");
        Assert.Equal(["1"], await RowsAsync(client, "SELECT n FROM changing.public.t"));
        Put("files/changing/t.csv", "n\n2\n");
        Assert.Equal(["2"], await RowsAsync(client, "SELECT n FROM changing.public.t"));
        Put("files/changing/t.csv", "m\nx\n");
        Assert.Equal(["x"], await RowsAsync(client, "SELECT m FROM changing.public.t"));
    }

    [Fact]
    public async Task A_server_with_keys_of_its_own_needs_no_leave_of_the_operator()
    {
        lake.Server.Put("private", "dir/t.csv", "n\n5\n"u8.ToArray());
        await using var client = await ConnectAsync(
            $"CREATE SERVER own FOREIGN DATA WRAPPER files OPTIONS (root 's3://private/dir', endpoint '{lake.Server.Endpoint}', region "
                + "'eu-west-1')");
        Assert.Equal("HV002", (await client.QueryAsync("SELECT n FROM own.public.t")).Error?.Code);
        await OkAsync(client,
            $"CREATE USER MAPPING FOR CURRENT_USER SERVER own OPTIONS (access_key_id '{S3Server.AccessKey}', secret_access_key 'very "
                + "secret')");
        Assert.Equal(["5"], await RowsAsync(client, "SELECT n FROM own.public.t"));
        Assert.DoesNotContain("very secret", string.Join(' ', await RowsAsync(client, "SELECT umoptions::text FROM pg_user_mappings")),
            StringComparison.Ordinal);

        // Keys that were given for one address are not sent to another.
        await OkAsync(client, "ALTER SERVER own OPTIONS (SET endpoint 'http://127.0.0.1:1')");
        Assert.Equal("28000", (await client.QueryAsync("SELECT n FROM own.public.t")).Error?.Code);
    }

    [Theory]
    [InlineData("root 's3://private/dir'", "42501")]
    [InlineData("root 's3://lake/files/../secret'", "42501")]
    [InlineData("root 's3://lake/files', endpoint 'http://127.0.0.1:1'", "HV002")]
    [InlineData("root 's3://lake/files', role_arn 'arn:aws:iam::1:role/r'", "HV002")]
    [InlineData("root '/tmp', endpoint 'http://127.0.0.1:1'", "HV024")]
    [InlineData("root 's3://'", "22023")]
    [InlineData("root 'gs://b/k'", "HV024")]
    [InlineData("root 's3://nowhere', anonymous 'perhaps'", "HV024")]
    public async Task Servers_that_cannot_be_right_are_refused(string options, string state)
    {
        await using var client = await RawClient.ConnectAsync(lake.Embedded);
        var name = $"wrong{Guid.NewGuid():N}";
        var error = (await client.QueryAsync($"CREATE SERVER {name} FOREIGN DATA WRAPPER files OPTIONS ({options})")).Error
            ?? (await client.QueryAsync($"SELECT * FROM {name}.public.t")).Error;
        Assert.Equal(state, error?.Code);
        await client.QueryAsync($"DROP SERVER IF EXISTS {name}");
    }

    [Theory]
    [InlineData("s3://private/t", "42501")]
    [InlineData("s3://lake/golden/nothing", "58P01")]
    [InlineData("s3://lake/golden/../x", "42501")]
    [InlineData("s3://", "22023")]
    public async Task Places_without_a_table_are_told(string location, string state)
    {
        await using var client = await RawClient.ConnectAsync(lake.Embedded);
        Assert.Equal(state, (await client.QueryAsync($"CALL lake.system.register_table('public', 'wrong', '{location}')")).Error?.Code);
    }

    [Fact]
    public async Task A_schema_has_a_place_of_its_own()
    {
        await using var client = await ConnectAsync("CREATE SCHEMA placed LOCATION 's3a://lake/files/placed/'");
        await OkAsync(client, "SET federation.tail_rows = 0");
        await OkAsync(client, "CREATE TABLE placed.t AS SELECT 1 AS n");
        Assert.Contains(lake.Server.Objects,
            path => path.StartsWith("lake/files/placed/t-", StringComparison.Ordinal)
                && path.EndsWith(".parquet", StringComparison.Ordinal));
        Assert.Equal(["placed|location: s3://lake/files/placed"],
            await RowsAsync(client, "SELECT nspname, obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = 'placed'"));
        await OkAsync(client, "ALTER SCHEMA placed SET LOCATION 's3://lake/files/elsewhere'");
        await OkAsync(client, "CREATE TABLE placed.u AS SELECT 2 AS n");
        Assert.Contains(lake.Server.Objects, path => path.StartsWith("lake/files/elsewhere/u-", StringComparison.Ordinal));
        Assert.Equal(["1|2"], await RowsAsync(client, "SELECT t.n, u.n FROM placed.t, placed.u"));
        await OkAsync(client, "ALTER SCHEMA placed RESET LOCATION");
        await OkAsync(client, "CREATE TABLE placed.v AS SELECT 3 AS n");
        Assert.Contains(lake.Server.Objects, path => path.StartsWith("lake/embedded/placed/v-", StringComparison.Ordinal));
        Assert.Equal([""], await RowsAsync(client, "SELECT obj_description('placed'::regnamespace, 'pg_namespace')"));
        Assert.Equal("42501", (await client.QueryAsync("ALTER SCHEMA placed SET LOCATION 's3://private/x'")).Error?.Code);
        Assert.Equal("42501", (await client.QueryAsync("CREATE SCHEMA other LOCATION '/etc'")).Error?.Code);
        Assert.Equal("3F000", (await client.QueryAsync("ALTER SCHEMA nothing RESET LOCATION")).Error?.Code);
        Assert.Equal("42601", (await client.QueryAsync("ALTER SCHEMA placed SET PLACE 'x'")).Error?.Code);
        await OkAsync(client, "DROP SCHEMA placed CASCADE");
    }

    /// <summary>Each golden table copied into the bucket gives the same rows, or the same error, as it gives from the disk.</summary>
    [GoldenFact]
    public async Task Golden_tables_are_read_from_a_bucket()
    {
        using var expected = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(SuiteServers.GoldenFolder!, "expected.json")));
        var entries = expected.RootElement.EnumerateArray().Where(entry => entry.GetProperty("format").GetString() == "iceberg").ToArray();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(SuiteServers.GoldenFolder!, "iceberg"), "*",
            SearchOption.AllDirectories))
            lake.Server.Put(S3Lake.Bucket, $"golden/{Path.GetRelativePath(SuiteServers.GoldenFolder!, file)}",
                await File.ReadAllBytesAsync(file));
        await using var connection = new NpgsqlConnection(lake.Embedded.ConnectionString);
        await connection.OpenAsync();
        await using (var create = new NpgsqlCommand("CREATE SCHEMA golden", connection)) await create.ExecuteNonQueryAsync();
        var failures = new List<string>();
        var read = 0;
        for (var i = 0; i < entries.Length; i++)
        {
            var name = entries[i].GetProperty("path").GetString()!;
            // The driver takes an error of class 58 for the end of the connection.
            if (connection.State != System.Data.ConnectionState.Open) await connection.OpenAsync();

            try
            {
                await using (var register =
                    new NpgsqlCommand(
                        $"CALL lake.system.register_table('golden', 't{i}', "
                            + $"'s3a://lake/golden/{entries[i].GetProperty("metadata").GetString()}')", connection))
                                await register.ExecuteNonQueryAsync();
                var rows = 0L;
                await using (var select = new NpgsqlCommand($"SELECT * FROM golden.t{i}", connection) { AllResultTypesAreUnknown = true })
                await using (var reader = await select.ExecuteReaderAsync())
                    while (await reader.ReadAsync()) rows++;
                read++;
                if (rows != entries[i].GetProperty("rows").GetInt64()) failures.Add($"{name}: {rows} rows");
            }
            catch (PostgresException error) when (error.SqlState != "0A000")
            {
                failures.Add($"{name}: {error.SqlState} {error.MessageText} {error.Detail}");
            }
            catch (PostgresException)
            {
                // Refused from the disk, too.
            }
        }

        output.WriteLine($"golden iceberg from a bucket: {read} of {entries.Length} read");
        Assert.True(failures.Count == 0, string.Join('\n', failures));
        Assert.True(read > entries.Length * 9 / 10,
            $"{read.ToString(CultureInfo.InvariantCulture)} of {entries.Length.ToString(CultureInfo.InvariantCulture)}");
    }

    private void Put(string key, string text) => lake.Server.Put(S3Lake.Bucket, key, Encoding.UTF8.GetBytes(text));

    private static byte[] Packed(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest)) gzip.Write(Encoding.UTF8.GetBytes(text));
        return packed.ToArray();
    }

    private async Task<RawClient> ConnectAsync(string setUp)
    {
        var client = await RawClient.ConnectAsync(lake.Embedded);
        await OkAsync(client, setUp);
        return client;
    }

    private static async Task OkAsync(RawClient client, string sql)
    {
        var result = await client.QueryAsync(sql);
        Assert.True(result.Error is null, $"{sql}: {result.Error}");
    }

    private static async Task<string[]> RowsAsync(RawClient client, string sql)
    {
        var result = await client.QueryAsync(sql);
        Assert.True(result.Error is null, $"{sql}: {result.Error}");
        return [.. result.Rows.Select(row => string.Join('|', row))];
    }
}
