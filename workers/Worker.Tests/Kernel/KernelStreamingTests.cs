using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
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
    public void Large_values_are_read_where_they_are_until_the_last_batch_is_gone()
    {
        var (batch, value) = ReadLargeValue();
        Collect();
        Assert.True(value.IsAlive);
        var cell = Cell(batch.Columns[0], 0);
        Assert.Equal((1 << 21, true), (cell.Length, cell.All(c => c == 'v')));
        batch.Dispose();
        Collect();
        Assert.False(value.IsAlive);
    }

    [Fact]
    public unsafe void Functions_read_large_values_where_they_are()
    {
        ScalarFunction address = new("pg_address", [SqlType.Text], SqlType.Int8, static (ref FunctionRow row) =>
        {
            fixed (byte* start = row.GetBytes(0)) row.Set((long)start);
        });
        using var kernel = KernelInstance.Open(Options with { ScalarFunctions = [address] });
        using var connection = kernel.Connect();
        var bytes = Large();
        fixed (byte* start = bytes)
        {
            using var reader = connection.Query(
                Unsettled("SELECT DISTINCT pg_address(pg_borrowed_text($2)) FROM range(5000) WHERE range::VARCHAR < pg_borrowed_text($2)"),
                null, default, [new LargeValue(IsText: true, bytes)]);
            using var batch = reader.Read(default)!;
            Assert.Equal((1, ((long)start).ToString(CultureInfo.InvariantCulture)), (batch.RowCount, Cell(batch.Columns[0], 0)));
        }
    }

    [Fact]
    public void Large_values_of_a_statement_that_fails_are_let_go()
    {
        var value = Fail();
        Collect();
        Assert.False(value.IsAlive);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private (Batch Batch, WeakReference Value) ReadLargeValue()
    {
        var bytes = Large();
        using var connection = Kernel.Connect();
        using var reader = connection.Query(Unsettled("SELECT pg_borrowed_text($2)"), null, default, [new LargeValue(IsText: true, bytes)]);
        return (reader.Read(default)!, new WeakReference(bytes));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference Fail()
    {
        var bytes = Large();
        using var connection = Kernel.Connect();
        Assert.Throws<SqlException>(() => connection.Query(Unsettled("SELECT pg_borrowed_text($2)::INTEGER"), null, default,
            [new LargeValue(IsText: true, bytes)]));
        return new WeakReference(bytes);
    }

    private static string Unsettled(string sql) => $"WITH {KernelConnection.Unsettled} {sql}";

    private static byte[] Large()
    {
        var bytes = new byte[1 << 21];
        bytes.AsSpan().Fill((byte)'v');
        return bytes;
    }

    private static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
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
