using System.Text;
using Federation.CompatTests.Suite.Lake;
using Federation.CompatTests.Suite.Protocol;
using Federation.DuckDb;

namespace Federation.CompatTests.Suite.Faults;

/// <summary>
/// Text files in forms that are rare and right, and in forms that are wrong: every digit is kept, and what cannot be read is named.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class FileFormTests(SuiteServers servers)
{
    [Theory]
    [InlineData("big.jsonl", "{\"v\":12345678901234567890}\n{\"v\":-9223372036854775808}\n{\"v\":1}\n", "numeric",
        "12345678901234567890|-9223372036854775808|1")]
    [InlineData("edge.jsonl", "{\"v\":9223372036854775808}\n{\"v\":9223372036854775807}\n", "numeric",
        "9223372036854775808|9223372036854775807")]
    [InlineData("huge.jsonl", "{\"v\":123456789012345678901234567890}\n", "numeric", "123456789012345678901234567890")]
    [InlineData("mixed.jsonl", "{\"v\":9007199254740993}\n{\"v\":1.5}\n", "numeric", "9007199254740993|1.5")]
    [InlineData("plain.jsonl", "{\"v\":1.5}\n{\"v\":-2}\n{\"v\":1e3}\n", "double precision", "1.5|-2|1000")]
    [InlineData("long.jsonl", "{\"v\":0.1234567890123456789}\n", "numeric", "0.1234567890123456789")]
    [InlineData("seventeen.jsonl", "{\"v\":0.12345678901234568}\n", "double precision", "0.12345678901234568")]
    [InlineData("texts.jsonl", "{\"v\":1.50}\n{\"v\":\"x\"}\n", "text", "1.50|x")]
    [InlineData("object.jsonl", "{\"v\":{\"x\":0.1234567890123456789,\"z\":1.50}}\n", "jsonb",
        "{\"x\": 0.1234567890123456789, \"z\": 1.50}")]
    [InlineData("escapes.jsonl", "{\"v\":\"a\\u00e4\\n\\\"\\ud83d\\ude00\"}\n", "text", "aä\n\"😀")]
    [InlineData("separator.jsonl", "{\"v\":\"a\u2028b\"}\n{\"v\":\"\u2029\"}\n{\"v\":\"\u0085\"}\n", "text", "a\u2028b|\u2029|\u0085")]
    [InlineData("returns.jsonl", "{\"v\":1}\r\n{\"v\":2}\r\n", "bigint", "1|2")]
    [InlineData("twice.jsonl", "{\"v\":1,\"v\":2}\n", "bigint", "2")]
    [InlineData("mark.jsonl", "\ufeff{\"v\":1}\n\n{\"v\":2}\r\n{\"v\":3}", "bigint", "1|2|3")]
    [InlineData("marked.jsonl", "\ufeff{\"v\":\"a, \\\"b\\\" 'c'\\\\ ; \\t|é\"}\n{\"w\":1}\n", "text", "a, \"b\" 'c'\\ ; \t|é|")]
    [InlineData("marked.csv", "\ufeffv\n1\n2\n", "bigint", "1|2")]
    [InlineData("whole.csv", "v\n12345678901234567890\n1\n", "numeric", "12345678901234567890|1")]
    [InlineData("fraction.csv", "v\n9007199254740993\n1.5\n", "numeric", "9007199254740993|1.5")]
    [InlineData("zeros.csv", "v\n007\n1\n", "text", "007|1")]
    [InlineData("double.csv", "v\n0.1\n2\n", "double precision", "0.1|2")]
    public async Task Values_keep_their_digits(string file, string content, string type, string values)
    {
        var rows = await QueryAsync(file, content, "SELECT v, pg_typeof(v) FROM {0}");
        Assert.Null(rows.Error);
        Assert.Equal(values, string.Join('|', rows.Rows.Select(row => row[0])));
        Assert.All(rows.Rows, row => Assert.Equal(type, row[1]));
    }

    [Theory]
    [InlineData("same.csv", "a,a,a\n1,2,3\n", "a|a_1|a_2", "1|2|3")]
    [InlineData("taken.csv", "a,a,a_1\n1,2,3\n", "a|a_1|a_1_1", "1|2|3")]
    [InlineData("trailing.csv", "a,b,\n1,2,\n", "a|b|column3", "1|2|")]
    [InlineData("missing.csv", "a,,\n1,2,3\n", "a|column2|column3", "1|2|3")]
    [InlineData("nameless.jsonl", "{\"\":1,\"b\":2}\n", "|b", "1|2")]
    [InlineData("cases.jsonl", "{\"a\":1,\"A\":2}\n", "a|A", "1|2")]
    public async Task Columns_are_all_there(string file, string content, string names, string values)
    {
        var rows = await QueryAsync(file, content, "SELECT * FROM {0}");
        Assert.Null(rows.Error);
        Assert.Equal(names, string.Join('|', rows.Columns.Select(column => column.Name)));
        Assert.Equal(values, string.Join('|', Assert.Single(rows.Rows)));
    }

    [Theory]
    [InlineData("half.jsonl", "{\"v\":1}\n{\"v\":\"\\ud83d\"}\n", "XX001", "half.jsonl")]
    [InlineData("null.jsonl", "{\"v\":\"a\\u0000b\"}\n", "22P05", "unsupported Unicode escape sequence")]
    [InlineData("zero.csv", "a\0b,c\n1,2\n", "22021", "zero.csv")]
    [InlineData("zerovalue.csv", "a,c\n1\0,2\n", "22021", "zerovalue.csv")]
    [InlineData("open.csv", "\"x", "XX001", "open.csv")]
    [InlineData("later.jsonl", "{\"v\":1}\n[1]\n", "XX001", "later.jsonl")]
    public async Task What_cannot_be_read_is_named(string file, string content, string state, string message)
    {
        var error = (await QueryAsync(file, content, "SELECT * FROM {0}")).Error;
        Assert.Equal(state, error?.Code);
        Assert.Contains(message, error!.Message, StringComparison.Ordinal);
    }

    /// <summary>The sample of a JSON file ends before its last member comes; one behind 64 MB is missed by nobody.</summary>
    [Theory]
    [InlineData(10_001, 10, "late", "bigint", "7")]
    [InlineData(30_000, 100, "late", "bigint", "7")]
    [InlineData(3, 200_000, "late", "bigint", "7")]
    [InlineData(12_000, 10, "x\\\"y", "bigint", "7")]
    [InlineData(250, 300_000, "late", null, "0A000")]
    public async Task Members_that_come_late_are_not_lost(int lines, int width, string name, string? type, string expected)
    {
        var padding = new string('p', width);
        var content = string.Concat(Enumerable.Range(1, lines).Select(i => $"{{\"n\":{i},\"p\":\"{padding}\"}}\n"))
            + $"{{\"n\":0,\"{name}\":7}}\n";
        var file = $"late{lines}_{width}_{name.Length}.jsonl";
        if (type is null)
        {
            var error = (await QueryAsync(file, content, "SELECT max(n) FROM {0}")).Error;
            Assert.Equal(expected, error?.Code);
            Assert.Contains(name, error!.Message, StringComparison.Ordinal);
            return;
        }

        var column = $"\"{name.Replace("\\\"", "\"\"", StringComparison.Ordinal)}\"";
        var rows = await QueryAsync(file, content, $"SELECT max({column}), min(pg_typeof({column})::text), count(*), max(n) FROM {{0}}");
        Assert.True(rows.Error is null, rows.Error?.ToString());
        Assert.Equal($"{expected}|{type}|{lines + 1}|{lines}", string.Join('|', rows.Rows[0]));
    }

    [Fact]
    public async Task An_empty_file_is_an_empty_table()
    {
        var rows = await QueryAsync("nothing.csv", "", "SELECT count(*) FROM {0}");
        Assert.Equal("0", Assert.Single(rows.Rows)[0]);
        Assert.Empty((await QueryAsync("nothing.csv", "", "SELECT * FROM {0}")).Columns);
    }

    [GoldenFact]
    public async Task Lists_of_two_levels()
    {
        var content =
            await File.ReadAllBytesAsync(
                Path.Combine(SuiteServers.GoldenFolder!, "parquet/parquet-testing/data/old_list_structure.parquet"));
        Assert.Equal("{{1,2},{3,4}}", (await QueryAsync("old.parquet", content, "SELECT * FROM {0}")).Rows[0][0]);
    }

    /// <summary>A Parquet file may hold days and moments that PostgreSQL does not know.</summary>
    [Theory]
    [InlineData("DATE '4713-01-01 (BC)'", "4713-01-01 BC")]
    [InlineData("DATE '5000-01-01 (BC)'", "22008")]
    [InlineData("DATE '5877642-06-25 (BC)'", "22008")]
    [InlineData("DATE '5874897-12-31'", "5874897-12-31")]
    [InlineData("DATE '5881000-01-01'", "22008")]
    [InlineData("TIMESTAMP '4713-01-01 (BC) 00:00:00'", "4713-01-01 00:00:00 BC")]
    [InlineData("TIMESTAMP '5000-01-01 (BC) 00:00:00'", "22008")]
    [InlineData("TIMESTAMP '290308-12-23 (BC) 00:00:00'", "22008")]
    [InlineData("TIMESTAMP '4714-11-24 (BC) 00:00:00'", "4714-11-24 00:00:00 BC")]
    [InlineData("DATE 'infinity'", "infinity")]
    [InlineData("TIMESTAMP '294246-12-31 23:59:59'", "294246-12-31 23:59:59")]
    [InlineData("CAST('9999-12-31' AS TIMESTAMP_S)", "9999-12-31 00:00:00")]
    public async Task Times_of_files_that_PostgreSQL_does_not_know(string value, string expected)
    {
        var folder = Directory.CreateTempSubdirectory("federation-times-").FullName;
        var file = Path.GetFileName(folder) + ".parquet";
        try
        {
            using (var kernel = KernelInstance.Open(new KernelOptions { SpillDirectory = folder, AllowedDirectories = [folder] }))
            using (var connection = kernel.Connect())
                connection.Execute($"COPY (SELECT {value} AS v) TO '{folder}/{file}' (FORMAT parquet)");
            var content = await File.ReadAllBytesAsync(Path.Combine(folder, file));
            foreach (var sql in (string[])["SELECT v FROM {0}", "SELECT max(v) FROM {0} GROUP BY v"])
            {
                var result = await QueryAsync(file, content, sql);
                var given = result.Error?.Code ?? result.Rows[0][0];
                Assert.True(given == expected, $"{sql}: {given} {result.Error}");
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>
    /// Damaged files of other projects: some damage is not in what is read, the rest is said to be damage and the file is named.
    /// </summary>
    [GoldenFact]
    public async Task Damaged_parquet_files_are_named()
    {
        var damaged = 0;
        foreach (var path in Directory.EnumerateFiles(Path.Combine(SuiteServers.GoldenFolder!, "parquet/parquet-testing/bad_data"),
            "*.parquet"))
        {
            var file = "bad_" + Path.GetFileName(path);
            if ((await QueryAsync(file, await File.ReadAllBytesAsync(path), "SELECT * FROM {0}")).Error is not { } error) continue;
            damaged++;
            Assert.True(error.Code is "XX001" or "0A000", $"{file}: {error}");
            Assert.Contains(file, error.Message + error.Detail, StringComparison.Ordinal);
        }

        Assert.True(damaged > 3, $"{damaged} files");
    }

    [Theory]
    [InlineData("_delta_log", "Delta")]
    [InlineData(".hoodie", "Hudi")]
    public async Task Folders_of_other_formats_are_refused(string log, string format)
    {
        var folder = Path.Combine(servers.Files, "formats_" + format, "t");
        Directory.CreateDirectory(Path.Combine(folder, log));
        await File.WriteAllTextAsync(Path.Combine(folder, "part.csv"), "a\n1\n");
        await using var client = await RawClient.ConnectAsync(servers.Gateway);
        await client.QueryAsync($"CREATE SERVER formats FOREIGN DATA WRAPPER files OPTIONS (root '{Path.GetDirectoryName(folder)}')");
        var read = (await client.QueryAsync("SELECT * FROM formats.public.t")).Error;
        var registered = (await client.QueryAsync($"CALL lake.system.register_table('public', 't', '{folder}')")).Error;
        Assert.Null((await client.QueryAsync("DROP SERVER formats")).Error);
        Assert.Equal("0A000", read?.Code);
        Assert.Contains(format, read!.Message, StringComparison.Ordinal);
        Assert.True(registered?.Code is "0A000" or "3F000", registered?.ToString());
    }

    private Task<QueryResult> QueryAsync(string file, string content, string sql) => QueryAsync(file, Encoding.UTF8.GetBytes(content), sql);

    private async Task<QueryResult> QueryAsync(string file, byte[] content, string sql)
    {
        var folder = Directory.CreateDirectory(Path.Combine(servers.Files, "forms_" + file)).FullName;
        await File.WriteAllBytesAsync(Path.Combine(folder, file), content);
        await using var client = await RawClient.ConnectAsync(servers.Gateway);
        Assert.Null((await client.QueryAsync($"CREATE SERVER forms FOREIGN DATA WRAPPER files OPTIONS (root '{folder}')")).Error);
        var result =
            await client.QueryAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, sql,
                $"forms.public.\"{Path.GetFileNameWithoutExtension(file)}\""));
        Assert.Null((await client.QueryAsync("DROP SERVER forms")).Error);
        return result;
    }
}
