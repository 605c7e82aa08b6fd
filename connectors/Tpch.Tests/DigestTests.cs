using System.Globalization;
using Federation.Connectors.Tpch.Tables;

namespace Federation.Connectors.Tpch.Tests;

/// <summary>Parts of the tables from all over the scale factors are byte for byte what dbgen writes.</summary>
public sealed class DigestTests
{
    private const int FieldCount = 5;

    public static TheoryData<string, int, int, int, string> Digests()
    {
        var data = new TheoryData<string, int, int, int, string>();
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", "digests.tsv")))
        {
            if (line.StartsWith('#')) continue;
            var fields = line.Split('\t');
            Assert.Equal(FieldCount, fields.Length);
            data.Add(fields[0], Number(fields[1]), Number(fields[2]), Number(fields[3]), fields[4]);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Digests))]
    public void A_part_is_what_dbgen_writes(string table, int scaleFactor, int step, int parts, string digest)
    {
        var scale = new ScaleFactor(scaleFactor);
        var found = TpchTables.Find(table)!;
        // Suppliers of a part are made together; so are the lines of an order, which are our unit.
        var together = table == "partsupp" ? 4 : 1;
        var groups = found.Units(scale) / together;
        var perPart = groups / parts;
        var count = step == parts ? groups - (perPart * (parts - 1)) : perPart;
        Assert.Equal(digest, TableText.Md5(TableText.Rows(found, scale, perPart * (step - 1) * together, count * together)));
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
