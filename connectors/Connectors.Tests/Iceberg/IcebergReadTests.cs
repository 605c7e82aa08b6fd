using Federation.ObjectStorage;
using System.Globalization;
using Federation.Connectors.Lakehouse.Iceberg;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Connectors.Tests.Iceberg;

/// <summary>What the golden tables hold beyond what their index states: versions, defaults, evolution, pruning.</summary>
public sealed class IcebergReadTests : ScanFixture
{
    private const string DuckDb = "iceberg/duckdb-iceberg/";

    [GoldenFact]
    public async Task Older_versions_by_metadata_file_snapshot_reference_and_time()
    {
        const string folder = DuckDb + "iceberg/lineitem_iceberg";
        Assert.Equal(60175, await CountAsync(folder + "/metadata/v1.metadata.json", null));
        var metadata = TableMetadataReader.Load(LocalStore.Instance, Golden.Path(folder, "metadata/v2.metadata.json"));
        var first = metadata.SnapshotLog[0];
        var second = metadata.SnapshotLog[1];
        Assert.Equal(60175, await CountAsync(folder, new TableVersion.Named(first.SnapshotId.ToString(CultureInfo.InvariantCulture))));
        Assert.Equal(51793, await CountAsync(folder, new TableVersion.Named("main")));
        Assert.Equal(60175, await CountAsync(folder, new TableVersion.AsOf(first.TimestampMs * 1000)));
        Assert.Equal(60175, await CountAsync(folder, new TableVersion.AsOf((second.TimestampMs * 1000) - 1)));
        Assert.Equal(51793, await CountAsync(folder, new TableVersion.AsOf(second.TimestampMs * 1000)));
        foreach (var version in new TableVersion[] { new TableVersion.AsOf((first.TimestampMs * 1000) - 1), new TableVersion.Named("1"),
            new TableVersion.Named("nope") })
            Assert.Equal(SqlState.UndefinedObject, (await Assert.ThrowsAsync<SqlException>(() => CountAsync(folder, version))).State);
    }

    /// <summary>The ranges of columns, by the bounds that manifests have of the files, are those of the rows.</summary>
    [GoldenFact]
    public async Task Ranges_of_columns_come_from_the_manifests()
    {
        var (format, table) = await LoadAsync(DuckDb + "iceberg/lineitem_iceberg", new TableVersion.Named("main"));
        foreach (var name in new[] { "l_linenumber", "l_quantity", "l_shipdate" })
        {
            var column = table.Columns.Single(column => column.Name == name);
            var values = (await RowsAsync(await format.PlanScanAsync(table.Handle, [name], "t", default))).Distinct()
                .Select(text =>
                    ColumnStatistics.Position(column.Type == SqlType.Date
                        ? new PgDate(DateOnly.Parse(text, CultureInfo.InvariantCulture).DayNumber - 719_162)
                        : PgNumeric.Parse(text)))
                .ToArray();
            Assert.Equal(new ColumnStatistics(values.Min()!.Value, values.Max()!.Value), column.Statistics);
        }

        Assert.Null(table.Columns.Single(column => column.Name == "l_comment").Statistics);
    }

    [GoldenFact]
    public async Task Stages_of_schema_evolution()
    {
        const string folder = "iceberg/pg_lake/iceberg/sample_tables/public/spark_generated_iceberg_ddl_test/metadata";
        var stages = new Dictionary<string, (string Columns, string Rows)>
        {
            ["00001"] = ("id", "1"),
            ["00003"] = ("id,new_column", "1|null;2|2"),
            ["00005"] = ("id,payload", "1|null;2|2;3|3"),
            ["00007"] = ("id,payload", "1|null;2|2;3|3;4|30000000000"),
            ["00009"] = ("payload,id", ""),
            ["00011"] = ("id", ""),
            ["00013"] = ("id,point", ""),
        };
        foreach (var (stage, (columns, rows)) in stages)
        {
            var file = Assert.Single(Directory.GetFiles(Golden.Path(folder), stage + "-*.json"));
            var (format, table) = await LoadAsync(file, null);
            Assert.Equal(columns, string.Join(',', table.Columns.Select(column => column.Name)));
            var actual = await RowsAsync(await PlanAsync(format, table));
            Assert.Equal(table.EstimatedRows, actual.Count);
            if (rows.Length > 0 && stage != "00007") Assert.Equal(rows, string.Join(';', actual));
        }
    }

    [GoldenFact]
    public async Task Defaults_of_added_columns()
    {
        const string values = "t|342342|-9223372036854775808|0.34234|0.342343242342342|12345.00|2003-10-20|00:00:00.012345|"
            + "1970-01-01 00:00:00.012345|1970-01-01 00:00:00.012345+00|HELLO|f79c3e09-677c-4bbd-a479-3f349cb785e7|\\x010203ff03|\\x0102";
        var rows = await ReadAsync(DuckDb + "add_columns_with_defaults/default.db/add_columns_with_defaults");
        Assert.Equal(2, rows.Count(row => row.EndsWith(values, StringComparison.Ordinal)));
        var nested = await ReadAsync(DuckDb + "add_columns_with_defaults_in_struct/default.db/add_columns_with_defaults_in_struct");
        Assert.Contains(nested, row => row.EndsWith(values.Replace('|', ',') + ")", StringComparison.Ordinal));
    }

    [GoldenFact]
    public async Task Files_without_ids_are_read_by_the_name_mapping()
    {
        var rows = await ReadAsync(DuckDb + "column_mapping/warehouse/default.db/my_table");
        Assert.Equal(["1|Alice|25", "2|Bob|30", "3|Charlie|35"], rows.Select(row => string.Join('|', row.Split('|')[..3])));
        // Maps are jsonb, lists arrays, structs records.
        Assert.All(rows, row => Assert.Matches("""^[^|]*\|[^|]*\|[^|]*\|\{"[^|]*": "[^|]*\}\|\{[0-9,]*\}\|\([^|]*,[tf]\)$""", row));
    }

    [GoldenFact]
    public async Task Partition_values()
    {
        var expected = new Dictionary<string, string>
        {
            ["partition_bigint"] = "-9223372036854775808 67890;9223372036854775807 12345",
            ["partition_binary"] = "\\x010203 12345;\\xaabbcc 67890",
            ["partition_bool"] = "f 67890;t 12345",
            ["partition_integer"] = "1337 67890;42 12345",
            ["partition_decimal_integer"] = "42.5630 12345",
            ["partition_decimal_bigint"] = "123.45678901234 123456",
            ["partition_double"] = "3.1415927 12345",
            ["partition_float"] = "1.23 12345",
            ["partition_time/default.db/partition_time"] = "12:34:56 12345",
            ["partition_timestamp/default.db/partition_timestamp"] = "2023-05-15 14:30:45 12345",
            ["partition_timestamptz/default.db/partition_timestamptz"] = "2023-05-15 14:30:45+00 12345",
            ["partition_fixed_length_binary/default.db/partition_fixed_length_binary"] = "\\x68656c6c6f20776f726c64 12345",
        };
        foreach (var (name, pairs) in expected)
        {
            var rows = await ReadAsync(DuckDb + name);
            foreach (var pair in pairs.Split(';'))
            {
                var split = pair.LastIndexOf(' ');
                Assert.Contains(rows, row => row.Split('|').Contains(pair[..split]) && row.Split('|').Contains(pair[(split + 1)..]));
            }
        }
    }

    [GoldenFact]
    public async Task Files_are_chosen_by_bounds()
    {
        var (format, table) = await LoadAsync(DuckDb + "generated_bounds", null);
        Assert.Equal((5_000_000L, true), (table.EstimatedRows, table.IsRowCountExact));
        var block = new ConnectorExpression.Column("block_number", table.Columns.Single(column => column.Name == "block_number").Type);
        var pushed = format.PushFilter(table.Handle, [Compare(block, ">=", 5_000_000L), Compare(block, "<=", 5_000_100L)]);
        Assert.All(pushed.Conjuncts, conjunct => Assert.Equal(PushPrecision.Inexact, conjunct.Precision));
        var plan = await format.PlanScanAsync(pushed.Handle, ["block_number"], "t", default);
        Assert.Equal("0 of 5,000 files, 0 rows", plan.Details[0]);
        Assert.Empty(Assert.IsType<FileScan>(plan.Splits[0]).Groups);
        Assert.Empty(await RowsAsync(plan));
        // The same filters again change nothing.
        Assert.Same(pushed.Handle, format.PushFilter(pushed.Handle, [Compare(block, ">=", 5_000_000L)]).Handle);
    }

    [GoldenFact]
    public async Task Files_are_chosen_by_null_counts_and_values()
    {
        const string folder = DuckDb + "is_null_is_not_null";
        var (_, table) = await LoadAsync(folder, null);
        var value = new ConnectorExpression.Column(table.Columns[1].Name, SqlType.Text);
        var id = new ConnectorExpression.Column(table.Columns[0].Name, SqlType.Int4);
        var isNull = new ConnectorExpression.IsNull(value);
        await ChooseAsync(folder, isNull, "2 of 3 files, 5 rows");
        await ChooseAsync(folder, new ConnectorExpression.Not(isNull), "2 of 3 files, 5 rows");
        await ChooseAsync(folder, Compare(value, "=", "zzz"), "0 of 3 files, 0 rows");
        await ChooseAsync(folder, Compare(value, "~~", "fo%"), "1 of 3 files, 3 rows");
        await ChooseAsync(folder, new ConnectorExpression.In(id, [Constant(1), Constant(99)]), "1 of 3 files, 3 rows");
        await ChooseAsync(folder, new ConnectorExpression.Or([Compare(id, "<", 2L), Compare(id, ">", 100L)]), "1 of 3 files, 3 rows");
        await ChooseAsync(folder, new ConnectorExpression.Not(Compare(id, "<", 2L)), "3 of 3 files, 8 rows");
    }

    [GoldenFact]
    public async Task Files_are_chosen_by_partitions()
    {
        var binary = await LoadAsync(DuckDb + "partition_binary", null);
        var column = binary.Table.Columns.First(column => column.Type.Base == PgTypes.Bytea);
        await ChooseAsync(
            DuckDb + "partition_binary",
                Compare(new ConnectorExpression.Column(column.Name, column.Type), "=", new byte[] { 0xaa, 0xbb, 0xcc }),
                "1 of 2 files, 1 rows");
        const string days = DuckDb + "map_stats/default.db/map_stats";
        var (_, table) = await LoadAsync(days, null);
        var time = table.Columns.First(column => column.Type.Storage == Storage.Timestamp);
        await ChooseAsync(days, Compare(new ConnectorExpression.Column(time.Name, time.Type), "<", new PgTimestamp(0), time.Type),
            "0 of 2 files, 0 rows");
    }

    [GoldenFact]
    public async Task Rows_are_counted_without_columns()
    {
        var (format, table) = await LoadAsync(DuckDb + "iceberg/lineitem_iceberg", null);
        var plan = await format.PlanScanAsync(table.Handle, [], "t", default);
        Assert.Equal(51793, (await RowsAsync(plan)).Count);
    }

    [GoldenFact]
    public async Task Missing_data_files_are_named()
    {
        var copy = Path.Combine(Folder, "t");
        foreach (var file in Directory.EnumerateFiles(Golden.Path(DuckDb + "expression_filter"), "*", SearchOption.AllDirectories))
        {
            if (file.EndsWith(".parquet", StringComparison.Ordinal)) continue;
            var target = Path.Combine(copy, Path.GetRelativePath(Golden.Path(DuckDb + "expression_filter"), file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        var (format, table) = await LoadAsync(copy, null);
        var error = await Assert.ThrowsAsync<SqlException>(() => PlanAsync(format, table));
        Assert.Equal(SqlState.UndefinedFile, error.State);
        Assert.Contains(copy, error.Message, StringComparison.Ordinal);
    }

    private async Task ChooseAsync(string folder, ConnectorExpression filter, string expected)
    {
        var (format, table) = await LoadAsync(folder, null);
        var plan = await format.PlanScanAsync(format.PushFilter(table.Handle, [filter]).Handle, [table.Columns[0].Name], "t", default);
        Assert.Equal(expected, plan.Details[0]);
    }

    private async Task<List<string>> ReadAsync(string folder)
    {
        var (format, table) = await LoadAsync(folder, null);
        return await RowsAsync(await PlanAsync(format, table));
    }

    private async Task<long> CountAsync(string folder, TableVersion? version)
    {
        var (format, table) = await LoadAsync(folder, version);
        Assert.True(table.IsRowCountExact);
        Assert.Equal(table.EstimatedRows, (await RowsAsync(await format.PlanScanAsync(table.Handle, [], "t", default))).Count);
        return table.EstimatedRows;
    }

    private static async Task<(IcebergFormat Format, ConnectorTable Table)> LoadAsync(string path, TableVersion? version)
    {
        var format = Iceberg(Golden.Folder!);
        var pointer = await format.InspectAsync(Golden.Path(path), default);
        return (format, await format.LoadAsync(pointer!, version, default));
    }

    private static Task<ScanPlan> PlanAsync(IcebergFormat format, ConnectorTable table) =>
        format.PlanScanAsync(table.Handle, table.Columns.Select(column => column.Name).ToEquatableArray(), "t", default).AsTask();

    private static ConnectorExpression.Operator Compare(ConnectorExpression column, string symbol, object value, SqlType? type = null) =>
        new(symbol, [column, Constant(value, type)], SqlType.Bool);

    private static ConnectorExpression.Constant Constant(object value, SqlType? type = null) => new(value, type ?? value switch
    {
        long => SqlType.Int8,
        int => SqlType.Int4,
        byte[] => SqlType.Bytea,
        _ => SqlType.Text,
    });
}
