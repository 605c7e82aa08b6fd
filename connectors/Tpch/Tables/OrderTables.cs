using System.Collections.Concurrent;
using Federation.Connectors.Tpch.Generation;

namespace Federation.Connectors.Tpch.Tables;

internal sealed class OrdersTable() : TpchTable(
    "orders",
    BigInt("o_orderkey", Keys),
    Integer("o_custkey", Customers),
    Text("o_orderstatus", 1, Statuses),
    Decimal("o_totalprice", TotalPrices),
    Date("o_orderdate", (rows, target) => NumberFill.Copy(Lines(rows).OrderDays, target)).BetweenDays("1992-01-01", "1998-08-02"),
    Text("o_orderpriority", 15, (rows, target) => TextFill.Words(rows, 591449447, Words.OrderPriorities, target)),
    Text("o_clerk", 15, Clerks),
    Integer("o_shippriority", (rows, target) => NumberFill.Copy(new int[rows.Rows], target)),
    Comment("o_comment", 79, 276090261, 49))
{
    public override int UnitsPerBatch => 4096;

    public override long Units(ScaleFactor scale) => scale.Orders;

    protected override RowRange Range(ScaleFactor scale, long first, int units, long limit) =>
        new OrderRange(scale, first, (int)Math.Min(units, limit));

    private static LineRange Lines(RowRange rows) => ((OrderRange)rows).Lines;

    private static unsafe void Keys(RowRange rows, ColumnMemory target)
    {
        var values = target.Longs();
        for (var i = 0; i < rows.Rows; i++) values[i] = NumberFill.OrderKey(rows.First + i + 1);
    }

    /// <summary>A third of the customers never orders: a key that is a multiple of three gives way to a neighbour.</summary>
    private static unsafe void Customers(RowRange rows, ColumnMemory target)
    {
        const int Idle = 3;
        var values = target.Integers();
        var most = rows.Scale.Customers;
        var stream = new RandomStream(851767375, rows.First);
        for (var i = 0; i < rows.Rows; i++)
        {
            long customer = stream.Next(1, most);
            for (var step = 1; customer % Idle == 0; step = -step) customer = Math.Min(customer + step, most);
            values[i] = (int)customer;
        }
    }

    /// <summary>F when all lines are shipped, O when none is, else P.</summary>
    private static unsafe void Statuses(RowRange rows, ColumnMemory target)
    {
        var lines = Lines(rows);
        var shipDays = lines.ShipDays;
        var offsets = target.Offsets();
        var bytes = target.Bytes(rows.Rows);
        offsets[0] = 0;
        var line = 0;
        for (var i = 0; i < rows.Rows; i++)
        {
            var shipped = 0;
            for (var end = line + lines.LineCounts[i]; line < end; line++)
                if (shipDays[line] <= LineRange.CurrentDay)
                    shipped++;
            bytes[i] = (byte)(shipped == lines.LineCounts[i] ? 'F' : shipped > 0 ? 'P' : 'O');
            offsets[i + 1] = i + 1;
        }
    }

    private static unsafe void TotalPrices(RowRange rows, ColumnMemory target)
    {
        var lines = Lines(rows);
        var (partKeys, quantities, discounts, taxes) = (lines.PartKeys, lines.Quantities, lines.DrawDiscounts(), lines.DrawTaxes());
        var values = target.Longs();
        var line = 0;
        for (var i = 0; i < rows.Rows; i++)
        {
            var total = 0L;
            for (var end = line + lines.LineCounts[i]; line < end; line++)
            {
                // Cents are cut off twice, as the generator does.
                var discounted = NumberFill.PartPrice(partKeys[line]) * quantities[line] * (100 - discounts[line]) / 100;
                total += discounted * (100 + taxes[line]) / 100;
            }

            values[i] = total;
        }
    }

    private static void Clerks(RowRange rows, ColumnMemory target)
    {
        var clerks = rows.Rent(rows.Rows);
        var stream = new RandomStream(1171034773, rows.First);
        for (var i = 0; i < rows.Rows; i++) clerks[i] = stream.Next(1, rows.Scale.Clerks);
        TextFill.Tagged("Clerk#"u8, row => clerks[row], target);
    }

    /// <summary>Orders, with their lines where a column is made of them.</summary>
    private sealed class OrderRange(ScaleFactor scale, long first, int rows) : RowRange(scale, first, rows)
    {
        private LineRange? _lines;

        public LineRange Lines => _lines ??= new LineRange(Scale, First, Rows);

        public override void Dispose()
        {
            _lines?.Dispose();
            base.Dispose();
        }
    }
}

internal sealed class LineItemTable() : TpchTable(
    "lineitem",
    BigInt("l_orderkey", OrderKeys),
    Integer("l_partkey", (rows, target) => NumberFill.Copy(Of(rows).PartKeys, target)),
    Integer("l_suppkey", SupplierKeys),
    Integer("l_linenumber", LineNumbers).Between(1, 7),
    Decimal("l_quantity", (rows, target) => NumberFill.Scaled(Of(rows).Quantities, 100, target)).Between(1, 50),
    Decimal("l_extendedprice", Prices),
    Decimal("l_discount", (rows, target) => NumberFill.Scaled(Of(rows).DrawDiscounts(), 1, target)).Between(0.0, 0.1),
    Decimal("l_tax", (rows, target) => NumberFill.Scaled(Of(rows).DrawTaxes(), 1, target)).Between(0.0, 0.08),
    Text("l_returnflag", 1, ReturnFlags),
    Text("l_linestatus", 1, Statuses),
    Date("l_shipdate", (rows, target) => NumberFill.Copy(Of(rows).ShipDays, target)).BetweenDays("1992-01-02", "1998-12-01"),
    Date("l_commitdate", (rows, target) => NumberFill.Copy(Of(rows).DrawCommitDays(), target)).BetweenDays("1992-01-31", "1998-10-31"),
    Date("l_receiptdate", (rows, target) => NumberFill.Copy(Of(rows).ReceiptDays, target)).BetweenDays("1992-01-03", "1998-12-31"),
    Text("l_shipinstruct", 25, (rows, target) => TextFill.Words(rows, 1371272478, Words.ShipInstructions, target)),
    Text("l_shipmode", 10, (rows, target) => TextFill.Words(rows, 675466456, Words.ShipModes, target)),
    Comment("l_comment", 44, 1095462486, 27))
{
    // Counting the lines of ten million orders takes some 30 ms.
    private const long CountableOrders = 15_000_000;
    private const int AverageLines = 4;

    private static readonly ConcurrentDictionary<decimal, long> s_counted = new();

    public override int UnitsPerBatch => 2048;

    public override long Units(ScaleFactor scale) => scale.Orders;

    public override (long Count, bool IsExact) Rows(ScaleFactor scale)
    {
        if (scale.PublishedLines is { } published) return (published, true);
        return scale.Orders <= CountableOrders
            ? (s_counted.GetOrAdd(scale.Value, _ => Count(scale)), true)
            : (scale.Orders * AverageLines, false);
    }

    protected override RowRange Range(ScaleFactor scale, long first, int units, long limit) => new LineRange(scale, first, units, limit);

    /// <summary>The lines of all orders, counted.</summary>
    internal static long Count(ScaleFactor scale)
    {
        const int Step = 1 << 16;
        var count = 0L;
        for (var first = 0L; first < scale.Orders; first += Step)
        {
            using var range = new LineRange(scale, first, (int)Math.Min(Step, scale.Orders - first));
            count += range.Rows;
        }

        return count;
    }

    private static LineRange Of(RowRange rows) => (LineRange)rows;

    private static unsafe void OrderKeys(RowRange rows, ColumnMemory target)
    {
        var lines = Of(rows);
        var values = target.Longs();
        var row = 0;
        for (var i = 0; i < lines.Orders; i++)
        {
            var key = NumberFill.OrderKey(lines.First + i + 1);
            for (var end = row + lines.LineCounts[i]; row < end; row++) values[row] = key;
        }
    }

    private static unsafe void LineNumbers(RowRange rows, ColumnMemory target)
    {
        var lines = Of(rows);
        var values = target.Integers();
        var row = 0;
        for (var i = 0; i < lines.Orders; i++)
            for (var line = 1; line <= lines.LineCounts[i]; line++)
                values[row++] = line;
    }

    private static unsafe void SupplierKeys(RowRange rows, ColumnMemory target)
    {
        var lines = Of(rows);
        var numbers = lines.Draw(2095021727, 0, 4);
        var values = target.Integers();
        var suppliers = rows.Scale.Suppliers;
        for (var i = 0; i < rows.Rows; i++) values[i] = (int)NumberFill.PartSupplier(lines.PartKeys[i], numbers[i], suppliers);
    }

    private static unsafe void Prices(RowRange rows, ColumnMemory target)
    {
        var lines = Of(rows);
        var (partKeys, quantities) = (lines.PartKeys, lines.Quantities);
        var values = target.Longs();
        for (var i = 0; i < rows.Rows; i++) values[i] = NumberFill.PartPrice(partKeys[i]) * quantities[i];
    }

    /// <summary>N until received, then R or A: the stream is drawn from for received lines only.</summary>
    private static unsafe void ReturnFlags(RowRange rows, ColumnMemory target)
    {
        var lines = Of(rows);
        var receiptDays = lines.ReceiptDays;
        var offsets = target.Offsets();
        var bytes = target.Bytes(rows.Rows);
        var order = new RandomStream(717419739, lines.First * LineRange.MostLines);
        var next = RandomStream.PowerOf(LineRange.MostLines);
        offsets[0] = 0;
        var row = 0;
        for (var i = 0; i < lines.Orders; i++)
        {
            var line = order;
            for (var end = row + lines.LineCounts[i]; row < end; row++)
            {
                bytes[row] = receiptDays[row] > LineRange.CurrentDay
                    ? (byte)'N'
                    : *Words.ReturnFlags.Entry(line.Next(0, Words.ReturnFlags.Count));
                offsets[row + 1] = row + 1;
            }

            order.Skip(next);
        }
    }

    private static unsafe void Statuses(RowRange rows, ColumnMemory target)
    {
        var shipDays = Of(rows).ShipDays;
        var offsets = target.Offsets();
        var bytes = target.Bytes(rows.Rows);
        offsets[0] = 0;
        for (var row = 0; row < rows.Rows; row++)
        {
            bytes[row] = (byte)(shipDays[row] <= LineRange.CurrentDay ? 'F' : 'O');
            offsets[row + 1] = row + 1;
        }
    }
}
