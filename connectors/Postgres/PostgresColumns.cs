using Federation.Connectors.Postgres.Reading;
using Federation.Connectors.RemoteSql;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Types;
using Npgsql;

namespace Federation.Connectors.Postgres;

/// <summary>
/// Maps a column of the source to a type here. Domains become their base type. Values of types that the source defines (enums, composites,
/// ranges of users, types of extensions) come as the text that the source prints; names of objects too, because their OIDs mean nothing
/// here.
/// </summary>
internal static class PostgresColumns
{
    /// <summary>Collations of PostgreSQL whose order is that of the bytes of UTF-8.</summary>
    private static readonly HashSet<string> s_byteOrders = new(StringComparer.Ordinal) { "C", "POSIX", "ucs_basic", "C.UTF-8", "C.utf8" };

    private static readonly RemoteCollation s_defaultCollation = new("default", IsDeterministic: true, IsByteOrder: false, IsUnicode: true);

    /// <summary>Reads a row of the catalog's column query.</summary>
    public static RemoteColumn Describe(string server, NpgsqlDataReader row)
    {
        var name = row.GetString(2);
        var quoted = PostgresDialect.Instance.Identifier(name);
        var (type, cast) = Map(server, row);
        var column = new RemoteColumn(name, type, cast is null ? quoted : $"{quoted}::{cast}", IsNullable: !row.GetBoolean(3))
        {
            Number = row.GetInt16(16),
            IsGenerated = row.GetBoolean(17),
            Domain = row.IsDBNull(25)
                ? null
                : SourceTypes.Add(new SourceType(server, row.GetString(26), row.GetString(25), 'd') { Over = type }),
        };
        if (type.IsArray || type.Category != 'S') return column;
        var isUnicode = row.GetString(15) == "UTF8";
        var collation = cast is null && !row.IsDBNull(13)
            ? new RemoteCollation(row.GetString(13), row.GetBoolean(14), IsByteOrder: s_byteOrders.Contains(row.GetString(13)), isUnicode)
            : s_defaultCollation with { IsUnicode = isUnicode };
        if (collation.IsByteOrder || collation.Name == s_defaultCollation.Name) return column with { Collation = collation };
        return column with
        {
            Collation = collation,
            Type = type with { Collation = new SourceCollation(collation.Name, collation.IsDeterministic) },
        };
    }

    public static ConnectorColumn ToConnector(RemoteColumn column) =>
        new(column.Name, column.Type, column.IsNullable)
            { Number = column.Number, IsGenerated = column.IsGenerated, Domain = column.Domain };

    /// <summary>The type with room for all values: NaN and the infinities in numerics, and a number of dimensions in arrays.</summary>
    public static SqlType Widen(SqlType type, int depth)
    {
        if (type.IsVector) return type;
        if (type.Element is not { } element) return type with { Decimal = null };
        var widened = Widen(element, 1);
        for (var i = 0; i < depth; i++) widened = SqlType.Array(widened);
        return widened;
    }

    private static (SqlType Type, string? Cast) Map(string server, NpgsqlDataReader row)
    {
        var oid = new Oid((uint)row.GetInt64(4));
        var modifier = row.GetInt32(5);
        if (SqlType.FromOid(oid, modifier) is { } vector && vector.IsVector) return (vector, null);
        if (row.IsDBNull(8) || row.GetString(11) != ",")
            return Scalar(server, oid, modifier, row, name: 6, kind: 7, schema: 18, fields: 35);

        // The array of a domain has an element OID of its own, so that it is cast even though its items have a known form.
        var isPlain = PgTypes.FindElementOf(oid) is { Source: null };
        var (item, cast) = Scalar(server, new Oid((uint)row.GetInt64(8)), row.GetInt32(9), row, name: 21, kind: 10, schema: 22, fields: 36);
        cast ??= isPlain ? null : item.Base.Name;
        return (SqlType.Array(item), cast is null ? null : cast + "[]");
    }

    /// <param name="name">Where the type's name stands in the row, and so on; its labels and its array type stand behind the
    /// schema.</param>
    private static (SqlType Type, string? Cast) Scalar(string server, Oid oid, int modifier, NpgsqlDataReader row, int name, int kind,
        int schema, int fields)
    {
        if (PgTypes.Find(oid) is { Source: null, IsPseudo: false, Storage: not (Storage.List or Storage.Struct) } known)
        {
            if (known.Name.StartsWith("reg", StringComparison.Ordinal)) return (SqlType.Text, "text");
            return (new SqlType(known, modifier), FieldReaders.ReadsBinary(known) ? null : "text");
        }

        // Arrays whose items are parted by another character than a comma.
        if (PgTypes.FindElementOf(oid) is { Source: null }) return (SqlType.Text, "text");
        var isSystem = row.GetString(schema) == "pg_catalog";
        var type = new SourceType(server, row.GetString(schema), row.GetString(name), row.GetString(kind)[0])
        {
            Labels = row.IsDBNull(schema + 1) ? default : row.GetFieldValue<string[]>(schema + 1).ToEquatableArray(),
            Fields = row.IsDBNull(fields) ? default : PostgresDetails.Fields(server, row.GetString(fields)),
            CatalogOid = isSystem ? oid : Oid.None,
            CatalogArrayOid = isSystem ? new Oid((uint)row.GetInt64(schema + 2)) : Oid.None,
        };
        return (SqlType.Of(SourceTypes.Add(type)), "text");
    }
}
