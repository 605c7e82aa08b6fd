using System.Diagnostics;
using System.Globalization;
using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Faults;

/// <summary>
/// One statement's size, time or appetite is no other's business: while hard ones run, other sessions answer, the process lives, and its
/// memory stays within its limit and a gigabyte.
/// </summary>
public sealed class StatementLimitTests : IAsyncLifetime
{
    private const long MemoryLimit = 1000;

    private readonly string _folder = Directory.CreateTempSubdirectory("federation-limits-").FullName;
    private GatewayProcess _gateway = null!;

    public async Task InitializeAsync() =>
        _gateway = await GatewayProcess.StartAsync(_folder, "--memory-mb", MemoryLimit.ToString(CultureInfo.InvariantCulture));

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>What is hard, and its SQLSTATE; the statements behind the first are run in full mode only.</summary>
    public static readonly (string Sql, string Code)[] Statements =
    [
        // A row in a row doubles the quotes of its text at every level; PostgreSQL makes a gigabyte of it before it gives up.
        ("SELECT " + Nested("row(", "1", ")", 125), "54000"),
        ("SELECT " + Nested("row(", "'a'::text", ")", 31), "54000"),
        ("SELECT " + Nested("array[row(", "1", ")]", 30), "54000"),
        ($"SELECT length({string.Join(" || ", Enumerable.Repeat("repeat(chr(64 + n), 200000000)", 8))}) FROM generate_series(1, 3) n",
            "53200"),
        ("WITH RECURSIVE t(n, x) AS (SELECT 1, 'abc' UNION ALL SELECT n + 1, x || x FROM t WHERE n < 40) SELECT length(x) FROM t WHERE n "
            + "= 40", "53200"),
        ("SELECT length(format('%2000000000s','x'))", "54000"),
        ("SELECT length(replace(repeat('a',1000000),'a',repeat('b',1000000)))", "54000"),
        ("SELECT array_fill(1, ARRAY[100000,100000])", "54000"),
        ("SELECT array_fill(1, ARRAY[100000000])", "53200"),
        ("SELECT count(*) FROM generate_series('2000-01-01'::timestamp,'292000-01-01','1 microsecond')", "53200"),
        ("SELECT repeat('9',100000)::numeric * repeat('9',100000)::numeric", "22003"),
        ("SELECT " + string.Join(',', Enumerable.Repeat("1", 1665)), "54011"),
        ("SELECT " + string.Join(',', Enumerable.Repeat("1", 100_000)), "54011"),
        ("SELECT length(to_char(1, repeat('9',100000000)))", "54000"),
        ("SELECT array_length(string_to_array(repeat(',',100000000),','),1)", "53200"),
        ("SELECT count(*) FROM string_to_table(repeat(',',100000000),',')", "53200"),
        ("SELECT count(*) FROM string_to_table(repeat('a',100000000),NULL)", "53200"),
        ("SELECT array_length(string_to_array(repeat('a,',100000000),',','a'),1)", "53200"),
        ("SELECT count(*) FROM generate_series(1,1e30,0.0000001)", "53200"),
        ("SELECT length(encode(repeat('x',500000000)::bytea,'hex'))", "53200"),
        ("SELECT length(quote_literal(repeat('''',300000000)))", "53200"),
        ("SELECT count(*) FROM regexp_split_to_table(repeat('a,', 20000000), ',')", "53200"),
        ("SELECT jsonb_array_length(('[' || repeat('1234567,', 30000000) || '1]')::jsonb)", "53200"),
        ("SELECT length(regexp_replace(repeat('a',1000000),'a',repeat('b',100000),'g'))", "53200"),
    ];

    [Fact]
    public async Task Hard_statements_end_with_their_error_and_harm_nobody()
    {
        await using var other = await RawClient.ConnectAsync(_gateway.Address);
        foreach (var (sql, code) in Statements.Take(Full.IsAsked ? Statements.Length : 13))
        {
            await using var client = await RawClient.ConnectAsync(_gateway.Address);
            var running = client.QueryAsync(sql);
            do Assert.Equal("1", (await other.QueryAsync("SELECT 1")).Rows[0][0]);
            while (!running.IsCompleted);
            Assert.Equal(code, (await running).Error?.Code);
        }

        var peak = GatewayProcess.PeakResidentBytes(_gateway.Id) >> 20;
        Assert.True(peak < MemoryLimit + 1024, $"{peak} MB");
    }

    /// <summary>Depths at which what grew with a power of the depth did not come back.</summary>
    [Theory]
    [InlineData("upper(", "'a'", ")", 1000, "A")]
    [InlineData("upper(", "v", ")", 1000, "A")]
    [InlineData("abs(", "length(v)", ")", 1500, "1")]
    [InlineData("1 + (", "length(v)", ")", 1000, "1001")]
    [InlineData("array_length(ARRAY[", "7", "], 1)", 700, "1")]
    [InlineData("coalesce(", "v", ", 'b')", 1000, "a")]
    [InlineData("nullif(", "v", ", 'b')", 1000, "a")]
    [InlineData("greatest(", "v", ", '')", 1000, "a")]
    [InlineData("lpad(", "v", ", 1, 'x')", 1000, "a")]
    [InlineData("CASE WHEN v = 'x' THEN '' ELSE ", "v", " END", 1000, "a")]
    [InlineData("(SELECT ", "v", ")", 400, "a")]
    public async Task Deep_nesting_is_answered(string open, string innermost, string close, int depth, string expected)
    {
        await using var client = await RawClient.ConnectAsync(_gateway.Address);
        await client.QueryAsync("SET statement_timeout = '120s'");
        var result = await client.QueryAsync($"SELECT {Nested(open, innermost, close, depth)} FROM (VALUES ('a'::text)) t(v)");
        Assert.Null(result.Error);
        Assert.Equal(expected, result.Rows[0][0]);
    }

    [Theory]
    [InlineData("JOIN (SELECT 1 AS a) t{0} USING (a)")]
    [InlineData("JOIN (SELECT 1 AS a) t{0} ON t{0}.a = t{1}.a")]
    [InlineData("LEFT JOIN (SELECT 1 AS a) t{0} ON t{0}.a = t{1}.a")]
    public async Task Long_chains_of_joins_are_answered(string join)
    {
        await using var client = await RawClient.ConnectAsync(_gateway.Address);
        await client.QueryAsync("SET statement_timeout = '120s'");
        var joins = Enumerable.Range(1, 100).Select(i => string.Format(CultureInfo.InvariantCulture, join, i, i - 1) + ")");
        var result = await client.QueryAsync($"SELECT count(*) FROM {new string('(', 100)}(SELECT 1 AS a) t0 {string.Join(' ', joins)}");
        Assert.Null(result.Error);
        Assert.Equal("1", result.Rows[0][0]);
    }

    private static string Nested(string open, string innermost, string close, int depth) =>
        string.Concat(Enumerable.Repeat(open, depth)) + innermost + string.Concat(Enumerable.Repeat(close, depth));

    /// <summary>The timeout holds for reading, planning, computing and sending alike.</summary>
    [Theory]
    [InlineData("SELECT * FROM generate_series(1,1000000000)")]
    [InlineData("COPY (SELECT * FROM generate_series(1,1000000000)) TO STDOUT")]
    [InlineData("SELECT pg_sleep(1000)")]
    [InlineData("SELECT count(*) FROM generate_series(1,100000) a, generate_series(1,100000) b WHERE md5(a::text || b::text) = 'x'")]
    [InlineData("list 3000000")]
    [InlineData("in 300000")]
    [InlineData("joins 2000")]
    [InlineData(@"SELECT count(*) FROM generate_series(1, 100000000) g WHERE (repeat('a', 400) || g) ~ '^(a|aa)+\1$'")]
    public async Task A_timeout_covers_every_stage_of_a_statement(string sql)
    {
        await using var client = await RawClient.ConnectAsync(_gateway.Address);
        await client.QueryAsync("SET statement_timeout = '500ms'");
        var error = (await client.QueryAsync(Written(sql))).Error;
        Assert.Equal(("57014", "canceling statement due to statement timeout"), (error?.Code, error?.Message));
        // The session lives on; without a limit, because a loaded machine may take long for anything.
        await client.QueryAsync("SET statement_timeout = 0");
        Assert.Equal("2", (await client.QueryAsync("SELECT 1 + 1")).Rows[0][0]);
    }

    [Fact]
    public async Task The_timeout_is_one_for_all_messages_of_a_statement_and_anew_for_the_next()
    {
        await using var client = await RawClient.ConnectAsync(_gateway.Address);
        await client.QueryAsync("SET statement_timeout = '2s'");
        for (var i = 0; i < 4; i++) Assert.Null((await client.QueryAsync("SELECT pg_sleep(0.7)")).Error);
        Assert.Null((await client.QueryAsync("SELECT pg_sleep(0.8); SELECT pg_sleep(0.8); SELECT pg_sleep(0.8)")).Error);
        Assert.Equal("57014", (await client.ExecuteAsync("SELECT pg_sleep(100)", [])).Error?.Code);
    }

    [Theory]
    [InlineData("idle_in_transaction_session_timeout", "BEGIN")]
    [InlineData("idle_in_transaction_session_timeout", "BEGIN; SELECT 1/0")]
    [InlineData("idle_session_timeout", "SELECT 1")]
    public async Task A_session_that_is_idle_too_long_ends(string setting, string last)
    {
        await using var client = await RawClient.ConnectAsync(_gateway.Address);
        await client.QueryAsync($"SET {setting} = '200ms'");
        await client.QueryAsync(last);
        // It ends by itself: what is sent then meets a closed connection, or the FATAL error.
        while (true)
        {
            try
            {
                await Task.Delay(300);
                if ((await client.QueryAsync("SELECT 1")).Error is { Code: "25P03" or "57P05" }) return;
            }
            catch (IOException)
            {
                return;
            }
        }
    }

    [Theory]
    [InlineData("catalog")]
    [InlineData("spill")]
    public async Task What_a_dead_gateway_left_does_not_mislead_the_next(string what)
    {
        var folder = Directory.CreateTempSubdirectory("federation-left-").FullName;
        try
        {
            if (what == "catalog")
            {
                await File.WriteAllBytesAsync(Path.Combine(folder, "catalog.db"), []);
                await Assert.ThrowsAsync<InvalidOperationException>(() => GatewayProcess.StartAsync(folder));
                return;
            }

            await using (var killed = await GatewayProcess.StartAsync(folder))
            {
                await using var client = await RawClient.ConnectAsync(killed.Address);
                await client.QueryAsync(
                    "BEGIN; DECLARE c SCROLL CURSOR FOR SELECT repeat('x', 1000), g FROM generate_series(1, 50000) g; MOVE ALL FROM c");
                await killed.KillAsync();
            }

            var spill = new DirectoryInfo(Path.Combine(folder, "spill"));
            Assert.NotEmpty(spill.GetDirectories());
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, spill.UnixFileMode);
            await using var next = await GatewayProcess.StartAsync(folder);
            Assert.Single(spill.GetDirectories());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_pipe_is_no_table()
    {
        var files = Directory.CreateDirectory(Path.Combine(_folder, "files")).FullName;
        using (var make = Process.Start("mkfifo", Path.Combine(files, "x.csv"))) await make.WaitForExitAsync();
        await using var client = await RawClient.ConnectAsync(_gateway.Address);
        Assert.Null((await client.QueryAsync($"CREATE SERVER pipes FOREIGN DATA WRAPPER files OPTIONS (root '{files}')")).Error);
        Assert.Equal("42809", (await client.QueryAsync("SELECT * FROM pipes.public.x")).Error?.Code);
    }

    private static string Written(string sql) => sql.Split(' ') switch
    {
        ["list", var count] => $"SELECT {string.Join(',', Enumerable.Repeat("1", int.Parse(count, CultureInfo.InvariantCulture)))}",
        ["in", var count] =>
            $"SELECT 1 WHERE 5 IN ({string.Join(',', Enumerable.Range(10, int.Parse(count, CultureInfo.InvariantCulture)))})",
        ["joins", var count] =>
            $"SELECT 1 FROM {string.Join(',', Enumerable.Range(0, int.Parse(count, CultureInfo.InvariantCulture)).Select(i => $"(VALUES (1)) t{i}(a)"))}",
        _ => sql,
    };
}
