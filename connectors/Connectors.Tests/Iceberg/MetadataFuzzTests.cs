using Federation.ObjectStorage;
using System.IO.Compression;
using System.Text;
using Federation.CompatTests.Harness;
using Federation.Connectors.Formats;
using Federation.Connectors.Formats.Avro;
using Federation.Connectors.Formats.Compression;
using Federation.Connectors.Lakehouse.Iceberg;
using Federation.Core.Errors;
using Xunit.Abstractions;

namespace Federation.Connectors.Tests.Iceberg;

/// <summary>
/// Mutated metadata of the golden tables: it is read, or refused with an error that names the file, soon and without memory for what is
/// only claimed. What is read is also used, as far as choosing files goes.
/// </summary>
public sealed class MetadataFuzzTests(ITestOutputHelper output)
{
    private const int Inputs = 100_000;
    private const int MostMutations = 3;
    private const int LongestSeed = 16_000;
    private const string FileName = "the file";

    [GoldenFact]
    public void Table_metadata()
    {
        var seeds = Golden.Files("iceberg", "*.json").Where(path => path.Contains("etadata", StringComparison.Ordinal))
            .Select(File.ReadAllBytes)
            .Where(bytes => bytes.Length < LongestSeed && bytes.AsSpan().IndexOf("format-version"u8) >= 0).ToList();
        Assert.True(seeds.Count > 50, $"{seeds.Count} seeds");
        var random = new Random(20_250_105);
        Run(() => MutateText(random, seeds[random.Next(seeds.Count)]), bytes =>
        {
            var metadata = TableMetadataReader.Parse(FileName, bytes);
            foreach (var field in metadata.CurrentSchema.Fields)
            {
                SqlTypes.Of(field.Type, field.Name);
                if (field is { InitialDefault: { } json, Type: IcebergType.Primitive type }) SingleValue.FromJson(json, type);
            }

            _ = new TableLocation(metadata.Location, "/lake/t", new AllowedPaths(["/lake"]), LocalStore.Instance);
        });
    }

    [GoldenFact]
    public void Manifests_and_their_lists()
    {
        var seeds = new List<byte[]>();
        foreach (var bytes in Golden.Files("iceberg", "*.avro").Select(File.ReadAllBytes)
            .Where(bytes => bytes.Length < LongestSeed && bytes.AsSpan().StartsWith("Obj\x01"u8)))
        {
            seeds.Add(bytes);
            // In a compressed block each mutation ends in the decompressor; in a plain one it reaches the values.
            seeds.Add(Plain(bytes));
            seeds.Add(Plain(bytes));
        }

        Assert.True(seeds.Count > 200, $"{seeds.Count} seeds");
        var metadata = Golden.Files("iceberg", "*.metadata.json").Select(TryLoad).OfType<TableMetadata>().ToArray();
        var random = new Random(20_250_106);
        Run(() => MutateBytes(random, seeds[random.Next(seeds.Count)]), bytes =>
        {
            var file = AvroFile.Parse(FileName, bytes);
            var table = metadata[random.Next(metadata.Length)];
            var ranges = new FileRanges(table, table.CurrentSchema);
            if (ManifestReader.IsList(file)) foreach (var manifest in ManifestReader.ReadList(FileName, file)) Use(manifest, table, ranges);
            else UseAll(ManifestReader.Read(FileName, file).Entries, table, ranges);
        });
    }

    private void Run(Func<byte[]> make, Action<byte[]> use)
    {
        var (read, refused) = (0, 0);
        FuzzRun.Run(
            Inputs,
            _ => make(),
            bytes =>
            {
                try
                {
                    use(bytes);
                    read++;
                }
                catch (SqlException error)
                {
                    Assert.True(error.State == SqlState.DataCorrupted || error.State == SqlState.FeatureNotSupported
                        || error.State == SqlState.ProgramLimitExceeded, $"{error.State} {error.Message}");
                    Assert.True(error.Message.Contains(FileName, StringComparison.Ordinal) || error.ColumnName is not null, error.Message);
                    refused++;
                }
            },
            length => (16 << 20) + (length * 512L));
        output.WriteLine($"{read} read, {refused} refused");
        Assert.True(read > Inputs / 100 && refused > Inputs / 10, $"{read} read, {refused} refused");
    }

    private static void Use(ManifestFile manifest, TableMetadata table, FileRanges ranges)
    {
        foreach (var spec in table.Specs.Values)
            foreach (var column in table.CurrentSchema.Fields)
                foreach (var range in ranges.OfManifest(manifest, spec, column.Name))
                    GC.KeepAlive(range);
    }

    private static void UseAll(PackedEntries entries, TableMetadata table, FileRanges ranges)
    {
        for (var i = 0; i < entries.Count; i++) Use(entries.At(i), table, ranges);
    }

    private static void Use(PackedEntry entry, TableMetadata table, FileRanges ranges)
    {
        var spec = table.Specs[table.DefaultSpecId];
        var file = new TableFile(entry, entry.SequenceNumber ?? 0, spec, ranges,
            new TableLocation(table.Location, "/lake/t", new AllowedPaths(["/lake"]), LocalStore.Instance));
        GC.KeepAlive(file.PartitionKey);
        foreach (var column in table.CurrentSchema.Fields)
            foreach (var range in ranges.OfFile(file, column.Name))
                GC.KeepAlive(range);
    }

    private static TableMetadata? TryLoad(string path)
    {
        try
        {
            return TableMetadataReader.Load(LocalStore.Instance, path) is var metadata && metadata.Specs.ContainsKey(metadata.DefaultSpecId)
                ? metadata
                : null;
        }
        catch (SqlException)
        {
            // Some of the golden files are meant to be refused.
            return null;
        }
    }

    /// <summary>The same container with its blocks decompressed.</summary>
    private static byte[] Plain(byte[] bytes)
    {
        var decoder = new AvroDecoder(bytes.AsSpan(4), FileName);
        var header = (Dictionary<string, object?>)decoder.Read(new AvroSchema.Map(new AvroSchema.Primitive(AvroPrimitive.Bytes), -1, -1))!;
        var codec = header.TryGetValue("avro.codec", out var given) ? Encoding.UTF8.GetString((byte[])given!) : "null";
        header["avro.codec"] = "null"u8.ToArray();
        var sync = decoder.Take(16);
        using var plain = new MemoryStream();
        plain.Write("Obj\x01"u8);
        WriteLong(plain, header.Count);
        foreach (var (key, value) in header)
        {
            WriteBytes(plain, Encoding.UTF8.GetBytes(key));
            WriteBytes(plain, (byte[])value!);
        }

        plain.WriteByte(0);
        plain.Write(sync);
        while (!decoder.IsAtEnd)
        {
            WriteLong(plain, decoder.ReadLong());
            WriteBytes(plain, Unpack(codec, decoder.ReadBytes()));
            plain.Write(decoder.Take(16));
        }

        return plain.ToArray();
    }

    private static byte[] Unpack(string codec, ReadOnlySpan<byte> block)
    {
        if (codec == "null") return block.ToArray();
        if (codec == "snappy") return Snappy.TryDecode(block[..^4], 1 << 20)!;
        using var inflated = new MemoryStream();
        using (var deflate = new DeflateStream(new MemoryStream(block.ToArray()), CompressionMode.Decompress)) deflate.CopyTo(inflated);
        return inflated.ToArray();
    }

    private static void WriteBytes(MemoryStream stream, byte[] bytes)
    {
        WriteLong(stream, bytes.Length);
        stream.Write(bytes);
    }

    private static void WriteLong(MemoryStream stream, long value)
    {
        var rest = (ulong)((value << 1) ^ (value >> 63));
        for (; rest > 0x7f; rest >>= 7) stream.WriteByte((byte)(rest | 0x80));
        stream.WriteByte((byte)rest);
    }

    private static byte[] MutateText(Random random, byte[] seed)
    {
        var bytes = (byte[])seed.Clone();
        for (var count = 1 + random.Next(MostMutations); count > 0 && bytes.Length > 0; count--)
        {
            var at = random.Next(bytes.Length);
            switch (random.Next(8))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] = (byte)"{}[],:\"0-9tfnE.\\"[random.Next(16)]; break;
                case 2 when random.Next(4) == 0: bytes = bytes[..at]; break;
                case 3: ReplaceNumber(random, ref bytes, at); break;
                case 4: ReplaceWord(random, ref bytes, at); break;
                case 5 when random.Next(20) == 0:
                    bytes = [.. bytes[..at],
                        .. Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(random.Next(2) == 0 ? "[" : "{\"type\":", 400))),
                        .. bytes[at..]]; break;
                default: bytes = [.. bytes[..at], .. bytes.AsSpan(random.Next(at + 1), Math.Min(random.Next(40), bytes.Length - at)),
                    .. bytes[at..]]; break;
            }
        }

        return bytes;
    }

    /// <summary>The next number becomes another, or something that is no number.</summary>
    private static void ReplaceNumber(Random random, ref byte[] bytes, int at)
    {
        while (at < bytes.Length && !char.IsAsciiDigit((char)bytes[at])) at++;
        var end = at;
        while (end < bytes.Length && char.IsAsciiDigit((char)bytes[end])) end++;
        string[] numbers = ["-1", "0", "2147483647", "2147483648", "-9223372036854775808", "9223372036854775807", "18446744073709551615",
            "1e400", "1.5", "null", "\"x\"", "[]", "{}", "true", "99999999999999999999999"];
        bytes = [.. bytes[..at], .. Encoding.ASCII.GetBytes(numbers[random.Next(numbers.Length)]), .. bytes[end..]];
    }

    /// <summary>The next quoted word becomes one that means something elsewhere.</summary>
    private static void ReplaceWord(Random random, ref byte[] bytes, int at)
    {
        var start = bytes.AsSpan(at).IndexOf((byte)'"');
        if (start < 0) return;
        start += at + 1;
        var length = bytes.AsSpan(start).IndexOf((byte)'"');
        if (length < 0) return;
        string[] words = ["struct", "list", "map", "decimal(38, 38)", "decimal(39,0)", "fixed[2147483647]", "fixed[-1]", "bucket[0]",
            "bucket[2147483647]", "truncate[1]", "timestamp_ns", "unknown", "variant", "", "\\ud800", "id", "type", "fields",
            "refs", "branch"];
        bytes = [.. bytes[..start], .. Encoding.ASCII.GetBytes(words[random.Next(words.Length)]), .. bytes[(start + length)..]];
    }

    private static byte[] MutateBytes(Random random, byte[] seed)
    {
        var bytes = (byte[])seed.Clone();
        for (var count = 1 + random.Next(MostMutations); count > 0 && bytes.Length > 0; count--)
        {
            // The header with its schema comes first and is the larger part; half of the mutations are for the blocks.
            var at = random.Next(2) == 0 ? random.Next(bytes.Length) : bytes.Length - 1 - random.Next(Math.Min(600, bytes.Length));
            switch (random.Next(7))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: bytes[at] = random.Next(2) == 0 ? byte.MaxValue : (byte)0; break;
                case 3 when random.Next(4) == 0: bytes = bytes[..at]; break;
                case 4: bytes = [.. bytes[..at], .. (ReadOnlySpan<byte>)[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
                    .. bytes[at..]]; break;
                case 5: bytes[at] = (byte)"{}[],:\"0-9tfn"[random.Next(13)]; break;
                default: bytes = [.. bytes[..at], .. bytes.AsSpan(random.Next(at + 1), Math.Min(random.Next(24), bytes.Length - at)),
                    .. bytes[at..]]; break;
            }
        }

        return bytes;
    }
}
