using System.Buffers.Binary;
using System.Collections;
using System.Text;
using Federation.Connectors.Formats.Avro;
using Federation.Core;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>What a manifest entry says of one column. Bounds are in the single-value form of the spec.</summary>
internal readonly record struct FieldMetrics(long? Values, long? Nulls, long? NaNs, byte[]? Lower, byte[]? Upper);

/// <summary>
/// The entries of a manifest in one block of bytes, some 200 for a file with five columns instead of 1,500 as objects: manifests of 100,000
/// files stay in memory, and what a scan asks of files that it does not read is found without making objects of the rest. Immutable.
/// </summary>
internal sealed class PackedEntries : IReadOnlyList<ManifestEntry>
{
    private const int BytesPerPartition = 120;

    private readonly byte[] _data;
    private readonly int[] _starts;
    private readonly AvroRecord?[] _partitions;

    private PackedEntries(byte[] data, int[] starts, AvroRecord?[] partitions) =>
        (_data, _starts, _partitions) = (data, starts, partitions);

    public int Count => _starts.Length;

    /// <summary>About how many bytes of memory the entries take.</summary>
    public long Bytes => _data.Length + (_starts.Length * (long)(sizeof(int) + BytesPerPartition));

    public ManifestEntry this[int index] => At(index).Read();

    public static PackedEntries Pack(IEnumerable<ManifestEntry> entries)
    {
        using var data = new MemoryStream();
        using var writer = new BinaryWriter(data, Encoding.UTF8);
        var (starts, partitions) = (new List<int>(), new List<AvroRecord?>());
        foreach (var entry in entries)
        {
            starts.Add(checked((int)data.Position));
            partitions.Add(entry.Partition);
            Write(writer, entry);
        }

        return new PackedEntries(data.ToArray(), [.. starts], [.. partitions]);
    }

    public PackedEntry At(int index) => new(_data, _starts[index], _partitions[index]);

    public IEnumerator<ManifestEntry> GetEnumerator()
    {
        for (var i = 0; i < Count; i++) yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static void Write(BinaryWriter writer, ManifestEntry entry)
    {
        writer.Write(
            (byte)((entry.IsAdded ? PackedEntry.Added : 0) | (entry.IsEncrypted ? PackedEntry.Encrypted : 0)
                | ((int)entry.Content << PackedEntry.ContentShift)));
        Write(writer, entry.SequenceNumber);
        writer.Write7BitEncodedInt64(entry.RecordCount);
        var fields = entry.ValueCounts.Keys.Concat(entry.NullCounts.Keys).Concat(entry.NaNCounts.Keys).Concat(entry.LowerBounds.Keys)
            .Concat(entry.UpperBounds.Keys).Distinct().ToArray();
        writer.Write7BitEncodedInt(fields.Length);
        foreach (var field in fields)
        {
            writer.Write7BitEncodedInt(field);
            Write(writer, CountOf(entry.ValueCounts, field));
            Write(writer, CountOf(entry.NullCounts, field));
            Write(writer, CountOf(entry.NaNCounts, field));
            Write(writer, entry.LowerBounds.GetValueOrDefault(field));
            Write(writer, entry.UpperBounds.GetValueOrDefault(field));
        }

        writer.Write7BitEncodedInt64(entry.SizeBytes);
        Write(writer, Encoding.UTF8.GetBytes(entry.Path));
        Write(writer, Encoding.UTF8.GetBytes(entry.Format));
        writer.Write7BitEncodedInt(entry.EqualityIds.Count);
        foreach (var id in entry.EqualityIds) writer.Write7BitEncodedInt(id);
        Write(writer, entry.ReferencedDataFile is null ? null : Encoding.UTF8.GetBytes(entry.ReferencedDataFile));
        Write(writer, entry.ContentOffset);
        Write(writer, entry.ContentLength);
    }

    private static long? CountOf(IReadOnlyDictionary<int, long> counts, int field) =>
        counts.TryGetValue(field, out var count) ? count : null;

    private static void Write(BinaryWriter writer, long? number)
    {
        writer.Write(number is not null);
        if (number is { } value) writer.Write(value);
    }

    /// <summary>The length and one, so that no bytes and none at all differ.</summary>
    private static void Write(BinaryWriter writer, byte[]? bytes)
    {
        writer.Write7BitEncodedInt(bytes is null ? 0 : bytes.Length + 1);
        if (bytes is not null) writer.Write(bytes);
    }
}

/// <summary>One entry of <see cref="PackedEntries"/>.</summary>
internal readonly struct PackedEntry(byte[] data, int start, AvroRecord? partition)
{
    internal const int Added = 1;
    internal const int Encrypted = 2;
    internal const int ContentShift = 2;

    public AvroRecord? Partition => partition;

    public bool IsAdded => (data[start] & Added) != 0;

    public FileContent Content => (FileContent)(data[start] >> ContentShift);

    public long? SequenceNumber => new Reader(data, start + 1).Number();

    public long RecordCount
    {
        get
        {
            var reader = new Reader(data, start + 1);
            reader.Number();
            return reader.Integer();
        }
    }

    /// <summary>The file's path, for who looks for one file among many.</summary>
    public string Path
    {
        get
        {
            var reader = new Reader(data, start + 1);
            reader.Number();
            reader.Integer();
            for (var left = reader.Integer(); left > 0; left--)
            {
                reader.Integer();
                reader.SkipMetrics();
            }

            reader.Integer();
            return reader.Text()!;
        }
    }

    /// <summary>What is known of a column; nothing when the entry does not name it.</summary>
    public FieldMetrics Metrics(int fieldId)
    {
        var reader = new Reader(data, start + 1);
        reader.Number();
        reader.Integer();
        for (var left = reader.Integer(); left > 0; left--)
        {
            if (reader.Integer() == fieldId)
                return new FieldMetrics(reader.Number(), reader.Number(), reader.Number(), reader.Bytes(), reader.Bytes());
            reader.SkipMetrics();
        }

        return default;
    }

    public ManifestEntry Read()
    {
        var reader = new Reader(data, start + 1);
        var sequence = reader.Number();
        var rows = reader.Integer();
        var (values, nulls, nans) = (new Dictionary<int, long>(), new Dictionary<int, long>(), new Dictionary<int, long>());
        var (lower, upper) = (new Dictionary<int, byte[]>(), new Dictionary<int, byte[]>());
        for (var left = reader.Integer(); left > 0; left--)
        {
            var field = (int)reader.Integer();
            if (reader.Number() is { } valueCount) values[field] = valueCount;
            if (reader.Number() is { } nullCount) nulls[field] = nullCount;
            if (reader.Number() is { } nanCount) nans[field] = nanCount;
            if (reader.Bytes() is { } least) lower[field] = least;
            if (reader.Bytes() is { } greatest) upper[field] = greatest;
        }

        var size = reader.Integer();
        var path = reader.Text()!;
        var format = reader.Text()!;
        var equalityIds = new int[reader.Integer()];
        for (var i = 0; i < equalityIds.Length; i++) equalityIds[i] = (int)reader.Integer();
        return new ManifestEntry(
            IsAdded, sequence, Content, path, format, partition, rows, size, values, nulls, nans, lower, upper,
            equalityIds.ToEquatableArray(), (data[start] & Encrypted) != 0,
            reader.Text(), reader.Number(), reader.Number());
    }

    private ref struct Reader
    {
        private readonly ReadOnlySpan<byte> _data;
        private int _position;

        public Reader(byte[] data, int position)
        {
            _data = data;
            _position = position;
        }

        public long? Number()
        {
            if (_data[_position++] == 0) return null;
            _position += sizeof(long);
            return BinaryPrimitives.ReadInt64LittleEndian(_data[(_position - sizeof(long))..]);
        }

        /// <summary>Seven bits a byte, the lowest first, as BinaryWriter writes it.</summary>
        public long Integer()
        {
            var value = 0UL;
            for (var shift = 0; ; shift += 7)
            {
                var next = _data[_position++];
                value |= (ulong)(next & 0x7f) << shift;
                if (next < 0x80) return unchecked((long)value);
            }
        }

        public byte[]? Bytes()
        {
            var length = (int)Integer() - 1;
            if (length < 0) return null;
            _position += length;
            return _data.Slice(_position - length, length).ToArray();
        }

        public string? Text()
        {
            var length = (int)Integer() - 1;
            if (length < 0) return null;
            _position += length;
            return Encoding.UTF8.GetString(_data.Slice(_position - length, length));
        }

        /// <summary>What is said of one column.</summary>
        public void SkipMetrics()
        {
            Number();
            Number();
            Number();
            Skip();
            Skip();
        }

        private void Skip()
        {
            var length = (int)Integer() - 1;
            if (length > 0) _position += length;
        }
    }
}
