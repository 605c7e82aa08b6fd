using Federation.Connectors.Spi;

namespace Federation.Connectors.Lakehouse.Iceberg;

/// <summary>The spec's reserved fields that name a row ("Reserved Field IDs"), as hidden columns of a scan.</summary>
internal static class RowFields
{
    private static readonly IcebergField s_file =
        new(2147483646, RowIdentity.File, new IcebergType.Primitive(IcebergKind.String), IsRequired: true);

    private static readonly IcebergField s_position =
        new(2147483645, RowIdentity.Position, new IcebergType.Primitive(IcebergKind.Long), IsRequired: true);

    /// <summary>The hidden column of a name; null for any other name.</summary>
    public static IcebergField? Find(string name) => name switch
    {
        RowIdentity.File => s_file,
        RowIdentity.Position => s_position,
        _ => null,
    };

    /// <summary>What the worker computes for a hidden column; null for any other column.</summary>
    public static string? Expression(IcebergField field) =>
        field.Id == s_file.Id ? "f.recorded" : field.Id == s_position.Id ? "d.file_row_number" : null;
}
