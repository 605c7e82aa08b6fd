using System.Globalization;
using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Slt;

namespace Federation.CompatTests.Suite.Pushdown;

/// <summary>
/// What an attached PostgreSQL takes of a query as one statement. The records of subtrees.txt are a query, then pieces that its EXPLAIN
/// has (+) or has not (-). The rows are PostgreSQL's own, with pushdown and without.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class SubtreeTests(SuiteServers servers)
{
    private const string Database = "subtrees";
    private static readonly string s_file = Path.Combine(Repository.CompatTests, "attached", "subtrees.txt");
    private static Task? s_created;

    public static TheoryData<string> Queries => new(Records().Select(record => record[0]));

    [Theory]
    [MemberData(nameof(Queries))]
    public async Task Rows_are_those_of_postgres(string sql)
    {
        var (oracle, subject) = await ConnectAsync();
        await using var first = oracle;
        await using var second = subject;
        var plan = string.Join('\n', (await SucceedAsync(subject, "EXPLAIN " + sql)).Rows.Select(row => row[0]));
        foreach (var line in Records().Single(record => record[0] == sql).Skip(1))
        {
            if (line[0] == '+') Assert.Contains(line[2..], plan, StringComparison.Ordinal);
            else Assert.DoesNotContain(line[2..], plan, StringComparison.Ordinal);
        }

        var expected = await SucceedAsync(oracle, sql);
        Assert.NotEmpty(expected.Rows);
        AssertEqual(expected, await SucceedAsync(subject, sql), sql);
        await SucceedAsync(subject, "SET federation.pushdown = 'scan'");
        var apart = await SucceedAsync(subject, "EXPLAIN " + sql);
        Assert.DoesNotContain(apart.Rows, row => row[0]!.Contains("Remote query", StringComparison.Ordinal));
        AssertEqual(expected, await SucceedAsync(subject, sql), sql);
    }

    /// <summary>Errors of values keep their SQLSTATE wherever they are found.</summary>
    [Theory]
    [InlineData("SELECT sum(big * 9000000000) FROM item", "22003")]
    [InlineData("SELECT kind, sum(price / (small + 5)) FROM item GROUP BY kind", "22012")]
    [InlineData("SELECT count(*) FROM item WHERE qty = (SELECT whole FROM part_of WHERE item = 8)", "21000")]
    public async Task Errors_are_those_of_postgres(string sql, string state)
    {
        var (oracle, subject) = await ConnectAsync();
        await using var first = oracle;
        await using var second = subject;
        Assert.Equal(state, (await oracle.QueryAsync(sql)).Error?.Code);
        Assert.Equal(state, (await subject.QueryAsync(sql)).Error?.Code);
    }

    /// <summary>A prepared statement sees tables that were altered since, also the second table of a join.</summary>
    [Fact]
    public async Task Altered_tables_are_noticed()
    {
        var (oracle, subject) = await ConnectAsync();
        await using var first = oracle;
        await using var second = subject;
        await SucceedAsync(oracle, "CREATE TABLE later (k int, v int); INSERT INTO later VALUES (1, 10), (2, 20)");
        const string Sql = "SELECT sum(l.v), count(*) FROM item i JOIN later l ON l.k = i.id";
        Assert.Equal("30", (await SucceedAsync(subject, Sql)).Rows[0][0]);
        await SucceedAsync(oracle, "ALTER TABLE later ALTER v TYPE numeric(6,2)");
        Assert.Equal("30.00", (await SucceedAsync(subject, Sql)).Rows[0][0]);
        await SucceedAsync(oracle, "DROP TABLE later; CREATE TABLE later (v text, k int); INSERT INTO later VALUES ('x', 1)");
        Assert.Equal("42883", (await subject.QueryAsync(Sql)).Error?.Code);
        Assert.Equal("1", (await SucceedAsync(subject, "SELECT count(*) FROM item i JOIN later l ON l.k = i.id")).Rows[0][0]);
        await SucceedAsync(oracle, "DROP TABLE later");
    }

    private async Task<(RawClient Oracle, RawClient Subject)> ConnectAsync()
    {
        await (s_created ??= CreateAsync());
        var oracle = await RawClient.ConnectAsync(servers.Postgres with { Database = Database });
        return (oracle, await RawClient.ConnectAsync(servers.Gateway with { Database = Database }));
    }

    private async Task CreateAsync()
    {
        await using (var admin = await RawClient.ConnectAsync(servers.Postgres)) await SucceedAsync(admin, $"CREATE DATABASE {Database}");
        await using (var owner = await RawClient.ConnectAsync(servers.Postgres with { Database = Database }))
            await SucceedAsync(owner, await File.ReadAllTextAsync(Path.ChangeExtension(s_file, ".sql")));
        await using var gateway = await RawClient.ConnectAsync(servers.Gateway);
        var options = $"host '127.0.0.1', port '{servers.Postgres.Port}', dbname '{Database}'";
        await SucceedAsync(gateway, $"CREATE SERVER {Database} FOREIGN DATA WRAPPER postgres OPTIONS ({options})");
        await SucceedAsync(gateway, $"CREATE USER MAPPING FOR PUBLIC SERVER {Database} OPTIONS (user 'postgres')");
    }

    private static void AssertEqual(QueryResult expected, QueryResult actual, string sql)
    {
        var isOrdered = sql.Contains("ORDER BY", StringComparison.Ordinal);
        IEnumerable<string> Rows(QueryResult result)
        {
            var rows = result.Rows.Select(SltFile.Row);
            return isOrdered ? rows : rows.Order(StringComparer.Ordinal);
        }

        Assert.Equal(Rows(expected), Rows(actual));
        Assert.Equal(
            expected.Columns.Select(column => string.Create(CultureInfo.InvariantCulture, $"{column.Name} {column.TypeOid}")),
            actual.Columns.Select(column => string.Create(CultureInfo.InvariantCulture, $"{column.Name} {column.TypeOid}")));
    }

    private static async Task<QueryResult> SucceedAsync(RawClient client, string sql)
    {
        var result = await client.QueryAsync(sql);
        Assert.True(result.Error is null, $"{sql}: {result.Error}");
        return result;
    }

    private static IEnumerable<string[]> Records() =>
        File.ReadAllText(s_file).Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
            .Select(record => record.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith('#')).ToArray())
            .Where(record => record.Length > 0);
}
