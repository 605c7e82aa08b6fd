namespace Federation.Sql.Syntax;

/// <summary>A scalar expression as written.</summary>
public abstract record Expression : SyntaxNode
{
    private readonly SourceSpan? _errorSpan;

    /// <summary>
    /// Where PostgreSQL's errors about this expression itself point when that is not its start: the <c>::</c>, IN, BETWEEN, IS or AT
    /// within it. An operator's place is <see cref="OperatorExpression.Operator"/>'s.
    /// </summary>
    public SourceSpan ErrorSpan
    {
        get => _errorSpan ?? Span;
        init => _errorSpan = value;
    }
}

/// <summary>A column, or a whole row, by a possibly qualified name: up to catalog.schema.table.column.</summary>
public sealed record ColumnReference(EquatableArray<string> Parts) : Expression
{
    public string Name => Parts[Parts.Count - 1];
}

/// <summary><c>*</c> or <c>t.*</c>; legal in select lists, count(*) has its own flag.</summary>
public sealed record Star(EquatableArray<string> Qualifier) : Expression;

/// <summary><c>$1</c></summary>
public sealed record ParameterReference(int Number) : Expression;

/// <summary>A number as written: integer, or with point or exponent. A minus sign in front of it is folded in.</summary>
public sealed record NumberLiteral(string Text) : Expression;

/// <summary>A string constant of any form, unescaped; its type is unknown.</summary>
public sealed record StringLiteral(string Value) : Expression;

/// <summary>B'101' or X'1F': the digits.</summary>
public sealed record BitStringLiteral(string Digits, bool IsHex) : Expression;

public sealed record BooleanLiteral(bool Value) : Expression;

public sealed record NullLiteral : Expression;

/// <summary>CAST(x AS t), x::t, or the literal form <c>t 'string'</c>.</summary>
public sealed record CastExpression(Expression Operand, TypeName Type) : Expression;

/// <summary>A prefix operator when <paramref name="Left"/> is null, else an infix one.</summary>
public sealed record OperatorExpression(OperatorName Operator, Expression? Left, Expression Right) : Expression;

public enum LogicalOperator
{
    And,
    Or,
}

/// <summary>AND or OR over two or more operands, flattened.</summary>
public sealed record LogicalExpression(LogicalOperator Operator, EquatableArray<Expression> Operands) : Expression;

public sealed record NotExpression(Expression Operand) : Expression;

public enum TestKind
{
    Null,
    True,
    False,
    Unknown,
}

/// <summary>IS [NOT] NULL | TRUE | FALSE | UNKNOWN.</summary>
public sealed record TestExpression(Expression Operand, TestKind Test, bool IsNegated) : Expression;

/// <summary>IS [NOT] DISTINCT FROM.</summary>
public sealed record DistinctExpression(Expression Left, Expression Right, bool IsNegated) : Expression;

public sealed record BetweenExpression(Expression Operand, Expression Low, Expression High, bool IsNegated, bool IsSymmetric) : Expression;

/// <summary>[NOT] IN (list).</summary>
public sealed record InListExpression(Expression Operand, EquatableArray<Expression> Items, bool IsNegated) : Expression;

/// <summary>[NOT] IN (query).</summary>
public sealed record InQueryExpression(Expression Operand, Query Query, bool IsNegated) : Expression;

/// <summary>operand op ANY|ALL (array expression).</summary>
public sealed record QuantifiedArrayExpression(Expression Operand, OperatorName Operator, bool IsAll, Expression Array) : Expression;

/// <summary>operand op ANY|ALL (query).</summary>
public sealed record QuantifiedQueryExpression(Expression Operand, OperatorName Operator, bool IsAll, Query Query) : Expression;

public sealed record WhenClause(Expression Condition, Expression Result) : SyntaxNode;

/// <summary>CASE; <paramref name="Operand"/> is set for the simple form.</summary>
public sealed record CaseExpression(Expression? Operand, EquatableArray<WhenClause> Whens, Expression? Else) : Expression;

/// <summary>COALESCE, GREATEST, LEAST, NULLIF: lazy or polymorphic forms that are no functions in the catalog.</summary>
public enum BuiltinForm
{
    Coalesce,
    Greatest,
    Least,
    NullIf,
}

public sealed record BuiltinExpression(BuiltinForm Form, EquatableArray<Expression> Arguments) : Expression;

/// <summary>CURRENT_DATE, CURRENT_TIMESTAMP(3), USER, CURRENT_CATALOG …: the keyword in lower case.</summary>
public sealed record SqlValueFunction(string Keyword, int? Precision) : Expression;

/// <summary>One argument of a call; <paramref name="Name"/> is set for <c>name =&gt; value</c>.</summary>
public sealed record Argument(string? Name, Expression Value) : SyntaxNode;

/// <summary>A call of a function, aggregate or window function.</summary>
public sealed record FunctionCall(QualifiedName Name, EquatableArray<Argument> Arguments) : Expression
{
    /// <summary>count(*)</summary>
    public bool IsStar { get; init; }

    public bool IsDistinct { get; init; }

    /// <summary>The last argument is VARIADIC.</summary>
    public bool IsVariadic { get; init; }

    /// <summary>ORDER BY inside the parentheses.</summary>
    public EquatableArray<SortItem> OrderBy { get; init; }

    /// <summary>WITHIN GROUP (ORDER BY …)</summary>
    public EquatableArray<SortItem> WithinGroup { get; init; }

    public Expression? Filter { get; init; }

    /// <summary>OVER name or OVER (definition).</summary>
    public WindowDefinition? Over { get; init; }
}

/// <summary>GROUPING(a, b)</summary>
public sealed record GroupingExpression(EquatableArray<Expression> Arguments) : Expression;

public sealed record CollateExpression(Expression Operand, QualifiedName Collation) : Expression;

/// <summary>ARRAY[…]; nested brackets are nested array expressions.</summary>
public sealed record ArrayExpression(EquatableArray<Expression> Items) : Expression;

/// <summary>ARRAY(query)</summary>
public sealed record ArrayQueryExpression(Query Query) : Expression;

/// <summary>ROW(…) or (a, b, …).</summary>
public sealed record RowExpression(EquatableArray<Expression> Items, bool IsExplicit) : Expression;

/// <summary>base[index], base[low:high]; an open bound of a slice is null.</summary>
public sealed record SubscriptExpression(Expression Operand, Expression? Index, bool IsSlice, Expression? Low, Expression? High)
    : Expression;

/// <summary>(expression).field</summary>
public sealed record FieldExpression(Expression Operand, string Field) : Expression;

/// <summary>(expression).*</summary>
public sealed record FieldStar(Expression Operand) : Expression;

public sealed record ScalarQueryExpression(Query Query) : Expression;

public sealed record ExistsExpression(Query Query) : Expression;

/// <summary>An operator of two row values is not distinguished here; see the operands. <c>a OVERLAPS b</c> is a call of overlaps.</summary>
public sealed record SortItem(Expression Expression, bool IsDescending, bool? NullsFirst, OperatorName? Using) : SyntaxNode;

public enum FrameMode
{
    Range,
    Rows,
    Groups,
}

public enum FrameBoundKind
{
    UnboundedPreceding,
    Preceding,
    CurrentRow,
    Following,
    UnboundedFollowing,
}

public sealed record FrameBound(FrameBoundKind Kind, Expression? Offset) : SyntaxNode;

public enum FrameExclusion
{
    NoOthers,
    CurrentRow,
    Group,
    Ties,
}

public sealed record WindowFrame(FrameMode Mode, FrameBound Start, FrameBound? End, FrameExclusion Exclusion) : SyntaxNode;

/// <summary>
/// A window. <paramref name="Name"/> alone (with <see cref="IsReference"/>) is OVER name; inside parentheses it is the window copied from.
/// </summary>
public sealed record WindowDefinition(string? Name, EquatableArray<Expression> PartitionBy, EquatableArray<SortItem> OrderBy,
    WindowFrame? Frame) : SyntaxNode
{
    public bool IsReference { get; init; }
}

/// <summary>DEFAULT. It parses wherever an expression does; binding refuses it where no column gets the value.</summary>
public sealed record DefaultValue : Expression;
