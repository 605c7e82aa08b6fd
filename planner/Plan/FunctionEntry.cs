namespace Federation.Plan;

public enum FunctionKind
{
    Scalar,
    Aggregate,
    Window,
    Procedure,
}

public enum Volatility
{
    Immutable,
    Stable,
    Volatile,
}

/// <summary>A row of pg_proc: what the binder chooses among and what a call names.</summary>
public sealed record FunctionEntry(
    Oid Oid,
    string Name,
    FunctionKind Kind,
    EquatableArray<Oid> ArgumentTypes,
    Oid ResultType,
    bool IsStrict,
    bool ReturnsSet,
    Volatility Volatility)
{
    /// <summary>The element type of a variadic last argument; none when the function is not variadic.</summary>
    public Oid VariadicType { get; init; }

    /// <summary>Whether a call gave VARIADIC and an array, whose items are the arguments, to a function over "any" type.</summary>
    public bool IsCalledVariadic { get; init; }

    /// <summary>How many trailing arguments have defaults.</summary>
    public int DefaultCount { get; init; }

    /// <summary>The SQL text of the defaults, comma separated as pg_get_expr gives it.</summary>
    public string Defaults { get; init; } = "";

    /// <summary>Names of all arguments, outputs among them; empty when none is named.</summary>
    public EquatableArray<string> ArgumentNames { get; init; }

    /// <summary>Types of the output columns for functions with OUT arguments; empty for the rest.</summary>
    public EquatableArray<RecordField> OutputFields { get; init; }

    /// <summary>For aggregates: n normal, o ordered-set, h hypothetical-set.</summary>
    public char AggregateKind { get; init; } = 'n';

    /// <summary>Direct arguments of ordered-set aggregates.</summary>
    public int DirectArguments { get; init; }

    /// <summary>name(type, type), the key of the function tables.</summary>
    public string Signature { get; init; } = Name;

    public override string ToString() => Signature;
}
