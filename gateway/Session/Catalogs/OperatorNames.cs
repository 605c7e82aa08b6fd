using Federation.Planner.Binding;
using Federation.Planner.Functions;
using Federation.Sql;

namespace Federation.Session.Catalogs;

/// <summary>The texts of regoper, a symbol that one operator has, and of regoperator, a symbol with its operand types.</summary>
internal static class OperatorNames
{
    public static Oid Resolve(PgType type, string text) => type == PgTypes.Regoper ? ResolveSymbol(text) : ResolveSignature(text);

    /// <summary>A symbol that several operators have stands with its schema.</summary>
    public static string? Find(Oid oid) => FunctionCatalog.Instance.FindOperator(oid) is not { } entry ? null
        : FunctionCatalog.Instance.OperatorsNamed(entry.Symbol).Length == 1 ? entry.Symbol : $"pg_catalog.{entry.Symbol}";

    private static Oid ResolveSymbol(string text)
    {
        var operators = FunctionCatalog.Instance.OperatorsNamed(Symbol(text));
        return operators.Length switch
        {
            1 => operators[0].Oid,
            0 => throw new SqlException(SqlState.UndefinedFunction, $"operator does not exist: {text}"),
            _ => throw new SqlException(SqlState.AmbiguousFunction, $"more than one operator named {text}"),
        };
    }

    private static Oid ResolveSignature(string text)
    {
        var open = text.IndexOf('(', StringComparison.Ordinal);
        if (open < 0) throw new SqlException(SqlState.InvalidTextRepresentation, "expected a left parenthesis");
        if (!text.TrimEnd().EndsWith(')')) throw new SqlException(SqlState.InvalidTextRepresentation, "expected a right parenthesis");
        var types = text[(open + 1)..text.LastIndexOf(')')].Split(',').Select(OperandType).ToArray();
        if (types.Length == 1) throw new SqlException(SqlState.UndefinedParameter, "missing argument")
            { Hint = "Use NONE to denote the missing argument of a unary operator." };
        if (types.Length > 2)
            throw new SqlException(SqlState.TooManyArguments, "too many arguments") { Hint = "Provide two argument types for operator." };
        return FunctionCatalog.Instance.Operator(Symbol(text[..open]), types[0], types[1])?.Oid
            ?? throw new SqlException(SqlState.UndefinedFunction, $"operator does not exist: {text}");
    }

    private static Oid OperandType(string text) =>
        text.Trim().Equals("none", StringComparison.OrdinalIgnoreCase)
            ? Oid.None
            : TypeNames.Bind(SqlParser.ParseTypeName(text)).AnnouncedOid;

    private static string Symbol(string text)
    {
        var symbol = text.Trim();
        return symbol.StartsWith("pg_catalog.", StringComparison.Ordinal) ? symbol["pg_catalog.".Length..] : symbol;
    }
}
