using System.Globalization;

namespace Federation.SystemCatalog;

using Row = Dictionary<string, object?>;

/// <summary>pg_type and pg_range: PostgreSQL 15's own rows, so that every announced OID is found with all it refers to.</summary>
internal static class TypeRows
{
    private static readonly string[] s_typeColumns =
    [
        "oid", "typname", "typlen", "typbyval", "typtype", "typcategory", "typispreferred", "typdelim", "typrelid", "typelem", "typarray",
        "typinput", "typoutput", "typreceive",
        "typsend", "typmodin", "typmodout", "typalign", "typstorage", "typsubscript", "typcollation", "typbasetype", "typtypmod",
        "typnotnull",
    ];

    public static readonly IReadOnlyList<Row> Types = WithElements(SystemSchema.Rows("pg_type.tsv").Select(ReadType).ToArray());

    public static readonly IReadOnlyList<Row> Ranges = SystemSchema.Rows("pg_range.tsv").Select(row => new Row
    {
        ["rngtypid"] = Number(row[0]), ["rngsubtype"] = Number(row[1]), ["rngmultitypid"] = Number(row[2]),
        ["rngcollation"] = Number(row[3]), ["rngsubopc"] = Number(row[4]),
        ["rngcanonical"] = Number(row[5]), ["rngsubdiff"] = Number(row[6]),
    }).ToArray();

    /// <summary>Without the arrays of catalog rows: tables have no row types here.</summary>
    private static Row[] WithElements(Row[] types)
    {
        var known = types.Select(type => type["oid"]!).ToHashSet();
        return [.. types.Where(type => type["typelem"] is 0L || known.Contains(type["typelem"]!))];
    }

    private static readonly HashSet<object> s_oids = Types.Select(type => type["oid"]!).ToHashSet();

    private static readonly Dictionary<long, Row> s_byOid = Types.ToDictionary(type => (long)type["oid"]!);

    /// <summary>How values of a type lie in a row: typbyval, typalign and typstorage.</summary>
    public static (bool ByValue, string Alignment, string Storage) Layout(Core.Types.SqlType type) =>
        s_byOid.TryGetValue(type.AnnouncedOid.Value, out var row)
        ? ((bool)row["typbyval"]!, (string)row["typalign"]!, (string)row["typstorage"]!)
        : (type.Base.IsEnum && !type.IsArray, "i", type.Base.IsEnum && !type.IsArray ? "p" : "x");

    /// <summary>Whether a type has a row.</summary>
    public static bool Has(object? oid) => oid is not null && s_oids.Contains(oid);

    private static Row ReadType(string[] values)
    {
        var row = new Row { ["typnamespace"] = 11L, ["typowner"] = 10L, ["typisdefined"] = true, ["typndims"] = 0 };
        for (var i = 0; i < s_typeColumns.Length; i++)
        {
            row[s_typeColumns[i]] = s_typeColumns[i] switch
            {
                "typname" or "typtype" or "typcategory" or "typdelim" or "typalign" or "typstorage" => values[i],
                "typbyval" or "typispreferred" or "typnotnull" => values[i] == "t",
                "typlen" => short.Parse(values[i], CultureInfo.InvariantCulture),
                "typtypmod" => int.Parse(values[i], CultureInfo.InvariantCulture),
                _ => Number(values[i]),
            };
        }

        return row;
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
