using Federation.Planner.Binding;
using Federation.Planner.Functions;
using Federation.Sql;
using Federation.SystemCatalog;

namespace Federation.Session.Catalogs;

/// <summary>Names behind the reg types: those of pg_catalog, and tables of attached servers. Tables of the managed catalog have names only through the system tables.</summary>
internal sealed class ObjectNames(string database, Func<IReadOnlyList<string>> searchPath) : IObjectNames
{

    private static readonly Dictionary<Oid, string> s_schemas = new() { [new Oid(11)] = "pg_catalog", [new Oid(2200)] = "public", [new Oid(99)] = "pg_toast" };

    public string? Find(PgType type, Oid oid)
    {
        if (oid == Oid.None) return "-";
        if (type == PgTypes.Regtype) return SqlType.FromOid(oid)?.ToString();
        if (type == PgTypes.Regclass) return SystemNames.Relation(oid) ?? SourceTable(oid);
        if (type == PgTypes.Regproc) return SystemNames.Function(oid.Value);
        if (type == PgTypes.Regprocedure) return SystemNames.Signature(oid.Value);
        if (type == PgTypes.Regoperator) return SystemNames.Operator(oid);
        return type == PgTypes.Regnamespace ? s_schemas.GetValueOrDefault(oid) : null;
    }

    public Oid Resolve(PgType type, string name)
    {
        if (name == "-") return Oid.None;
        if (type == PgTypes.Regtype) return TypeNames.Bind(SqlParser.ParseTypeName(name)).AnnouncedOid;
        if (type == PgTypes.Regclass && SystemNames.FindRelation(Parts(name)) is { Value: not 0 } relation) return relation;
        if (type == PgTypes.Regproc) return ResolveFunction(name);
        if (type == PgTypes.Regprocedure) return ResolveSignature(name);
        if (type == PgTypes.Regnamespace && s_schemas.FirstOrDefault(schema => schema.Value == name) is { Value: not null } found) return found.Key;
        throw type.Name switch
        {
            "regclass" => new SqlException(SqlState.UndefinedTable, $"relation \"{name}\" does not exist"),
            "regnamespace" => new SqlException(SqlState.InvalidSchemaName, $"schema \"{name}\" does not exist"),
            "regrole" => new SqlException(SqlState.UndefinedObject, $"role \"{name}\" does not exist"),
            _ => new SqlException(SqlState.FeatureNotSupported, $"names of type {type.Name} are not supported"),
        };
    }

    /// <summary>The name of an attached server's table as this session would write it.</summary>
    private string? SourceTable(Oid oid)
    {
        if (StableOids.TableOf(oid) is not var (server, schema, table)) return null;
        var isManaged = TableResolver.IsManaged(database);
        if (!isManaged && server != database) return null;
        return SystemNames.Relation(isManaged ? $"{server}.{schema}" : schema, table, searchPath());
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

    private static Oid ResolveSignature(string text)
    {
        var open = text.IndexOf('(', StringComparison.Ordinal);
        if (open < 0) throw new SqlException(SqlState.InvalidTextRepresentation, "expected a left parenthesis");
        if (!text.TrimEnd().EndsWith(')')) throw new SqlException(SqlState.InvalidTextRepresentation, "expected a right parenthesis");
        var list = text[(open + 1)..text.LastIndexOf(')')];
        var types = string.IsNullOrWhiteSpace(list) ? [] : list.Split(',').Select(type => TypeNames.Bind(SqlParser.ParseTypeName(type)).AnnouncedOid).ToArray();
        if (Parts(text[..open]) is [.. [] or ["pg_catalog"], var name])
            foreach (var function in FunctionCatalog.Instance.FunctionsNamed(name))
                if (function.ArgumentTypes.SequenceEqual(types))
                    return function.Oid;
        throw new SqlException(SqlState.UndefinedFunction, $"function \"{text}\" does not exist");
    }

    /// <summary>The parts of a dotted name, folded to lower case where they stand without quotes; any word may be one.</summary>
    private static string[] Parts(string name)
    {
        var parts = new List<string>();
        var rest = name.AsSpan().Trim();
        while (true)
        {
            string part;
            if (rest is ['"', ..])
            {
                var end = 1;
                while (end < rest.Length && (rest[end] != '"' || (end + 1 < rest.Length && rest[end + 1] == '"'))) end += rest[end] == '"' ? 2 : 1;
                if (end >= rest.Length || end == 1) throw InvalidName();
                part = rest[1..end].ToString().Replace("\"\"", "\"", StringComparison.Ordinal);
                rest = rest[(end + 1)..].TrimStart();
            }
            else
            {
                var end = rest.IndexOfAny('.', ' ', '"') is >= 0 and var stop ? stop : rest.Length;
                if (end == 0) throw InvalidName();
                part = rest[..end].ToString().ToLowerInvariant();
                rest = rest[end..].TrimStart();
            }

            parts.Add(part);
            if (rest.IsEmpty) return [.. parts];
            if (rest[0] != '.') throw InvalidName();
            rest = rest[1..].TrimStart();
        }
    }

    private static SqlException InvalidName() => new(SqlState.InvalidName, "invalid name syntax");
}
