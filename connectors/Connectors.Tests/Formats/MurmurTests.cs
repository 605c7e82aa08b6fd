using System.Numerics;
using Federation.Core.Hashing;

namespace Federation.Connectors.Tests.Formats;

/// <summary>The vectors of the Iceberg specification, appendix B.</summary>
public sealed class MurmurTests
{
    [Fact]
    public void Vectors_of_the_specification()
    {
        Assert.Equal(2017239379, Murmur3.Hash(34L));
        Assert.Equal(-500754589, Murmur3.Hash(new BigInteger(1420)));
        Assert.Equal(-653330422, Murmur3.Hash(new DateOnly(2017, 11, 16).DayNumber - DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber));
        Assert.Equal(-662762989, Murmur3.Hash(81_068_000_000L));
        var second = new DateTime(2017, 11, 16, 22, 31, 8, DateTimeKind.Utc);
        var micros = (second - DateTime.UnixEpoch).Ticks / 10;
        Assert.Equal(-2047944441, Murmur3.Hash(micros));
        Assert.Equal(-1207196810, Murmur3.Hash(micros + 1));
        Assert.Equal(1210000089, Murmur3.Hash("iceberg"));
        Assert.Equal(1488055340, Murmur3.Hash(Guid.Parse("f79c3e09-677c-4bbd-a479-3f349cb785e7")));
        Assert.Equal(-188683207, Murmur3.Hash([0, 1, 2, 3]));
    }
}
