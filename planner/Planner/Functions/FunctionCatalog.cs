using System.Collections.Frozen;
using System.Globalization;

namespace Federation.Planner.Functions;

/// <summary>pg_operator as the binder needs it. <paramref name="Left"/> is none for prefix operators.</summary>
public sealed record OperatorEntry(Oid Oid, string Symbol, Oid Left, Oid Right, Oid Result, FunctionEntry Function)
{
    public Oid Commutator { get; init; }

    public Oid Negator { get; init; }
}

public enum CastContext
{
    Implicit,
    Assignment,
    Explicit,
}

public enum CastMethod
{
    Function,
    Relabel,
    InputOutput,
}

public sealed record CastEntry(Oid Source, Oid Target, FunctionEntry? Function, CastContext Context, CastMethod Method);

/// <summary>
/// PostgreSQL 15's functions, operators and casts, read once from the embedded rows of its own catalog. Immutable and shared.
/// </summary>
public sealed class FunctionCatalog
{
    public static readonly FunctionCatalog Instance = new();

    private readonly FunctionEntry[] _catalogFunctions;
    private readonly FrozenDictionary<Oid, FunctionEntry> _functions;
    private readonly FrozenDictionary<string, FunctionEntry[]> _functionsByName;
    private readonly FrozenDictionary<string, OperatorEntry[]> _operatorsBySymbol;
    private readonly FrozenDictionary<Oid, OperatorEntry> _operators;
    private readonly FrozenDictionary<(Oid, Oid), CastEntry> _casts;

    private FunctionCatalog()
    {
        var aggregates = Rows("pg_aggregate.tsv")
            .ToDictionary(row => ParseOid(row[0]), row => (Kind: row[1][0], Direct: int.Parse(row[2], CultureInfo.InvariantCulture)));
        var functions = Rows("pg_proc.tsv").Select(row => ReadFunction(row, aggregates)).ToList();
        _catalogFunctions = [.. functions];
        functions.AddRange(Rows("schema_functions.tsv").Select(row => ReadFunction(row, aggregates)));
        _functions = functions.ToFrozenDictionary(function => function.Oid);
        _functionsByName = functions.GroupBy(function => function.Name).ToFrozenDictionary(group => group.Key, group => group.ToArray());

        var operators = Rows("pg_operator.tsv")
            .Where(row => _functions.ContainsKey(ParseOid(row[6])))
            .Select(row => new OperatorEntry(ParseOid(row[0]), row[1], ParseOid(row[3]), ParseOid(row[4]), ParseOid(row[5]),
                _functions[ParseOid(row[6])])
            {
                Commutator = ParseOid(row[7]),
                Negator = ParseOid(row[8]),
            }).ToList();
        _operators = operators.ToFrozenDictionary(entry => entry.Oid);
        _operatorsBySymbol = operators.GroupBy(entry => entry.Symbol).ToFrozenDictionary(group => group.Key, group => group.ToArray());

        _casts = Rows("pg_cast.tsv").Select(row => new CastEntry(
            ParseOid(row[0]),
            ParseOid(row[1]),
            _functions.GetValueOrDefault(ParseOid(row[2])),
            row[3] switch { "i" => CastContext.Implicit, "a" => CastContext.Assignment, _ => CastContext.Explicit },
            row[4] switch { "f" => CastMethod.Function, "b" => CastMethod.Relabel, _ => CastMethod.InputOutput }))
            .ToFrozenDictionary(cast => (cast.Source, cast.Target));
    }

    /// <summary>The functions of pg_catalog.</summary>
    public IEnumerable<FunctionEntry> AllFunctions => _catalogFunctions;

    /// <summary>
    /// The functions of other schemas: information_schema's, and those that only functions written in SQL call. They have their schema in
    /// their names, so that no name without it finds them.
    /// </summary>
    public IEnumerable<FunctionEntry> SchemaFunctions =>
        _functions.Values.Where(function => function.Name.Contains('.', StringComparison.Ordinal));

    public ReadOnlySpan<FunctionEntry> FunctionsNamed(string name) => _functionsByName.GetValueOrDefault(name);

    public ReadOnlySpan<OperatorEntry> OperatorsNamed(string symbol) => _operatorsBySymbol.GetValueOrDefault(symbol);

    public OperatorEntry? FindOperator(Oid oid) => _operators.GetValueOrDefault(oid);

    public CastEntry? FindCast(Oid source, Oid target) => _casts.GetValueOrDefault((source, target));

    public FunctionEntry? FindFunction(Oid oid) => _functions.GetValueOrDefault(oid);

    /// <summary>The function with exactly these argument types; the caller knows that it is there.</summary>
    public FunctionEntry Function(string name, params ReadOnlySpan<SqlType> arguments)
    {
        foreach (var function in FunctionsNamed(name))
            if (HasArguments(function, arguments))
                return function;
        throw new InvalidOperationException(
            $"the function table has no {name}({string.Join(", ", arguments.ToArray().Select(type => type.ToString()))})");
    }

    /// <summary>The equality operator of a type pair, exactly these types; null when there is none.</summary>
    public OperatorEntry? Operator(string symbol, Oid left, Oid right)
    {
        foreach (var entry in OperatorsNamed(symbol))
            if (entry.Left == left && entry.Right == right)
                return entry;
        return null;
    }

    private static bool HasArguments(FunctionEntry function, ReadOnlySpan<SqlType> arguments)
    {
        if (function.ArgumentTypes.Count != arguments.Length) return false;
        for (var i = 0; i < arguments.Length; i++)
            if (function.ArgumentTypes[i] != arguments[i].AnnouncedOid)
                return false;
        return true;
    }

    private static FunctionEntry ReadFunction(string[] row, Dictionary<Oid, (char Kind, int Direct)> aggregates)
    {
        var oid = ParseOid(row[0]);
        var arguments = row[9].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(ParseOid).ToEquatableArray();
        var names = Braces(row[12]);
        var entry = new FunctionEntry(
            oid,
            row[1],
            row[2] switch
            {
                "a" => FunctionKind.Aggregate,
                "w" => FunctionKind.Window,
                "p" => FunctionKind.Procedure,
                _ => FunctionKind.Scalar,
            },
            arguments,
            ParseOid(row[8]),
            row[4] == "t",
            row[5] == "t",
            row[6] switch { "i" => Volatility.Immutable, "s" => Volatility.Stable, _ => Volatility.Volatile })
        {
            VariadicType = ParseOid(row[3]),
            DefaultCount = int.Parse(row[7], CultureInfo.InvariantCulture),
            Defaults = row[13],
            ArgumentNames = names.ToEquatableArray(),
            OutputFields = ReadOutputs(Braces(row[10]), Braces(row[11]), names),
            Signature = $"{row[1]}({string.Join(",", arguments.Select(TypeName))})",
        };
        return aggregates.TryGetValue(oid, out var aggregate)
            ? entry with { AggregateKind = aggregate.Kind, DirectArguments = aggregate.Direct }
            : entry;
    }

    private static EquatableArray<RecordField> ReadOutputs(string[] types, string[] modes, string[] names)
    {
        var fields = new List<RecordField>();
        for (var i = 0; i < modes.Length; i++)
        {
            if (modes[i] is not ("o" or "b" or "t")) continue;
            if (SqlType.FromOid(ParseOid(types[i])) is not { } type) return default;
            fields.Add(new RecordField(i < names.Length && names[i].Length > 0 ? names[i] : $"column{fields.Count + 1}", type));
        }

        return fields.ToEquatableArray();
    }

    private static string TypeName(Oid oid) =>
        PgTypes.Find(oid)?.Name ?? (PgTypes.FindElementOf(oid) is { } element ? element.Name + "[]" : oid.ToString());

    private static string[] Braces(string text) => text.Length <= 2 ? [] : text[1..^1].Split(',').Select(item => item.Trim('"')).ToArray();

    private static Oid ParseOid(string text) => new(uint.Parse(text, CultureInfo.InvariantCulture));

    private static IEnumerable<string[]> Rows(string resource) => EmbeddedTable.Lines(resource).Select(line => line.Split('\t'));
}
