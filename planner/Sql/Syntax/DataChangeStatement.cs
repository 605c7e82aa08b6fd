namespace Federation.Sql.Syntax;

/// <summary>A statement that changes rows of one table, with the WITH in front of it and the RETURNING behind.</summary>
/// <param name="Table">The table that is changed.</param>
/// <param name="Alias">What the statement calls the table; null for the table's own name.</param>
public abstract record DataChangeStatement(QualifiedName Table, string? Alias) : Statement
{
    /// <summary>ONLY name.</summary>
    public bool IsOnly { get; init; }

    public WithClause? With { get; init; }

    public EquatableArray<SelectItem> Returning { get; init; }
}

/// <summary>UPDATE … SET … [FROM …] [WHERE …]</summary>
public sealed record UpdateStatement(QualifiedName Table, string? Alias, EquatableArray<SetClause> Set) : DataChangeStatement(Table, Alias)
{
    public EquatableArray<TableReference> From { get; init; }

    /// <summary>The condition, or <see cref="CurrentOfCursor"/>; null for all rows.</summary>
    public Expression? Where { get; init; }
}

/// <summary>DELETE FROM … [USING …] [WHERE …]</summary>
public sealed record DeleteStatement(QualifiedName Table, string? Alias) : DataChangeStatement(Table, Alias)
{
    public EquatableArray<TableReference> Using { get; init; }

    /// <summary>The condition, or <see cref="CurrentOfCursor"/>; null for all rows.</summary>
    public Expression? Where { get; init; }
}

/// <summary>WHERE CURRENT OF cursor</summary>
public sealed record CurrentOfCursor(string Cursor) : Expression;

/// <summary>
/// One assignment of SET. With one column and no parentheses the value is for that column, and may be <see cref="DefaultValue"/>. With
/// parentheses (<paramref name="IsRow"/>) it is a row: a <see cref="RowExpression"/>, whose items may be <see cref="DefaultValue"/>, or a
/// scalar subquery of as many columns. Any other expression parses too and is an error of analysis, as in PostgreSQL.
/// </summary>
public sealed record SetClause(EquatableArray<ColumnReference> Columns, Expression Value, bool IsRow) : SyntaxNode;

/// <summary>MERGE INTO … USING … ON … WHEN …</summary>
public sealed record MergeStatement(QualifiedName Table, string? Alias, TableReference Source, Expression On,
    EquatableArray<MergeClause> Clauses) : DataChangeStatement(Table, Alias);

/// <summary>Which pairs of rows a WHEN of MERGE is for.</summary>
public enum MergeMatch
{
    /// <summary>WHEN MATCHED</summary>
    Matched,

    /// <summary>WHEN NOT MATCHED [BY TARGET]: a row of the source without one of the target.</summary>
    NotMatchedByTarget,

    /// <summary>WHEN NOT MATCHED BY SOURCE: a row of the target without one of the source.</summary>
    NotMatchedBySource,
}

/// <summary>WHEN … [AND condition] THEN action</summary>
public sealed record MergeClause(MergeMatch Match, Expression? Condition, MergeAction Action) : SyntaxNode;

public abstract record MergeAction : SyntaxNode;

/// <summary>UPDATE SET …</summary>
public sealed record MergeUpdate(EquatableArray<SetClause> Set) : MergeAction;

public sealed record MergeDelete : MergeAction;

public sealed record MergeDoNothing : MergeAction;

/// <summary>INSERT [(columns)] VALUES (…); without values INSERT DEFAULT VALUES.</summary>
public sealed record MergeInsert(EquatableArray<ColumnReference> Columns, EquatableArray<Expression> Values) : MergeAction
{
    /// <summary>"SYSTEM VALUE" or "USER VALUE"; null without OVERRIDING.</summary>
    public string? Overriding { get; init; }
}

/// <summary>ON CONFLICT [target] DO NOTHING | UPDATE SET … [WHERE …]</summary>
/// <param name="Set">What DO UPDATE sets; none for DO NOTHING.</param>
public sealed record OnConflictClause(ConflictTarget? Target, EquatableArray<SetClause> Set, Expression? Where) : SyntaxNode
{
    public bool IsUpdate => Set.Count > 0;
}

/// <summary>(columns or expressions) [WHERE …], or ON CONSTRAINT name.</summary>
public sealed record ConflictTarget(EquatableArray<Expression> Elements, Expression? Where, string? Constraint) : SyntaxNode;

/// <summary>TRUNCATE [TABLE] names [RESTART IDENTITY] [CASCADE]</summary>
public sealed record TruncateStatement(EquatableArray<QualifiedName> Tables, bool RestartsIdentity, bool IsCascade) : Statement;
