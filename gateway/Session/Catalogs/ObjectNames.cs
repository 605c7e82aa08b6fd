using Federation.Planner.Binding;
using Federation.Planner.Functions;
using Federation.Sql;

namespace Federation.Session.Catalogs;

/// <summary>Names of types, functions and schemas of pg_catalog behind the reg types. Tables have names only through the system tables.</summary>
internal sealed class ObjectNames : IObjectNames
{
    public static readonly ObjectNames Instance = new();

    private static readonly Dictionary<Oid, string> s_schemas = new() { [new Oid(11)] = "pg_catalog", [new Oid(2200)] = "public", [new Oid(99)] = "pg_toast" };

    public string? Find(PgType type, Oid oid)
    {
        if (oid == Oid.None) return "-";
        if (type == PgTypes.Regtype) return SqlType.FromOid(oid)?.ToString();
        if (type == PgTypes.Regproc) return FunctionCatalog.Instance.FindFunction(oid)?.Name;
        if (type == PgTypes.Regprocedure) return FunctionCatalog.Instance.FindFunction(oid) is { } function ? Signature(function) : null;
        return type == PgTypes.Regnamespace ? s_schemas.GetValueOrDefault(oid) : null;
    }

    public Oid Resolve(PgType type, string name)
    {
        if (name == "-") return Oid.None;
        if (type == PgTypes.Regtype) return TypeNames.Bind(SqlParser.ParseTypeName(name)).AnnouncedOid;
        if (type == PgTypes.Regproc) return ResolveFunction(name);
        if (type == PgTypes.Regnamespace && s_schemas.FirstOrDefault(schema => schema.Value == name) is { Value: not null } found) return found.Key;
        throw type.Name switch
        {
            "regclass" => new SqlException(SqlState.UndefinedTable, $"relation \"{name}\" does not exist"),
            "regnamespace" => new SqlException(SqlState.InvalidSchemaName, $"schema \"{name}\" does not exist"),
            "regrole" => new SqlException(SqlState.UndefinedObject, $"role \"{name}\" does not exist"),
            _ => new SqlException(SqlState.FeatureNotSupported, $"names of type {type.Name} are not supported"),
        };
    }

    private static Oid ResolveFunction(string name)
    {
        var bare = name.StartsWith("pg_catalog.", StringComparison.Ordinal) ? name["pg_catalog.".Length..] : name;
        var functions = FunctionCatalog.Instance.FunctionsNamed(bare);
        return functions.Length switch
        {
            1 => functions[0].Oid,
            0 => throw new SqlException(SqlState.UndefinedFunction, $"function \"{name}\" does not exist"),
            _ => throw new SqlException(SqlState.AmbiguousFunction, $"more than one function named \"{name}\""),
        };
    }

    private static string Signature(Plan.FunctionEntry function) =>
        $"{function.Name}({string.Join(",", function.ArgumentTypes.Select(argument => SqlType.FromOid(argument)?.ToString() ?? argument.ToString()))})";
}
