using Federation.Connectors.Tpch.Generation;

namespace Federation.Connectors.Tpch.Tables;

internal sealed class CustomerTable() : TpchTable(
    "customer",
    Integer("c_custkey", NumberFill.Keys),
    Text("c_name", 25, (rows, target) => TextFill.Tagged("Customer#"u8, row => rows.First + row + 1, target)),
    Text("c_address", 40, (rows, target) => TextFill.Addresses(rows, 881155353, target)),
    Integer("c_nationkey", (rows, target) => NumberFill.Integers(rows, NationSeed, 0, Words.Nations.Count - 1, target))
        .Between(0, Words.Nations.Count - 1),
    Text("c_phone", 15, (rows, target) => TextFill.Phones(rows, 1521138112, NationSeed, target)),
    Decimal("c_acctbal", (rows, target) => NumberFill.Money(rows, 298370230, -99_999, 999_999, target)),
    Text("c_mktsegment", 10, (rows, target) => TextFill.Words(rows, 1140279430, Words.MarketSegments, target)),
    Comment("c_comment", 117, 1335826707, 73))
{
    private const uint NationSeed = 1489529863;

    public override long Units(ScaleFactor scale) => scale.Customers;
}

internal sealed class SupplierTable() : TpchTable(
    "supplier",
    Integer("s_suppkey", NumberFill.Keys),
    Text("s_name", 25, (rows, target) => TextFill.Tagged("Supplier#"u8, row => rows.First + row + 1, target)),
    Text("s_address", 40, (rows, target) => TextFill.Addresses(rows, 706178559, target)),
    Integer("s_nationkey", (rows, target) => NumberFill.Integers(rows, NationSeed, 0, Words.Nations.Count - 1, target))
        .Between(0, Words.Nations.Count - 1),
    Text("s_phone", 15, (rows, target) => TextFill.Phones(rows, 884434366, NationSeed, target)),
    Decimal("s_acctbal", (rows, target) => NumberFill.Money(rows, 962338209, -99_999, 999_999, target)),
    Text("s_comment", 101, Comments))
{
    private const uint NationSeed = 110356601;

    public override long Units(ScaleFactor scale) => scale.Suppliers;

    /// <summary>Ten of 10,000 suppliers have a complaint or a recommendation written over their comment (clause 4.2.3).</summary>
    private static unsafe void Comments(RowRange rows, ColumnMemory target)
    {
        const int MarkedOf10000 = 10;
        var subject = "Customer "u8;
        TextFill.Comments(rows, 1341315363, 63, target);
        var column = target.ToColumn();
        var marks = new RandomStream(202794285, rows.First);
        var noises = new RandomStream(263032577, rows.First);
        var places = new RandomStream(715851524, rows.First);
        var kinds = new RandomStream(753643799, rows.First);
        for (var i = 0; i < rows.Rows; i++)
        {
            var comment = column.GetBytes(i);
            var markLength = subject.Length + 10;
            var isMarked = marks.Next(1, 10_000) <= MarkedOf10000;
            var noise = noises.Next(0, comment.Length - markLength + 1);
            var place = places.Next(0, comment.Length - (markLength + noise) + 1);
            var verdict = kinds.Next(0, 101) < 50 ? "Complaints"u8 : "Recommends"u8;
            if (!isMarked) continue;
            fixed (byte* start = comment)
            {
                subject.CopyTo(new Span<byte>(start + place, subject.Length));
                verdict.CopyTo(new Span<byte>(start + place + subject.Length + noise, verdict.Length));
            }
        }
    }
}

internal sealed class NationTable() : TpchTable(
    "nation",
    Integer("n_nationkey", Indexes).Between(0, Words.Nations.Count - 1),
    Text("n_name", 25, (rows, target) => TextFill.Entries(Numbers(rows), Words.Nations, target)),
    Integer("n_regionkey", Regions),
    Comment("n_comment", 152, 606179079, 72))
{
    public override long Units(ScaleFactor scale) => Words.Nations.Count;

    internal static void Indexes(RowRange rows, ColumnMemory target) => NumberFill.Copy(Numbers(rows), target);

    internal static int[] Numbers(RowRange rows)
    {
        var numbers = rows.Rent(rows.Rows);
        for (var i = 0; i < rows.Rows; i++) numbers[i] = (int)rows.First + i;
        return numbers;
    }

    private static unsafe void Regions(RowRange rows, ColumnMemory target)
    {
        var values = target.Integers();
        for (var i = 0; i < rows.Rows; i++) values[i] = Words.NationRegions[(int)rows.First + i];
    }
}

internal sealed class RegionTable() : TpchTable(
    "region",
    Integer("r_regionkey", NationTable.Indexes),
    Text("r_name", 25, (rows, target) => TextFill.Entries(NationTable.Numbers(rows), Words.Regions, target)),
    Comment("r_comment", 152, 1500869201, 72))
{
    public override long Units(ScaleFactor scale) => Words.Regions.Count;
}
