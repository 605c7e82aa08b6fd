using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Faults;

/// <summary>
/// Large parameters cost a few times their size, those of many clients no more than there is, and portals that wait cost next to nothing.
/// </summary>
[Collection(SuiteCollection.Name)]
public sealed class LargeValueTests(SuiteServers servers) : IAsyncLifetime
{
    private const long MemoryLimit = 300;
    private const int Megabytes = 64;

    private readonly string _folder = Directory.CreateTempSubdirectory("federation-large-").FullName;
    private GatewayProcess _gateway = null!;

    public async Task InitializeAsync() =>
        _gateway = await GatewayProcess.StartAsync(_folder, "--memory-mb", MemoryLimit.ToString(CultureInfo.InvariantCulture), "--demo",
            Path.Combine(Repository.Root, "deploy", "demo"));

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_large_parameter_costs_a_few_times_its_size()
    {
        var value = new string('x', Megabytes << 20);
        await using var client = await RawClient.ConnectAsync(_gateway.Address);
        await client.ExecuteAsync("SELECT length($1::text), count(*) FROM demo.public.countries", ["warm"]);
        var before = GatewayProcess.PeakResidentBytes(_gateway.Id) >> 20;
        var length = (Megabytes << 20).ToString(CultureInfo.InvariantCulture);
        foreach (var (sql, answer) in ((string, string)[])
        [
            ("SELECT length($1::text)", length),
            ("SELECT DISTINCT length($1::text) FROM demo.public.countries", length),
            ("SELECT count(*) FROM demo.public.countries WHERE code = $1::text", "0"),
            ("SELECT count(*) FROM demo.public.countries WHERE $1::varchar LIKE 'xx%'", "4"),
            ("SELECT count(*) FROM demo.public.countries WHERE code < $1::text AND $1::text <> name", "4"),
            ("SELECT left($1::text, 3) || right($1::text, 2)", "xxxxx"),
            ("SELECT count(*) FROM demo.public.countries WHERE code::bytea = $1::bytea", "0"),
            ("SELECT octet_length($1::bytea)", length),
        ])
        {
            var result = await client.ExecuteAsync(sql, [value]);
            Assert.True(result.Error is null, $"{sql}: {result.Error}");
            Assert.Equal(answer, result.Rows[0][0]);
        }

        // The message, what is made of it, what was not given back yet of those before (twice a message), and one for all the rest.
        var peak = (GatewayProcess.PeakResidentBytes(_gateway.Id) >> 20) - before;
        Assert.True(peak < Megabytes * 6, $"{peak} MB more for a value of {Megabytes} MB");
    }

    [Theory]
    [InlineData("SELECT $1::text", "text")]
    [InlineData("SELECT md5($1::text)", "text")]
    [InlineData("SELECT $1::text = $1, $1::text < 'b', $1::text IN ('a', $1)", "text")]
    [InlineData("SELECT length($1::jsonb ->> 'a')", "json")]
    [InlineData("SELECT md5(($1::json)::text)", "json")]
    [InlineData("SELECT md5($1::bytea)", "bytea")]
    [InlineData("SELECT md5(encode($1::bytea, 'hex')), md5(encode($1::bytea, 'base64')), md5(encode($1::bytea, 'escape'))", "bytea")]
    [InlineData("SELECT md5(decode(encode($1::bytea, 'hex'), 'hex')), md5(decode(encode($1::bytea, 'base64'), 'base64')), "
        + "md5(decode(encode($1::bytea, 'escape'), 'escape'))", "bytea")]
    [InlineData("SELECT md5($1::bytea || $1::bytea), length($1::bytea || NULL)", "bytea")]
    [InlineData("SELECT md5($1::text || $1 || 'x'), md5(concat($1::text, NULL, 1, $1)), md5(quote_literal($1::text))", "text")]
    [InlineData("SELECT jsonb_typeof($1::jsonb), length(($1::jsonb || '{}')::text)", "json")]
    [InlineData("SELECT cardinality($1::int[]), ($1::int[])[100]", "array")]
    [InlineData("SELECT length(max(v)), count(*) FROM (VALUES ($1::text), ('b'), (NULL)) t(v) WHERE v IS DISTINCT FROM 'b'", "text")]
    [InlineData("SELECT octet_length(CASE WHEN n > 1 THEN $1::text ELSE $1 || 'b' END) FROM generate_series(1, 3) n", "text")]
    [InlineData("SELECT length(string_agg($1::text, ',')) FROM generate_series(1, 3)", "text")]
    [InlineData("SELECT set_config('large.value', $1::text, false) = $1", "text")]
    [InlineData("SELECT count(*) FROM generate_series(1, 10) n WHERE $1::text LIKE '%' || n || '%'", "text")]
    [InlineData("SELECT $1::text::int", "text")]
    [InlineData("SELECT (SELECT length($1::text) FROM generate_series(1, 2) LIMIT 1) + length($1)", "text")]
    [InlineData("WITH w AS MATERIALIZED (SELECT $1::text AS v) SELECT length(a.v) FROM w a JOIN w b ON a.v = b.v", "text")]
    public async Task Large_parameters_answer_as_PostgreSQL_does(string sql, string kind)
    {
        var value = kind switch
        {
            "json" => $$"""{"a": "{{new string('q', 2 << 20)}}", "b": [1, 2.50]}""",
            "bytea" => "\\x" + new string('7', 4 << 20),
            "array" => "{" + string.Join(',', Enumerable.Range(1, 300_000)) + "}",
            _ => string.Concat(Enumerable.Repeat("a'é\\\"$2 ", 300_000)),
        };
        await using var postgres = await RawClient.ConnectAsync(servers.Postgres);
        await using var gateway = await RawClient.ConnectAsync(_gateway.Address);
        var (expected, actual) = (await postgres.ExecuteAsync(sql, [value]), await gateway.ExecuteAsync(sql, [value]));
        Assert.Equal(expected.Error?.Code, actual.Error?.Code);
        Assert.Equal(expected.Rows.SelectMany(row => row), actual.Rows.SelectMany(row => row));
    }

    [Fact]
    public async Task Large_parameters_of_many_clients_wait_for_each_other()
    {
        var value = new string('x', 100 << 20);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(async _ =>
        {
            await using var client = await RawClient.ConnectAsync(_gateway.Address);
            var result = await client.ExecuteAsync("SELECT length($1::text)", [value]);
            Assert.True(result.Error is null, result.Error?.ToString());
            Assert.Equal(value.Length.ToString(CultureInfo.InvariantCulture), result.Rows[0][0]);
        }));
        var peak = GatewayProcess.PeakResidentBytes(_gateway.Id) >> 20;
        Assert.True(peak < MemoryLimit + 1024, $"{peak} MB");
    }

    [Fact]
    public async Task Many_suspended_portals_live_and_are_read_on()
    {
        const int Portals = 300;
        using var client = new PortalClient(_gateway.Address);
        await client.ExecuteAsync("", "BEGIN", 0);
        for (var i = 0; i < Portals; i++)
            Assert.Equal(["1", "2", "3", "s"], await client.ExecuteAsync($"p{i}", "SELECT * FROM generate_series(1, 20000)", 3));
        for (var i = 0; i < Portals; i += 7)
        {
            Assert.Equal(["4", "5", "s"], await client.FetchAsync($"p{i}", 2));
            var rest = await client.FetchAsync($"p{i}", 0);
            Assert.Equal(("6", "20000", "C"), (rest[0], rest[^2], rest[^1]));
            Assert.Equal(19_996, rest.Count);
        }

        // The error of a row is for who reads the row, not for who made it go aside.
        Assert.Equal(["0", "s"], await client.ExecuteAsync("bad", "SELECT 100 / (900000 - n) FROM generate_series(1, 900000) n", 1));
        for (var i = 0; i < 20; i++) await client.ExecuteAsync($"q{i}", "SELECT * FROM generate_series(1, 20000)", 3);
        Assert.Equal("E22012", (await client.FetchAsync("bad", 0))[^1]);
        var peak = GatewayProcess.PeakResidentBytes(_gateway.Id) >> 20;
        Assert.True(peak < MemoryLimit + 1024, $"{peak} MB");
    }

    /// <summary>
    /// Executes portals by the extended protocol. A result is its rows' first columns, then "s" for a suspended portal, "C" at its end, or
    /// "E" and the SQLSTATE.
    /// </summary>
    private sealed class PortalClient : IDisposable
    {
        private readonly TcpClient _client;
        private readonly BufferedStream _stream;

        public PortalClient(ServerAddress server)
        {
            _client = new TcpClient(server.Host, server.Port) { NoDelay = true };
            _stream = new BufferedStream(_client.GetStream());
            Send(null, [0, 3, 0, 0, .. Encoding.UTF8.GetBytes($"user\0{server.User}\0database\0{server.Database}\0\0")]);
            _stream.Flush();
            ReadAsync().GetAwaiter().GetResult();
        }

        public async Task<IReadOnlyList<string>> ExecuteAsync(string portal, string sql, int rows)
        {
            Send('P', Encoding.UTF8.GetBytes($"\0{sql}\0\0\0"));
            Send('B', Encoding.UTF8.GetBytes($"{portal}\0\0\0\0\0\0\0\0"));
            return await FetchAsync(portal, rows);
        }

        public async Task<IReadOnlyList<string>> FetchAsync(string portal, int rows)
        {
            Send('E', [.. Encoding.UTF8.GetBytes(portal + "\0"), .. BigEndian(rows)]);
            Send('S', []);
            await _stream.FlushAsync();
            return await ReadAsync();
        }

        public void Dispose() => _client.Dispose();

        private static byte[] BigEndian(int value)
        {
            var bytes = new byte[sizeof(int)];
            BinaryPrimitives.WriteInt32BigEndian(bytes, value);
            return bytes;
        }

        private void Send(char? type, byte[] body)
        {
            if (type is { } code) _stream.WriteByte((byte)code);
            _stream.Write(BigEndian(body.Length + sizeof(int)));
            _stream.Write(body);
        }

        private async Task<IReadOnlyList<string>> ReadAsync()
        {
            var result = new List<string>();
            var header = new byte[5];
            while (true)
            {
                await _stream.ReadExactlyAsync(header);
                var body = new byte[BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(1)) - sizeof(int)];
                await _stream.ReadExactlyAsync(body);
                switch ((char)header[0])
                {
                    case 'D': result.Add(Encoding.UTF8.GetString(body.AsSpan(6))); break;
                    case 's': result.Add("s"); break;
                    case 'C': result.Add("C"); break;
                    case 'E': result.Add("E" + Encoding.UTF8.GetString(body).Split('\0').First(field => field.StartsWith('C'))[1..]); break;
                    case 'Z': return result;
                    default: break;
                }
            }
        }
    }
}
