using System.Globalization;
using System.Text;
using Federation.Core.Values;

namespace Federation.PgWire.Tests;

/// <summary>
/// floats.txt holds bits of floats, powers of two and round decimals among them, with PostgreSQL 15's text at extra_float_digits 1, 0 and
/// -3.
/// </summary>
public sealed class FloatTextTests
{
    [Fact]
    public void Floats_are_printed_as_postgres_does()
    {
        var failures = new List<string>();
        var buffer = new byte[FloatText.MaxLength];
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "floats.txt")))
        {
            var words = line.Split(' ');
            var digits = int.Parse(words[1], CultureInfo.InvariantCulture);
            var bits = ulong.Parse(words[2], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            var length = words[0] == "float8"
                ? FloatText.Write(buffer, BitConverter.UInt64BitsToDouble(bits), digits)
                : FloatText.Write(buffer, BitConverter.UInt32BitsToSingle((uint)bits), digits);
            var text = Encoding.ASCII.GetString(buffer, 0, length);
            if (text != words[3]) failures.Add($"{line}: {text}");
        }

        Assert.True(failures.Count == 0, $"{failures.Count} differ:\n{string.Join('\n', failures.Take(40))}");
    }
}
