using System.Buffers.Binary;
using System.Text;
using Federation.Connectors.Formats.Compression;
using Federation.ObjectStorage;

namespace Federation.Connectors.Formats.Avro;

/// <summary>
/// An Avro object container file (Avro 1.11 specification, "Object Container Files").
/// <code>
/// 'O' 'b' 'j' 1        magic
/// map of bytes         avro.schema (JSON), avro.codec (null, deflate, snappy, zstandard, …), and the writer's own keys
/// 16 bytes             sync marker
/// blocks until the end:
///   long               number of objects
///   long               length of the serialised objects after compression
///   bytes              the objects; snappy blocks end with the big-endian CRC-32 of the plain bytes
///   16 bytes           sync marker
/// </code>
/// The whole file is read at once: manifests are a few megabytes.
/// </summary>
public sealed class AvroFile
{
    /// <summary>No writer makes blocks nearly as large; a larger one is an attack on memory.</summary>
    private const int MaxBlockLength = 256 << 20;
    private const long MaxFileLength = 1 << 30;
    private const int SyncLength = 16;

    private readonly string _path;
    private readonly byte[] _bytes;
    private readonly int _firstBlock;
    private readonly byte[] _sync;
    private readonly string _codec;

    private AvroFile(string path, byte[] bytes)
    {
        _path = path;
        _bytes = bytes;
        if (!bytes.AsSpan().StartsWith("Obj\x01"u8))
        {
            throw bytes.AsSpan().StartsWith("AGS1"u8)
                ? FormatErrors.Unsupported(path, "it is encrypted")
                : FormatErrors.Corrupt(path, "it is no Avro file");
        }

        var decoder = new AvroDecoder(bytes.AsSpan(4), path);
        var header = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var metadata = (Dictionary<string, object?>)decoder.Read(
            new AvroSchema.Map(new AvroSchema.Primitive(AvroPrimitive.Bytes), -1, -1))!;
        foreach (var (key, value) in metadata) header[key] = (byte[])value!;
        _sync = decoder.Take(SyncLength).ToArray();
        _firstBlock = bytes.Length - decoder.Remaining;
        _codec = header.TryGetValue("avro.codec", out var codec) ? Encoding.UTF8.GetString(codec) : "null";
        Schema = new AvroSchemaReader(path).Read(
            header.TryGetValue("avro.schema", out var schema) ? schema : throw FormatErrors.Corrupt(path, "it has no Avro schema"));
        Metadata = header;
    }

    public AvroSchema Schema { get; }

    /// <summary>The header's keys, the writer's own among them.</summary>
    public IReadOnlyDictionary<string, byte[]> Metadata { get; }

    /// <summary>A header value as text, or null.</summary>
    public string? Text(string key) => Metadata.TryGetValue(key, out var value) ? Encoding.UTF8.GetString(value) : null;

    /// <summary>Opens and reads a file; the header is checked here, blocks while they are enumerated.</summary>
    public static AvroFile Open(IObjectStore store, string path) => new(path, store.ReadAll(path, MaxFileLength));

    /// <summary>For tests of the format alone.</summary>
    public static AvroFile Parse(string path, byte[] bytes) => new(path, bytes);

    /// <summary>Every object in file order.</summary>
    public IEnumerable<object?> Read()
    {
        var position = _firstBlock;
        while (position < _bytes.Length)
        {
            var objects = ReadBlock(ref position);
            foreach (var item in objects) yield return item;
        }
    }

    /// <summary>Every object of a file of records.</summary>
    public IEnumerable<AvroRecord> ReadRecords() =>
        Read().Select(item => item as AvroRecord ?? throw FormatErrors.Corrupt(_path, "it holds no records"));

    private List<object?> ReadBlock(ref int position)
    {
        var decoder = new AvroDecoder(_bytes.AsSpan(position), _path);
        var count = decoder.ReadLong();
        var block = decoder.ReadBytes();
        if (!decoder.Take(SyncLength).SequenceEqual(_sync))
            throw FormatErrors.Corrupt(_path, "an Avro block does not end with the sync marker");
        position = _bytes.Length - decoder.Remaining;
        var plain = Decompress(block);
        if (count < 0 || count > plain.Length) throw FormatErrors.Corrupt(_path, "an Avro block has a senseless count");
        var objects = new List<object?>((int)Math.Min(count, 4096));
        var items = new AvroDecoder(plain, _path);
        for (long i = 0; i < count; i++) objects.Add(items.Read(Schema));
        return items.IsAtEnd ? objects : throw FormatErrors.Corrupt(_path, "an Avro block holds more bytes than objects");
    }

    private ReadOnlySpan<byte> Decompress(ReadOnlySpan<byte> block) => _codec switch
    {
        "null" => block,
        "deflate" => Unpacking.Deflate(_path, block, MaxBlockLength).Span,
        "zstandard" => Unpacking.Zstandard(_path, block, MaxBlockLength).Span,
        "snappy" => Unsnap(block),
        _ => throw FormatErrors.Unsupported(_path, $"Avro codec \"{_codec}\" is not supported"),
    };

    private ReadOnlySpan<byte> Unsnap(ReadOnlySpan<byte> block)
    {
        if (block.Length >= 4 && Snappy.TryDecode(block[..^4], MaxBlockLength) is { } plain
            && Crc32.Compute(plain) == BinaryPrimitives.ReadUInt32BigEndian(block[^4..]))
        {
            return plain;
        }

        throw FormatErrors.Corrupt(_path, "a snappy block of it cannot be decoded");
    }
}
