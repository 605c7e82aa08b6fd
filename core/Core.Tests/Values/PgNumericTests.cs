using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Core.Tests.Values;

/// <summary>What the kernel's functions do not reach; their answers are compared with PostgreSQL's in the worker's tests.</summary>
public sealed class PgNumericTests
{
    [Theory]
    [InlineData("1.005", "101")]
    [InlineData("-1.005", "-101")]
    [InlineData("999.994", "99999")]
    [InlineData("0", "0")]
    public void Numbers_become_decimals_rounded_half_away_from_zero(string text, string unscaled) =>
        Assert.Equal(Int128.Parse(unscaled), PgNumeric.Parse(text).ToDecimal(new DecimalShape(5, 2)));

    [Theory]
    [InlineData("999.995", "A field with precision 5, scale 2 must round to an absolute value less than 10^3.")]
    [InlineData("Infinity", "A field with precision 5, scale 2 cannot hold an infinite value.")]
    public void Decimals_overflow_with_the_detail_of_postgres(string text, string detail)
    {
        var error = Assert.Throws<SqlException>(() => PgNumeric.Parse(text).ToDecimal(new DecimalShape(5, 2)));
        Assert.Equal(SqlState.NumericValueOutOfRange, error.State);
        Assert.Equal("numeric field overflow", error.Message);
        Assert.Equal(detail, error.Detail);
    }

    [Fact]
    public void Sort_keys_ignore_the_display_scale()
    {
        Assert.Equal(PgNumeric.Parse("1.50").ToSortKey(), PgNumeric.Parse("1.5").ToSortKey());
        Assert.Equal(PgNumeric.Parse("100").ToSortKey(), PgNumeric.Parse("1e2").ToSortKey());
        Assert.Equal(PgNumeric.Parse("0.00").ToSortKey(), PgNumeric.Parse("-0").ToSortKey());
    }

    [Fact]
    public void Sort_keys_order_as_numbers_do()
    {
        string[] ordered =
            ["-Infinity", "-1e30", "-12.5", "-12.45", "-12.4", "-1", "-0.001", "-0.0001", "0", "1e-20", "0.001", "0.0011", "1", "1.5", "9",
                "10", "12.4", "1e30", "Infinity", "NaN"];
        for (var i = 1; i < ordered.Length; i++)
        {
            var (left, right) = (PgNumeric.Parse(ordered[i - 1]), PgNumeric.Parse(ordered[i]));
            Assert.True(left.ToSortKey().AsSpan().SequenceCompareTo(right.ToSortKey()) < 0, $"{ordered[i - 1]} < {ordered[i]}");
            Assert.True(left.CompareTo(right) < 0);
        }
    }

    [Fact]
    public void Doubles_round_trip_through_15_digits()
    {
        Assert.Equal("0.1", PgNumeric.FromDouble(0.1).ToString());
        Assert.Equal(0.1, PgNumeric.Parse("0.1").ToDouble());
        Assert.Throws<SqlException>(() => PgNumeric.Parse("1e400").ToDouble());
    }
}
