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

    /// <summary>Long numbers are written piece by piece; zeros at the seams stay.</summary>
    [Theory]
    [InlineData(999)]
    [InlineData(1000)]
    [InlineData(1001)]
    [InlineData(2000)]
    [InlineData(4096)]
    [InlineData(20_011)]
    [InlineData(131_072)]
    public void Long_numbers_are_written_as_they_were_read(int length)
    {
        string[] texts =
        [
            new string('9', length), "1" + new string('0', length - 1), "1" + new string('0', length - 2) + "1",
            string.Concat(Enumerable.Range(0, length).Select(i => (char)('0' + ((i % 97 * 7) + 3) % 10))),
        ];
        foreach (var text in texts)
        {
            Assert.Equal(text, PgNumeric.Parse(text).ToString());
            Assert.Equal("-" + text, PgNumeric.Parse("-" + text).ToString());
            Assert.Equal(text, PgNumeric.Parse(text).Round(10).Round(0).ToString());
        }

        var scale = Math.Min(length, 16_000);
        var fraction = $"0.{new string('0', scale - 1)}7";
        Assert.Equal(fraction, PgNumeric.Parse(fraction).ToString());
        Assert.Equal(scale, PgNumeric.Parse(fraction + "000").MinScale());
        Assert.Equal(0, PgNumeric.Parse($"5.{new string('0', scale)}").MinScale());
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
