using Federation.Core;

namespace Federation.Connectors.Lakehouse.Iceberg;

internal enum IcebergKind
{
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Decimal,
    Date,
    Time,
    Timestamp,
    Timestamptz,
    TimestampNs,
    TimestamptzNs,
    String,
    Uuid,
    Fixed,
    Binary,
    Unknown,
}

/// <summary>A type of the table format (spec, "Schemas and Data Types").</summary>
internal abstract record IcebergType
{
    private IcebergType() { }

    internal sealed record Primitive(IcebergKind Kind, int Precision = 0, int Scale = 0, int Length = 0) : IcebergType
    {
        public override string ToString() => Kind switch
        {
            IcebergKind.Decimal => $"decimal({Precision}, {Scale})",
            IcebergKind.Fixed => $"fixed[{Length}]",
            IcebergKind.TimestampNs => "timestamp_ns",
            IcebergKind.TimestamptzNs => "timestamptz_ns",
            _ => Kind.ToString().ToLowerInvariant(),
        };
    }

    internal sealed record Struct(EquatableArray<IcebergField> Fields) : IcebergType
    {
        public override string ToString() => "struct";
    }

    internal sealed record List(IcebergField Element) : IcebergType
    {
        public override string ToString() => "list";
    }

    internal sealed record Map(IcebergField Key, IcebergField Value) : IcebergType
    {
        public override string ToString() => "map";
    }

    /// <summary>
    /// A type that this reader does not know or support (variant, geometry, …); tables with such a column in use are refused.
    /// </summary>
    internal sealed record Other(string Name) : IcebergType
    {
        public override string ToString() => Name;
    }
}

/// <param name="InitialDefault">The JSON text of the value of rows written before the field was added; null for NULL.</param>
internal sealed record IcebergField(int Id, string Name, IcebergType Type, bool IsRequired, string? InitialDefault = null);

internal sealed record IcebergSchema(int Id, EquatableArray<IcebergField> Fields)
{
    public IcebergField? Find(string name)
    {
        foreach (var field in Fields)
            if (field.Name == name)
                return field;
        return null;
    }

    /// <summary>A field at any depth by id.</summary>
    public IcebergField? Find(int id) => Find(Fields, id);

    private static IcebergField? Find(IEnumerable<IcebergField> fields, int id)
    {
        foreach (var field in fields)
        {
            if (field.Id == id) return field;
            var inner = field.Type switch
            {
                IcebergType.Struct nested => Find(nested.Fields, id),
                IcebergType.List list => Find([list.Element], id),
                IcebergType.Map map => Find([map.Key, map.Value], id),
                _ => null,
            };
            if (inner is not null) return inner;
        }

        return null;
    }
}
