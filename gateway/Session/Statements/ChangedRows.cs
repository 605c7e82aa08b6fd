using System.Buffers;
using System.Text;
using Federation.Arrow;
using Federation.Connectors.Spi;
using Federation.Planner.Binding;
using Federation.Scheduling;
using Federation.Session.Cursors;
using Federation.SessionApi;

namespace Federation.Session.Statements;

/// <summary>
/// What the rows of a change say: which rows of the table go, the new rows that come, and what RETURNING gives. New rows and returned ones
/// are kept in memory or on disk. Used by one thread at a time.
/// </summary>
internal sealed class ChangedRows : IDisposable
{
    private readonly BoundChange _change;
    private readonly Func<SqlException>? _twice;
    private readonly HashSet<byte[]>[] _keys;
    private readonly RowSpool? _returned;
    private readonly ArrayBufferWriter<byte> _key = new();

    /// <summary>The name of the file that the last row was in, as UTF-8 and as text: rows come file by file for the most part.</summary>
    private (byte[] Utf8, string Text) _file = ([], "");

    /// <param name="change">The change.</param>
    /// <param name="twice">Makes the error of a second row for one of the table, or with one key; null where it is left out.</param>
    /// <param name="spillFolder">Where rows go that memory does not hold.</param>
    public ChangedRows(BoundChange change, Func<SqlException>? twice, string spillFolder)
    {
        (_change, _twice) = (change, twice);
        _keys = [.. (change.Conflict?.Keys ?? []).Select(_ => new HashSet<byte[]>(ByteComparer.Instance))];
        NewFields = change.HasNewRows
            ? change.Target.Columns.Select(column => new ResultField(column.Name, column.Type, default, 0)).ToEquatableArray()
            : default;
        if (change.HasNewRows) NewRows = new RowSpool(NewFields, spillFolder);
        if (change.ReturningCount is not null) _returned = new RowSpool(PreparedStatement.FieldsOf(change.Returning), spillFolder);
    }

    /// <summary>How many rows the statement has changed.</summary>
    public long Count { get; private set; }

    /// <summary>What the tasks did that found the rows; null before they have.</summary>
    public QueryReport? Report { get; set; }

    /// <summary>Rows of the table that go.</summary>
    public RowSelection Removed { get; } = new();

    /// <summary>The columns of new rows: those of the table.</summary>
    public EquatableArray<ResultField> NewFields { get; }

    /// <summary>Null when rows only go.</summary>
    public RowSpool? NewRows { get; }

    /// <summary>What RETURNING gives; nothing without it.</summary>
    public IEnumerable<Batch> Returned => _returned?.ReadAll() ?? [];

    /// <summary>Takes rows of <see cref="BoundChange.Rows"/>. Raises 21000 for a row that may not be changed twice.</summary>
    public void Add(Batch batch)
    {
        var columns = batch.Columns;
        var action = columns[BoundChange.ActionColumn];
        var returning = columns.Length - (_change.ReturningCount ?? 0);
        for (var row = 0; row < batch.RowCount; row++)
        {
            var kind = (RowAction)action.Get<short>(row);
            if (kind == RowAction.Insert ? _keys.Length > 0 && !HasNewKeys(columns, row) : !Remove(columns, row)) continue;
            if (kind != RowAction.Delete)
                NewRows!.AppendRow(columns.AsSpan(BoundChange.FirstNewColumn, NewFields.Count), row);
            _returned?.AppendRow(columns.AsSpan(returning), row);
            Count++;
        }
    }

    public void Dispose()
    {
        NewRows?.Dispose();
        _returned?.Dispose();
    }

    private bool Remove(Column[] columns, int row)
    {
        var name = columns[BoundChange.FileColumn].GetBytes(row);
        if (!name.SequenceEqual(_file.Utf8)) _file = (name.ToArray(), Encoding.UTF8.GetString(name));
        if (Removed.Add(_file.Text, columns[BoundChange.PositionColumn].Get<long>(row))) return true;
        return _twice is null ? false : throw _twice();
    }

    /// <summary>
    /// Whether a row that is proposed for insertion has no key of a row that is inserted. A row that is left out takes no key from others.
    /// </summary>
    private bool HasNewKeys(Column[] columns, int row)
    {
        var own = new byte[]?[_keys.Length];
        for (var i = 0; i < own.Length; i++)
        {
            own[i] = KeyOf(columns, _change.Conflict!.Keys[i], row);
            if (own[i] is { } taken && _keys[i].Contains(taken)) return _twice is null ? false : throw _twice();
        }

        for (var i = 0; i < own.Length; i++)
            if (own[i] is { } key)
                _keys[i].Add(key);
        return true;
    }

    /// <summary>The values of a key; null for a key with a NULL, which is like no other.</summary>
    private byte[]? KeyOf(Column[] columns, EquatableArray<int> key, int row)
    {
        _key.ResetWrittenCount();
        foreach (var index in key)
        {
            var column = columns[BoundChange.FirstNewColumn + index];
            if (column.IsNull(row)) return null;
            RowBytes.Write(_key, column, row);
        }

        return _key.WrittenSpan.ToArray();
    }

    private sealed class ByteComparer : IEqualityComparer<byte[]>
    {
        public static readonly ByteComparer Instance = new();

        public bool Equals(byte[]? left, byte[]? right) => left.AsSpan().SequenceEqual(right);

        public int GetHashCode(byte[] bytes)
        {
            var hash = default(HashCode);
            hash.AddBytes(bytes);
            return hash.ToHashCode();
        }
    }
}
