namespace Federation.Sql.Syntax;

/// <summary>CREATE [UNIQUE] INDEX.</summary>
/// <param name="Name">Null when the engine is to choose one.</param>
public sealed record CreateIndexStatement(string? Name, QualifiedName Table, bool IsUnique, bool IfNotExists,
    EquatableArray<IndexElement> Elements) : Statement
{
    public string Method { get; init; } = "btree";

    public EquatableArray<string> Included { get; init; }

    public Expression? Where { get; init; }

    public bool IsConcurrent { get; init; }
}

/// <param name="Key">A column, or an expression.</param>
/// <param name="NullsFirst">Null when not said.</param>
public sealed record IndexElement(Expression Key, bool IsDescending, bool? NullsFirst) : SyntaxNode
{
    public QualifiedName? Collation { get; init; }

    public QualifiedName? OperatorClass { get; init; }
}
