using System.Collections.Frozen;

namespace Federation.Core.Types;

/// <summary>
/// The one type table. OIDs, lengths and categories are those of PostgreSQL 15's pg_type. Types without a kernel twin are held as their
/// PostgreSQL text form; operators on them exist only where the function table says so.
/// </summary>
public static class PgTypes
{
    public static readonly PgType Bool = Row(16, "bool", 1000, 1, 'B', true, Storage.Boolean, "BOOLEAN", "boolean");
    public static readonly PgType Bytea = Row(17, "bytea", 1001, -1, 'U', false, Storage.Bytes, "BLOB");
    public static readonly PgType Char = Row(18, "char", 1002, 1, 'Z', false, Storage.Text, "VARCHAR", "\"char\"");
    public static readonly PgType Name = Row(19, "name", 1003, 64, 'S', false, Storage.Text, "VARCHAR");
    public static readonly PgType Int8 = Row(20, "int8", 1016, 8, 'N', false, Storage.Int64, "BIGINT", "bigint");
    public static readonly PgType Int2 = Row(21, "int2", 1005, 2, 'N', false, Storage.Int16, "SMALLINT", "smallint");
    public static readonly PgType Int4 = Row(23, "int4", 1007, 4, 'N', false, Storage.Int32, "INTEGER", "integer");
    public static readonly PgType Regproc = Row(24, "regproc", 1008, 4, 'N', false, Storage.Int64, "BIGINT");
    public static readonly PgType Text = Row(25, "text", 1009, -1, 'S', true, Storage.Text, "VARCHAR");
    public static readonly PgType OidType = Row(26, "oid", 1028, 4, 'N', true, Storage.Int64, "BIGINT");
    public static readonly PgType Tid = Row(27, "tid", 1010, 6, 'U', false, Storage.Text, "VARCHAR");
    public static readonly PgType Xid = Row(28, "xid", 1011, 4, 'U', false, Storage.Int64, "BIGINT");
    public static readonly PgType Cid = Row(29, "cid", 1012, 4, 'U', false, Storage.Int64, "BIGINT");
    public static readonly PgType Json = Row(114, "json", 199, -1, 'U', false, Storage.Text, "VARCHAR");
    public static readonly PgType Xml = Row(142, "xml", 143, -1, 'U', false, Storage.Text, "VARCHAR");
    public static readonly PgType PgNodeTree = Row(194, "pg_node_tree", 0, -1, 'Z', false, Storage.Text, "VARCHAR");
    public static readonly PgType Point = Row(600, "point", 1017, 16, 'G', false, Storage.Text, "VARCHAR");
    public static readonly PgType Lseg = Row(601, "lseg", 1018, 32, 'G', false, Storage.Text, "VARCHAR");
    public static readonly PgType Path = Row(602, "path", 1019, -1, 'G', false, Storage.Text, "VARCHAR");
    public static readonly PgType Box = Row(603, "box", 1020, 32, 'G', false, Storage.Text, "VARCHAR");
    public static readonly PgType Polygon = Row(604, "polygon", 1027, -1, 'G', false, Storage.Text, "VARCHAR");
    public static readonly PgType Line = Row(628, "line", 629, 24, 'G', false, Storage.Text, "VARCHAR");
    public static readonly PgType Cidr = Row(650, "cidr", 651, -1, 'I', false, Storage.Text, "VARCHAR");
    public static readonly PgType Float4 = Row(700, "float4", 1021, 4, 'N', false, Storage.Float32, "FLOAT", "real");
    public static readonly PgType Float8 = Row(701, "float8", 1022, 8, 'N', true, Storage.Float64, "DOUBLE", "double precision");
    public static readonly PgType Unknown = Row(705, "unknown", 0, -2, 'X', false, Storage.Text, "VARCHAR", kind: 'p');
    public static readonly PgType Circle = Row(718, "circle", 719, 24, 'G', false, Storage.Text, "VARCHAR");
    public static readonly PgType Macaddr8 = Row(774, "macaddr8", 775, 8, 'U', false, Storage.Text, "VARCHAR");
    public static readonly PgType Money = Row(790, "money", 791, 8, 'N', false, Storage.Text, "VARCHAR");
    public static readonly PgType Macaddr = Row(829, "macaddr", 1040, 6, 'U', false, Storage.Text, "VARCHAR");
    public static readonly PgType Inet = Row(869, "inet", 1041, -1, 'I', true, Storage.Text, "VARCHAR");
    public static readonly PgType Aclitem = Row(1033, "aclitem", 1034, 12, 'U', false, Storage.Text, "VARCHAR");
    public static readonly PgType Bpchar = Row(1042, "bpchar", 1014, -1, 'S', false, Storage.Text, "VARCHAR", "character");
    public static readonly PgType Varchar = Row(1043, "varchar", 1015, -1, 'S', false, Storage.Text, "VARCHAR", "character varying");
    public static readonly PgType Date = Row(1082, "date", 1182, 4, 'D', false, Storage.Date, "DATE");
    public static readonly PgType Time = Row(1083, "time", 1183, 8, 'D', false, Storage.Time, "TIME", "time without time zone");
    public static readonly PgType Timestamp =
        Row(1114, "timestamp", 1115, 8, 'D', false, Storage.Timestamp, "TIMESTAMP", "timestamp without time zone");
    public static readonly PgType Timestamptz =
        Row(1184, "timestamptz", 1185, 8, 'D', true, Storage.Timestamp, "TIMESTAMPTZ", "timestamp with time zone");
    public static readonly PgType Interval = Row(1186, "interval", 1187, 16, 'T', true, Storage.Interval, "INTERVAL");
    public static readonly PgType Timetz = Row(1266, "timetz", 1270, 12, 'D', false, Storage.TimeTz, "TIMETZ", "time with time zone");
    public static readonly PgType Bit = Row(1560, "bit", 1561, -1, 'V', false, Storage.Bit, "BIT");
    public static readonly PgType Varbit = Row(1562, "varbit", 1563, -1, 'V', true, Storage.Bit, "BIT", "bit varying");

    /// <summary>Held as a scaled integer when its <see cref="SqlType.Decimal"/> shape is known, else as its text form.</summary>
    public static readonly PgType Numeric = Row(1700, "numeric", 1231, -1, 'N', false, Storage.Decimal, "VARCHAR");
    public static readonly PgType Refcursor = Row(1790, "refcursor", 2201, -1, 'U', false, Storage.Text, "VARCHAR");
    public static readonly PgType Regprocedure = Row(2202, "regprocedure", 2207, 4, 'N', false, Storage.Int64, "BIGINT");
    public static readonly PgType Regoper = Row(2203, "regoper", 2208, 4, 'N', false, Storage.Int64, "BIGINT");
    public static readonly PgType Regoperator = Row(2204, "regoperator", 2209, 4, 'N', false, Storage.Int64, "BIGINT");
    public static readonly PgType Regclass = Row(2205, "regclass", 2210, 4, 'N', false, Storage.Int64, "BIGINT");
    public static readonly PgType Regtype = Row(2206, "regtype", 2211, 4, 'N', false, Storage.Int64, "BIGINT");
    public static readonly PgType Uuid = Row(2950, "uuid", 2951, 16, 'U', false, Storage.Uuid, "UUID");
    public static readonly PgType PgLsn = Row(3220, "pg_lsn", 3221, 8, 'U', false, Storage.Text, "VARCHAR");
    public static readonly PgType Tsvector = Row(3614, "tsvector", 3643, -1, 'U', false, Storage.Text, "VARCHAR");
    public static readonly PgType Tsquery = Row(3615, "tsquery", 3645, -1, 'U', false, Storage.Text, "VARCHAR");
    public static readonly PgType Regconfig = Row(3734, "regconfig", 3735, 4, 'N', false, Storage.Int64, "BIGINT");
    public static readonly PgType Regdictionary = Row(3769, "regdictionary", 3770, 4, 'N', false, Storage.Int64, "BIGINT");

    /// <summary>Held as its normal text form (keys ordered by length then bytes, no duplicates, PostgreSQL's spacing).</summary>
    public static readonly PgType Jsonb = Row(3802, "jsonb", 3807, -1, 'U', false, Storage.Text, "VARCHAR");
    public static readonly PgType Int4range = Row(3904, "int4range", 3905, -1, 'R', false, Storage.Text, "VARCHAR", kind: 'r');
    public static readonly PgType Numrange = Row(3906, "numrange", 3907, -1, 'R', false, Storage.Text, "VARCHAR", kind: 'r');
    public static readonly PgType Tsrange = Row(3908, "tsrange", 3909, -1, 'R', false, Storage.Text, "VARCHAR", kind: 'r');
    public static readonly PgType Tstzrange = Row(3910, "tstzrange", 3911, -1, 'R', false, Storage.Text, "VARCHAR", kind: 'r');
    public static readonly PgType Daterange = Row(3912, "daterange", 3913, -1, 'R', false, Storage.Text, "VARCHAR", kind: 'r');
    public static readonly PgType Int8range = Row(3926, "int8range", 3927, -1, 'R', false, Storage.Text, "VARCHAR", kind: 'r');
    public static readonly PgType Jsonpath = Row(4072, "jsonpath", 4073, -1, 'U', false, Storage.Text, "VARCHAR");
    public static readonly PgType Regnamespace = Row(4089, "regnamespace", 4090, 4, 'N', false, Storage.Int64, "BIGINT");
    public static readonly PgType Regrole = Row(4096, "regrole", 4097, 4, 'N', false, Storage.Int64, "BIGINT");
    public static readonly PgType Regcollation = Row(4191, "regcollation", 4192, 4, 'N', false, Storage.Int64, "BIGINT");
    public static readonly PgType Xid8 = Row(5069, "xid8", 271, 8, 'U', false, Storage.Int64, "BIGINT");

    // int2vector and oidvector are arrays whose first subscript is 0; they are held as lists and differ only in name and subscripts.
    public static readonly PgType Int2vector = Row(22, "int2vector", 1006, -1, 'A', false, Storage.List, "SMALLINT[]");
    public static readonly PgType Oidvector = Row(30, "oidvector", 1013, -1, 'A', false, Storage.List, "BIGINT[]");

    public static readonly PgType Record = Row(2249, "record", 2287, -1, 'P', false, Storage.Struct, "STRUCT", kind: 'p');
    public static readonly PgType Cstring = Row(2275, "cstring", 1263, -2, 'P', false, Storage.Text, "VARCHAR", kind: 'p');
    public static readonly PgType Any = Row(2276, "any", 0, 4, 'P', false, Storage.Text, "VARCHAR", "\"any\"", 'p');
    public static readonly PgType Anyarray = Row(2277, "anyarray", 0, -1, 'P', false, Storage.List, "VARCHAR[]", kind: 'p');
    public static readonly PgType Void = Row(2278, "void", 0, 4, 'P', false, Storage.Text, "VARCHAR", kind: 'p');
    public static readonly PgType Trigger = Row(2279, "trigger", 0, 4, 'P', false, Storage.Text, "VARCHAR", kind: 'p');
    public static readonly PgType Internal = Row(2281, "internal", 0, 8, 'P', false, Storage.Text, "VARCHAR", kind: 'p');
    public static readonly PgType Anyelement = Row(2283, "anyelement", 0, 4, 'P', false, Storage.Text, "VARCHAR", kind: 'p');
    public static readonly PgType Anynonarray = Row(2776, "anynonarray", 0, 4, 'P', false, Storage.Text, "VARCHAR", kind: 'p');
    public static readonly PgType Anyenum = Row(3500, "anyenum", 0, 4, 'P', false, Storage.Text, "VARCHAR", kind: 'p');
    public static readonly PgType Anyrange = Row(3831, "anyrange", 0, -1, 'P', false, Storage.Text, "VARCHAR", kind: 'p');
    public static readonly PgType Anymultirange = Row(4537, "anymultirange", 0, -1, 'P', false, Storage.Text, "VARCHAR", kind: 'p');
    public static readonly PgType Anycompatible = Row(5077, "anycompatible", 0, 4, 'P', false, Storage.Text, "VARCHAR", kind: 'p');
    public static readonly PgType Anycompatiblearray = Row(5078, "anycompatiblearray", 0, -1, 'P', false, Storage.List,
        "VARCHAR[]", kind: 'p');
    public static readonly PgType Anycompatiblenonarray =
        Row(5079, "anycompatiblenonarray", 0, 4, 'P', false, Storage.Text, "VARCHAR", kind: 'p');
    public static readonly PgType Anycompatiblerange = Row(5080, "anycompatiblerange", 0, -1, 'P', false, Storage.Text,
        "VARCHAR", kind: 'p');

    /// <summary>Every row in OID order.</summary>
    public static readonly IReadOnlyList<PgType> All = typeof(PgTypes).GetFields()
        .Where(field => field.FieldType == typeof(PgType))
        .Select(field => (PgType)field.GetValue(null)!)
        .OrderBy(type => type.Oid.Value)
        .ToArray();

    private static readonly FrozenDictionary<Oid, PgType> s_byOid = All.ToFrozenDictionary(type => type.Oid);
    private static readonly FrozenDictionary<Oid, PgType> s_byArrayOid =
        All.Where(type => type.ArrayOid != Oid.None).ToFrozenDictionary(type => type.ArrayOid);

    private static readonly FrozenDictionary<string, PgType> s_byName = All.ToFrozenDictionary(type => type.Name);

    public static PgType? Find(Oid oid) => s_byOid.GetValueOrDefault(oid) ?? SourceTypes.Find(oid);

    /// <summary>The element type of the array type with this OID.</summary>
    public static PgType? FindElementOf(Oid arrayOid) => s_byArrayOid.GetValueOrDefault(arrayOid) ?? SourceTypes.FindElementOf(arrayOid);

    /// <summary>By catalog name (int4, not integer; the parser maps SQL spellings to catalog names).</summary>
    public static PgType? Find(string catalogName) => s_byName.GetValueOrDefault(catalogName);

    private static PgType Row(
        uint oid, string name, uint arrayOid, short length, char category, bool preferred, Storage storage, string kernelName,
        string? displayName = null, char kind = 'b') =>
        new(new Oid(oid), name, new Oid(arrayOid), length, category, preferred, kind, storage, kernelName)
            { DisplayName = displayName ?? name };
}
