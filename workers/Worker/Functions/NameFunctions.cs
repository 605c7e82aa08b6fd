using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>
/// What functions written in SQL need to find objects by name: the names as keys of pg_federation's tables, and errors (regproc.c).
/// </summary>
internal static class NameFunctions
{
    private static readonly SqlType s_text = SqlType.Text;

    public static readonly ScalarFunction[] All =
    [
        // name, argument types, result type, implementation
        new("pg_name_key", [s_text], s_text, static (ref FunctionRow row) => row.Set(NameKeys.OfName(row.GetText(0)))),
        new("pg_type_key", [s_text], s_text, static (ref FunctionRow row) => row.Set(NameKeys.OfType(row.GetText(0)))),
        new("pg_single_name", [s_text], s_text, static (ref FunctionRow row) => row.Set(NameKeys.Single(row.GetText(0)))),
        new("pg_object_named", [s_text, s_text, SqlType.Oid, SqlType.Int8], SqlType.Oid, static (ref FunctionRow row) =>
        {
            if (row.IsNull(1)) row.SetNull();
            else row.Set(ObjectNamed(row.GetText(0), row.GetText(1), row.IsNull(2) ? null : row.Get<long>(2), row.Get<long>(3)));
        }) { IsStrict = false },
        new("pg_demand", [SqlType.Bool, s_text, s_text], SqlType.Bool, static (ref FunctionRow row) =>
        {
            if (!row.GetBoolean(0)) throw new SqlException(new SqlState(row.GetText(1)), row.GetText(2));
            row.Set(true);
        }),
    ];

    /// <summary>
    /// The OID of a text: its number, or that of the object which was found by it. Raises PostgreSQL's error when there is none, or more
    /// than one.
    /// </summary>
    private static long ObjectNamed(string kind, string name, long? found, long count)
    {
        if (name == "-") return 0;
        if (name.Length > 0 && name.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0) return NumberText.ParseOid(name, "oid");
        if (count > 1) throw new SqlException(SqlState.AmbiguousFunction, $"more than one {kind} named \"{name}\"");
        if (found is { } oid) return oid;
        var shown = kind == "type" ? name : string.Join('.', NameKeys.Parts(name));
        throw new SqlException(kind switch
        {
            "relation" => SqlState.UndefinedTable,
            "schema" => SqlState.InvalidSchemaName,
            "function" => SqlState.UndefinedFunction,
            _ => SqlState.UndefinedObject,
        }, $"{kind} \"{shown}\" does not exist");
    }
}
