using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>
/// Table types as SQL types. Maps are announced as jsonb, structs as records, lists as arrays. Timestamps with nanoseconds are announced
/// with microseconds, PostgreSQL's resolution; their values are cut down to the microsecond before.
/// </summary>
internal static class SqlTypes
{
    public static SqlType Of(IcebergType type, string column) => type switch
    {
        IcebergType.Primitive primitive => Of(primitive),
        IcebergType.List list => SqlType.Array(Of(list.Element.Type, column)),
        IcebergType.Map => SqlType.Jsonb,
        IcebergType.Struct nested =>
            SqlType.Record([.. nested.Fields.Select(field => new RecordField(field.Name, Of(field.Type, column)))]),
        _ => throw new SqlException(
            SqlState.FeatureNotSupported, $"column \"{column}\" is of the unsupported type {type}") { ColumnName = column },
    };

    public static SqlType Of(IcebergType.Primitive type) => type.Kind switch
    {
        IcebergKind.Boolean => SqlType.Bool,
        IcebergKind.Int => SqlType.Int4,
        IcebergKind.Long => SqlType.Int8,
        IcebergKind.Float => SqlType.Float4,
        IcebergKind.Double => SqlType.Float8,
        // The modifier announces precision and scale to clients and fixes the decimal shape.
        IcebergKind.Decimal => new SqlType(PgTypes.Numeric, ((type.Precision << 16) | type.Scale) + 4),
        IcebergKind.Date => SqlType.Date,
        IcebergKind.Time => SqlType.Time,
        IcebergKind.Timestamp or IcebergKind.TimestampNs => SqlType.Timestamp,
        IcebergKind.Timestamptz or IcebergKind.TimestamptzNs => SqlType.Timestamptz,
        IcebergKind.Uuid => SqlType.Uuid,
        IcebergKind.Fixed or IcebergKind.Binary => SqlType.Bytea,
        _ => SqlType.Text,
    };
}
