using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>What functions written in SQL need to find objects by name: the names as keys of pg_federation's tables, privileges, and errors (acl.c, regproc.c).</summary>
internal static class NameFunctions
{
    private static readonly SqlType s_text = SqlType.Text;

    public static readonly ScalarFunction[] All =
    [
        // name, argument types, result type, implementation
        new("pg_name_key", [s_text], s_text, static (ref FunctionRow row) => row.Set(NameKeys.OfName(row.GetText(0)))),
        new("pg_type_key", [s_text], s_text, static (ref FunctionRow row) => row.Set(NameKeys.OfType(row.GetText(0)))),
        new("pg_single_name", [s_text], s_text, static (ref FunctionRow row) => row.Set(NameKeys.Single(row.GetText(0)))),
        new("pg_has_privilege", [s_text, s_text, SqlType.Bool], SqlType.Bool, static (ref FunctionRow row) => row.Set(HasPrivilege(row.GetText(0), row.GetText(1), row.GetBoolean(2)))),
        new("pg_object_named", [s_text, s_text, SqlType.Oid, SqlType.Int8], SqlType.Oid, static (ref FunctionRow row) =>
        {
            if (row.IsNull(1)) row.SetNull();
            else row.Set(ObjectNamed(row.GetText(0), row.GetText(1), row.IsNull(2) ? null : row.Get<long>(2), row.Get<long>(3)));
        }) { IsStrict = false },
        new("pg_acl_parts", [s_text], SqlType.Array(s_text), static (ref FunctionRow row) => row.Set(AclParts(row.GetText(0)))),
        new("pg_demand", [SqlType.Bool, s_text, s_text], SqlType.Bool, static (ref FunctionRow row) =>
        {
            if (!row.GetBoolean(0)) throw new SqlException(new SqlState(row.GetText(1)), row.GetText(2));
            row.Set(true);
        }),
    ];

    /// <summary>The OID of a text: its number, or that of the object which was found by it. Raises PostgreSQL's error when there is none, or more than one.</summary>
    private static long ObjectNamed(string kind, string name, long? found, long count)
    {
        if (name == "-") return 0;
        if (name.Length > 0 && name.AsSpan().IndexOfAnyExceptInRange('0', '9') < 0) return NumberText.ParseOid(name, "oid");
        if (count > 1) throw new SqlException(SqlState.AmbiguousFunction, $"more than one {kind} named \"{name}\"");
        if (found is { } oid) return oid;
        var shown = kind == "type" ? name : string.Join('.', NameKeys.Parts(name));
        throw new SqlException(kind switch { "relation" => SqlState.UndefinedTable, "schema" => SqlState.InvalidSchemaName, "function" => SqlState.UndefinedFunction, _ => SqlState.UndefinedObject }, $"{kind} \"{shown}\" does not exist");
    }

    /// <summary>Letter in an ACL, its privilege, and the kinds of objects that have it.</summary>
    private static readonly (char Letter, string Name, string[] Kinds)[] s_privileges =
    [
        ('a', "INSERT", ["table", "column", "any_column"]), ('r', "SELECT", ["table", "column", "any_column", "sequence"]), ('w', "UPDATE", ["table", "column", "any_column", "sequence"]),
        ('d', "DELETE", ["table"]), ('D', "TRUNCATE", ["table"]), ('x', "REFERENCES", ["table", "column", "any_column"]), ('t', "TRIGGER", ["table"]),
        ('X', "EXECUTE", ["function"]), ('U', "USAGE", ["schema", "language", "server", "foreign_data_wrapper", "type", "sequence", "role"]),
        ('C', "CREATE", ["schema", "database", "tablespace"]), ('T', "TEMPORARY", ["database"]), ('T', "TEMP", ["database"]), ('c', "CONNECT", ["database"]), ('s', "SET", ["parameter"]),
        ('A', "ALTER SYSTEM", ["parameter"]), ('m', "MEMBER", ["role"]),
    ];

    /// <summary>Whether the owner of everything, or everybody, has one of the privileges in a list.</summary>
    private static bool HasPrivilege(string kind, string list, bool isPublic)
    {
        var has = false;
        foreach (var item in list.Split(','))
        {
            var name = item.Trim(' ', '\t', '\n', '\r', '\f', '\v');
            var bare = name;
            foreach (var option in kind == "role" ? (string[])[" WITH GRANT OPTION", " WITH ADMIN OPTION"] : [" WITH GRANT OPTION"])
                if (bare.EndsWith(option, StringComparison.OrdinalIgnoreCase))
                    bare = bare[..^option.Length];
            var isKnown = Array.Exists(s_privileges, privilege => privilege.Name.Equals(bare, StringComparison.OrdinalIgnoreCase) && privilege.Kinds.Contains(kind));
            if (!isKnown) throw new SqlException(SqlState.InvalidParameterValue, $"unrecognized privilege type: \"{name}\"");
            has |= !isPublic || (bare.Length == name.Length && IsOfEverybody(kind, bare));
        }

        return has;
    }

    private static bool IsOfEverybody(string kind, string privilege) =>
        kind is "function" or "type" or "language" || (kind is "database" or "schema" && !privilege.Equals("CREATE", StringComparison.OrdinalIgnoreCase));

    /// <summary>The privileges of an ACL item, grantee=letters/grantor: each as the grantee, the grantor, its name and t where it may be granted on, with tabs between them.</summary>
    private static string[] AclParts(string item)
    {
        var slash = item.LastIndexOf('/');
        var equals = item.LastIndexOf('=', slash < 0 ? item.Length - 1 : slash);
        if (slash < 0 || equals < 0) throw new SqlException(SqlState.InvalidTextRepresentation, "missing \"=\" sign");
        var parts = new List<string>();
        for (var i = equals + 1; i < slash; i++)
        {
            var isGrantable = i + 1 < slash && item[i + 1] == '*';
            var letter = item[i];
            var name = Array.Find(s_privileges, privilege => privilege.Letter == letter).Name ?? throw new SqlException(SqlState.InvalidTextRepresentation, $"invalid mode character: must be one of \"arwdDxtXUCTcsA\"");
            parts.Add($"{item[..equals]}\t{item[(slash + 1)..]}\t{name}\t{(isGrantable ? "t" : "f")}");
            if (isGrantable) i++;
        }

        return [.. parts];
    }
}
