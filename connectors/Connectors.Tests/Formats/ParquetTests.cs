using Federation.ObjectStorage;
using Federation.Connectors.Formats.Parquet;
using Federation.Core.Errors;

namespace Federation.Connectors.Tests.Formats;

public sealed class ParquetTests
{
    /// <summary>What the kernel reads of parquet-testing/data: every file but these.</summary>
    private static readonly string[] s_unreadable =
    [
        "byte_stream_split_extended.gzip.parquet", "hadoop_lz4_compressed.parquet", "hadoop_lz4_compressed_larger.parquet",
        "non_hadoop_lz4_compressed.parquet", "map_no_value.parquet",
    ];

    [GoldenFact]
    public void Files_that_the_kernel_cannot_read_are_refused()
    {
        foreach (var path in Golden.Files("parquet/parquet-testing/data", "*.parquet"))
        {
            var name = Path.GetFileName(path);
            if (s_unreadable.Contains(name))
                Assert.Equal(SqlState.FeatureNotSupported, Assert.Throws<SqlException>(() => Open(path)).State);
        }
    }

    [GoldenFact]
    public void Other_footers_are_read()
    {
        var refused = new List<string>();
        foreach (var path in Golden.Files("parquet/parquet-testing/data", "*.parquet"))
        {
            var name = Path.GetFileName(path);
            if (s_unreadable.Contains(name)) continue;
            try
            {
                var footer = Open(path);
                // One file's own footer counts no rows, though its row group has six.
                if (footer.RowCount > 0) Assert.Equal(footer.RowCount, footer.RowGroups.Sum(group => group.RowCount));
            }
            catch (SqlException error)
            {
                Assert.Equal(SqlState.FeatureNotSupported, error.State);
                refused.Add($"{name}: {error.Message[(error.Message.LastIndexOf(": ", StringComparison.Ordinal) + 2)..]}");
            }
        }

        // Encrypted files; nothing else.
        Assert.All(refused, line => Assert.Contains("encrypted", line, StringComparison.Ordinal));
    }

    [GoldenFact]
    public void Encodings()
    {
        foreach (var path in Golden.Files("parquet/apache-iceberg-encodings", "*.parquet"))
        {
            var unreadable = path.Contains("BYTE_STREAM_SPLIT", StringComparison.Ordinal)
                && (path.Contains("int32", StringComparison.Ordinal) || path.Contains("int64", StringComparison.Ordinal)
                    || path.Contains("uuid", StringComparison.Ordinal));
            if (unreadable) Assert.Equal(SqlState.FeatureNotSupported, Assert.Throws<SqlException>(() => Open(path)).State);
            else Assert.Equal(1000, Open(path).RowCount);
        }
    }

    [GoldenFact]
    public void Variants_that_end_the_kernel_are_refused()
    {
        foreach (var number in new[] { "041", "131", "138" })
        {
            var path = Golden.Path("parquet/parquet-testing/shredded_variant", $"case-{number}.parquet");
            if (!File.Exists(path)) continue;
            Assert.Equal(SqlState.FeatureNotSupported, Assert.Throws<SqlException>(() => Open(path)).State);
        }
    }

    [GoldenFact]
    public void Field_ids_and_types_of_an_iceberg_file()
    {
        var path = Golden.Files("iceberg/duckdb-iceberg/add_columns_with_defaults", "*.parquet")
            .First(path => Open(path).Columns.Count == 15);
        var columns = Open(path).Columns;
        Assert.Equal(Enumerable.Range(1, 15), columns.Select(column => column.FieldId));
        Assert.Equal(
            "String None None None None None Decimal Date TimeMicros TimestampMicros TimestampMicros String None None None",
            string.Join(' ', columns.Select(column => column.Meaning)));
        Assert.False(columns[9].IsAdjustedToUtc);
        Assert.True(columns[10].IsAdjustedToUtc);
        Assert.Equal((16, 2), (columns[6].Precision, columns[6].Scale));
    }

    [GoldenFact]
    public void Lists_and_maps()
    {
        var file = ParquetFooterReader.Read(LocalStore.Instance,
            Golden.Path("iceberg/duckdb-iceberg/column_mapping/warehouse/example/mock_data.parquet"));
        var map = Assert.Single(file.Columns, column => column.Name == "attributes");
        Assert.Equal(PhysicalType.ByteArray, map.MapEntry!.Value.Value.Physical);
        var list = Assert.Single(file.Columns, column => column.Name == "scores");
        Assert.Equal(PhysicalType.Int64, list.ListItem!.Physical);
    }

    [GoldenFact]
    public void Damaged_footers_end_in_an_error_that_names_the_file()
    {
        var random = new Random(11);
        foreach (var path in Golden.Files("parquet/parquet-testing/data", "*.parquet").Where((_, index) => index % 4 == 0))
        {
            var bytes = File.ReadAllBytes(path);
            var footer = BitConverter.ToInt32(bytes, bytes.Length - 8);
            if (bytes.Length > 1 << 20 || footer <= 0 || footer > bytes.Length - 8) continue;
            for (var i = 0; i < 60; i++)
            {
                var damaged = bytes.ToArray();
                for (var j = 0; j < 3; j++) damaged[^(8 + random.Next(footer))] = (byte)random.Next(256);
                if (i % 7 == 0) damaged[^(5 + random.Next(4))] = (byte)random.Next(256);
                try
                {
                    ParquetSafety.Demand(ParquetFooterReader.Parse("the file", damaged), "the file");
                }
                catch (SqlException error)
                {
                    Assert.Contains("the file", error.Message, StringComparison.Ordinal);
                }
            }
        }
    }

    [Fact]
    public void What_is_no_file_or_no_parquet_is_said_so()
    {
        Assert.Equal(SqlState.UndefinedFile, Assert.Throws<SqlException>(() => new ParquetFooters().Get("/nowhere/a.parquet")).State);
        Assert.Equal(SqlState.DataCorrupted, Assert.Throws<SqlException>(() => ParquetFooterReader.Parse("f", new byte[100])).State);
    }

    private static ParquetFooter Open(string path) => new ParquetFooters().Get(path);
}
