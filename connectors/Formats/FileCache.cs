using Federation.ObjectStorage;

namespace Federation.Connectors.Formats;

/// <summary>
/// Parsed files that are still what they were: entries are known by path and version. Bounded by weight, the least
/// recently used go first. Thread-safe; two threads may parse the same file at once, which costs time only.
/// </summary>
public sealed class FileCache<T>(IObjectStore store, long maxWeight, Func<string, T> read, Func<T, long> weigh)
    where T : class
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Key, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _recent = [];
    private long _weight;

    /// <param name="path">The file.</param>
    /// <param name="version">
    /// The version of a remote file where that may change; null for a file of a table format, which never changes once written. A local
    /// file is looked at in any case: that costs no request.
    /// </param>
    public T Get(string path, string? version = null)
    {
        if (!StoragePath.IsRemote(path)) version = (store.Stat(path) ?? throw StoreErrors.Missing(path)).Version;
        var key = new Key(path, version);
        lock (_lock)
        {
            if (_entries.TryGetValue(key, out var node))
            {
                _recent.Remove(node);
                _recent.AddFirst(node);
                return node.Value.Item;
            }
        }

        var item = read(path);
        Add(new Entry(key, item, weigh(item)));
        return item;
    }

    private void Add(Entry entry)
    {
        if (entry.Weight > maxWeight) return;
        lock (_lock)
        {
            if (_entries.ContainsKey(entry.Key)) return;
            _entries.Add(entry.Key, _recent.AddFirst(entry));
            _weight += entry.Weight;
            while (_weight > maxWeight && _recent.Last is { } oldest)
            {
                _recent.RemoveLast();
                _entries.Remove(oldest.Value.Key);
                _weight -= oldest.Value.Weight;
            }
        }
    }

    private readonly record struct Key(string Path, string? Version);

    private sealed record Entry(Key Key, T Item, long Weight);
}
