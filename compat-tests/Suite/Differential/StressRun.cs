using System.Globalization;
using System.Text.RegularExpressions;
using Federation.CompatTests.Suite.Faults;
using Federation.CompatTests.Suite.Protocol;
using Federation.Plan;

namespace Federation.CompatTests.Suite.Differential;

/// <summary>One sample of cases, put through all places on both servers.</summary>
internal sealed class StressRun : IAsyncDisposable
{
    /// <summary>One of so many calls is tried when neither all are asked for nor those of some names.</summary>
    public const int SampledPart = 8;

    private const int MostCallsTogether = 14;
    private readonly ServerAddress _address;
    private readonly string _server;
    private readonly GatewayProcess _gateway;
    private readonly RawClient _oracle;
    private readonly StressTables _tables;
    private readonly List<string> _failures = [];
    private readonly HashSet<string> _seen = [];
    private RawClient _subject;
    private int _statements, _refusedCalls, _refusedStatements;

    private StressRun(string server, ServerAddress address, GatewayProcess gateway, RawClient oracle, RawClient subject,
        StressTables tables) =>
        (_server, _address, _gateway, _oracle, _subject, _tables) = (server, address, gateway, oracle, subject, tables);

    public IReadOnlyList<string> Failures => _failures;

    /// <summary>How many calls the gateway supports.</summary>
    public int Calls { get; private set; }

    public string Summary =>
        $"{Calls} calls and {_refusedCalls} refused, {_statements} statements and {_refusedStatements} refused, {_failures.Count} failed";

    public static async Task<StressRun> StartAsync(SuiteServers servers, GatewayProcess gateway, int seed, int cases)
    {
        var name = "stress_" + seed.ToString(CultureInfo.InvariantCulture);
        await using (var setup = await RawClient.ConnectAsync(servers.Postgres)) await MustAsync(setup, $"CREATE DATABASE {name}");
        var oracle = await RawClient.ConnectAsync(servers.Postgres with { Database = name });
        await StressTables.PrepareAsync(oracle);
        await MustAsync(oracle, "SET statement_timeout = '20s'");
        var tables = new StressTables(oracle, new Random(seed), cases);
        var filter = Environment.GetEnvironmentVariable("FEDERATION_STRESS");
        var run = new StressRun(name, gateway.Address with { Database = name }, gateway, oracle, null!, tables);
        run._chosen = [
            .. StressCalls.All().Where(call => filter is null || Regex.IsMatch(call.Name, filter, RegexOptions.CultureInvariant))];
        if (filter is null && !Full.IsAsked) run._chosen = run.Sample(seed);
        foreach (var call in run._chosen) await tables.CreateAsync(call);
        await MustAsync(oracle, "ANALYZE");
        await using (var setup = await RawClient.ConnectAsync(gateway.Address))
        {
            await MustAsync(setup,
                $"CREATE SERVER {name} FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{servers.Postgres.Port}', dbname "
                    + $"'{name}'); CREATE USER MAPPING FOR CURRENT_USER SERVER {name} OPTIONS (user 'postgres')");
        }

        await run.ReconnectAsync();
        return run;
    }

    private List<StressCall> _chosen = [];

    private List<StressCall> Sample(int seed)
    {
        var calls = _chosen.ToArray();
        new Random(seed).Shuffle(calls);
        return [.. calls.Take((calls.Length / SampledPart) + 1)];
    }

    public async Task RunAsync()
    {
        var supported = new List<(StressCall Call, HashSet<int> Bad)>();
        foreach (var call in _chosen)
            if (await BadCasesAsync(call) is { } bad)
                supported.Add((call, bad));
        Calls = supported.Count;
        foreach (var group in supported.GroupBy(item => (item.Call.Table, item.Call.Kind, item.Call.ReturnsSet, item.Call.IsCast)))
            foreach (var batch in Batches([.. group]))
                foreach (var place in
                    StressPlaces.All.Where(place => place.Kind == batch.First.Kind && place.OfSets == batch.First.ReturnsSet
                        && (Full.IsAsked || !batch.First.IsCast || StressPlaces.OfCasts.Contains(place.Name))))
                    await TryAsync(place, batch);
    }

    public async ValueTask DisposeAsync()
    {
        await _subject.DisposeAsync();
        await _oracle.DisposeAsync();
    }

    /// <summary>Puts calls together as long as they leave each other enough cases.</summary>
    private IEnumerable<StressBatch> Batches(List<(StressCall Call, HashSet<int> Bad)> calls)
    {
        var (together, bad) = (new List<StressCall>(), new HashSet<int>());
        foreach (var (call, its) in calls.OrderBy(item => item.Bad.Count))
        {
            if (together.Count > 0 && (together.Count == MostCallsTogether || bad.Union(its).Count() > its.Count + (_tables.Cases / 10)))
            {
                yield return Batch();
                (together, bad) = ([], []);
            }

            together.Add(call);
            bad.UnionWith(its);
        }

        if (together.Count > 0) yield return Batch();

        StressBatch Batch() => new(_tables, together, [.. Enumerable.Range(1, _tables.Cases).Where(number => !bad.Contains(number))]);
    }

    /// <summary>
    /// The cases in which PostgreSQL raises an error; null for calls that one of the servers does not know. Some of those cases are
    /// compared here.
    /// </summary>
    private async Task<HashSet<int>?> BadCasesAsync(StressCall call)
    {
        var expression = Probe(call, "a");
        var nulls =
            $"SELECT {(call.Kind == FunctionKind.Scalar ? Probe(call, "a") : call.With("a") + (call.Kind == FunctionKind.Window ? " OVER (ORDER BY a.id)" : ""))} FROM {call.Table} a WHERE a.id < 0";
        var known = await SubjectAsync(nulls);
        if (known.Error is { Code: "0A000" or "42883" or "42846" or "42725" or "42804" or "42P18" })
        {
            if ((await _oracle.QueryAsync(nulls)).Error is null) _refusedCalls++;
            return null;
        }

        var found = await _oracle.QueryAsync(
            call.Kind != FunctionKind.Scalar ? nulls : $"SELECT * FROM bad_cases($e${expression}$e$, '{call.Table}')");
        if (found.Error is { } error)
        {
            if (error.Code != known.Error?.Code)
                Fail("support", nulls, $"PostgreSQL: {error}\n-- here: {known.Error?.ToString() ?? "no error"}");
            return null;
        }

        if (call.Kind != FunctionKind.Scalar) return [];
        var codes = found.Rows.Select(row => (Number: int.Parse(row[0]!, CultureInfo.InvariantCulture), Code: row[1]!)).ToList();
        if (codes is [(0, _)])
        {
            if (known.Error is null) Fail("support", nulls, $"PostgreSQL: {codes[0].Code}\n-- here: no error");
            return null;
        }

        foreach (var some in codes.GroupBy(item => item.Code))
            foreach (var (number, code) in some.Take(3))
            {
                foreach (var statement in (string[])[$"SELECT {expression} FROM {call.Table} a WHERE a.id = {number}",
                    $"SELECT {call.Fill(_tables.Literals(call, number))}"])
                {
                    var actual = await SubjectAsync(statement);
                    if (actual.Error?.Code == code || actual.Error?.Code == "0A000") continue;
                    var inOracle = await _oracle.QueryAsync(statement);
                    if (inOracle.Error?.Code != actual.Error?.Code && inOracle.Error?.Code[..2] != actual.Error?.Code[..2]
                        && _seen.Add($"{call.Name} {code}"))
                            Fail("errors", $"SELECT {call.Fill(_tables.Literals(call, number))}",
                                $"PostgreSQL: {inOracle.Error}\n-- here: {actual.Error?.ToString() ?? Row(actual)}");
                }
            }

        return [.. codes.Select(item => item.Number)];
    }

    private static string Probe(StressCall call, string alias) =>
        call.ReturnsSet ? $"(SELECT count(*) FROM {call.With(alias)})" : call.With(alias);

    private async Task TryAsync(StressPlace place, StressBatch batch)
    {
        if (place.Statement(batch) is not { } sql) return;
        var difference = await CompareAsync(sql, batch);
        if (difference is null) return;
        if (batch.Calls.Count == 1)
        {
            if (difference.Length > 0) await FailAsync(place, batch, sql, difference);
            return;
        }

        foreach (var call in batch.Calls)
        {
            var only = batch.Only(call);
            if (place.Statement(only) is { } single && await CompareAsync(single, only) is { Length: > 0 } found)
                await FailAsync(place, only, single, found);
        }
    }

    /// <summary>Null when equal, empty when refused.</summary>
    private async Task<string?> CompareAsync(string sql, StressBatch batch)
    {
        _statements++;
        var expected = await _oracle.QueryAsync(sql);
        var actual = await SubjectAsync(sql);
        if (actual.Error is { Code: "0A000" } || IsLateSpecial(actual.Error))
        {
            _refusedStatements++;
            return "";
        }

        // All cases are good: what PostgreSQL computes of the others before its condition is its own business.
        if (expected.Error is not null && actual.Error is null && batch.First.Kind == FunctionKind.Scalar) return null;
        if (expected.Error is { } error)
            return error.Code == actual.Error?.Code
                || (actual.Error is { Code: not "XX000" } && batch.Calls.Count == 1 && error.Code[..2] == actual.Error.Code[..2])
                || error.Code == "57014" ? null : $"PostgreSQL: {error}\n-- here: {actual.Error?.ToString() ?? "no error"}";
        return StressComparison.Difference(expected, actual, batch.Calls.Any(call => call.Kind == FunctionKind.Aggregate),
            batch.Calls.Any(call => call.GivesEither));
    }

    /// <summary>Whether NaN or an infinite value came after rows had been sent, which docs/sources.md says is refused.</summary>
    private static bool IsLateSpecial(ServerError? error) =>
        error is { Code: "22003" } && error.Message.StartsWith("column ", StringComparison.Ordinal)
        && error.Message.Contains("has the value", StringComparison.Ordinal);

    /// <summary>One failure of a place is told for each function; with constants when it shows with them.</summary>
    private async Task FailAsync(StressPlace place, StressBatch batch, string sql, string difference)
    {
        if (!_seen.Add($"{batch.First.Name} {batch.Table} {difference.Split(':')[0]}")) return;
        if (batch.First is { Kind: FunctionKind.Scalar, ReturnsSet: false })
        {
            foreach (var number in batch.Good)
            {
                var constant = $"SELECT {batch.Constants(batch.First, number)}";
                var (expected, actual) = (await _oracle.QueryAsync(constant), await SubjectAsync(constant));
                if (actual.Error?.Code == "0A000" || expected.Error is not null) continue;
                if (StressComparison.Difference(expected, actual, false, false) is not { } found) continue;
                Fail(place.Name, constant, found);
                return;
            }
        }

        Fail(place.Name, sql, difference);
    }

    private void Fail(string place, string sql, string difference) => _failures.Add($"-- {place}\n{sql};\n-- {difference}");

    private async Task<QueryResult> SubjectAsync(string sql)
    {
        try
        {
            return await _subject.QueryAsync(sql);
        }
        catch (Exception error) when (error is IOException or System.Net.Sockets.SocketException)
        {
            Fail("the connection broke", sql,
                $"{error.Message}, the process {(GatewayProcess.IsAlive(_gateway.Id) ? "lives" : "is dead")}");
            if (!GatewayProcess.IsAlive(_gateway.Id)) throw new InvalidOperationException($"the gateway died of {sql}", error);
            await ReconnectAsync();
            return new QueryResult([], [], "", new ServerError("XXXXX", "connection broke", 0, null, null));
        }
    }

    private async Task ReconnectAsync()
    {
        _subject = await RawClient.ConnectAsync(_address);
        await MustAsync(_subject, "SET statement_timeout = '30s'; SET search_path = public");
    }

    private static string Row(QueryResult result) =>
        string.Join(" | ", result.Rows.Take(1).SelectMany(row => row.Select(value => value ?? "NULL")));

    private static async Task MustAsync(RawClient client, string sql)
    {
        if ((await client.QueryAsync(sql)).Error is { } error) throw new InvalidOperationException($"{sql}: {error}");
    }
}
