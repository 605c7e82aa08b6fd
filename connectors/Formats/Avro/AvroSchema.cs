using Federation.Core;

namespace Federation.Connectors.Formats.Avro;

public enum AvroPrimitive
{
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
}

/// <summary>
/// A writer's schema (Avro 1.11 specification). The attributes <c>field-id</c>, <c>element-id</c>, <c>key-id</c> and <c>value-id</c> are
/// Iceberg's (spec, appendix A); -1 where absent. Named types may refer to themselves, so records are filled after they are made.
/// </summary>
public abstract class AvroSchema
{
    private AvroSchema() { }

    /// <summary>
    /// decimal, uuid, date, time-micros, timestamp-micros, map, …; null for none. Unknown ones are ignored, as the specification says.
    /// </summary>
    public string? LogicalType { get; init; }

    public sealed class Primitive(AvroPrimitive kind) : AvroSchema
    {
        public AvroPrimitive Kind { get; } = kind;
    }

    public sealed class Record(string name) : AvroSchema
    {
        public string Name { get; } = name;

        public EquatableArray<AvroField> Fields { get; internal set; }
    }

    public sealed class Enumeration(EquatableArray<string> symbols) : AvroSchema
    {
        public EquatableArray<string> Symbols { get; } = symbols;
    }

    public sealed class Fixed(int size) : AvroSchema
    {
        public int Size { get; } = size;
    }

    /// <summary>With logical type "map" its items are key/value records: Iceberg's form of maps whose keys are no strings.</summary>
    public sealed class Array(AvroSchema items, int elementId) : AvroSchema
    {
        public AvroSchema Items { get; } = items;

        public int ElementId { get; } = elementId;
    }

    public sealed class Map(AvroSchema values, int keyId, int valueId) : AvroSchema
    {
        public AvroSchema Values { get; } = values;

        public int KeyId { get; } = keyId;

        public int ValueId { get; } = valueId;
    }

    public sealed class Union(EquatableArray<AvroSchema> branches) : AvroSchema
    {
        public EquatableArray<AvroSchema> Branches { get; } = branches;
    }
}

public sealed record AvroField(string Name, AvroSchema Type, int FieldId);
