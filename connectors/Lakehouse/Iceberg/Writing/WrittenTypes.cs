using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Federation.Connectors.Formats;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Connectors.Lakehouse.Iceberg.Writing;

/// <summary>
/// SQL types as types of the table format. What SQL says and the format does not (smallint, varchar(10), json, interval) is kept in the
/// table property <see cref="Property"/>, by field id: other engines see the format's type, and this one gives back the type that was
/// declared.
/// </summary>
internal static class WrittenTypes
{
    /// <summary>Holds a JSON object: field id to the OID and modifier of its type.</summary>
    public const string Property = "federation.column-types";

    /// <summary>Digits behind the point of a numeric column that declares none.</summary>
    private const int DefaultScale = 9;

    /// <summary>
    /// A numeric without precision becomes what its values are known to need, else the widest that the format has; the same inside arrays
    /// and rows. The column has that type from then on, so that later values are rounded to a scale that everybody sees, and 22003 refuses
    /// those that are too large.
    /// </summary>
    public static SqlType Stored(SqlType type)
    {
        if (type.IsArray) return SqlType.Array(Stored(type.Element!));
        if (type.IsRecord)
            return type with { Fields = type.Fields.Select(field => field with { Type = Stored(field.Type) }).ToEquatableArray() };
        if (!type.IsNumeric || type.Modifier >= 0) return type;
        var (precision, scale) = type.Decimal is { } shape ? (shape.Precision, shape.Scale) : (DecimalShape.MaxPrecision, DefaultScale);
        return new SqlType(PgTypes.Numeric, ((precision << 16) | scale) + 4);
    }

    /// <summary>
    /// The fields of a new table, with ids from 1 on: columns first, what is nested in them after them, as the reference implementation
    /// numbers them.
    /// </summary>
    public static (IReadOnlyList<IcebergField> Fields, int LastId) Fields(IReadOnlyList<NewColumn> columns)
    {
        var lastId = columns.Count;
        var fields =
            columns.Select((column, index) =>
                new IcebergField(index + 1, column.Name, Type(Stored(column.Type), column.Name, ref lastId), !column.IsNullable)).ToArray();
        return (fields, lastId);
    }

    /// <summary>The field of a column that is added to a table, with ids from the one after <paramref name="lastId"/> on.</summary>
    public static IcebergField Field(NewColumn column, ref int lastId)
    {
        var id = ++lastId;
        return new IcebergField(id, column.Name, Type(Stored(column.Type), column.Name, ref lastId), !column.IsNullable);
    }

    /// <summary>The type of the format that holds a type without parts.</summary>
    public static IcebergType TypeOf(SqlType type, string column)
    {
        var lastId = 0;
        return Type(Stored(type), column, ref lastId);
    }

    /// <summary>The kernel's type that is written as a type of the format.</summary>
    public static string KernelType(IcebergType type) => type switch
    {
        IcebergType.Primitive primitive => primitive.Kind switch
        {
            IcebergKind.Boolean => "BOOLEAN",
            IcebergKind.Int => "INTEGER",
            IcebergKind.Long => "BIGINT",
            IcebergKind.Float => "FLOAT",
            IcebergKind.Double => "DOUBLE",
            IcebergKind.Decimal => string.Create(CultureInfo.InvariantCulture, $"DECIMAL({primitive.Precision}, {primitive.Scale})"),
            IcebergKind.Date => "DATE",
            IcebergKind.Time => "TIME",
            IcebergKind.Timestamp => "TIMESTAMP",
            IcebergKind.Timestamptz => "TIMESTAMP WITH TIME ZONE",
            IcebergKind.String => "VARCHAR",
            IcebergKind.Uuid => "UUID",
            IcebergKind.Binary => "BLOB",
            _ => throw Unwritable(type),
        },
        IcebergType.List list => KernelType(list.Element.Type) + "[]",
        IcebergType.Struct nested =>
            $"STRUCT({string.Join(", ", nested.Fields.Select(field => $"{KernelText.Identifier(field.Name)} {KernelType(field.Type)}"))})",
        _ => throw Unwritable(type),
    };

    /// <summary>The ids of a field in the form of the kernel's FIELD_IDS.</summary>
    public static string FieldIds(IcebergField field) => field.Type switch
    {
        IcebergType.List list =>
            string.Create(CultureInfo.InvariantCulture, $"{{__duckdb_field_id: {field.Id}, element: {FieldIds(list.Element)}}}"),
        IcebergType.Struct nested => string.Create(
            CultureInfo.InvariantCulture,
            $"{{__duckdb_field_id: {field.Id}, "
                + $"{string.Join(", ", nested.Fields.Select(member => $"{KernelText.Identifier(member.Name)}: {FieldIds(member)}"))}}}"),
        _ => field.Id.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>The value of the property for the columns of a table; null when the format's types say all.</summary>
    public static string? Declared(IReadOnlyList<NewColumn> columns)
    {
        var declared = new JsonObject();
        for (var i = 0; i < columns.Count; i++) Declare(declared, i + 1, columns[i].Name, columns[i].Type);

        return declared.Count == 0 ? null : declared.ToJsonString();
    }

    /// <summary>Says the type of a column, or takes away what was said, where the type of the format says all.</summary>
    public static void Declare(JsonObject declared, int fieldId, string column, SqlType type)
    {
        var stored = Stored(type);
        var id = fieldId.ToString(CultureInfo.InvariantCulture);
        if (SqlTypes.Of(TypeOf(stored, column), column) == stored) declared.Remove(id);
        else declared[id] = new JsonArray((long)stored.AnnouncedOid.Value, stored.Modifier);
    }

    /// <summary>
    /// The types that the property declares, by field id; none for text that is not of this form, which another engine may have written.
    /// </summary>
    public static IReadOnlyDictionary<int, SqlType> ReadDeclared(string? property)
    {
        var types = new Dictionary<int, SqlType>();
        if (property is null) return types;
        try
        {
            using var document = JsonDocument.Parse(property);
            foreach (var member in document.RootElement.EnumerateObject())
            {
                if (int.TryParse(member.Name, CultureInfo.InvariantCulture, out var id)
                    && SqlType.FromOid(new Oid(member.Value[0].GetUInt32()), member.Value[1].GetInt32()) is { } type)
                    types[id] = type;
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException or IndexOutOfRangeException)
        {
            types.Clear();
        }

        return types;
    }

    private static IcebergType Type(SqlType type, string column, ref int lastId)
    {
        if (type.IsArray)
        {
            var id = ++lastId;
            return new IcebergType.List(new IcebergField(id, "element", Type(type.Element!, column, ref lastId), IsRequired: false));
        }

        if (type.IsRecord)
        {
            var first = lastId + 1;
            lastId += type.Fields.Count;
            var fields = new IcebergField[type.Fields.Count];
            for (var i = 0; i < fields.Length; i++)
                fields[i] = new IcebergField(first + i, type.Fields[i].Name, Type(type.Fields[i].Type, column, ref lastId),
                    IsRequired: false);
            return new IcebergType.Struct(fields.ToEquatableArray());
        }

        if (type.IsNumeric && type.Decimal is { } shape)
            return new IcebergType.Primitive(IcebergKind.Decimal, shape.Precision, shape.Scale);
        return new IcebergType.Primitive(KindOf(type.Base) ?? throw new SqlException(
            SqlState.FeatureNotSupported, $"column \"{column}\" has type {type}, which Iceberg tables cannot hold")
                { ColumnName = column });
    }

    /// <summary>
    /// What has no type of its meaning in the format is held as its text: it is cast there and back by the kernel, and no statistics of the
    /// text are taken for its order. Null for types that only a source knows, and for those that no column has.
    /// </summary>
    private static IcebergKind? KindOf(PgType type) =>
        PgTypes.Find(type.Name) != type || type.Kind is not ('b' or 'r') || s_withoutValues.Contains(type) ? null
        : type.Storage switch
        {
            Storage.Boolean => IcebergKind.Boolean,
            Storage.Int16 or Storage.Int32 => IcebergKind.Int,
            Storage.Int64 => IcebergKind.Long,
            Storage.Float32 => IcebergKind.Float,
            Storage.Float64 => IcebergKind.Double,
            Storage.Date => IcebergKind.Date,
            Storage.Time => IcebergKind.Time,
            Storage.Timestamp => type == PgTypes.Timestamptz ? IcebergKind.Timestamptz : IcebergKind.Timestamp,
            Storage.Uuid => IcebergKind.Uuid,
            Storage.Bytes => IcebergKind.Binary,
            // Numerics of more than 38 digits are text in the kernel, too.
            Storage.Text or Storage.Bit or Storage.Interval or Storage.TimeTz or Storage.Decimal => IcebergKind.String,
            _ => null,
        };

    /// <summary>Types whose values cannot be made here.</summary>
    private static readonly HashSet<PgType> s_withoutValues =
        [PgTypes.Tsvector, PgTypes.Tsquery, PgTypes.Jsonpath, PgTypes.Xml, PgTypes.PgNodeTree, PgTypes.Aclitem];

    private static SqlException Unwritable(IcebergType type) =>
        new(SqlState.FeatureNotSupported, $"columns of type {type} cannot be written");
}
