namespace Federation.Sql.Syntax;

/// <summary>ALTER TABLE, or ALTER VIEW and SEQUENCE, which take some of the same actions.</summary>
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

    public sealed record AddIdentity(string Column, IdentityDefinition Identity) : TableAction;

    /// <param name="IsAlways">SET GENERATED; null when not said.</param>
    public sealed record SetIdentity(string Column, bool? IsAlways, EquatableArray<SequenceOption> Options) : TableAction;

    public sealed record DropIdentity(string Column, bool IfExists) : TableAction;

    /// <summary>The column keeps its values and is computed no more.</summary>
    public sealed record DropExpression(string Column, bool IfExists) : TableAction;

    public sealed record AddConstraint(ConstraintDefinition Constraint) : TableAction;

    public sealed record DropConstraint(string Name, bool IfExists, bool IsCascade) : TableAction;

    public sealed record RenameConstraint(string Name, string NewName) : TableAction;

    public sealed record OwnerTo(string Role) : TableAction;

    public sealed record RenameColumn(string Name, string NewName) : TableAction;

    public sealed record RenameTo(string NewName) : TableAction;

    public sealed record SetSchema(string Schema) : TableAction;

    /// <summary>New files are parted by these terms; those that are there stay as they are.</summary>
    public sealed record SetPartitioning(EquatableArray<TransformTerm> Terms) : TableAction;

    /// <param name="Name">Null for the name that the format gives.</param>
    public sealed record AddPartitionField(TransformTerm Term, string? Name) : TableAction;

    /// <param name="Term">A plain column stands for the field of that name, if there is one.</param>
    public sealed record DropPartitionField(TransformTerm Term) : TableAction;

    public sealed record ReplacePartitionField(TransformTerm Old, TransformTerm Term, string? Name) : TableAction;

    /// <summary>The order of rows in new files; none for any.</summary>
    public sealed record SetOrder(EquatableArray<SortTerm> Terms) : TableAction;
}

/// <summary>COMMENT ON TABLE, VIEW or COLUMN.</summary>
/// <param name="Column">Null for the relation itself.</param>
/// <param name="Text">Null takes the comment away.</param>
public sealed record CommentStatement(DropKind Kind, QualifiedName Name, string? Column, string? Text) : Statement;

/// <summary>CREATE [OR REPLACE] VIEW.</summary>
/// <param name="Columns">Other names for the query's columns; fewer than it has are legal.</param>
public sealed record CreateViewStatement(QualifiedName Name, EquatableArray<string> Columns, Query Query, bool IsReplace) : Statement
{
    public bool IsTemporary { get; init; }

    /// <summary>WITH CHECK OPTION: "cascaded" or "local"; null without it.</summary>
    public string? CheckOption { get; init; }
}

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

    /// <summary>Set for FOREIGN KEY with MATCH, ON, DEFERRABLE.</summary>
    public ReferenceOptions Options { get; init; } = ReferenceOptions.Default;
}

/// <summary>What a foreign key says besides its columns. Actions are the letters of pg_constraint: a, r, c, n, d.</summary>
/// <param name="Match">s for SIMPLE, f for FULL.</param>
/// <param name="SetColumns">The columns of SET NULL or SET DEFAULT (columns); none for all.</param>
public sealed record ReferenceOptions(char Match, char OnUpdate, char OnDelete, EquatableArray<string> SetColumns)
{
    public static readonly ReferenceOptions Default = new('s', 'a', 'a', []);

    public bool IsDeferrable { get; init; }

    public bool IsDeferred { get; init; }
}
