using Federation.Catalog;

namespace Federation.Transactions;

/// <summary>Begins the transactions of one process on one catalog. Thread-safe.</summary>
public sealed class TransactionManager(CatalogDatabase catalog)
{
    private long _lastState;

    public CatalogDatabase Catalog => catalog;

    /// <summary>Told of the changes of each transaction that has committed, on its thread.</summary>
    public Action<IReadOnlyList<CatalogChange>>? Committed { get; set; }

    public Transaction Begin() => new(this);

    /// <summary>Removes files that nothing names, without making anybody wait.</summary>
    internal void Discard(IReadOnlyList<Func<ValueTask>> staged)
    {
        if (staged.Count == 0) return;
        _ = Task.Run(async () =>
        {
            foreach (var discardAsync in staged) await discardAsync();
        });
    }

    /// <summary>A number for a state of uncommitted changes that no other state in this process has.</summary>
    internal long NextState() => Interlocked.Increment(ref _lastState);
}
