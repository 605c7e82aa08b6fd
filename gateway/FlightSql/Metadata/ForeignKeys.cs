using Federation.Arrow.Ipc;

namespace Federation.FlightSql.Metadata;

/// <summary>The columns of the commands about foreign keys. The rules are uint8, a type that no SQL column has.</summary>
internal static class ForeignKeys
{
    public static IpcSchema Schema { get; } = IpcSchema.OfFields(
    [
        .. new[] { "pk_catalog_name", "pk_db_schema_name", "pk_table_name", "pk_column_name", "fk_catalog_name", "fk_db_schema_name",
            "fk_table_name", "fk_column_name" }.Select(name => Plain(name, new ArrowType(ArrowKind.Utf8))),
        Plain("key_sequence", ArrowType.Int(32)),
        Plain("fk_key_name", new ArrowType(ArrowKind.Utf8)),
        Plain("pk_key_name", new ArrowType(ArrowKind.Utf8)),
        Plain("update_rule", ArrowType.Int(8, isSigned: false)),
        Plain("delete_rule", ArrowType.Int(8, isSigned: false)),
    ]);

    internal static IpcField Plain(string name, ArrowType type, params IpcField[] children) =>
        new(name, type, Core.Types.SqlType.Text, new Core.EquatableArray<IpcField>(children));
}
