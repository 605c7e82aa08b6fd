namespace Federation.CompatTests.Suite.History;

/// <summary>
/// Finds what no order of transactions explains in a history of lists that are appended to and read (Kingsbury and Alvaro, "Elle: Inferring
/// Isolation Anomalies from Experimental Observations", 2020). Every value is appended once, so each read tells in which order the appends
/// before it were done, and so which transaction depends on which.
/// </summary>
internal sealed class HistoryChecker
{
    private readonly IReadOnlyList<HistoryTransaction> _transactions;
    private readonly bool _isSerializable;
    private readonly List<string> _violations = [];
    private readonly Dictionary<int, int> _writers = [];

    /// <summary>The longest list that was seen of each key, which all others must begin.</summary>
    private readonly Dictionary<int, IReadOnlyList<int>> _orders = [];

    private HistoryChecker(IReadOnlyList<HistoryTransaction> transactions, bool isSerializable)
    {
        _transactions = transactions;
        _isSerializable = isSerializable;
    }

    /// <summary>What is wrong, one line each; empty when there is an order.</summary>
    /// <param name="isSerializable">
    /// Whether the order must be serial and agree with the clock. Otherwise the transactions must each see one state and not overwrite each
    /// other: snapshot isolation.
    /// </param>
    public static IReadOnlyList<string> Check(IReadOnlyList<HistoryTransaction> transactions, bool isSerializable)
    {
        var checker = new HistoryChecker(transactions, isSerializable);
        checker.Check();
        return checker._violations;
    }

    private void Check()
    {
        for (var i = 0; i < _transactions.Count; i++)
            foreach (var append in _transactions[i].Operations.OfType<Operation.Append>())
                if (!_writers.TryAdd(append.Value, i))
                    throw new ArgumentException($"{append.Value} is appended twice", nameof(append));
        CheckReads();
        if (_violations.Count == 0) CheckCycles();
    }

    /// <summary>
    /// Each list is the beginning of the longest one, has nothing of transactions that did not commit, and all or nothing of those that did
    /// between its reader's own appends.
    /// </summary>
    private void CheckReads()
    {
        var reads = _transactions.Where(transaction => transaction.Outcome == Outcome.Committed)
            .SelectMany(transaction => transaction.Operations.OfType<Operation.Read>().Select(read => (transaction, read))).ToList();
        foreach (var (transaction, read) in reads)
        {
            // A list with its reader's own appends may be the longest before they were committed.
            if (!_orders.TryGetValue(read.Key, out var longest) || longest.Count < read.Values.Count) _orders[read.Key] = read.Values;
            if (read.Values.Distinct().Count() != read.Values.Count) Report(transaction, read, "has a value twice");
            foreach (var value in read.Values)
            {
                if (!_writers.TryGetValue(value, out var writer)) Report(transaction, read, $"has {value}, which nobody appended");
                else if (_transactions[writer].Outcome == Outcome.Aborted)
                    Report(transaction, read, $"has {value} of T{_transactions[writer].Id}, which was rolled back");
            }
        }

        foreach (var (transaction, read) in reads)
        {
            if (!_orders[read.Key].Take(read.Values.Count).SequenceEqual(read.Values))
                Report(transaction, read, $"is no beginning of [{string.Join(' ', _orders[read.Key])}]");
            CheckWhole(transaction, read);
        }

        CheckOwn();
    }

    /// <summary>The last value of a transaction's appends to a key is there if its first one is.</summary>
    private void CheckWhole(HistoryTransaction reader, Operation.Read read)
    {
        foreach (var writer in read.Values.Where(_writers.ContainsKey).Select(value => _transactions[_writers[value]]).Distinct())
        {
            if (writer == reader) continue;
            var missing = writer.Operations.OfType<Operation.Append>()
                .Where(append => append.Key == read.Key && !read.Values.Contains(append.Value)).ToList();
            if (missing.Count > 0) Report(reader, read, $"lacks {missing[0].Value}, but has other values of T{writer.Id}");
        }
    }

    /// <summary>A transaction sees what it has appended, after what it saw before.</summary>
    private void CheckOwn()
    {
        foreach (var transaction in _transactions.Where(transaction => transaction.Outcome == Outcome.Committed))
        {
            var known = new Dictionary<int, List<int>>();
            foreach (var operation in transaction.Operations)
            {
                if (operation is Operation.Append append)
                {
                    if (known.TryGetValue(append.Key, out var values)) values.Add(append.Value);
                }
                else if (operation is Operation.Read read)
                {
                    if (known.TryGetValue(read.Key, out var values) && !values.SequenceEqual(read.Values))
                        Report(transaction, read, $"should be [{string.Join(' ', values)}]");
                    known[read.Key] = [.. read.Values];
                }
            }
        }
    }

    private void Report(HistoryTransaction transaction, Operation.Read read, string what) =>
        _violations.Add($"T{transaction.Id} read [{string.Join(' ', read.Values)}] of {read.Key}, which {what}");

    /// <summary>
    /// Serializable: no cycle among dependencies, anti-dependencies and the clock. Snapshot isolation: none among dependencies each
    /// followed by at most one anti-dependency (Cerone and Gotsman, "Analysing Snapshot Isolation", 2016).
    /// </summary>
    private void CheckCycles()
    {
        var graph = new DependencyGraph(_transactions.Count);
        foreach (var (key, order) in _orders) AddOrder(graph, key, order);
        if (_isSerializable) graph.AddClock([.. _transactions.Select(transaction => IsThere(transaction) ? (transaction.Begun,
            transaction.Outcome == Outcome.Committed ? transaction.Ended : long.MaxValue) : (long.MaxValue, long.MaxValue))]);
        foreach (var cycle in graph.FindCycles(_isSerializable))
            _violations.Add("a cycle: " + string.Join(" ", cycle.Select(edge => $"T{_transactions[edge.From].Id} -{edge.Reason}->"))
                + $" T{_transactions[cycle[0].From].Id}");
    }

    /// <summary>Whether its effects are known to be there.</summary>
    private bool IsThere(HistoryTransaction transaction) => transaction.Outcome == Outcome.Committed
        || (transaction.Outcome == Outcome.Unknown && transaction.Operations.OfType<Operation.Append>()
            .Any(append => _orders.TryGetValue(append.Key, out var order) && order.Contains(append.Value)));

    private void AddOrder(DependencyGraph graph, int key, IReadOnlyList<int> order)
    {
        var places = order.Select((value, place) => (value, place)).ToDictionary(pair => pair.value, pair => pair.place);

        // Appends that follow each other.
        for (var i = 1; i < order.Count; i++) graph.Add(_writers[order[i - 1]], _writers[order[i]], $"{key} ww");
        for (var i = 0; i < _transactions.Count; i++)
        {
            var transaction = _transactions[i];
            if (transaction.Outcome != Outcome.Committed) continue;

            // An append that nobody has seen comes after all that were seen.
            if (order.Count > 0)
                foreach (var append in transaction.Operations.OfType<Operation.Append>().Where(append => append.Key == key))
                    if (!places.ContainsKey(append.Value))
                        graph.Add(_writers[order[^1]], i, $"{key} ww");
            foreach (var read in transaction.Operations.OfType<Operation.Read>().Where(read => read.Key == key))
            {
                var seen = read.Values.Count(value => _writers[value] != i);
                if (seen > 0) graph.Add(_writers[read.Values[seen - 1]], i, $"{key} wr");

                // The next append that the read did not see.
                if (seen < order.Count && read.Values.Count == seen) graph.AddAnti(i, _writers[order[seen]], $"{key} rw");
                if (read.Values.Count == seen && seen == order.Count) AddUnseen(graph, i, key, places);
            }
        }
    }

    /// <summary>A read of the longest list comes before all committed appends that it lacks.</summary>
    private void AddUnseen(DependencyGraph graph, int reader, int key, Dictionary<int, int> places)
    {
        for (var i = 0; i < _transactions.Count; i++)
            if (i != reader && _transactions[i].Outcome == Outcome.Committed && _transactions[i].Operations.OfType<Operation.Append>()
                .Any(append => append.Key == key && !places.ContainsKey(append.Value)))
                graph.AddAnti(reader, i, $"{key} rw");
    }
}
