using System.Collections.Concurrent;

namespace Federation.Core.Types;

/// <summary>A type that an attached server's own catalog defines. Its values are held as the text that the server prints.</summary>
/// <param name="Kind">pg_type.typtype: e, c, d, r, m or b.</param>
public sealed record SourceType(string Server, string Schema, string Name, char Kind)
{
    /// <summary>Labels of an enum in their order.</summary>
    public EquatableArray<string> Labels { get; init; }

    /// <summary>
    /// The fields of a composite in their order. A field has the type unknown when its type is neither PostgreSQL's own nor an enum.
    /// </summary>
    public EquatableArray<RecordField> Fields { get; init; }

    /// <summary>What a domain is over.</summary>
    public SqlType? Over { get; init; }

    /// <summary>
    /// PostgreSQL's own OIDs of a type of pg_catalog that the type table lacks, and of its array type; zero for types of users.
    /// </summary>
    public Oid CatalogOid { get; init; }

    public Oid CatalogArrayOid { get; init; }

    /// <summary>Whether values can be compared here; for all others that is left to the server.</summary>
    public bool IsComparable => Kind is 'e' or 'd';
}

/// <summary>
/// Rows of the type table for types of attached servers, found by OID as PostgreSQL's own are. A type is added when its server's catalog is
/// read, and replaced when its definition has changed: plans that were made before keep the row that they were made with. Thread-safe.
/// </summary>
public static class SourceTypes
{
    private static readonly ConcurrentDictionary<Oid, PgType> s_byOid = new();
    private static readonly ConcurrentDictionary<Oid, PgType> s_byArrayOid = new();

    public static PgType Add(SourceType type)
    {
        var isOwn = type.CatalogOid == Oid.None;
        var oid = isOwn ? StableOids.OfType(type.Server, type.Schema, type.Name) : type.CatalogOid;
        if (s_byOid.TryGetValue(oid, out var known) && known.Source == type) return known;
        var row = new PgType(
            oid,
            // No type of PostgreSQL's own has such a name.
            $"{type.Schema}.{type.Name}",
            isOwn ? StableOids.OfArrayType(type.Server, type.Schema, type.Name) : type.CatalogArrayOid,
            type.Kind == 'e' ? (short)4 : (short)-1,
            type.Kind switch { 'e' => 'E', 'c' => 'C', 'r' or 'm' => 'R', 'd' => type.Over!.Category, _ => 'U' },
            false,
            type.Kind,
            Storage.Text,
            "VARCHAR")
        {
            DisplayName = Quoted(type.Name),
            Source = type,
        };
        s_byOid[oid] = row;
        if (row.ArrayOid != Oid.None) s_byArrayOid[row.ArrayOid] = row;
        return row;
    }

    internal static PgType? Find(Oid oid) => s_byOid.GetValueOrDefault(oid);

    internal static PgType? FindElementOf(Oid arrayOid) => s_byArrayOid.GetValueOrDefault(arrayOid);

    private static string Quoted(string name) =>
        name.Length > 0 && !char.IsAsciiDigit(name[0])
            && name.All(character => character is >= 'a' and <= 'z' or '_' || char.IsAsciiDigit(character))
            ? name
            : $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
