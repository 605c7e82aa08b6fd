using System.Globalization;
using Federation.Arrow;
using Federation.Connectors.Tpch.Generation;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Connectors.Tpch.Tables;

/// <summary>Writes one column of a range of rows.</summary>
internal delegate void ColumnFill(RowRange rows, ColumnMemory target);

internal sealed record TpchColumn(string Name, SqlType Type, ColumnFill Fill)
{
    /// <summary>Between what the values lie at every scale; null where that depends on the scale or has no use.</summary>
    public ColumnStatistics? Statistics { get; init; }

    public TpchColumn Between(object low, object high) => this with { Statistics = ColumnStatistics.Of(low, high) };

    /// <summary>Between two days, in the form 1992-01-01.</summary>
    public TpchColumn BetweenDays(string first, string last) => Between(Day(first), Day(last));

    private static PgDate Day(string text) =>
        new(DateOnly.Parse(text, CultureInfo.InvariantCulture).DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber);
}

/// <summary>
/// One of the eight tables: its columns and how ranges of it are made. Any range can be made on its own, in any order, by any thread; every
/// column of it is made on its own too.
/// </summary>
internal abstract class TpchTable(string name, params TpchColumn[] columns)
{
    /// <summary>Units of a batch; 8,192 rows, of orders and lines those of 2,048 orders.</summary>
    public virtual int UnitsPerBatch => 8192;

    public string Name => name;

    public IReadOnlyList<TpchColumn> Columns => columns;

    /// <summary>What ranges are counted in: rows, for lineitem orders.</summary>
    public abstract long Units(ScaleFactor scale);

    /// <summary>The number of rows, exact or about.</summary>
    public virtual (long Count, bool IsExact) Rows(ScaleFactor scale) => (Units(scale), true);

    public TpchColumn? Find(string column) => Array.Find(columns, found => found.Name == column);

    /// <summary>The rows of <paramref name="units"/> units from <paramref name="first"/> on, at most <paramref name="limit"/>.</summary>
    /// <param name="wanted">The columns of the batch; without any it has one of booleans, so that rows can be counted.</param>
    public Batch Generate(ScaleFactor scale, long first, int units, long limit, ReadOnlySpan<TpchColumn> wanted)
    {
        using var range = Range(scale, first, units, limit);
        var owner = new Owner(Math.Max(1, wanted.Length));
        try
        {
            var batch = new Column[owner.Columns.Length];
            for (var i = 0; i < batch.Length; i++)
            {
                var type = wanted.Length == 0 ? SqlType.Bool : wanted[i].Type;
                var memory = owner.Columns[i] = new ColumnMemory(type, range.Rows);
                if (wanted.Length == 0) FillCounter(memory);
                else wanted[i].Fill(range, memory);
                batch[i] = memory.ToColumn();
            }

            return new Batch(range.Rows, batch, owner);
        }
        catch
        {
            owner.Dispose();
            throw;
        }
    }

    protected virtual RowRange Range(ScaleFactor scale, long first, int units, long limit) =>
        new(scale, first, (int)Math.Min(units, limit));

    // Types of columns. Keys but those of orders fit an integer up to the largest scale factor. What the specification calls fixed text is
    // varchar: it holds what dbgen writes, without padding.
    protected static TpchColumn Integer(string column, ColumnFill fill) => new(column, SqlType.Int4, fill);

    protected static TpchColumn BigInt(string column, ColumnFill fill) => new(column, SqlType.Int8, fill);

    protected static TpchColumn Decimal(string column, ColumnFill fill) => new(column, s_decimal, fill);

    protected static TpchColumn Date(string column, ColumnFill fill) => new(column, SqlType.Date, fill);

    protected static TpchColumn Text(string column, int length, ColumnFill fill) =>
        new(column, new SqlType(PgTypes.Varchar, length + 4), fill);

    /// <summary>A comment, whose longest value follows from the average.</summary>
    protected static TpchColumn Comment(string column, int length, uint seed, int average) =>
        Text(column, length, (rows, target) => TextFill.Comments(rows, seed, average, target));

    private static readonly SqlType s_decimal = new(PgTypes.Numeric, ((15 << 16) | 2) + 4);

    private static unsafe void FillCounter(ColumnMemory memory) => _ = memory.Booleans();

    private sealed class Owner(int columns) : IDisposable
    {
        public ColumnMemory[] Columns { get; } = new ColumnMemory[columns];

        public void Dispose()
        {
            foreach (var column in Columns) column?.Dispose();
        }
    }
}

/// <summary>The tables of a schema, in the order of the specification.</summary>
internal static class TpchTables
{
    public static readonly TpchTable[] All =
    [
        new PartTable(), new SupplierTable(), new PartSupplierTable(), new CustomerTable(), new OrdersTable(), new LineItemTable(),
        new NationTable(), new RegionTable(),
    ];

    public static TpchTable? Find(string name) => Array.Find(All, table => table.Name == name);
}
