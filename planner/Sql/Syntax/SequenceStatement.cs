namespace Federation.Sql.Syntax;

/// <summary>What an option of CREATE or ALTER SEQUENCE, or of an identity column, is about.</summary>
public enum SequenceOptionKind
{
    As,
    Increment,
    MinValue,
    MaxValue,
    Start,
    Cache,
    Cycle,
    OwnedBy,
    Restart,
}

/// <summary>An option of a sequence.</summary>
public sealed record SequenceOption(SequenceOptionKind Kind) : SyntaxNode
{
    /// <summary>Set for AS.</summary>
    public TypeName? Type { get; init; }

    /// <summary>The number with its sign; null for NO MINVALUE, NO MAXVALUE and a plain RESTART.</summary>
    public string? Number { get; init; }

    /// <summary>False for NO CYCLE.</summary>
    public bool IsOn { get; init; } = true;

    /// <summary>Set for OWNED BY: table and column, or the one part "none".</summary>
    public QualifiedName? Owner { get; init; }
}

public sealed record CreateSequenceStatement(QualifiedName Name, bool IfNotExists, EquatableArray<SequenceOption> Options) : Statement
{
    public bool IsTemporary { get; init; }
}

/// <summary>ALTER SEQUENCE with options; what concerns its name and owner is an <see cref="AlterTableStatement"/>.</summary>
public sealed record AlterSequenceStatement(QualifiedName Name, bool IfExists, EquatableArray<SequenceOption> Options) : Statement;

/// <summary>GENERATED ALWAYS | BY DEFAULT AS IDENTITY</summary>
public sealed record IdentityDefinition(bool IsAlways, EquatableArray<SequenceOption> Options) : SyntaxNode;
