using System.Text;
using Federation.Connectors.Formats.Compression;

namespace Federation.Connectors.Tests.Formats;

public sealed class SnappyTests
{
    [Fact]
    public void Literals_and_overlapping_copies()
    {
        // "abc" as a literal, then a copy of 9 bytes from 3 back.
        byte[] input = [12, (3 - 1) << 2, (byte)'a', (byte)'b', (byte)'c', ((9 - 4) << 2) | 1, 3];
        Assert.Equal("abcabcabcabc", Encoding.ASCII.GetString(Snappy.TryDecode(input, 100)!));
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 5 })]
    [InlineData(new byte[] { 255, 255, 255, 255, 15, 0, 1 })]
    [InlineData(new byte[] { 5, 16, 1, 2 })]
    [InlineData(new byte[] { 8, 1, 0 })]
    [InlineData(new byte[] { 8, 0, 65, 1, 9 })]
    [InlineData(new byte[] { 2, 0, 65 })]
    public void Broken_input_gives_nothing(byte[] input) => Assert.Null(Snappy.TryDecode(input, 1000));

    [Fact]
    public void Output_is_bounded() => Assert.Null(Snappy.TryDecode([12, 8, 97, 98, 99, 21, 3], 11));
}
