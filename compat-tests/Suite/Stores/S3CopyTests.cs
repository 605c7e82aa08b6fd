using System.Text;
using Federation.CompatTests.Harness;
using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Stores;

/// <summary>COPY to and from objects.</summary>
public sealed class S3CopyTests(S3Lake lake) : IClassFixture<S3Lake>
{
    /// <summary>Larger than what one request reads, and than what one request writes.</summary>
    private const int ManyRows = 400_000;

    [Theory]
    [InlineData("FORMAT text")]
    [InlineData("FORMAT csv, HEADER")]
    [InlineData("FORMAT binary")]
    public async Task Rows_come_back_from_an_object(string options)
    {
        await using var client = await RawClient.ConnectAsync(lake.Embedded);
        await OkAsync(client, "CREATE TABLE written (n int, t text, d date)", "CREATE TABLE loaded (n int, t text, d date)");
        try
        {
            await OkAsync(client,
                "INSERT INTO written SELECT g, nullif(repeat(g::text || ', \"' || chr(10) || chr(9) || chr(92), 5), ''), date "
                    + $"'2000-01-01' + g % 5000 FROM generate_series(1, {ManyRows}) g");
            await OkAsync(client, "INSERT INTO written VALUES (NULL, NULL, NULL), (0, '', 'infinity')");
            Assert.Equal($"COPY {ManyRows + 2}", await OkAsync(client, $"COPY written TO 's3://lake/files/out' WITH ({options})"));
            Assert.True(lake.Server.Get(S3Lake.Bucket, "files/out").Length > 16 << 20);
            Assert.Equal(0, lake.Server.OpenUploads);
            Assert.Equal($"COPY {ManyRows + 2}", await OkAsync(client, $"COPY loaded FROM 's3a://lake/files/out' WITH ({options})"));
            foreach (var (one, other) in (ValueTuple<string, string>[])[("written", "loaded"), ("loaded", "written")])
                Assert.Equal("0",
                    (await client.QueryAsync($"SELECT count(*) FROM (SELECT * FROM {one} EXCEPT ALL SELECT * FROM {other}) x")).Rows[0][0]);
        }
        finally
        {
            await OkAsync(client, "DROP TABLE written", "DROP TABLE loaded");
        }
    }

    [Fact]
    public async Task What_fails_leaves_neither_an_object_nor_rows()
    {
        await using var client = await RawClient.ConnectAsync(lake.Embedded);
        await OkAsync(client, "CREATE TABLE failing (n int, t text)", "COPY (SELECT 'first') TO 's3://lake/files/kept'");
        try
        {
            // The last row fails, when many have been written.
            Assert.Equal("22012",
                (await client.QueryAsync(
                    "COPY (SELECT repeat('x', 200), 1 / (200000 - g) FROM generate_series(1, 200000) g) TO 's3://lake/files/none'")).Error
                        ?.Code);
            Assert.Equal("22012",
                (await client.QueryAsync(
                    "COPY (SELECT repeat('x', 200), 1 / (200000 - g) FROM generate_series(1, 200000) g) TO 's3://lake/files/kept'")).Error
                        ?.Code);
            Assert.DoesNotContain("lake/files/none", lake.Server.Objects);
            Assert.Equal("first\n", Encoding.UTF8.GetString(lake.Server.Get(S3Lake.Bucket, "files/kept")));

            lake.Server.Put(S3Lake.Bucket, "files/wrong.csv", "n,t\n1,a\n2,b\nx,c\n"u8.ToArray());
            var wrong = await client.QueryAsync("COPY failing FROM 's3://lake/files/wrong.csv' WITH (FORMAT csv, HEADER)");
            Assert.Equal(("22P02", "invalid input syntax for type integer: \"x\"", "COPY failing, line 4, column n: \"x\""),
                (wrong.Error?.Code, wrong.Error?.Message, wrong.Context));
            Assert.Equal("0", (await client.QueryAsync("SELECT count(*) FROM failing")).Rows[0][0]);

            Assert.Equal("58P01", (await client.QueryAsync("COPY failing FROM 's3://lake/files/nothing'")).Error?.Code);
            Assert.Equal("42704", (await client.QueryAsync("COPY failing TO 's3://lake/files/x' WITH (SERVER nothing)")).Error?.Code);
        }
        finally
        {
            await OkAsync(client, "DROP TABLE failing");
        }
    }

    /// <summary>A server of files lends its keys and its folder.</summary>
    [Fact]
    public async Task Objects_of_a_server_are_reached_with_its_keys()
    {
        await using var client = await RawClient.ConnectAsync(lake.Embedded);
        await OkAsync(
            client,
            $"CREATE SERVER lends FOREIGN DATA WRAPPER files OPTIONS (root 's3://private/lent', endpoint '{lake.Server.Endpoint}', region "
                + "'eu-west-1')",
            $"CREATE USER MAPPING FOR CURRENT_USER SERVER lends OPTIONS (access_key_id '{S3Server.AccessKey}', secret_access_key "
                + $"'{S3Server.SecretKey}')",
            "CREATE TABLE lent (n int)");
        try
        {
            await OkAsync(client, "COPY (SELECT generate_series(1, 3)) TO 'dir/numbers' WITH (SERVER lends)");
            Assert.Equal("1\n2\n3\n", Encoding.UTF8.GetString(lake.Server.Get("private", "lent/dir/numbers")));
            await OkAsync(client, "COPY lent FROM 's3://private/lent/dir/numbers' WITH (SERVER lends)");
            Assert.Equal("6", (await client.QueryAsync("SELECT sum(n) FROM lent")).Rows[0][0]);
            Assert.Equal("42501", (await client.QueryAsync("COPY lent FROM 's3://private/other' WITH (SERVER lends)")).Error?.Code);
            Assert.Equal("42501", (await client.QueryAsync("COPY lent FROM '../other' WITH (SERVER lends)")).Error?.Code);
            Assert.Equal("42501", (await client.QueryAsync("COPY lent TO 's3://private/lent/x'")).Error?.Code);
            Assert.Equal("42601", (await client.QueryAsync("COPY lent TO STDOUT WITH (SERVER lends)")).Error?.Code);
        }
        finally
        {
            await OkAsync(client, "DROP TABLE lent", "DROP SERVER lends CASCADE");
        }
    }

    [Theory]
    [InlineData("COPY (SELECT 1) TO 's3://lake/embedded/public/x'")]
    [InlineData("COPY (SELECT 1) TO 's3://lake/elsewhere'")]
    [InlineData("COPY (SELECT 1) TO 's3://lake/files/../embedded/x'")]
    public async Task The_warehouse_is_no_place_for_copies(string sql)
    {
        await using var client = await RawClient.ConnectAsync(lake.Embedded);
        Assert.Equal("42501", (await client.QueryAsync(sql)).Error?.Code);
    }

    /// <summary>The tag of the last statement.</summary>
    private static async Task<string> OkAsync(RawClient client, params string[] statements)
    {
        var tag = "";
        foreach (var sql in statements)
        {
            var result = await client.QueryAsync(sql);
            Assert.True(result.Error is null, $"{sql}: {result.Error}");
            tag = result.Tag;
        }

        return tag;
    }
}
