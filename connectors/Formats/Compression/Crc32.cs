namespace Federation.Connectors.Formats.Compression;

/// <summary>CRC-32 as in zip and gzip: polynomial 0x04C11DB7 reflected, initial value and final xor all ones.</summary>
public static class Crc32
{
    private static readonly uint[] s_table = Table();

    public static uint Compute(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes) crc = s_table[(byte)(crc ^ value)] ^ (crc >> 8);
        return ~crc;
    }

    private static uint[] Table()
    {
        var table = new uint[256];
        for (uint i = 0; i < 256; i++)
        {
            var value = i;
            for (var bit = 0; bit < 8; bit++) value = (value & 1) != 0 ? (value >> 1) ^ 0xEDB88320 : value >> 1;
            table[i] = value;
        }

        return table;
    }
}
