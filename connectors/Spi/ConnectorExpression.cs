using Federation.Core;
using Federation.Core.Types;

namespace Federation.Connectors.Spi;

/// <summary>
/// A bound scalar expression as connectors see it, typed and without implicit casts. Operators and functions carry the names of
/// PostgreSQL's pg_operator and pg_proc; their argument types say which overload is meant.
/// </summary>
public abstract record ConnectorExpression
{
    private ConnectorExpression(SqlType type) => Type = type;

    public SqlType Type { get; }

    public sealed record Column(string Name, SqlType Of) : ConnectorExpression(Of);

    /// <summary>A constant in the CLR form of its type (Values.cs); null is NULL.</summary>
    public sealed record Constant(object? Value, SqlType Of) : ConnectorExpression(Of);

    /// <summary>
    /// A value that is known only when the query is run; never NULL. A source that cannot leave it open until then refuses it.
    /// </summary>
    /// <param name="Number">Counted from one.</param>
    public sealed record Parameter(int Number, SqlType Of) : ConnectorExpression(Of);

    /// <summary>An operator call: one argument for prefix operators, else two.</summary>
    public sealed record Operator(string Symbol, EquatableArray<ConnectorExpression> Arguments, SqlType Result)
        : ConnectorExpression(Result);

    public sealed record Function(string Name, EquatableArray<ConnectorExpression> Arguments, SqlType Result) : ConnectorExpression(Result);

    public sealed record And(EquatableArray<ConnectorExpression> Arguments) : ConnectorExpression(SqlType.Bool);

    public sealed record Or(EquatableArray<ConnectorExpression> Arguments) : ConnectorExpression(SqlType.Bool);

    public sealed record Not(ConnectorExpression Argument) : ConnectorExpression(SqlType.Bool);

    public sealed record IsNull(ConnectorExpression Argument) : ConnectorExpression(SqlType.Bool);

    /// <summary>argument = ANY (values): NULL when nothing matches and the argument or a value is NULL.</summary>
    public sealed record In(ConnectorExpression Argument, EquatableArray<ConnectorExpression> Values) : ConnectorExpression(SqlType.Bool);

    public sealed record Cast(ConnectorExpression Argument, SqlType To) : ConnectorExpression(To);

    /// <summary>CASE: the result of the first condition that is true, else <paramref name="Else"/>.</summary>
    public sealed record Case(EquatableArray<CaseBranch> Branches, ConnectorExpression Else, SqlType Result) : ConnectorExpression(Result);

    /// <summary>The one value of a query with one column; NULL without a row, 21000 for several.</summary>
    public sealed record ScalarQuery(RelationalTree Query, SqlType Result) : ConnectorExpression(Result);

    /// <summary>argument IN (query with one column): NULL when nothing matches and the argument or a value is NULL.</summary>
    public sealed record InQuery(ConnectorExpression Argument, RelationalTree Query) : ConnectorExpression(SqlType.Bool);
}

public sealed record CaseBranch(ConnectorExpression Condition, ConnectorExpression Result);
