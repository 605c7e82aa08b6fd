using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Federation.Core.Errors;

namespace Federation.CompatTests.Suite.History;

/// <summary>
/// Random transactions of many clients over five tables: lists are read and appended to, and money is moved between accounts whose total
/// stays the same. Clients may lose their server at any moment and go on with another one. Thread-safe.
/// </summary>
/// <param name="level">The isolation level of all transactions.</param>
/// <param name="wanted">Transactions whose outcome is to be known before the workload ends.</param>
/// <param name="connectAsync">A new connection for a client, which is known by its number; waits until there is a server.</param>
internal sealed class HistoryWorkload(string level, int wanted, Func<int, Task<IHistoryClient>> connectAsync)
{
    public const int Tables = 5;
    private const int Lists = 2;
    private const int Accounts = 4;
    private const int Balance = 100;

    private readonly ConcurrentBag<HistoryTransaction> _transactions = [];
    private readonly ConcurrentQueue<string> _wrong = [];
    private int _known;
    private int _nextId;
    private int _nextValue;

    /// <summary>Those that moved money and were acknowledged.</summary>
    private int _transfers;

    public static IEnumerable<string> Setup()
    {
        for (var table = 0; table < Tables; table++)
        {
            yield return $"CREATE TABLE list{table} (k int, l text)";
            yield return $"INSERT INTO list{table} SELECT i, '' FROM generate_series(0, {Lists - 1}) AS i";
            yield return $"CREATE TABLE account{table} (id int, balance int)";
            yield return $"INSERT INTO account{table} SELECT i, {Balance} FROM generate_series(0, {Accounts - 1}) AS i";
        }
    }

    /// <summary>Outcomes that are known by now.</summary>
    public int Known => Volatile.Read(ref _known);

    public bool IsDone => Known >= wanted;

    public string Summary =>
        $"{_transactions.Count} transactions with lists: {Committed} committed, {Count(Outcome.Unknown)} unknown; "
        + $"{_transfers} transfers";

    /// <summary>Transactions with lists that were acknowledged.</summary>
    public int Committed => Count(Outcome.Committed);

    private int Count(Outcome outcome) => _transactions.Count(transaction => transaction.Outcome == outcome);

    /// <summary>What one client does until the workload is done.</summary>
    public async Task RunAsync(int number)
    {
        var random = new Random(number);
        var client = await connectAsync(number);
        try
        {
            while (!IsDone)
            {
                try
                {
                    switch (random.Next(4))
                    {
                        case 0: await TransferAsync(client, random); break;
                        case 1 when random.Next(4) == 0: await SumAsync(client); break;
                        default: await UseListsAsync(client, random); break;
                    }
                }
                catch (IOException)
                {
                    await client.DisposeAsync();
                    client = await connectAsync(number);
                }
            }
        }
        finally
        {
            await client.DisposeAsync();
        }
    }

    /// <summary>Reads all lists at last, and gives what is wrong with all that was seen.</summary>
    public async Task<IReadOnlyList<string>> FinishAsync(IHistoryClient client)
    {
        var operations = new List<Operation>();
        var begun = Stopwatch.GetTimestamp();
        await client.BeginAsync();
        for (var table = 0; table < Tables; table++)
            for (var list = 0; list < Lists; list++)
                operations.Add(await ReadAsync(client, table, list));
        await client.EndAsync(isCommit: true);
        Add(begun, Outcome.Committed, operations);
        await SumAsync(client);
        return [.. _wrong, .. HistoryChecker.Check([.. _transactions.OrderBy(transaction => transaction.Begun)], level == "SERIALIZABLE")];
    }

    private async Task UseListsAsync(IHistoryClient client, Random random)
    {
        var operations = new List<Operation>();
        var begun = Stopwatch.GetTimestamp();
        var outcome = Outcome.Aborted;
        try
        {
            await BeginAsync(client);
            for (var i = random.Next(1, 5); i > 0; i--)
            {
                var (table, list) = (random.Next(Tables), random.Next(Lists));
                if (random.Next(2) == 0)
                {
                    operations.Add(await ReadAsync(client, table, list));
                    continue;
                }

                var value = Interlocked.Increment(ref _nextValue);
                operations.Add(new Operation.Append((table * Lists) + list, value));
                await client.ExecuteAsync($"UPDATE list{table} SET l = l || ' {value}' WHERE k = {list}");
            }

            // One in ten changes its mind.
            var isCommit = random.Next(10) > 0;
            outcome = isCommit ? Outcome.Unknown : Outcome.Aborted;
            await client.EndAsync(isCommit);
            if (isCommit) outcome = Outcome.Committed;
        }
        catch (SqlException error)
        {
            Expect(error);
            outcome = Outcome.Aborted;
            await RollBackAsync(client);
        }
        finally
        {
            Add(begun, outcome, operations);
        }
    }

    private async Task TransferAsync(IHistoryClient client, Random random)
    {
        var (from, to) = (random.Next(Tables), random.Next(Tables));
        var (source, target, amount) = (random.Next(Accounts), random.Next(Accounts), random.Next(1, 20));
        if (from == to && source == target) return;
        try
        {
            await BeginAsync(client);
            var balance = int.Parse(
                await client.ReadAsync($"SELECT balance::text FROM account{from} WHERE id = {source}"), CultureInfo.InvariantCulture);

            // One of the two writes what it has computed, which would lose an update that came between.
            await client.ExecuteAsync($"UPDATE account{from} SET balance = {balance - amount} WHERE id = {source}");
            await client.ExecuteAsync($"UPDATE account{to} SET balance = balance + {amount} WHERE id = {target}");
            await client.EndAsync(isCommit: true);
            Interlocked.Increment(ref _transfers);
        }
        catch (SqlException error)
        {
            Expect(error);
            await RollBackAsync(client);
        }

        Interlocked.Increment(ref _known);
    }

    private async Task SumAsync(IHistoryClient client)
    {
        try
        {
            await BeginAsync(client);
            var total = 0;
            for (var table = 0; table < Tables; table++)
                total += int.Parse(await client.ReadAsync($"SELECT sum(balance)::text FROM account{table}"), CultureInfo.InvariantCulture);
            await client.EndAsync(isCommit: true);
            if (total != Tables * Accounts * Balance) _wrong.Enqueue($"all accounts together have {total}");
        }
        catch (SqlException error)
        {
            Expect(error);
            await RollBackAsync(client);
        }

        Interlocked.Increment(ref _known);
    }

    private async Task BeginAsync(IHistoryClient client)
    {
        await client.BeginAsync();
        await client.ExecuteAsync($"SET TRANSACTION ISOLATION LEVEL {level}");
    }

    private static async Task<Operation.Read> ReadAsync(IHistoryClient client, int table, int list)
    {
        var text = await client.ReadAsync($"SELECT l FROM list{table} WHERE k = {list}");
        return new Operation.Read((table * Lists) + list,
            [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(item => int.Parse(item, CultureInfo.InvariantCulture))]);
    }

    private static async Task RollBackAsync(IHistoryClient client)
    {
        try
        {
            await client.EndAsync(isCommit: false);
        }
        catch (SqlException)
        {
            // A commit that failed has ended the transaction.
        }
    }

    /// <summary>Transactions may be refused, and a gateway whose catalog is away says so.</summary>
    private void Expect(SqlException error)
    {
        if (error.State.Code is not ("40001" or "57P01") && error.State.Class != "08") _wrong.Enqueue(error.ToString());
    }

    private void Add(long begun, Outcome outcome, IReadOnlyList<Operation> operations)
    {
        _transactions.Add(
            new HistoryTransaction(Interlocked.Increment(ref _nextId), begun, Stopwatch.GetTimestamp(), outcome, operations));
        Interlocked.Increment(ref _known);
    }
}
