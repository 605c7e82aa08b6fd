using System.Text;
using Federation.Arrow;
using Federation.Connectors.Spi;
using Federation.Connectors.Tpch.Tables;
using Federation.Core;
using Federation.Core.Tasks;

namespace Federation.Connectors.Tpch.Tests;

/// <summary>Whatever is asked for, in whatever pieces, by however many threads: the same rows.</summary>
public sealed class GeneratorTests
{
    private static readonly ScaleFactor s_tiny = new(0.01m);

    public static TheoryData<string> Tables => new(TpchTables.All.Select(table => table.Name));

    [Theory]
    [InlineData("0.01", 60_175)]
    [InlineData("0.1", 600_572)]
    [InlineData("1", 6_001_215)]
    [InlineData("10", 59_986_052)]
    public void Counted_lines_are_the_published_ones(string scaleFactor, long lines) =>
        Assert.Equal(lines,
            LineItemTable.Count(new ScaleFactor(decimal.Parse(scaleFactor, System.Globalization.CultureInfo.InvariantCulture))));

    [Theory]
    [MemberData(nameof(Tables))]
    public void Ranges_are_parts_of_the_whole(string name)
    {
        var table = TpchTables.Find(name)!;
        var units = table.Units(s_tiny);
        var whole = TableText.Rows(table, s_tiny, 0, units);
        var parts = new StringBuilder();
        var random = new Random(20260722);
        for (var first = 0L; first < units;)
        {
            var count = Math.Min(units - first, random.Next(1, 4000));
            parts.Append(TableText.Rows(table, s_tiny, first, count));
            first += count;
        }

        Assert.Equal(whole, parts.ToString());
    }

    /// <summary>A column is the same alone as among the others, and the same read backwards.</summary>
    [Theory]
    [MemberData(nameof(Tables))]
    public void Columns_do_not_depend_on_each_other(string name)
    {
        var table = TpchTables.Find(name)!;
        var units = (int)Math.Min(table.Units(s_tiny), 500);
        using var all = table.Generate(s_tiny, 0, units, long.MaxValue, [.. table.Columns]);
        using var reversed = table.Generate(s_tiny, 0, units, long.MaxValue, [.. table.Columns.Reverse()]);
        for (var i = 0; i < table.Columns.Count; i++)
        {
            using var alone = table.Generate(s_tiny, 0, units, long.MaxValue, [table.Columns[i]]);
            var expected = Values(all.Columns[i]);
            Assert.Equal(expected, Values(alone.Columns[0]));
            Assert.Equal(expected, Values(reversed.Columns[^(i + 1)]));
        }
    }

    [Theory]
    [InlineData("lineitem", "1", 4)]
    [InlineData("orders", "10", 16)]
    [InlineData("orders", "0.01", 1)]
    [InlineData("lineitem", "10000", 16)]
    public async Task Splits_cover_the_table_once(string name, string scaleFactor, int splits)
    {
        await using var connector = new TpchConnector(new ConnectorDefinition("t", "tpch", new Dictionary<string, string>()));
        var schema = scaleFactor == "0.01" ? "tiny" : "sf" + scaleFactor;
        var plan = await connector.PlanScanAsync(new TpchTableHandle(schema, name), [], "i", default);
        Assert.Equal(splits, plan.Splits.Count);
        var next = 0L;
        foreach (var scan in plan.Splits.Select(split => TpchScan.FromJson(Assert.IsType<ConnectorSplit>(split).Payload)))
        {
            Assert.Equal(next, scan.First);
            next += scan.Units;
        }

        Assert.Equal(TpchTables.Find(name)!.Units(ScaleFactor.OfSchema(schema)!.Value), next);
    }

    /// <summary>Splits read at the same time on several threads, with memory given back.</summary>
    [Fact]
    public async Task Splits_may_be_read_at_once()
    {
        await using var connector = new TpchConnector(new ConnectorDefinition("t", "tpch", new Dictionary<string, string>()));
        EquatableArray<string> columns = ["l_orderkey", "l_linenumber", "l_comment"];
        var plan = await connector.PlanScanAsync(new TpchTableHandle("sf1", "lineitem"), columns, "i", default);
        var before = NativeBuffer.LiveBytes;
        var sums = await Task.WhenAll(plan.Splits.Select(split => Task.Run(() => SumAsync(connector, (ConnectorSplit)split))));
        Assert.Equal(before, NativeBuffer.LiveBytes);
        Assert.Equal(6_001_215, sums.Sum(sum => sum.Rows));
        var alone = (0L, 0L, 0L);
        foreach (var split in plan.Splits)
        {
            var sum = await SumAsync(connector, (ConnectorSplit)split);
            alone = (alone.Item1 + sum.Rows, alone.Item2 + sum.Keys, alone.Item3 + sum.Characters);
        }

        Assert.Equal(alone, (sums.Sum(sum => sum.Rows), sums.Sum(sum => sum.Keys), sums.Sum(sum => sum.Characters)));
    }

    [Theory]
    [InlineData("lineitem", 1)]
    [InlineData("lineitem", 9_001)]
    [InlineData("orders", 5_000)]
    [InlineData("nation", 3)]
    [InlineData("region", 100)]
    public async Task Limits_cut_the_rows(string name, long limit)
    {
        await using var connector = new TpchConnector(new ConnectorDefinition("t", "tpch", new Dictionary<string, string>()));
        var handle = connector.PushLimit(connector.PushLimit(new TpchTableHandle("sf1", name), limit), limit + 10);
        var plan = await connector.PlanScanAsync(handle, [TpchTables.Find(name)!.Columns[0].Name], "i", default);
        var split = Assert.IsType<ConnectorSplit>(Assert.Single(plan.Splits));
        var rows = 0L;
        await foreach (var batch in connector.ReadAsync(split, default))
            using (batch)
                rows += batch.RowCount;
        Assert.Equal(Math.Min(limit, TpchTables.Find(name)!.Rows(new ScaleFactor(1)).Count), rows);
    }

    [Fact]
    public async Task Cancelling_ends_a_read()
    {
        await using var connector = new TpchConnector(new ConnectorDefinition("t", "tpch", new Dictionary<string, string>()));
        var plan = await connector.PlanScanAsync(new TpchTableHandle("sf1000", "orders"), ["o_orderkey"], "i", default);
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var batch in connector.ReadAsync((ConnectorSplit)plan.Splits[0], cancel.Token))
            {
                batch.Dispose();
                await cancel.CancelAsync();
            }
        });
    }

    [Theory]
    [InlineData("tiny", "0.01")]
    [InlineData("sf1", "1")]
    [InlineData("sf0.001", "0.001")]
    [InlineData("sf10000", "10000")]
    [InlineData("sf1.5", "1.5")]
    public void Schemas_name_scale_factors(string schema, string value) =>
        Assert.Equal(decimal.Parse(value, System.Globalization.CultureInfo.InvariantCulture), ScaleFactor.OfSchema(schema)!.Value.Value);

    [Theory]
    [InlineData("sf")]
    [InlineData("sf0")]
    [InlineData("sf01")]
    [InlineData("sf1.0")]
    [InlineData("sf+1")]
    [InlineData("sf1e3")]
    [InlineData("sf0.0001")]
    [InlineData("sf10001")]
    [InlineData("SF1")]
    [InlineData("information_schema")]
    public void Other_names_are_no_schemas(string schema) => Assert.Null(ScaleFactor.OfSchema(schema));

    private static string[] Values(Column column) => [.. Enumerable.Range(0, column.Length).Select(row => TableText.Field(column, row))];

    private static async Task<(long Rows, long Keys, long Characters)> SumAsync(TpchConnector connector, ConnectorSplit split)
    {
        var (rows, keys, characters) = (0L, 0L, 0L);
        await foreach (var batch in connector.ReadAsync(split, default))
            using (batch)
            {
                rows += batch.RowCount;
                for (var i = 0; i < batch.RowCount; i++)
                {
                    keys += batch.Columns[0].Get<long>(i) * batch.Columns[1].Get<int>(i);
                    foreach (var character in batch.Columns[2].GetBytes(i)) characters += character;
                }
            }

        return (rows, keys, characters);
    }
}
