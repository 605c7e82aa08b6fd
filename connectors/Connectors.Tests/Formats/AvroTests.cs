using System.IO.Compression;
using System.Text;
using Federation.Connectors.Formats.Avro;
using Federation.Core.Errors;
using Federation.ObjectStorage;

namespace Federation.Connectors.Tests.Formats;

public sealed class AvroTests
{
    [GoldenFact]
    public void Every_manifest_is_read()
    {
        var read = 0;
        foreach (var path in Golden.Files("iceberg", "*.avro"))
        {
            if (path.EndsWith("manifest-list-v3-encrypted.avro", StringComparison.Ordinal))
            {
                Assert.Equal(SqlState.FeatureNotSupported,
                    Assert.Throws<SqlException>(() => AvroFile.Open(LocalStore.Instance, path)).State);
                continue;
            }

            var records = AvroFile.Open(LocalStore.Instance, path).ReadRecords().ToList();
            // Manifest lists have field 500, manifests field 2 with a data file whose path is field 100.
            Assert.All(records, record =>
                Assert.True(record.ById(500) is string || record.ById(2) is AvroRecord { } file && file.ById(100) is string));
            read++;
        }

        Assert.True(read > 100);
    }

    [GoldenFact]
    public void Codecs_and_nested_values()
    {
        var results = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var path in Golden.Files("arrow", "*.avro"))
        {
            try
            {
                var count = AvroFile.Open(LocalStore.Instance, path).Read().Count();
                results["read"] = results.GetValueOrDefault("read") + 1;
                Assert.True(count >= 0);
            }
            catch (SqlException error)
            {
                Assert.Equal(SqlState.FeatureNotSupported, error.State);
                Assert.Contains(path, error.Message, StringComparison.Ordinal);
                results["refused"] = results.GetValueOrDefault("refused") + 1;
            }
        }

        Assert.True(results["read"] > 0, string.Join(", ", results));
    }

    private static readonly byte[] s_sync = [.. Enumerable.Range(1, 16).Select(value => (byte)value)];

    /// <summary>Three longs, 1, -1 and 64, in one block.</summary>
    private static readonly byte[] s_longs = [2, 1, 0x80, 1];

    [Theory]
    [InlineData("null")]
    [InlineData("deflate")]
    [InlineData("zstandard", 1)]
    [InlineData("zstandard", 19)]
    [InlineData("zstandard", -5)]
    public void Blocks_are_unpacked(string codec, int level = 3) =>
        Assert.Equal([1L, -1L, 64L], AvroFile.Parse("the file", FileOf(codec, Pack(codec, s_longs, level))).Read().Cast<long>());

    [Theory]
    [InlineData("zstandard", 0)]
    [InlineData("zstandard", 5)]
    [InlineData("zstandard", -1)]
    [InlineData("zstandard", -4)]
    [InlineData("deflate", 0)]
    public void Blocks_that_cannot_be_unpacked_are_corrupt(string codec, int damage)
    {
        var packed = Pack(codec, s_longs, 3);
        packed = damage < 0 ? packed[..(packed.Length + damage)] : packed;
        if (damage >= 0) packed[damage] ^= 0xff;
        var error = Assert.Throws<SqlException>(() => AvroFile.Parse("the file", FileOf(codec, packed)).Read().Count());
        Assert.Equal(SqlState.DataCorrupted, error.State);
        Assert.Contains("the file", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("xz")]
    [InlineData("bzip2")]
    [InlineData("zstd")]
    public void Other_codecs_are_refused(string codec) =>
        Assert.Equal(SqlState.FeatureNotSupported,
            Assert.Throws<SqlException>(() => AvroFile.Parse("the file", FileOf(codec, s_longs)).Read().Count()).State);

    [Fact]
    public void What_a_block_unpacks_to_is_bounded()
    {
        var packed = Pack("zstandard", new byte[300 << 20], 1);
        Assert.Equal(SqlState.ProgramLimitExceeded,
            Assert.Throws<SqlException>(() => AvroFile.Parse("the file", FileOf("zstandard", packed)).Read().Count()).State);
    }

    private static byte[] Pack(string codec, byte[] plain, int level)
    {
        if (codec == "null") return plain;
        using var packed = new MemoryStream();
        using (Stream packer = codec == "zstandard" ? new ZstdSharp.CompressionStream(packed, level, leaveOpen: true)
            : new DeflateStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            packer.Write(plain);
        return packed.ToArray();
    }

    private static byte[] FileOf(string codec, byte[] block)
    {
        using var file = new MemoryStream();
        file.Write("Obj\x01"u8);
        WriteLong(file, 2);
        foreach (var (key, value) in (KeyValuePair<string, string>[])[new("avro.schema", "\"long\""), new("avro.codec", codec)])
        {
            WriteBytes(file, Encoding.UTF8.GetBytes(key));
            WriteBytes(file, Encoding.UTF8.GetBytes(value));
        }

        WriteLong(file, 0);
        file.Write(s_sync);
        WriteLong(file, 3);
        WriteBytes(file, block);
        file.Write(s_sync);
        return file.ToArray();
    }

    private static void WriteBytes(Stream file, byte[] bytes)
    {
        WriteLong(file, bytes.Length);
        file.Write(bytes);
    }

    /// <summary>Zigzag, then seven bits a byte.</summary>
    private static void WriteLong(Stream file, long value)
    {
        var rest = (ulong)((value << 1) ^ (value >> 63));
        for (; rest >= 0x80; rest >>= 7) file.WriteByte((byte)(rest | 0x80));
        file.WriteByte((byte)rest);
    }

    [GoldenFact]
    public void Damaged_files_end_in_an_error_that_names_them()
    {
        var random = new Random(7);
        foreach (var path in Golden.Files("iceberg", "*.avro").Where((_, index) => index % 5 == 0))
        {
            var bytes = File.ReadAllBytes(path);
            for (var i = 0; i < 60; i++)
            {
                var damaged = bytes.ToArray();
                if (i % 2 == 0) damaged = damaged[..random.Next(damaged.Length)];
                else
                    for (var j = 0; j < 4; j++)
                        damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
                try
                {
                    AvroFile.Parse("the file", damaged).Read().Count();
                }
                catch (SqlException error)
                {
                    Assert.Contains("the file", error.Message, StringComparison.Ordinal);
                }
            }
        }
    }

    [Fact]
    public void Endless_counts_are_refused()
    {
        // An array of nulls that claims 2^40 items.
        var file = Container("""{"type":"array","items":"null"}""", [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0], 1);
        Assert.Equal(SqlState.DataCorrupted, Assert.Throws<SqlException>(() => AvroFile.Parse("f", file).Read().Count()).State);
    }

    [Fact]
    public void Recursive_schemas_end()
    {
        var file = Container(
            """{"type":"record","name":"n","fields":[{"name":"next","type":"n"}]}""", [1, 2, 3], 1);
        Assert.Equal(SqlState.DataCorrupted, Assert.Throws<SqlException>(() => AvroFile.Parse("f", file).Read().Count()).State);
    }

    [Fact]
    public void Ids_names_and_maps_of_pairs()
    {
        const string schema = """
            {"type":"record","name":"r","namespace":"a.b","fields":[
              {"name":"x","type":["null","long"],"default":null,"field-id":7},
              {"name":"m","type":{"type":"array","logicalType":"map","items":{"type":"record","name":"k1_v2","fields":[
                 {"name":"key","type":"int","field-id":1},{"name":"value","type":"bytes","field-id":2}]}},"field-id":8},
              {"name":"again","type":["null","k1_v2"],"field-id":9},
              {"name":"e","type":{"type":"enum","name":"c","symbols":["A","B"]},"field-id":10}]}
            """;
        byte[] data = [2, 10, 2, 6, 4, 1, 2, 0, 2, 1, 0, 2];
        var record = Assert.Single(AvroFile.Parse("f", Container(schema, data, 1)).ReadRecords());
        Assert.Equal(5L, record.ById(7));
        var pair = Assert.IsType<AvroRecord>(Assert.Single(Assert.IsType<object?[]>(record.ById(8))));
        Assert.Equal(3, pair.ById(1));
        Assert.Equal([1, 2], Assert.IsType<byte[]>(pair.ById(2)));
        Assert.IsType<AvroRecord>(record.ById(9));
        Assert.Equal("B", record.ById(10));
        Assert.Null(record.ById(99));
    }

    private static byte[] Container(string schema, byte[] data, int count)
    {
        var json = Encoding.UTF8.GetBytes(schema);
        using var file = new MemoryStream();
        file.Write("Obj\x01"u8);
        file.WriteByte(2);
        Bytes("avro.schema"u8.ToArray());
        Bytes(json);
        file.WriteByte(0);
        file.Write(new byte[16]);
        Long(count);
        Bytes(data);
        file.Write(new byte[16]);
        return file.ToArray();

        void Bytes(byte[] bytes)
        {
            Long(bytes.Length);
            file.Write(bytes);
        }

        void Long(long value)
        {
            var zigzag = (ulong)(value << 1);
            while (zigzag > 0x7f)
            {
                file.WriteByte((byte)(zigzag | 0x80));
                zigzag >>= 7;
            }

            file.WriteByte((byte)zigzag);
        }
    }
}
