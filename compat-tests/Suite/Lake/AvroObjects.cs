using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace Federation.CompatTests.Suite.Lake;

/// <summary>
/// Reads Avro object container files by the specification alone, so that the gateway's files are judged by other code than its own.
/// </summary>
internal static class AvroObjects
{
    /// <summary>
    /// The file's header, as text, and its objects: records by field name, fixed and bytes as byte arrays, unions as the value that they
    /// hold.
    /// </summary>
    public static (IReadOnlyDictionary<string, string> Header, List<Dictionary<string, object?>> Objects) Read(string path)
    {
        var reader = new Cursor(File.ReadAllBytes(path));
        Assert.Equal("Obj\x01", Encoding.Latin1.GetString(reader.Take(4)));
        var header = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var count = reader.Long(); count != 0; count = reader.Long())
            for (var i = 0; i < count; i++)
                header[Encoding.UTF8.GetString(reader.Take((int)reader.Long()))] = Encoding.UTF8.GetString(reader.Take((int)reader.Long()));
        var sync = reader.Take(16);
        using var schema = JsonDocument.Parse(header["avro.schema"]);
        var objects = new List<Dictionary<string, object?>>();
        while (!reader.IsAtEnd)
        {
            var count = reader.Long();
            var block = new Cursor(Plain(reader.Take((int)reader.Long()), header["avro.codec"]));
            for (var i = 0; i < count; i++) objects.Add((Dictionary<string, object?>)Value(schema.RootElement, block)!);
            Assert.True(block.IsAtEnd, "a block holds more than its objects");
            Assert.Equal(sync, reader.Take(16));
        }

        return (header, objects);
    }

    private static byte[] Plain(byte[] bytes, string codec)
    {
        if (codec == "null") return bytes;
        Assert.Equal("deflate", codec);
        using var deflate = new DeflateStream(new MemoryStream(bytes), CompressionMode.Decompress);
        var plain = new MemoryStream();
        deflate.CopyTo(plain);
        return plain.ToArray();
    }

    private static object? Value(JsonElement schema, Cursor cursor)
    {
        if (schema.ValueKind == JsonValueKind.Array) return Value(schema[(int)cursor.Long()], cursor);
        var type = schema.ValueKind == JsonValueKind.String ? schema.GetString() : schema.GetProperty("type").GetString();
        switch (type)
        {
            case "null": return null;
            case "boolean": return cursor.Take(1)[0] == 1;
            case "int" or "long": return cursor.Long();
            case "float": return BinaryPrimitives.ReadSingleLittleEndian(cursor.Take(4));
            case "double": return BinaryPrimitives.ReadDoubleLittleEndian(cursor.Take(8));
            case "string": return Encoding.UTF8.GetString(cursor.Take((int)cursor.Long()));
            case "bytes": return cursor.Take((int)cursor.Long());
            case "fixed": return cursor.Take(schema.GetProperty("size").GetInt32());
            case "record":
                return schema.GetProperty("fields").EnumerateArray().ToDictionary(field => field.GetProperty("name").GetString()!,
                    field => Value(field.GetProperty("type"), cursor), StringComparer.Ordinal);
            case "array":
                var items = new List<object?>();
                for (var count = cursor.Long(); count != 0; count = cursor.Long())
                {
                    if (count < 0)
                    {
                        cursor.Long();
                        count = -count;
                    }

                    for (var i = 0; i < count; i++) items.Add(Value(schema.GetProperty("items"), cursor));
                }

                return items;
            default: throw new InvalidDataException($"Avro type {type} has no place in a manifest");
        }
    }

    private sealed class Cursor(byte[] bytes)
    {
        private int _position;

        public bool IsAtEnd => _position == bytes.Length;

        public byte[] Take(int count)
        {
            _position += count;
            return bytes[(_position - count).._position];
        }

        /// <summary>A zigzag varint.</summary>
        public long Long()
        {
            ulong value = 0;
            for (var shift = 0; ; shift += 7)
            {
                var part = bytes[_position++];
                value |= (ulong)(part & 0x7f) << shift;
                if (part < 0x80) return (long)(value >> 1) ^ -(long)(value & 1);
            }
        }
    }
}
