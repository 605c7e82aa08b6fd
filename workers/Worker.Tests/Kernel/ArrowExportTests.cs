using Federation.Core.Errors;

namespace Federation.Worker.Tests.Kernel;

/// <summary>Rows exported through the Arrow C data interface are the rows read from vectors, and nothing stays behind.</summary>
public sealed class ArrowExportTests : KernelFixture
{
    [Theory]
    [InlineData("SELECT true, 1::SMALLINT, 2::INTEGER, 3::BIGINT, 1.5::FLOAT, 2.5::DOUBLE")]
    [InlineData("SELECT 1.5::DECIMAL(4,1), -1.25::DECIMAL(9,2), 1.125::DECIMAL(18,3), -7::DECIMAL(38,0)")]
    [InlineData("SELECT 'short', 'longer than twelve bytes', NULL::VARCHAR, '\\xAB'::BLOB")]
    [InlineData("SELECT DATE '1970-01-02', TIMESTAMP '1970-01-01 00:00:01', TIME '00:00:01'")]
    [InlineData("SELECT [1, NULL, 3], [['a'], []::VARCHAR[], NULL], {'a': 1, 'b': ['x', 'a text that is not inline']}")]
    [InlineData("SELECT i, i % 2 = 0, CASE WHEN i % 3 > 0 THEN 'text number ' || i END, i / 7 FROM range(10000) t(i) ORDER BY i")]
    public void Arrow_rows_equal_vector_rows(string sql)
    {
        using var connection = Kernel.Connect();
        using var reader = connection.Query(sql, null, default);
        var rows = new List<string>();
        while (reader.ReadArrow(default) is { } batch)
            using (batch)
                for (var row = 0; row < batch.RowCount; row++)
                    rows.Add(string.Join('|', batch.Columns.Select(column => Cell(column, row))));
        Assert.Equal(Rows(sql), rows);
    }

    [Fact]
    public void A_batch_outlives_its_statement()
    {
        Arrow.Batch? batch;
        using (var connection = Kernel.Connect())
        using (var reader = connection.Query("SELECT 'a text that is not inline'", null, default))
            batch = reader.ReadArrow(default);
        using (batch) Assert.Equal("a text that is not inline", Cell(batch!.Columns[0], 0));
    }

    [Theory]
    [InlineData("SELECT INTERVAL 1 DAY")]
    [InlineData("SELECT uuid()")]
    public void Types_that_Arrow_holds_in_another_form_are_refused(string sql)
    {
        using var connection = Kernel.Connect();
        using var reader = connection.Query(sql, null, default);
        Assert.Equal(SqlState.DatatypeMismatch, Assert.Throws<SqlException>(() => reader.ReadArrow(default)).State);
    }
}
