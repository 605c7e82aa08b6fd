using System.Collections.Concurrent;

namespace Federation.Core.Types;

/// <summary>
/// OIDs of what only attached servers have: their schemas, tables and types. An OID is a hash of the full name, so that it is the same at
/// every start and in every session; it lies above those that the catalog gives and below 2^31, because many programs keep OIDs as int4. Of
/// two names with one hash the second seen takes the next free number. Thread-safe.
/// </summary>
public static class StableOids
{
    private const uint First = 0x4000_0000;
    private const uint Count = 0x4000_0000;

    private static readonly ConcurrentDictionary<uint, string> s_names = new();
    private static readonly ConcurrentDictionary<string, Oid> s_oids = new(StringComparer.Ordinal);

    public static Oid OfSchema(string server, string schema) => Of($"{server}\0{schema}\0");

    public static Oid OfTable(string server, string schema, string table) => Of($"{server}\0{schema}\0{table}");

    /// <summary>Of the default of a relation's column.</summary>
    public static Oid OfDefault(Oid relation, short number) => Of($"\0\0\0\0\0\0\0{relation.Value}\0{number}");

    public static Oid OfType(string server, string schema, string type) => Of($"{server}\0{schema}\0\0{type}");

    public static Oid OfArrayType(string server, string schema, string element) => Of($"{server}\0{schema}\0\0{element}\0");

    /// <summary>Of a part of a relation that has a name in it, such as a constraint.</summary>
    /// <param name="kind">Tells parts of one name apart.</param>
    public static Oid OfPart(Oid relation, char kind, string name) => Of($"\0\0\0\0\0\0\0\0{relation.Value}\0{kind}{name}");

    /// <summary>The OID of a user without an entry in the catalog.</summary>
    public static Oid OfRole(string name) => Of($"\0\0\0\0\0{name}");

    public static Oid OfWrapper(string name) => Of($"\0\0\0\0\0\0{name}");

    /// <summary>The table that has an OID; null when it is that of something else, or has not been given.</summary>
    public static (string Server, string Schema, string Table)? TableOf(Oid oid) =>
        s_names.TryGetValue(oid.Value, out var name) && name.Split('\0') is [var server, var schema, { Length: > 0 } table]
            ? (server, schema, table)
            : null;

    private static Oid Of(string name) => s_oids.GetOrAdd(name, Assign);

    /// <summary>FNV-1a, then the first number from there on that no other name has.</summary>
    private static Oid Assign(string name)
    {
        var hash = 2166136261u;
        foreach (var character in name) hash = (hash ^ character) * 16777619u;
        // The high bits are folded in, for a range of numbers that is smaller than the hash's.
        hash ^= hash >> 30;
        for (var step = 0u; ; step++)
        {
            var number = First + ((hash + step) % Count);
            if (s_names.GetOrAdd(number, name) == name) return new Oid(number);
        }
    }
}
