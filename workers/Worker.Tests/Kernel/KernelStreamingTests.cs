using System.Diagnostics;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker.Tests.Kernel;

public sealed class KernelStreamingTests : KernelFixture
{
    [Fact]
    public void Library_is_the_pinned_version() => Assert.Equal("v1.5.6", KernelInstance.LibraryVersion);

    [Theory]
    [InlineData("SELECT true, 1::SMALLINT, 2::INTEGER, 3::BIGINT, 1.5::FLOAT, 2.5::DOUBLE", "t|1|2|3|1.5|2.5")]
    [InlineData("SELECT 1.5::DECIMAL(4,1), -1.25::DECIMAL(9,2), 1.125::DECIMAL(18,3), -7::DECIMAL(38,0)", "15e-1|-125e-2|1125e-3|-7e-0")]
    [InlineData("SELECT 'short', 'longer than twelve bytes', NULL::VARCHAR", "short|longer than twelve bytes|null")]
    [InlineData("SELECT DATE '1970-01-02', TIMESTAMP '1970-01-01 00:00:01', TIME '00:00:01'", "1|1000000|1000000")]
    [InlineData("SELECT [1, NULL, 3], [[1], []::INTEGER[], NULL]", "[1,null,3]|[[1],[],null]")]
    [InlineData("SELECT {'a': 1, 'b': ['x', 'a text that is not inline']}", "(1,[x,a text that is not inline])")]
    [InlineData("SELECT '\\xAB'::BLOB", "AB")]
    public void Values_are_read_from_vectors(string sql, string expected) => Assert.Equal(expected, Value(sql));

    [Fact]
    public void Large_results_stream_in_bounded_memory()
    {
        using var connection = Kernel.Connect();
        // 2 GB of rows pass through an instance with a quarter of that.
        using var reader = connection.Query("SELECT i, repeat('x', 100) AS text FROM range(20000000) t(i)", null, default);
        long rows = 0;
        while (reader.Read(default) is { } batch)
            using (batch)
            {
                rows += batch.RowCount;
                if (rows > 4_000_000) break;
            }

        Assert.True(rows > 4_000_000);
    }

    [Fact]
    public void Batches_outlive_their_reader()
    {
        var connection = Kernel.Connect();
        var reader = connection.Query("SELECT 'a text that is not inline'", null, default);
        var batch = reader.Read(default)!;
        reader.Dispose();
        connection.Dispose();
        Assert.Equal("a text that is not inline", Cell(batch.Columns[0], 0));
        batch.Dispose();
    }

    [Fact]
    public void Declared_types_are_checked()
    {
        using var connection = Kernel.Connect();
        EquatableArray<RecordField> declared = [new RecordField("total", SqlType.Int8)];
        var error = Assert.Throws<SqlException>(() => connection.Query("SELECT 1", declared, default));
        Assert.Equal(SqlState.InternalError, error.State);
        Assert.Contains("INTEGER for column \"total\" instead of BIGINT", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cancelling_stops_a_running_statement()
    {
        using var connection = Kernel.Connect();
        using var source = new CancellationTokenSource();
        using var watch = CancelSoon(source);
        var error = Assert.Throws<SqlException>(() =>
            connection.Query("SELECT count(*) FROM range(1000000) a(i), range(1000000) b(j) WHERE i + j = -1", null, source.Token));
        Assert.Equal(SqlState.QueryCanceled, error.State);
        Assert.True(watch.Milliseconds < 1000, $"took {watch.Milliseconds} ms");
        // The connection remains usable.
        connection.Execute("SELECT 1");
    }

    [Fact]
    public void Cancelling_stops_a_stream()
    {
        using var connection = Kernel.Connect();
        using var source = new CancellationTokenSource();
        using var reader = connection.Query("SELECT i FROM range(100000000000) t(i)", null, source.Token);
        reader.Read(source.Token)!.Dispose();
        source.Cancel();
        Assert.Equal(SqlState.QueryCanceled, Assert.Throws<SqlException>(() => reader.Read(source.Token)).State);
    }

    [Fact]
    public void Results_larger_than_memory_spill()
    {
        using var connection = Kernel.Connect();
        connection.Execute("CREATE TEMP TABLE big AS SELECT i, hash(i) AS h FROM range(3000000) t(i)");
        using var reader = connection.Query("SELECT h::VARCHAR AS h FROM big ORDER BY h", null, default);
        long rows = 0;
        while (reader.Read(default) is { } batch)
            using (batch)
                rows += batch.RowCount;
        Assert.Equal(3_000_000, rows);
    }
}
