using Federation.Planner.Binding;
using Federation.Planner.Functions;
using Federation.Sql;
using Federation.SystemCatalog;

namespace Federation.Session.Catalogs;

/// <summary>
/// Names behind the reg types. Those of pg_catalog are always known; others come from <see cref="ObjectLookup"/> and are kept for one
/// statement, since the next one may see another catalog.
/// </summary>
internal sealed class ObjectNames(string database, Func<IReadOnlyList<string>> searchPath) : IObjectNames
{
    private readonly Dictionary<(PgType, string), Oid> _objects = [];
    private readonly Dictionary<(PgType, string), SqlException> _errors = [];
    private IReadOnlyDictionary<(PgType, Oid), string>? _names;

    private static readonly Dictionary<Oid, string> s_schemas = new() { [new Oid(11)] = "pg_catalog", [new Oid(2200)] = "public",
        [new Oid(99)] = "pg_toast" };

    private static readonly Dictionary<Oid, string> s_collations = new() { [new Oid(100)] = "\"default\"", [new Oid(950)] = "\"C\"",
        [new Oid(951)] = "\"POSIX\"" };

    public string? Find(PgType type, Oid oid)
    {
        if (oid == Oid.None) return "-";
        if (_names?.TryGetValue((type, oid), out var name) == true) return name;
        if (type == PgTypes.Regtype) return SqlType.FromOid(oid)?.ToString();
        if (type == PgTypes.Regclass) return SystemNames.Relation(oid) ?? SourceTable(oid);
        if (type == PgTypes.Regproc) return SystemNames.Function(oid.Value);
        if (type == PgTypes.Regprocedure) return SystemNames.Signature(oid.Value);
        if (type == PgTypes.Regoperator) return SystemNames.Operator(oid);
        if (type == PgTypes.Regoper) return OperatorNames.Find(oid);
        if (type == PgTypes.Regcollation) return s_collations.GetValueOrDefault(oid);
        return type == PgTypes.Regnamespace ? s_schemas.GetValueOrDefault(oid) : null;
    }

    public Oid Resolve(PgType type, string name)
    {
        if (name == "-") return Oid.None;
        if (_objects.TryGetValue((type, name), out var known)) return known;
        if (_errors.TryGetValue((type, name), out var error)) throw error.Moved(0);
        if (type == PgTypes.Regtype)
        {
            var written = SqlParser.ParseTypeName(name);
            return TypeNames.IsKnown(written.Name) ? TypeNames.Bind(written).AnnouncedOid : throw new UnresolvedNameException(type, name);
        }

        if (type == PgTypes.Regproc) return ResolveFunction(name);
        if (type == PgTypes.Regprocedure) return ResolveSignature(name);
        if (type == PgTypes.Regoper || type == PgTypes.Regoperator) return OperatorNames.Resolve(type, name);
        if (type == PgTypes.Regclass && SystemNames.FindRelation(NameKeys.Parts(name)) is { Value: not 0 } relation) return relation;
        if (type == PgTypes.Regclass || type == PgTypes.Regnamespace || type == PgTypes.Regrole || type == PgTypes.Regcollation)
            throw new UnresolvedNameException(type, name);
        throw new SqlException(SqlState.FeatureNotSupported, $"names of type {type.Name} are not supported");
    }

    /// <summary>A statement begins.</summary>
    public void Forget()
    {
        _objects.Clear();
        _errors.Clear();
        _names = null;
    }

    /// <summary>What a name means.</summary>
    public void Add(PgType type, string name, Oid oid) => _objects[(type, name)] = oid;

    /// <summary>Why a name means nothing.</summary>
    public void Add(PgType type, string name, SqlException error) => _errors[(type, name)] = error;

    public void Add(IReadOnlyDictionary<(PgType, Oid), string> names) => _names = names;

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
        var types = string.IsNullOrWhiteSpace(list)
            ? []
            : list.Split(',').Select(type => TypeNames.Bind(SqlParser.ParseTypeName(type)).AnnouncedOid).ToArray();
        if (NameKeys.Parts(text[..open]) is [.. [] or ["pg_catalog"], var name])
            foreach (var function in FunctionCatalog.Instance.FunctionsNamed(name))
                if (function.ArgumentTypes.SequenceEqual(types))
                    return function.Oid;
        throw new SqlException(SqlState.UndefinedFunction, $"function \"{text}\" does not exist");
    }
}
