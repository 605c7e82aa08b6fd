using Federation.Connectors.Spi;
using Federation.Core.Errors;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>A term of a partition spec or sort order, checked against the columns of a table.</summary>
/// <param name="Text">The transform as metadata spells it.</param>
internal sealed record LayoutTerm(IcebergField Source, Transform Transform, string Text)
{
    /// <summary>Raises 42703 for a column that is not there, 42P16 for a type that the transform does not take.</summary>
    public static LayoutTerm Make(IEnumerable<IcebergField> fields, TableTransform term)
    {
        var field = fields.FirstOrDefault(field => field.Name == term.Column)
            ?? throw new SqlException(SqlState.UndefinedColumn, $"column \"{term.Column}\" named in partition key does not exist");
        var transform = Transform.Parse(term.Transform);
        return field.Type is IcebergType.Primitive type && Takes(transform.Kind, type.Kind)
            ? new LayoutTerm(field, transform, term.Transform)
            : throw new SqlException(SqlState.InvalidTableDefinition, transform.Kind == TransformKind.Identity
                ? $"column \"{term.Column}\" of type {field.Type} cannot partition a table"
                : $"column \"{term.Column}\" of type {field.Type} cannot be used in transform {term.Transform}");
    }

    /// <summary>Spec, "Partition Transforms": the types of sources.</summary>
    private static bool Takes(TransformKind transform, IcebergKind type) => transform switch
    {
        TransformKind.Identity or TransformKind.Void => true,
        TransformKind.Bucket => type is not (IcebergKind.Boolean or IcebergKind.Float or IcebergKind.Double),
        TransformKind.Truncate => type is IcebergKind.Int or IcebergKind.Long or IcebergKind.Decimal or IcebergKind.String
            or IcebergKind.Binary,
        TransformKind.Year or TransformKind.Month or TransformKind.Day => type is IcebergKind.Date or IcebergKind.Timestamp
            or IcebergKind.Timestamptz,
        TransformKind.Hour => type is IcebergKind.Timestamp or IcebergKind.Timestamptz,
        _ => false,
    };

    /// <summary>The name that the reference implementation gives a partition field: plain columns keep theirs.</summary>
    public string FieldName => Transform.Kind switch
    {
        TransformKind.Identity => Source.Name,
        TransformKind.Truncate => Source.Name + "_trunc",
        TransformKind.Void => Source.Name + "_null",
        var kind => $"{Source.Name}_{kind.ToString().ToLowerInvariant()}",
    };
}
