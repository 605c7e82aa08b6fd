using System.Globalization;
using Federation.CompatTests.Suite.Faults;
using Federation.CompatTests.Suite.Lake;
using Federation.CompatTests.Suite.Protocol;
using Federation.CompatTests.Suite.Slt;
using Xunit.Abstractions;

namespace Federation.CompatTests.Suite.Differential;

/// <summary>
/// Random statements that change rows do to a lake table what they do to PostgreSQL's: command tags, errors, rows of RETURNING, and the
/// table after each. Some run in transactions with savepoints; every tenth transaction is rolled back. The files are judged by the
/// specification's rules after each hundred. 150 statements for each kind of table by default, 20,000 with FEDERATION_FULL=1;
/// FEDERATION_SEED chooses others.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class RandomChangeTests(SuiteServers servers, ITestOutputHelper output)
{
    private const int StatementsBetweenChecks = 100;
    private static readonly int s_count = Full.IsAsked ? 20_000 : 150;
    private static readonly int s_seed = int.Parse(Environment.GetEnvironmentVariable("FEDERATION_SEED") ?? "20261130",
        CultureInfo.InvariantCulture);

    [Theory]
    [InlineData("changes_plain", "")]
    [InlineData("changes_parted", "PARTITIONED BY (flag, bucket(3, k))")]
    public async Task Tables_are_PostgreSQLs(string schema, string partitions)
    {
        var changes = new RandomChanges(s_seed);
        var (transactions, failed, asked, isOpen) = (0, 0, 0, false);
        await using var oracle = await RawClient.ConnectAsync(servers.Postgres);
        await using var subject = await RawClient.ConnectAsync(servers.Gateway);
        await BothAsync($"DROP SCHEMA IF EXISTS {schema} CASCADE");
        await BothAsync($"CREATE SCHEMA {schema}");
        await BothAsync($"SET search_path = {schema}");
        Assert.Null((await oracle.QueryAsync($"CREATE TABLE t ({RandomChanges.Columns}); CREATE TABLE s ({RandomChanges.Columns})")).Error);
        Assert.Null((await subject.QueryAsync($"CREATE TABLE t ({RandomChanges.Columns}) {partitions}")).Error);
        Assert.Null((await subject.QueryAsync($"CREATE TABLE s ({RandomChanges.Columns})")).Error);
        await BothAsync($"INSERT INTO s VALUES {changes.Source()}");
        for (var i = 1; i <= s_count; i++)
        {
            if (!isOpen && changes.Below(3) == 0)
            {
                await BothAsync("BEGIN");
                isOpen = true;
            }

            if (isOpen && changes.Below(3) == 0) await BothAsync("SAVEPOINT p");
            var sql = changes.Next();
            if (await BothAsync(sql)) failed++;
            await BothAsync("SELECT * FROM t");
            if (isOpen && changes.Below(4) == 0) await BothAsync("ROLLBACK TO p");
            if (isOpen && changes.Below(3) == 0)
            {
                await BothAsync(++transactions % 10 == 0 ? "ROLLBACK" : "COMMIT");
                isOpen = false;
            }

            if (i % StatementsBetweenChecks != 0) continue;
            if (isOpen) await BothAsync("COMMIT");
            isOpen = false;
            await subject.QueryAsync($"CALL lake.system.flush_table('{schema}', 't')");
            var rows = (await subject.QueryAsync("SELECT count(*) FROM t")).Rows.Select(SltFile.Row).Single();
            var location = Directory.GetDirectories(Path.Combine(servers.Warehouse, schema)).Single(folder =>
                Path.GetFileName(folder).StartsWith("t-", StringComparison.Ordinal));
            using var kernel = new PlainKernel(location);
            Assert.Equal(rows, new ChangedTableRules(location, kernel).Check().ToString(CultureInfo.InvariantCulture));
        }

        output.WriteLine($"{s_count} statements, {failed} of them errors, {transactions} transactions");
        Assert.True(failed < s_count / 3);

        // Whether it was an error.
        async Task<bool> BothAsync(string sql)
        {
            var expected = await oracle.QueryAsync(sql);
            // Every other statement comes by the extended protocol.
            var actual = ++asked % 2 == 0 ? await subject.QueryAsync(sql) : await subject.ExecuteAsync(sql, []);
            Assert.True(expected.Error?.Code == actual.Error?.Code, $"{sql}: PostgreSQL {expected.Error}, here {actual.Error}");
            if (expected.Error is not null) return true;
            Assert.True(expected.Tag == actual.Tag, $"{sql}: PostgreSQL {expected.Tag}, here {actual.Tag}");
            var (wanted, given) = (Sorted(expected), Sorted(actual));
            Assert.True(wanted.SequenceEqual(given),
                $"{sql}:\nPostgreSQL\n{string.Join('\n', wanted.Except(given))}\nhere\n{string.Join('\n', given.Except(wanted))}");
            return false;
        }
    }

    private static string[] Sorted(QueryResult result) => [.. result.Rows.Select(SltFile.Row).Order(StringComparer.Ordinal)];
}
