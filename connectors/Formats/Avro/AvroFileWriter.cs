using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Federation.Connectors.Formats.Avro;

/// <summary>
/// Makes an Avro object container file whose blocks are deflated; see <see cref="AvroFile"/> for the layout. Not thread-safe.
/// </summary>
public sealed class AvroFileWriter
{
    /// <summary>Bytes of objects in a block before compression.</summary>
    private const int BlockLength = 64 << 10;

    private readonly MemoryStream _file = new();
    private readonly byte[] _sync = RandomNumberGenerator.GetBytes(16);
    private readonly AvroEncoder _objects = new();
    private int _count;

    /// <param name="schema">The schema as JSON.</param>
    /// <param name="metadata">The writer's own keys of the header.</param>
    public AvroFileWriter(string schema, IReadOnlyDictionary<string, string> metadata)
    {
        var header = new AvroEncoder();
        var entries = metadata.Append(KeyValuePair.Create("avro.schema", schema))
            .Append(KeyValuePair.Create("avro.codec", "deflate")).ToArray();
        header.Items(entries, entry =>
        {
            header.String(entry.Key);
            header.Bytes(Encoding.UTF8.GetBytes(entry.Value));
        });
        _file.Write("Obj\x01"u8);
        _file.Write(header.Written);
        _file.Write(_sync);
    }

    /// <summary>Adds an object, which <paramref name="write"/> encodes by the file's schema.</summary>
    public void Add(Action<AvroEncoder> write)
    {
        write(_objects);
        _count++;
        if (_objects.Length >= BlockLength) EndBlock();
    }

    /// <summary>The whole file. Nothing can be added afterwards.</summary>
    public byte[] Finish()
    {
        EndBlock();
        return _file.ToArray();
    }

    private void EndBlock()
    {
        if (_count == 0) return;
        using var packed = new MemoryStream();
        using (var deflate = new DeflateStream(packed, CompressionLevel.Fastest, leaveOpen: true)) deflate.Write(_objects.Written);
        var head = new AvroEncoder();
        head.Long(_count);
        head.Bytes(packed.GetBuffer().AsSpan(0, (int)packed.Length));
        _file.Write(head.Written);
        _file.Write(_sync);
        _objects.Clear();
        _count = 0;
    }
}
