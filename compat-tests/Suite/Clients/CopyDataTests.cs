using System.Text;
using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Clients;

/// <summary>What COPY makes of its data: the same rows, or the same error in the same line, as PostgreSQL.</summary>
[Collection(SuiteCollection.Name)]
public sealed class CopyDataTests(SuiteServers servers)
{
    private const string Columns =
        "i int, l bigint, s smallint, b bool, f real, d float8, n numeric(12,3), t text, v varchar(5), c char(4), "
        + "dt date, ts timestamp, tz timestamptz, u uuid, a int[]";

    private const int RandomData = 400;

    /// <summary>Options, and data for one column of text.</summary>
    private static readonly (string Options, string Data)[] s_edges =
    [
        ("", "1\n2\n"), ("", "1\n2"), ("", "1\r\n2\r\n"), ("", "1\r2\r"), ("", "a\r\nb\nc\r\n"), ("", "a\nb\r\nc\n"), ("", "a\rb\nc"),
        ("", "a\r\nb\rc\r\n"), ("", "a\nb\rc\n"), ("", "\\.\n"), ("", "a\n\\.\nb\n"), ("", "a\\.\n"), ("", "a\\.b\n"), ("", "a\n\\."),
        ("", "a\r\n\\.\n"), ("", "a\r\n\\.\r\nb"), ("", "a\n\\.\r\n"), ("", "\\.\r\nx"), ("", "a\\\nb\n"), ("", "\\N\n\\n\n\\\\N\n"),
        ("", "\\x41\\x4a1\\101\\7\\x\\xg\\q\n"), ("", "\\000\n"), ("", "\\x00\n"), ("", "\\xff\n"), ("", "\\xc3\\xa9\n"), ("", "a\\"),
        ("", "\n\n"), ("", ""), ("", "a\tb\n"), ("", "\\\t\n"), ("", "a\0b\n"), ("NULL 'x'", "x\n\\x\n"), ("NULL ''", "\n\\N\n"),
        ("DELIMITER '|'", "a\\|b\n"), ("DELIMITER '|'", "a|b\n"), ("HEADER", "q\n1\tx\n"),
        ("FORMAT csv", "a\n\"b\nc\"\n\"d\"\"e\"\n"), ("FORMAT csv", "\"a\n"), ("FORMAT csv", "a\"b\"c\n"), ("FORMAT csv", "\n\"\"\n"),
        ("FORMAT csv", "a\\.\n\\.\nb\n"), ("FORMAT csv", "\\.x\n"), ("FORMAT csv", "\"\\.\"\n"), ("FORMAT csv", "a\r\n\"b\r\nc\"\r\n"),
        ("FORMAT csv", "a\nb\rc\n"), ("FORMAT csv", "a\r\nb\nc"), ("FORMAT csv", "a,b\n"), ("FORMAT csv", "\\."), ("FORMAT csv", "a\\"),
        ("FORMAT csv", "\"x\ny\"\na,b\n"), ("FORMAT csv", "\"a\""), ("FORMAT csv", "\"a\"\r\"b\rc\"\rd,e"),
        ("FORMAT csv, ESCAPE '\\'", "\"a\\\"b\\\\\"\n\"c\\d\"\n"), ("FORMAT csv, QUOTE ''''", "'a''b'\n\"\n"),
            ("FORMAT csv, NULL 'z'", "z\n\"z\"\n"),
        ("FORMAT csv, FORCE_NULL (t)", "\"\"\n\n"), ("FORMAT csv, FORCE_NOT_NULL (t)", "\"\"\n\n"), ("FORMAT csv, HEADER", "q\nr\n"),
        ("FORMAT csv, HEADER match", "t\nr\n"), ("FORMAT csv, HEADER match", "q\nr\n"), ("FORMAT csv, HEADER match", "t,u\nr\n"),
        ("FORMAT csv, HEADER", "\"q\nq\"\n\"r"),
    ];

    /// <summary>Spellings for each column; the first two are good.</summary>
    private static readonly string[][] s_values =
    [
        ["0", "1", "-7", "+5", "2147483647", "2147483648", "-2147483648", " 12 ", "1x", "", "000000000000000000000012", "1.0"],
        ["9223372036854775807", "-9223372036854775808", "9223372036854775808", "123456789012345678", "-", "7"],
        ["32767", "-32768", "32768", "1", "a"],
        ["t", "f", "true", "off", "1", "T", "x", ""],
        ["1.5", "-0", "1e10", "NaN", "Infinity", "1e39", "1e-50", "0.1", ".5", "5.", "1e", "3.4028235e38", " 1 "],
        ["1.5", "-0", "0", "1e308", "1e309", "1e-400", "nan", "-infinity", "0.1000000000000000055511151231257827", "12345678901234567890",
            "1_0"],
        ["1.5", "1.2345", "-0.0005", "-1.9999", "999999999.999", "999999999.9995", "1000000000", ".5", "5.", ".", "-", "", "1e3",
            "00000000000000000001.5", "-0.000", "1.5.5"],
        ["abc", "", "tëxt", "a b", "日本", "\\\\", "x\\ty"],
        ["abcde", "abcd", "abcdef", "abcde   ", "ééééé", "éééééé", ""],
        ["abcd", "ab", "abcde", "éé", "abcd  ", ""],
        ["2024-02-29", "1999-12-31", "2023-02-29", "0001-01-01", "0000-01-01", "20240101", "Jan 5 2020", "infinity", "01/02/2003",
            "2024-1-5", "2024-13-01", "x"],
        [
            "2024-02-29 12:34:56", "2024-02-29 12:34:56.789", "2024-02-29T12:34:56", "2024-02-29 24:00:00", "2024-02-29 12:34:60",
            "2024-02-29 12:34:56.1234567", "2024-02-29", "2024-02-29 12:34:56+02", "epoch", "2024-02-29 25:00:00",
        ],
        [
            "2024-02-29 12:34:56+00", "2024-02-29 12:34:56.5+00", "2024-02-29 12:34:56+02", "2024-02-29 12:34:56",
                "2024-02-29 12:34:56 Europe/Berlin",
            "2024-02-29 12:34:56-00", "x+00", "+00",
        ],
        ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "{a0eebc999c0b4ef8bb6d6bb9bd380a11}", "a0eebc99"],
        ["{1,2}", "{}", "{1,NULL}", "{1", ""],
    ];

    [Fact]
    public async Task Edges_of_the_formats_are_read_as_postgres_reads_them() => await CompareAsync("t text", s_edges);

    [Fact]
    public async Task Values_of_all_types_are_read_as_postgres_reads_them()
    {
        var cases = new List<(string, string)>();
        var random = new Random(20);
        for (var column = 0; column < s_values.Length; column++)
        {
            foreach (var value in s_values[column])
            {
                var fields = Enumerable.Repeat("\\N", s_values.Length).ToArray();
                fields[column] = value;
                cases.Add(("", string.Join('\t', fields) + "\n"));
                cases.Add(("FORMAT csv, NULL '\\N'",
                    string.Join(',', fields.Select(field => $"{(field == "\\N" ? field : $"\"{field}\"")}")) + "\n"));
            }
        }

        // Errors come from the first wrong field of the first wrong line.
        for (var i = 0; i < RandomData / 2; i++)
        {
            var data = new StringBuilder();
            for (var line = random.Next(1, 5); line > 0; line--)
            {
                var fields = s_values.Select(values =>
                    random.Next(8) == 0 ? "\\N" : values[random.Next(random.Next(30) == 0 ? values.Length : 2)]).ToList();
                if (random.Next(20) == 0) fields.RemoveAt(random.Next(fields.Count));
                if (random.Next(20) == 0) fields.Add("1");
                data.AppendJoin('\t', fields).Append('\n');
            }

            cases.Add(("", data.ToString()));
        }

        await CompareAsync(Columns, cases);
    }

    [Fact]
    public async Task Random_text_is_cut_as_postgres_cuts_it()
    {
        var random = new Random(7);
        var cases = new List<(string, string)>();
        for (var i = 0; i < RandomData; i++)
        {
            // What means something, and little else; each kind of line end is the only one in a third of the data.
            var letters = "ab\\\"N.,\t1x" + (i % 3) switch { 0 => "\n", 1 => "\r", _ => "\r\n" };
            var options = (i % 4) switch { 0 => "FORMAT csv", 1 => "FORMAT csv, ESCAPE '\\'", _ => "" };
            cases.Add((options, string.Concat(Enumerable.Range(0, random.Next(1, 25)).Select(_ => letters[random.Next(letters.Length)]))));
        }

        await CompareAsync("t text", cases);
    }

    private async Task CompareAsync(string columns, IReadOnlyCollection<(string Options, string Data)> cases)
    {
        await using var postgres = await RawClient.ConnectAsync(servers.Postgres);
        await using var gateway = await RawClient.ConnectAsync(servers.Gateway);
        var differences = new List<string>();
        var loaded = 0;
        try
        {
            foreach (var client in (RawClient[])[postgres, gateway])
                Assert.Null((await client.QueryAsync($"CREATE TABLE cd ({columns})")).Error);
            var random = new Random(3);
            foreach (var (options, data) in cases)
            {
                var pieceBytes = random.Next(3) == 0 ? random.Next(1, 8) : int.MaxValue;
                var expected = await LoadAsync(postgres, options, data, int.MaxValue);
                var actual = await LoadAsync(gateway, options, data, pieceBytes);
                if (expected.StartsWith("rows", StringComparison.Ordinal)) loaded++;
                if (expected != actual)
                    differences.Add($"({options}) {Escape(data)}\n  postgres {Escape(expected)}\n  gateway  {Escape(actual)}");
            }
        }
        finally
        {
            foreach (var client in (RawClient[])[postgres, gateway]) await client.QueryAsync("DROP TABLE cd");
        }

        Assert.True(differences.Count == 0, $"{differences.Count} of {cases.Count} differ:\n{string.Join('\n', differences.Take(40))}");
        Assert.InRange(loaded, cases.Count / 5, cases.Count);
    }

    private static async Task<string> LoadAsync(RawClient client, string options, string data, int pieceBytes)
    {
        await client.QueryAsync("BEGIN");
        var loaded = await client.CopyInAsync($"COPY cd FROM STDIN{(options.Length == 0 ? "" : $" WITH ({options})")}",
            Encoding.UTF8.GetBytes(data), pieceBytes);
        var answer = loaded.Error is { } error
            ? $"{error} HINT: {error.Hint} CONTEXT: {loaded.Context}"
            : $"rows {loaded.Tag}: {await RowsAsync(client)}";
        await client.QueryAsync("ROLLBACK");
        return answer;
    }

    private static async Task<string> RowsAsync(RawClient client) => string.Join(
        " / ", (await client.QueryAsync("SELECT * FROM cd")).Rows.Select(row =>
            string.Join('|', row.Select(value => value ?? "NULL"))).Order(StringComparer.Ordinal));

    private static string Escape(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)
        .Replace("\r", "\\r", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal)
            .Replace("\0", "\\0", StringComparison.Ordinal);
}
