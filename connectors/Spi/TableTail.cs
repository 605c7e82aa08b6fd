using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Federation.Core;
using Federation.Core.Tasks.Json;

namespace Federation.Connectors.Spi;

/// <summary>
/// The newest small changes of a table, which no file holds yet: rows that came, and rows of files that went. The catalog keeps them within
/// the table's pointer, so a commit of a few rows writes no file. Whoever reads the table through the catalog unites them with its files;
/// other engines see them once they are flushed. Immutable.
/// </summary>
/// <param name="Rows">What came, oldest first.</param>
/// <param name="Deletes">What went of the table's files, by file.</param>
public sealed record TableTail(EquatableArray<TailRows> Rows, EquatableArray<TailDeletes> Deletes)
{
    public static readonly TableTail Empty = new([], []);

    [JsonIgnore]
    public bool IsEmpty => Rows.Count == 0 && Deletes.Count == 0;

    /// <summary>How many rows came and are still there.</summary>
    [JsonIgnore]
    public int LiveRows => Rows.Sum(rows => rows.Count - rows.Removed.Count);

    /// <summary>How many rows of files went.</summary>
    [JsonIgnore]
    public int DeletedRows => Deletes.Sum(file => file.Positions.Count);

    /// <summary>How much it is, in rows that came or went.</summary>
    [JsonIgnore]
    public int Weight => Rows.Sum(rows => rows.Count) + DeletedRows;

    /// <summary>About how many bytes of the catalog it takes.</summary>
    [JsonIgnore]
    public int Bytes => Rows.Sum(rows => rows.Bytes + 40) + (DeletedRows * 8) + Deletes.Sum(file => file.File.Length);
}

/// <summary>Positions of rows that went, ascending, of one file as the table's metadata names it.</summary>
public sealed record TailDeletes(string File, EquatableArray<long> Positions);

/// <summary>Rows that one change has added. Equal to those of the same id with the same removals: ids are never used twice.</summary>
[JsonConverter(typeof(Converter))]
public sealed class TailRows : IEquatable<TailRows>
{
    private readonly byte[] _encoded;

    /// <summary>Shared by all states of the same rows.</summary>
    private readonly Lazy<EquatableArray<EquatableArray<object?>>> _values;

    /// <param name="id">Positive; no other rows have it.</param>
    /// <param name="fields">For each value of a row the number by which the format knows its column.</param>
    /// <param name="rows">Values in the CLR forms of Values.cs.</param>
    public TailRows(long id, EquatableArray<int> fields, EquatableArray<EquatableArray<object?>> rows)
        : this(id, fields, rows.Count, RowsJson.Write(rows), [], new(rows)) { }

    private TailRows(long id, EquatableArray<int> fields, int count, byte[] encoded, EquatableArray<int> removed,
        Lazy<EquatableArray<EquatableArray<object?>>>? values)
    {
        (Id, Fields, Count, _encoded, Removed) = (id, fields, count, encoded, removed);
        _values = values ?? new(() => RowsJson.Read(encoded));
    }

    public long Id { get; }

    public EquatableArray<int> Fields { get; }

    /// <summary>How many rows there were, with those that went since.</summary>
    public int Count { get; }

    /// <summary>Positions of rows that went, ascending.</summary>
    public EquatableArray<int> Removed { get; }

    /// <summary>Of the encoded values.</summary>
    public int Bytes => _encoded.Length;

    /// <summary>All rows, also those that went. Decoded when they are first asked for. Raises XX001.</summary>
    public EquatableArray<EquatableArray<object?>> Values => _values.Value;

    /// <summary>The rows without some more of them.</summary>
    /// <param name="removed">All positions that went, ascending.</param>
    public TailRows Without(EquatableArray<int> removed) => new(Id, Fields, Count, _encoded, removed, _values);

    public bool Equals(TailRows? other) => other is not null && Id == other.Id && Removed.Equals(other.Removed);

    public override bool Equals(object? obj) => Equals(obj as TailRows);

    public override int GetHashCode() => HashCode.Combine(Id, Removed.Count);

    private sealed class Converter : JsonConverter<TailRows>
    {
        public override TailRows Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            using var document = JsonDocument.ParseValue(ref reader);
            var root = document.RootElement;
            return new TailRows(root.GetProperty("Id").GetInt64(), Integers("Fields"), root.GetProperty("Count").GetInt32(),
                JsonMarshal.GetRawUtf8Value(root.GetProperty("Values")).ToArray(), Integers("Removed"), null);

            EquatableArray<int> Integers(string name) => root.TryGetProperty(name, out var items)
                ? items.EnumerateArray().Select(item => item.GetInt32()).ToEquatableArray()
                : [];
        }

        public override void Write(Utf8JsonWriter writer, TailRows value, JsonSerializerOptions options)
        {
            writer.WriteStartObject();
            writer.WriteNumber("Id", value.Id);
            writer.WriteNumber("Count", value.Count);
            Integers("Fields", value.Fields);
            if (value.Removed.Count > 0) Integers("Removed", value.Removed);
            writer.WritePropertyName("Values");
            writer.WriteRawValue(value._encoded, skipInputValidation: true);
            writer.WriteEndObject();

            void Integers(string name, EquatableArray<int> items)
            {
                writer.WriteStartArray(name);
                foreach (var item in items) writer.WriteNumberValue(item);
                writer.WriteEndArray();
            }
        }
    }
}
