using Federation.Connectors.Lakehouse.Iceberg;
using Federation.Connectors.Lakehouse.Pruning;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.Connectors.Tests.Iceberg;

/// <summary>Old writers recorded years, months, days and hours before 1970 one too high; such files must not be pruned.</summary>
public sealed class MisrecordedTimeTests
{
    private const long Hour = 3_600_000_000;

    [Theory]
    [InlineData("day", -14, 0, true)]
    [InlineData("day", -14, -1, true)]
    [InlineData("day", -14, 1, false)]
    [InlineData("day", -14, -2, false)]
    [InlineData("hour", -1, 0, true)]
    [InlineData("month", -24 * 45, -1, true)]
    [InlineData("month", -24 * 45, -2, true)]
    [InlineData("month", -24 * 45, 0, false)]
    [InlineData("year", -24, 0, true)]
    [InlineData("day", 14, 0, true)]
    [InlineData("day", 14, 1, false)]
    public void Equality_finds_both(string transform, int hours, int partition, bool mayMatch) =>
        Assert.Equal(mayMatch,
            Range(transform, partition)
                .MayMatch(new Predicate.Compare("ts", Comparison.Equal, new PgTimestamp(hours * Hour), SqlType.Timestamp)));

    [Theory]
    [InlineData("day", Comparison.Less, -14, 0, true)]
    [InlineData("day", Comparison.LessOrEqual, -14, 0, true)]
    [InlineData("day", Comparison.Less, -14, 1, false)]
    [InlineData("day", Comparison.Greater, -14, -1, true)]
    [InlineData("day", Comparison.Greater, -14, -2, false)]
    [InlineData("month", Comparison.Less, -24 * 45, 0, false)]
    [InlineData("hour", Comparison.LessOrEqual, -1, 0, true)]
    internal void Ranges_keep_them(string transform, Comparison comparison, int hours, int partition, bool mayMatch) =>
        Assert.Equal(mayMatch,
            Range(transform, partition)
                .MayMatch(new Predicate.Compare("ts", comparison, new PgTimestamp(hours * Hour), SqlType.Timestamp)));

    private static ColumnRange Range(string transform, int partition) =>
        new(partition, partition, false, true, false,
            new TransformFunction(Transform.Parse(transform), new IcebergType.Primitive(IcebergKind.Timestamp)));
}
