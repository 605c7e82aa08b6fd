using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Federation.Core;

namespace Federation.Arrow;

/// <summary>
/// Makes one sorted stream of several by the bytes of their last column, compared as unsigned bytes, which is not given on. Holds one batch
/// of each stream and the page that it fills; allocates nothing per row. One thread at a time.
/// </summary>
public sealed class SortedMerge : IDisposable
{
    /// <summary>Rows chosen before they are copied: enough that a column's loop pays, few enough that long rows do not pile up.</summary>
    private const int BlockRows = 512;

    private readonly BatchBuilder _page;
    private readonly int _pageRows;
    private readonly long _pageBytes;
    private readonly Cursor[] _cursors;
    private readonly Cursor[] _heap;
    private readonly Column[][] _sources;
    private readonly int[] _origins = new int[BlockRows];
    private readonly int[] _rows = new int[BlockRows];
    private int _heapSize;
    private int _chosen;
    private long _skip;
    private long _take;

    private SortedMerge(BatchSchema schema, int streams, long skip, long take, int pageRows, long pageBytes)
    {
        _page = new BatchBuilder(schema);
        _pageRows = pageRows;
        _pageBytes = pageBytes;
        _skip = skip;
        _take = take;
        _cursors = Enumerable.Range(0, streams).Select(number => new Cursor(number)).ToArray();
        _heap = new Cursor[streams];
        _sources = schema.Fields.Select(_ => new Column[streams]).ToArray();
    }

    /// <summary>
    /// The merged rows. The caller owns each batch; it stays the owner of <paramref name="streams"/> and disposes them when the enumeration
    /// has ended.
    /// </summary>
    /// <param name="schema">The columns to give: those of the streams without the last.</param>
    /// <param name="skip">Rows left out at the beginning.</param>
    /// <param name="take">Rows given at most; the streams are not read further.</param>
    public static async IAsyncEnumerable<Batch> MergeAsync(
        BatchSchema schema, IReadOnlyList<IAsyncEnumerator<Batch>> streams, long skip = 0, long take = long.MaxValue, int pageRows = 16_384,
        long pageBytes = 1 << 20)
    {
        using var merge = new SortedMerge(schema, streams.Count, skip, take, pageRows, pageBytes);
        if (take == 0) yield break;
        foreach (var cursor in merge._cursors) await merge.FillAsync(cursor, streams[cursor.Number]);
        while (merge._heapSize > 0 && merge._take > 0)
        {
            var empty = merge.Advance();
            if (merge._page.RowCount >= pageRows || merge._page.ByteCount >= pageBytes) yield return merge._page.Build();
            if (empty is not null && merge._take > 0) await merge.FillAsync(empty, streams[empty.Number]);
        }

        if (merge._page.RowCount > 0) yield return merge._page.Build();
    }

    public void Dispose()
    {
        foreach (var cursor in _cursors) cursor.Batch?.Dispose();
        _page.Dispose();
    }

    /// <summary>Gives a cursor the next batch that has rows; a stream without one is left out from then on.</summary>
    private async ValueTask FillAsync(Cursor cursor, IAsyncEnumerator<Batch> stream)
    {
        while (await stream.MoveNextAsync())
        {
            var batch = stream.Current;
            if (batch.RowCount == 0)
            {
                batch.Dispose();
                continue;
            }

            cursor.Start(batch);
            for (var i = 0; i < _sources.Length; i++) _sources[i][cursor.Number] = batch.Columns[i];
            Push(cursor);
            return;
        }
    }

    /// <summary>
    /// Copies rows in their order until the page is full, enough is taken or a batch has no more: then its cursor, which is off the heap.
    /// </summary>
    private Cursor? Advance()
    {
        while (_heapSize > 0 && _take > 0)
        {
            var first = _heap[0];
            if (_skip > 0)
            {
                _skip--;
            }
            else
            {
                _origins[_chosen] = first.Number;
                _rows[_chosen++] = first.Row;
                _take--;
            }

            if (!first.MoveNext())
            {
                _heap[0] = _heap[--_heapSize];
                if (_heapSize > 0) SiftDown();
                Copy();
                first.End();
                return first;
            }

            SiftDown();
            if (_chosen < BlockRows) continue;
            Copy();
            if (_page.RowCount >= _pageRows || _page.ByteCount >= _pageBytes) return null;
        }

        Copy();
        return null;
    }

    private void Copy()
    {
        ReadOnlySpan<int> origins = _origins.AsSpan(0, _chosen), rows = _rows.AsSpan(0, _chosen);
        for (var i = 0; i < _sources.Length; i++) ColumnGather.Append(_page.Columns[i], _sources[i], origins, rows);
        _page.AddRows(_chosen);
        _chosen = 0;
    }

    private void Push(Cursor cursor)
    {
        var at = _heapSize++;
        while (at > 0 && cursor.IsBefore(_heap[(at - 1) / 2]))
        {
            _heap[at] = _heap[(at - 1) / 2];
            at = (at - 1) / 2;
        }

        _heap[at] = cursor;
    }

    private void SiftDown()
    {
        var (at, moving) = (0, _heap[0]);
        while (true)
        {
            var child = (2 * at) + 1;
            if (child >= _heapSize) break;
            if (child + 1 < _heapSize && _heap[child + 1].IsBefore(_heap[child])) child++;
            if (!_heap[child].IsBefore(moving)) break;
            _heap[at] = _heap[child];
            at = child;
        }

        _heap[at] = moving;
    }

    /// <summary>The next row of a stream.</summary>
    private sealed class Cursor(int number)
    {
        private Column? _keys;

        /// <summary>The first bytes of the row's key, the first of them the most significant; decides most comparisons.</summary>
        private ulong _prefix;

        public int Number { get; } = number;

        public Batch? Batch { get; private set; }

        public int Row { get; private set; }

        public void Start(Batch batch)
        {
            Batch = batch;
            Row = 0;
            _keys = batch.Columns[^1];
            _prefix = Prefix(_keys.GetBytes(0));
        }

        public bool MoveNext()
        {
            if (++Row == Batch!.RowCount) return false;
            _prefix = Prefix(_keys!.GetBytes(Row));
            return true;
        }

        public void End()
        {
            Batch!.Dispose();
            Batch = null;
        }

        /// <summary>Of equal rows those of the earlier stream come first.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public bool IsBefore(Cursor other)
        {
            if (_prefix != other._prefix) return _prefix < other._prefix;
            var order = _keys!.GetBytes(Row).SequenceCompareTo(other._keys!.GetBytes(other.Row));
            return order < 0 || (order == 0 && Number < other.Number);
        }

        private static ulong Prefix(ReadOnlySpan<byte> key)
        {
            if (key.Length >= sizeof(ulong)) return BinaryPrimitives.ReadUInt64BigEndian(key);
            Span<byte> padded = stackalloc byte[sizeof(ulong)];
            padded.Clear();
            key.CopyTo(padded);
            return BinaryPrimitives.ReadUInt64BigEndian(padded);
        }
    }
}
