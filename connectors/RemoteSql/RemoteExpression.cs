namespace Federation.Connectors.RemoteSql;

internal enum RemotePrecedence
{
    Or,
    And,
    Not,
    Comparison,
    Arithmetic,
    Atom,
}

/// <summary>An expression in the source's SQL.</summary>
internal readonly record struct RemoteExpression(string Sql, RemotePrecedence Precedence)
{
    /// <summary>Collations of the columns it is made of, for text.</summary>
    public IReadOnlyList<RemoteCollation> Collations { get; init; } = [];

    /// <summary>A column of a table or derived table: NULL when an outer join makes its row up.</summary>
    public bool IsPlain { get; init; }

    public bool IsConstant { get; init; }

    public string Above(RemotePrecedence outer) => Precedence > outer ? Sql : $"({Sql})";

    /// <param name="sql">The column's expression, with or without the name of its table in front.</param>
    public static RemoteExpression Of(RemoteColumn column, string sql) =>
        new(sql, RemotePrecedence.Atom) { Collations = column.Collation is { } collation ? [collation] : [], IsPlain = true };
}

/// <summary>Unwinds to what was to be left to the source and is then done here as a whole; the message is the reason.</summary>
internal sealed class NotShippableException(string reason) : Exception(reason);
