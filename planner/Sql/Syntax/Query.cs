namespace Federation.Sql.Syntax;

/// <summary>A complete query: WITH, a body, and what follows it.</summary>
public sealed record Query(QueryBody Body) : SyntaxNode
{
    public WithClause? With { get; init; }

    public EquatableArray<SortItem> OrderBy { get; init; }

    /// <summary>LIMIT or FETCH FIRST; null for none and for LIMIT ALL.</summary>
    public Expression? Limit { get; init; }

    public bool WithTies { get; init; }

    public Expression? Offset { get; init; }

    public EquatableArray<LockingClause> Locking { get; init; }
}

public sealed record WithClause(bool IsRecursive, EquatableArray<CommonTableExpression> Tables) : SyntaxNode;

public sealed record CommonTableExpression(string Name, EquatableArray<string> Columns, Statement Statement) : SyntaxNode
{
    /// <summary>AS [NOT] MATERIALIZED; null when not said.</summary>
    public bool? IsMaterialized { get; init; }

    public SearchClause? Search { get; init; }

    public CycleClause? Cycle { get; init; }
}

/// <summary>SEARCH DEPTH|BREADTH FIRST BY … SET column</summary>
public sealed record SearchClause(bool IsBreadthFirst, EquatableArray<string> Columns, string Sequence) : SyntaxNode;

/// <summary>CYCLE … SET mark [TO value DEFAULT value] USING path</summary>
public sealed record CycleClause(EquatableArray<string> Columns, string Mark, Expression? Value, Expression? Default, string Path)
    : SyntaxNode;

/// <summary>FOR UPDATE and its kin.</summary>
public sealed record LockingClause(string Strength, EquatableArray<QualifiedName> Of, string? Wait) : SyntaxNode;

public abstract record QueryBody : SyntaxNode;

public enum SetOperator
{
    Union,
    Intersect,
    Except,
}

public sealed record SetOperation(SetOperator Operator, bool IsAll, QueryBody Left, QueryBody Right) : QueryBody;

/// <summary>(query) as an operand of a set operation.</summary>
public sealed record NestedQuery(Query Query) : QueryBody;

public sealed record ValuesBody(EquatableArray<EquatableArray<Expression>> Rows) : QueryBody;

/// <summary>TABLE name</summary>
public sealed record TableCommand(TableName Table) : QueryBody;

public sealed record SelectItem(Expression Expression, string? Alias) : SyntaxNode;

public sealed record SelectBody(EquatableArray<SelectItem> Items) : QueryBody
{
    public bool IsDistinct { get; init; }

    /// <summary>DISTINCT ON (…)</summary>
    public EquatableArray<Expression> DistinctOn { get; init; }

    /// <summary>SELECT … INTO [TEMP] name</summary>
    public IntoClause? Into { get; init; }

    public EquatableArray<TableReference> From { get; init; }

    public Expression? Where { get; init; }

    public EquatableArray<GroupingElement> GroupBy { get; init; }

    public bool IsGroupByDistinct { get; init; }

    public Expression? Having { get; init; }

    public EquatableArray<NamedWindow> Windows { get; init; }
}

public sealed record IntoClause(QualifiedName Name, bool IsTemporary) : SyntaxNode;

public sealed record NamedWindow(string Name, WindowDefinition Definition) : SyntaxNode;

public enum GroupingKind
{
    /// <summary>One expression.</summary>
    Expression,

    /// <summary>()</summary>
    Empty,
    Rollup,
    Cube,

    /// <summary>GROUPING SETS, whose children are elements again.</summary>
    Sets,
}

/// <summary>
/// An element of GROUP BY. Rollup and Cube hold <paramref name="Expressions"/>, where a row expression is one composite unit.
/// </summary>
public sealed record GroupingElement(GroupingKind Kind, EquatableArray<Expression> Expressions, EquatableArray<GroupingElement> Sets)
    : SyntaxNode;

public abstract record TableReference : SyntaxNode
{
    public TableAlias? Alias { get; init; }
}

/// <param name="Definitions">Column definitions of a function alias: f() AS t(a int, b text); empty when there are none.</param>
public sealed record TableAlias(string? Name, EquatableArray<string> Columns, EquatableArray<ColumnDefinition> Definitions) : SyntaxNode;

public sealed record ColumnDefinition(string Name, TypeName Type) : SyntaxNode
{
    public QualifiedName? Collation { get; init; }
}

public sealed record TableName(QualifiedName Name) : TableReference
{
    public bool IsOnly { get; init; }

    /// <summary>COPY table TO: generated columns are left out.</summary>
    public bool IsCopied { get; init; }

    public TableSample? Sample { get; init; }

    /// <summary>FOR VERSION AS OF expression</summary>
    public Expression? Version { get; init; }

    /// <summary>FOR TIMESTAMP AS OF expression</summary>
    public Expression? Timestamp { get; init; }

    /// <summary>The arguments of system.table_changes, a function whose columns are those of a table; none for a table.</summary>
    public EquatableArray<Argument> Changes { get; init; }
}

public sealed record TableSample(QualifiedName Method, EquatableArray<Expression> Arguments, Expression? Repeatable) : SyntaxNode;

public sealed record QueryTable(Query Query, bool IsLateral) : TableReference;

/// <summary>One function, or several for ROWS FROM(…), each with the column definitions that followed it there.</summary>
public sealed record FunctionTable(EquatableArray<FunctionTableItem> Functions, bool IsLateral, bool WithOrdinality, bool IsRowsFrom)
    : TableReference;

public sealed record FunctionTableItem(Expression Call, EquatableArray<ColumnDefinition> Definitions) : SyntaxNode;

public enum JoinKind
{
    Inner,
    Left,
    Right,
    Full,
    Cross,
}

public sealed record JoinTable(JoinKind Kind, TableReference Left, TableReference Right) : TableReference
{
    public bool IsNatural { get; init; }

    /// <summary>USING (a, b)</summary>
    public EquatableArray<string> Using { get; init; }

    /// <summary>JOIN … USING (…) AS alias</summary>
    public string? UsingAlias { get; init; }

    public Expression? On { get; init; }
}
