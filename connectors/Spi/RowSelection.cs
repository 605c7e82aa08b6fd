using Federation.Core.Types;

namespace Federation.Connectors.Spi;

/// <summary>
/// The hidden columns by which a writable table names each of its rows in one state. A scan gives them when it is asked for them; no
/// column of a table can be called so.
/// </summary>
public static class RowIdentity
{
    /// <summary>The file that holds the row, as the table's metadata names it; text.</summary>
    public const string File = "\u0001file";

    /// <summary>The row's place in its file, from 0; int8.</summary>
    public const string Position = "\u0001position";

    /// <summary>How many columns they are.</summary>
    public const int ColumnCount = 2;

    /// <summary>A column's name as people are shown it: what the hidden ones are called in the specification of Iceberg.</summary>
    public static string Shown(string name) => name switch { File => "_file", Position => "_pos", _ => name };

    public static SqlType FileType => SqlType.Text;

    public static SqlType PositionType => SqlType.Int8;
}

/// <summary>Rows of one state of a table, by <see cref="RowIdentity"/>. Used by one thread at a time.</summary>
public sealed class RowSelection
{
    private readonly Dictionary<string, PositionSet> _files = new(StringComparer.Ordinal);
    private (string Name, PositionSet Positions)? _last;

    /// <summary>The rows of each file.</summary>
    public IReadOnlyDictionary<string, PositionSet> Files => _files;

    public long Count { get; private set; }

    /// <summary>False when the row is selected already.</summary>
    public bool Add(string file, long position)
    {
        // Rows come file by file for the most part.
        if (_last is not { } last || last.Name != file)
        {
            if (!_files.TryGetValue(file, out var positions)) _files.Add(file, positions = new PositionSet());
            _last = last = (file, positions);
        }

        if (!last.Positions.Add(position)) return false;
        Count++;
        return true;
    }

    /// <summary>The rows of some files.</summary>
    public RowSelection Where(Func<string, bool> isMeant)
    {
        var selection = new RowSelection();
        foreach (var (file, positions) in _files.Where(item => isMeant(item.Key)))
        {
            selection._files.Add(file, positions);
            selection.Count += positions.Count;
        }

        return selection;
    }
}

/// <summary>Positions of rows in a file, a bit each in blocks of 65,536. Used by one thread at a time.</summary>
public sealed class PositionSet
{
    private const int BlockBits = 16;
    private const int WordsPerBlock = (1 << BlockBits) / 64;

    private readonly SortedDictionary<long, ulong[]> _blocks = [];

    public long Count { get; private set; }

    /// <summary>False when it is there already.</summary>
    public bool Add(long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        if (!_blocks.TryGetValue(position >> BlockBits, out var words))
            _blocks.Add(position >> BlockBits, words = new ulong[WordsPerBlock]);
        ref var word = ref words[(position >> 6) & (WordsPerBlock - 1)];
        var bit = 1UL << (int)(position & 63);
        if ((word & bit) != 0) return false;
        word |= bit;
        Count++;
        return true;
    }

    public bool Contains(long position) => _blocks.TryGetValue(position >> BlockBits, out var words)
        && (words[(position >> 6) & (WordsPerBlock - 1)] & (1UL << (int)(position & 63))) != 0;

    /// <summary>Ascending.</summary>
    public IEnumerable<long> Ascending()
    {
        foreach (var (block, words) in _blocks)
            for (var i = 0; i < words.Length; i++)
                for (var rest = words[i]; rest != 0; rest &= rest - 1)
                    yield return (block << BlockBits) + (i * 64L) + System.Numerics.BitOperations.TrailingZeroCount(rest);
    }
}
