namespace Federation.Sql.Syntax;

/// <summary>ALTER TABLE or ALTER VIEW, which takes some of the same actions.</summary>
public sealed record AlterTableStatement(DropKind Kind, QualifiedName Name, bool IfExists, EquatableArray<TableAction> Actions) : Statement;

/// <summary>One action of ALTER TABLE. Renaming and SET SCHEMA stand alone; the others may be several.</summary>
public abstract record TableAction : SyntaxNode
{
    private TableAction() { }

    public sealed record AddColumn(TableColumn Column, bool IfNotExists) : TableAction;

    public sealed record DropColumn(string Name, bool IfExists, bool IsCascade) : TableAction;

    /// <param name="Using">What the new values are computed by; null for a plain cast.</param>
    public sealed record SetType(string Column, TypeName Type, Expression? Using) : TableAction;

    public sealed record SetNotNull(string Column, bool IsNotNull) : TableAction;

    /// <param name="Default">Null for DROP DEFAULT.</param>
    public sealed record SetDefault(string Column, Expression? Default) : TableAction;

    public sealed record AddConstraint(ConstraintDefinition Constraint) : TableAction;

    public sealed record DropConstraint(string Name, bool IfExists, bool IsCascade) : TableAction;

    public sealed record RenameConstraint(string Name, string NewName) : TableAction;

    public sealed record OwnerTo(string Role) : TableAction;

    public sealed record RenameColumn(string Name, string NewName) : TableAction;

    public sealed record RenameTo(string NewName) : TableAction;

    public sealed record SetSchema(string Schema) : TableAction;
}

/// <summary>COMMENT ON TABLE, VIEW or COLUMN.</summary>
/// <param name="Column">Null for the relation itself.</param>
/// <param name="Text">Null takes the comment away.</param>
public sealed record CommentStatement(DropKind Kind, QualifiedName Name, string? Column, string? Text) : Statement;

/// <summary>CREATE [OR REPLACE] VIEW.</summary>
/// <param name="Columns">Other names for the query's columns; fewer than it has are legal.</param>
public sealed record CreateViewStatement(QualifiedName Name, EquatableArray<string> Columns, Query Query, bool IsReplace) : Statement;

public enum ConstraintType
{
    Check,
    PrimaryKey,
    Unique,
    ForeignKey,
}

/// <param name="Name">Null when the engine is to choose one.</param>
/// <param name="Columns">The columns of a key; that of the column for one that stands with a column.</param>
public sealed record ConstraintDefinition(string? Name, ConstraintType Type, EquatableArray<string> Columns) : SyntaxNode
{
    /// <summary>Set for CHECK.</summary>
    public Expression? Condition { get; init; }

    /// <summary>NOT VALID</summary>
    public bool IsNotValid { get; init; }

    /// <summary>Set for FOREIGN KEY; no columns stand for those of the primary key.</summary>
    public QualifiedName? References { get; init; }

    public EquatableArray<string> ReferencedColumns { get; init; }
}
