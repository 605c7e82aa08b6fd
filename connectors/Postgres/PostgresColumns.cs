using Federation.Connectors.Postgres.Reading;
using Federation.Connectors.RemoteSql;
using Federation.Core;
using Federation.Core.Types;
using Npgsql;

namespace Federation.Connectors.Postgres;

/// <summary>
/// Maps a column of the source to a type here. Domains become their base type. Types that are text here or unknown (enums, composites,
/// ranges of users, types of extensions) are cast to text at the source, names of objects too, because their OIDs mean nothing here.
/// </summary>
internal static class PostgresColumns
{
    private static readonly RemoteCollation s_defaultCollation = new("default", IsDeterministic: true, IsByteOrder: false, IsUnicode: true);

    /// <summary>Reads a row of the catalog's column query.</summary>
    public static RemoteColumn Describe(NpgsqlDataReader row)
    {
        var name = row.GetString(2);
        var quoted = PostgresDialect.Instance.Identifier(name);
        var (type, cast) = Map(row);
        var column = new RemoteColumn(name, type, cast is null ? quoted : $"{quoted}::{cast}", IsNullable: !row.GetBoolean(3));
        if (type.IsArray || type.Category != 'S') return column;
        var isUnicode = row.GetString(15) == "UTF8";
        var collation = cast is null && !row.IsDBNull(13)
            ? new RemoteCollation(row.GetString(13), row.GetBoolean(14), IsByteOrder: row.GetString(13) is "C" or "POSIX", isUnicode)
            : s_defaultCollation with { IsUnicode = isUnicode };
        return column with { Collation = collation };
    }

    private static (SqlType Type, string? Cast) Map(NpgsqlDataReader row)
    {
        var oid = new Oid((uint)row.GetInt64(4));
        var modifier = row.GetInt32(5);
        if (SqlType.FromOid(oid, modifier) is { } vector && vector.IsVector) return (vector, null);
        if (row.IsDBNull(8) || row.GetString(11) != ",") return Scalar(oid, modifier);

        // The array of a domain has an element OID of its own, so that it is cast even though its items have a known form.
        var isPlain = PgTypes.FindElementOf(oid) is not null;
        var (item, cast) = Scalar(new Oid((uint)row.GetInt64(8)), row.GetInt32(9));
        cast ??= isPlain ? null : item.Base.Name;
        return (SqlType.Array(item), cast is null ? null : cast + "[]");
    }

    private static (SqlType Type, string? Cast) Scalar(Oid oid, int modifier)
    {
        if (PgTypes.Find(oid) is not { } known || known.IsPseudo || known.Storage is Storage.List or Storage.Struct || known.Name.StartsWith("reg", StringComparison.Ordinal))
            return (SqlType.Text, "text");
        return (new SqlType(known, modifier), FieldReaders.ReadsBinary(known) ? null : "text");
    }
}
