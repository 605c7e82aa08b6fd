using System.Text;
using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Clients;

/// <summary>pg_stat_progress_copy while a client is in the middle of COPY, here as in PostgreSQL.</summary>
[Collection(SuiteCollection.Name)]
public sealed class CopyProgressTests(SuiteServers servers)
{
    private const int Rows = 1000;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Rows_and_bytes_of_a_client_that_pauses_are_shown(bool isGateway)
    {
        var server = isGateway ? servers.Gateway : servers.Postgres;
        await using var other = await RawClient.ConnectAsync(server);
        await other.QueryAsync("CREATE TABLE progressing (n int)");
        try
        {
            var data = string.Concat(Enumerable.Range(1, Rows).Select(number => $"{number}\n"));
            var expected = $"COPY FROM|PIPE|t|{Encoding.UTF8.GetByteCount(data)}|0|{Rows}|0";
            await using (var client = await RawClient.ConnectAsync(server))
            {
                var process = (await client.QueryAsync("SELECT pg_backend_pid()")).Rows[0][0];
                await client.SendAsync('Q', "COPY progressing FROM STDIN");
                await client.SendAsync('d', data);

                // PostgreSQL counts the rows that it has parsed of those that it was sent; a flush makes nothing come earlier.
                var shown = "";
                using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
                while (shown != expected && !limit.IsCancellationRequested)
                {
                    await Task.Delay(20);
                    shown = await ShownAsync(other, process);
                }

                Assert.Equal(expected, shown);
                await client.SendAsync('c', "");
                Assert.Equal($"COPY {Rows}", (await client.ReadAnswerAsync()).Tag);
                Assert.Equal("", await ShownAsync(other, process));
            }
        }
        finally
        {
            await other.QueryAsync("DROP TABLE progressing");
        }
    }

    private static async Task<string> ShownAsync(RawClient client, string? process)
    {
        var result = await client.QueryAsync(
            "SELECT command, type, relid = 'progressing'::regclass, bytes_processed, bytes_total, tuples_processed, tuples_excluded FROM "
                + $"pg_stat_progress_copy WHERE pid = {process}");
        Assert.True(result.Error is null, result.Error?.ToString());
        return string.Join(" / ", result.Rows.Select(row => string.Join('|', row)));
    }
}
