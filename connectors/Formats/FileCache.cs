namespace Federation.Connectors.Formats;

/// <summary>
/// Parsed files that are still what is on disk: entries are known by path, length and time of the last write. Bounded by weight, the least
/// recently used go first. Thread-safe; two threads may parse the same file at once, which costs time only.
/// </summary>
public sealed class FileCache<T>(long maxWeight, Func<string, T> read, Func<T, long> weigh)
    where T : class
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Key, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _recent = [];
    private long _weight;

    public T Get(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists) throw FormatErrors.Missing(path);
        var key = new Key(path, file.Length, file.LastWriteTimeUtc.Ticks);
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

    private readonly record struct Key(string Path, long Length, long WrittenTicks);

    private sealed record Entry(Key Key, T Item, long Weight);
}
