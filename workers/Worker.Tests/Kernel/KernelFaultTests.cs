using Federation.DuckDb;

namespace Federation.Worker.Tests.Kernel;

/// <summary>
/// The kernel's own wrong answers that the planner works around, in a kernel as it comes. A test that fails says that an upgrade has mended
/// the fault: its workaround can go, and its row in docs/kernel-workarounds.md.
/// </summary>
public sealed class KernelFaultTests : KernelFixture
{
    /// <summary>
    /// Some answers depend on which thread comes first: one wrong one among so many is enough, and the first ends the search.
    /// </summary>
    private const int Attempts = 1000;

    protected override KernelOptions Options => base.Options with { EnablesAllPasses = true };

    // What is right stands first, the statement that is answered otherwise behind it.
    [Theory]
    [InlineData("6",
        "SELECT count(*) FROM (VALUES (1),(2)) p(id) LEFT JOIN (SELECT k, unnest([1,2,3]) AS e FROM (SELECT DISTINCT k FROM (VALUES "
            + "(1),(1),(2)) d(k))) t ON t.k = p.id")]
    [InlineData("1|f",
        "SELECT s.o, EXISTS (SELECT 1 FROM (VALUES (1,1),(1,2)) i(o, w) WHERE s.o = i.o AND s.w <> i.w) FROM (VALUES (1, NULL::INTEGER)) "
            + "s(o, w)")]
    [InlineData("30|20",
        "SELECT sum(v) OVER (PARTITION BY a, a)::BIGINT, sum(v) OVER (PARTITION BY a, b)::BIGINT FROM (VALUES (1,1,10),(1,2,20)) t(a, b, "
            + "v) ORDER BY b DESC LIMIT 1")]
    [InlineData("3", "SELECT count(DISTINCT v) FROM (SELECT (SELECT random() + r) AS v FROM (VALUES (1),(1),(1)) t(r))")]
    [InlineData(
        "1",
        "SELECT (WITH c(v) AS (SELECT n FROM (SELECT 1)) SELECT (SELECT v FROM (SELECT v FROM c) WHERE x = 10 LIMIT 1) FROM (SELECT 1)) "
            + "FROM (VALUES (1,10),(1,20),(2,10),(2,20)) t(n, x) ORDER BY n, x LIMIT 1")]
    public void The_kernel_still_answers_wrongly(string right, string sql) =>
        Assert.Contains(Enumerable.Range(0, Attempts), _ => Value(sql) != right);

    /// <summary>The sum of two sums passes 2^127 without an error: 2 * (10^38 - 1) - 2^128.</summary>
    [Fact]
    public void The_kernel_still_wraps_sums_of_sums()
    {
        const string nines = "99999999999999999999999999999999999999";
        Assert.StartsWith("-",
            Value(
                $"SELECT sum(d)::VARCHAR FROM (SELECT d FROM (VALUES ({nines}::DECIMAL(38,0))) t(d) UNION ALL SELECT d FROM (VALUES "
                    + $"({nines}::DECIMAL(38,0))) t(d))"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_kernel_still_filters_below_a_limit()
    {
        WriteFiles();
        Assert.Contains(Enumerable.Range(0, Attempts),
            _ =>
                Value(
                    $"SELECT count(*) FROM (SELECT k FROM '{Directory}/data/big.parquet' ORDER BY k DESC LIMIT 200) s JOIN "
                        + $"'{Directory}/data/small.parquet' m ON m.k = s.k") != "0");
    }

    /// <summary>A materialised common table expression keeps the filter out, always.</summary>
    [Fact]
    public void It_does_not_filter_below_a_materialised_definition()
    {
        WriteFiles();
        for (var i = 0; i < 50; i++)
            Assert.Equal("0",
                Value(
                    $"SELECT count(*) FROM (WITH c AS MATERIALIZED (SELECT k FROM '{Directory}/data/big.parquet' ORDER BY k DESC LIMIT "
                        + $"200) SELECT * FROM c) s JOIN '{Directory}/data/small.parquet' m ON m.k = s.k"));
    }

    private void WriteFiles()
    {
        System.IO.Directory.CreateDirectory(Path.Combine(Directory, "data"));
        using var connection = Kernel.Connect();
        connection.Execute($"COPY (SELECT i AS k FROM range(1, 200001) r(i)) TO '{Directory}/data/big.parquet'");
        connection.Execute($"COPY (SELECT i AS k FROM range(50, 201) r(i)) TO '{Directory}/data/small.parquet'");
    }
}
