using System.Globalization;
using System.Text;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.ValueForms;

namespace Federation.PgWire.Tests;

/// <summary>The quick ways of writing numbers and dates give what the plain ones give.</summary>
public sealed unsafe class DigitsTests
{
    private const int Room = 40;

    public static IEnumerable<long> Numbers()
    {
        yield return 0;
        for (var (power, exponent) = (1L, 0); exponent <= 18; power = exponent < 18 ? power * 10 : power, exponent++)
            for (var near = -2; near <= 2; near++)
                yield return power + near;
        for (var bit = 0; bit < 63; bit++)
            for (var near = -1; near <= 1; near++)
                yield return (1L << bit) + near;
        yield return long.MaxValue;
        var random = new Random(1);
        for (var i = 0; i < 100_000; i++) yield return random.NextInt64() >> random.Next(63);
    }

    [Fact]
    public void Integers_are_written_as_the_library_writes_them()
    {
        foreach (var number in Numbers())
        {
            Assert.Equal(number.ToString(CultureInfo.InvariantCulture), Written(target => Digits.Write(target, number)));
            Assert.Equal((-number).ToString(CultureInfo.InvariantCulture), Written(target => Digits.Write(target, -number)));
        }

        Assert.Equal("-9223372036854775808", Written(target => Digits.Write(target, long.MinValue)));
        Assert.Equal("18446744073709551615", Written(target => Digits.WriteUnsigned(target, ulong.MaxValue)));
    }

    [Fact]
    public void Scaled_numbers_have_their_point_and_a_digit_before_it()
    {
        foreach (var number in Numbers().Where(number => number is >= 0 and < 1_000_000_000_000_000_000).Take(20_000))
        {
            for (var scale = 1; scale <= 18; scale++)
            {
                var digits = number.ToString(CultureInfo.InvariantCulture).PadLeft(scale + 1, '0');
                var expected = digits[..^scale] + "." + digits[^scale..];
                var actual = Written(target => Digits.WriteScaled(target, (ulong)number, scale));
                if (actual != expected) Assert.Fail($"{number} with scale {scale}: {actual} instead of {expected}");
            }
        }
    }

    [Fact]
    public void Dates_of_the_table_and_beyond_it_are_those_of_the_plain_way()
    {
        var format = TextFormat.Default;
        Span<byte> plain = stackalloc byte[DateTimeOutput.MaxLength];
        for (var days = -719_162; days <= 2_932_896; days += days is > -10_000 and < 40_000 ? 1 : 97)
        {
            var day = days;
            var length = DateTimeOutput.Write(plain, new PgDate(day), format);
            var actual = Written(target => PlainDates.Write(target, day));
            if (actual != Encoding.ASCII.GetString(plain[..length])) Assert.Fail($"day {day}: {actual}");
        }
    }

    private delegate byte* Write(byte* target);

    private static string Written(Write write)
    {
        var target = stackalloc byte[Room];
        return Encoding.ASCII.GetString(target, (int)(write(target) - target));
    }
}
