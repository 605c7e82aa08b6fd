using Federation.Connectors.Tpch.Generation;

namespace Federation.Connectors.Tpch.Tables;

internal sealed class PartTable() : TpchTable(
    "part",
    Integer("p_partkey", NumberFill.Keys),
    Text("p_name", 55, (rows, target) => TextFill.PartNames(rows, 709314158, target)),
    Text("p_mfgr", 25, (rows, target) => Manufacturers(rows, "Manufacturer#"u8, hasBrand: false, target)),
    Text("p_brand", 10, (rows, target) => Manufacturers(rows, "Brand#"u8, hasBrand: true, target)),
    Text("p_type", 25, (rows, target) => TextFill.Words(rows, 1841581359, Words.PartTypes, target)),
    Integer("p_size", (rows, target) => NumberFill.Integers(rows, 1193163244, 1, 50, target)).Between(1, 50),
    Text("p_container", 10, (rows, target) => TextFill.Words(rows, 727633698, Words.Containers, target)),
    Decimal("p_retailprice", Prices),
    Comment("p_comment", 23, 804159733, 14))
{
    public override long Units(ScaleFactor scale) => scale.Parts;

    private static unsafe void Prices(RowRange rows, ColumnMemory target)
    {
        var values = target.Longs();
        for (var i = 0; i < rows.Rows; i++) values[i] = NumberFill.PartPrice(rows.First + i + 1);
    }

    /// <summary>A manufacturer is a digit; a brand is the manufacturer's digit and one more.</summary>
    private static unsafe void Manufacturers(RowRange rows, ReadOnlySpan<byte> tag, bool hasBrand, ColumnMemory target)
    {
        var length = tag.Length + (hasBrand ? 2 : 1);
        var manufacturers = new RandomStream(1, rows.First);
        var brands = new RandomStream(46831694, rows.First);
        var offsets = target.Offsets();
        var bytes = target.Bytes((long)rows.Rows * length);
        offsets[0] = 0;
        for (var i = 0; i < rows.Rows; i++)
        {
            var start = bytes + offsets[i];
            tag.CopyTo(new Span<byte>(start, tag.Length));
            start[tag.Length] = (byte)('0' + manufacturers.Next(1, 5));
            if (hasBrand) start[tag.Length + 1] = (byte)('0' + brands.Next(1, 5));
            offsets[i + 1] = offsets[i] + length;
        }
    }
}

/// <summary>Four suppliers of each part; its streams are drawn from once per row, so its rows count like any table's.</summary>
internal sealed class PartSupplierTable() : TpchTable(
    "partsupp",
    Integer("ps_partkey", PartKeys),
    Integer("ps_suppkey", SupplierKeys),
    Integer("ps_availqty", (rows, target) => NumberFill.Integers(rows, 1671059989, 1, 9999, target)).Between(1, 9999),
    Decimal("ps_supplycost", (rows, target) => NumberFill.Money(rows, 1051288424, 100, 100_000, target)).Between(1, 1000),
    Comment("ps_comment", 199, 1961692154, 124))
{
    private const int SuppliersPerPart = 4;

    public override long Units(ScaleFactor scale) => scale.PartSuppliers;

    private static unsafe void PartKeys(RowRange rows, ColumnMemory target)
    {
        var values = target.Integers();
        for (var i = 0; i < rows.Rows; i++) values[i] = (int)((rows.First + i) / SuppliersPerPart) + 1;
    }

    private static unsafe void SupplierKeys(RowRange rows, ColumnMemory target)
    {
        var values = target.Integers();
        for (var i = 0; i < rows.Rows; i++)
        {
            var row = rows.First + i;
            values[i] = (int)NumberFill.PartSupplier((row / SuppliersPerPart) + 1, (int)(row % SuppliersPerPart), rows.Scale.Suppliers);
        }
    }
}
