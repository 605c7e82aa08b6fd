using System.Text.RegularExpressions;
using Federation.CompatTests.Suite.Faults;
using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Clients;

/// <summary>The demo gives a new user something to read and to change, and does not bring back what the user has dropped.</summary>
[Collection(SuiteCollection.Name)]
public sealed partial class DemoTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("federation-demo-").FullName;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task The_first_statements_of_the_README_run_and_what_is_dropped_stays_dropped()
    {
        await using (var gateway = await StartAsync())
        {
            await using var client = await RawClient.ConnectAsync(gateway.Address);
            Assert.Equal("public, shop, demo.public, tpch.sf1, tpch.tiny", await SchemasAsync(client));
            var block = FirstBlock().Match(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "README.md"))).Groups[1].Value;
            var statements = Comment().Replace(block, "")
                .Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            Assert.True(statements.Length >= 4, block);
            foreach (var sql in statements)
            {
                var result = await client.QueryAsync(sql);
                Assert.True(result.Error is null, $"{sql}: {result.Error}");
                Assert.NotEmpty(result.Rows);
            }

            Assert.Equal("1000 6 4",
                string.Join(' ',
                    (await client.QueryAsync(
                        "SELECT (SELECT count(*) FROM shop.sales), (SELECT count(*) FROM shop.customers), (SELECT count(*) FROM "
                            + "shop.products)")).Rows[0]));
            Assert.Null((await client.QueryAsync("DROP SCHEMA shop CASCADE")).Error);
        }

        await using (var gateway = await StartAsync())
        {
            await using var client = await RawClient.ConnectAsync(gateway.Address);
            Assert.Equal("public, demo.public, tpch.sf1, tpch.tiny", await SchemasAsync(client));
        }
    }

    private Task<GatewayProcess> StartAsync() =>
        GatewayProcess.StartAsync(_folder, "--demo", Path.Combine(Repository.Root, "deploy", "demo"));

    private static async Task<string?> SchemasAsync(RawClient client) => (await client.QueryAsync(
        "SELECT string_agg(nspname, ', ' ORDER BY position('.' IN nspname) > 0, nspname) FROM pg_namespace WHERE nspname !~ '^pg_' AND "
            + "nspname <> 'information_schema'")).Rows[0][0];

    [GeneratedRegex(@"```sql\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex FirstBlock();

    [GeneratedRegex("--.*")]
    private static partial Regex Comment();
}
