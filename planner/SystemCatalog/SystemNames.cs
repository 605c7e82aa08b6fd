using Federation.Core.Types;
using Federation.Plan;
using Federation.Planner.Functions;
using Federation.Sql.Printing;

namespace Federation.SystemCatalog;

/// <summary>
/// The texts of the reg types for objects of the system catalogs (regproc.c): with their schema where the bare name means nothing or
/// something else. Pure and thread-safe.
/// </summary>
public static class SystemNames
{
    /// <summary>A system relation's name; null when no system relation has this OID.</summary>
    public static string? Relation(Oid oid) =>
        SystemSchema.Find(oid) is { } relation ? Qualified(relation.Schema, relation.Name, relation.Schema == "pg_catalog") : null;

    /// <summary>The system relation that a name from a query means; none when there is no such.</summary>
    public static Oid FindRelation(ReadOnlySpan<string> parts) => parts switch
    {
        [var name] => SystemSchema.Find("pg_catalog", name)?.Oid ?? Oid.None,
        [var schema, var name] => SystemSchema.Find(schema, name)?.Oid ?? Oid.None,
        _ => Oid.None,
    };

    /// <summary>regprocout: a name that several functions have stands with its schema.</summary>
    public static string? Function(long oid) =>
        FunctionCatalog.Instance.FindFunction(new Oid((uint)oid)) is { } function
            ? Qualified("pg_catalog", function.Name, FunctionCatalog.Instance.FunctionsNamed(function.Name).Length == 1)
            : null;

    /// <summary>regprocedureout: the name with the argument types.</summary>
    public static string? Signature(long oid) =>
        FunctionCatalog.Instance.FindFunction(new Oid((uint)oid)) is { } function
            ? $"{SqlPrinter.QuoteReserved(function.Name)}({string.Join(",", function.ArgumentTypes.Select(TypeName))})"
            : null;

    /// <summary>regoperatorout: the symbol with both operand types, NONE for a prefix operator.</summary>
    public static string? Operator(Oid oid) =>
        FunctionCatalog.Instance.FindOperator(oid) is { } entry
            ? $"{entry.Symbol}({(entry.Left == Oid.None ? "NONE" : TypeName(entry.Left))},{TypeName(entry.Right)})"
            : null;

    public static string Relation(string schema, string name, IReadOnlyList<string> searchPath) =>
        Qualified(schema, name, searchPath.Contains(schema));

    internal static string Relation(RelationState relation, bool isVisible) => Qualified(relation.Schema, relation.Name, isVisible);

    internal static string Qualified(string schema, string name, bool isVisible) =>
        isVisible ? SqlPrinter.QuoteReserved(name) : $"{SqlPrinter.QuoteReserved(schema)}.{SqlPrinter.QuoteReserved(name)}";

    private static string TypeName(Oid type) => SqlType.FromOid(type)?.ToString() ?? type.ToString();
}
