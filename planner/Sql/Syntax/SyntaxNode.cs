namespace Federation.Sql.Syntax;

/// <summary>A range of characters in the statement's text, 0-based.</summary>
public readonly record struct SourceSpan(int Start, int Length)
{
    public int End => Start + Length;

    /// <summary>The 1-based position that error field P carries.</summary>
    public int Position => Start + 1;

    public static SourceSpan Between(SourceSpan first, SourceSpan last) => new(first.Start, last.End - first.Start);
}

/// <summary>
/// A node of the syntax tree. Trees are immutable; identifiers are already folded to lower case (or kept, when quoted) and cut to 63 bytes.
/// Forms that PostgreSQL's grammar turns into function or operator calls (EXTRACT, LIKE, AT TIME ZONE, …) are those calls here too.
/// </summary>
public abstract record SyntaxNode
{
    public SourceSpan Span { get; init; }
}

/// <summary>A possibly qualified name, outermost part first.</summary>
public sealed record QualifiedName(EquatableArray<string> Parts) : SyntaxNode
{
    /// <summary>The last part.</summary>
    public string Name => Parts[Parts.Count - 1];

    /// <summary>The part before the last, or null.</summary>
    public string? Qualifier => Parts.Count > 1 ? Parts[Parts.Count - 2] : null;

    public override string ToString() => string.Join('.', Parts);
}

/// <summary>An operator, with its schema when it was written OPERATOR(schema.op).</summary>
public sealed record OperatorName(string? Schema, string Symbol) : SyntaxNode;

/// <summary>
/// A type as written. SQL spellings are mapped to catalog names as PostgreSQL's grammar does (integer is pg_catalog.int4, timestamp with
/// time zone is pg_catalog.timestamptz, character is bpchar with modifier 1).
/// </summary>
/// <param name="Modifiers">The expressions in parentheses.</param>
/// <param name="ArrayDimensions">How many [] followed, ARRAY counting as one.</param>
public sealed record TypeName(QualifiedName Name, EquatableArray<Expression> Modifiers, int ArrayDimensions, bool IsSetOf = false)
    : SyntaxNode
{
    /// <summary>The field restriction of an interval type, for instance "day to second"; null for none.</summary>
    public string? IntervalFields { get; init; }
}
