namespace Federation.Sql.Syntax;

public abstract record Statement : SyntaxNode;

public sealed record SelectStatement(Query Query) : Statement;

/// <summary>name, or name = value, in the parentheses of EXPLAIN, COPY, OPTIONS and the like.</summary>
public sealed record OptionItem(string Name, Expression? Value) : SyntaxNode;

public sealed record ExplainStatement(EquatableArray<OptionItem> Options, Statement Statement) : Statement;

public enum SettingScope
{
    Session,
    Local,
}

/// <summary>
/// SET name = values | DEFAULT (<paramref name="Values"/> empty). SET TIME ZONE, SET NAMES, SET ROLE, SET SESSION AUTHORIZATION and
/// SET TRANSACTION SNAPSHOT come as the settings they stand for.
/// </summary>
public sealed record SetStatement(string Name, EquatableArray<Expression> Values, SettingScope Scope) : Statement;

/// <summary>RESET name, or RESET ALL when the name is null.</summary>
public sealed record ResetStatement(string? Name) : Statement;

/// <summary>SHOW name, or SHOW ALL when the name is null.</summary>
public sealed record ShowStatement(string? Name) : Statement;

public enum IsolationLevel
{
    ReadUncommitted,
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

public sealed record TransactionModes(IsolationLevel? Isolation, bool? IsReadOnly, bool? IsDeferrable);

public enum TransactionCommand
{
    Begin,
    StartTransaction,
    Commit,
    Rollback,
    Savepoint,
    Release,
    RollbackTo,
    PrepareTransaction,
    CommitPrepared,
    RollbackPrepared,
}

/// <param name="Name">The savepoint or the global transaction id.</param>
/// <param name="IsChain">AND CHAIN</param>
public sealed record TransactionStatement(TransactionCommand Command, TransactionModes? Modes, string? Name, bool IsChain) : Statement;

/// <summary>SET TRANSACTION …, or SET SESSION CHARACTERISTICS AS TRANSACTION … when <paramref name="IsSession"/>.</summary>
public sealed record SetTransactionStatement(TransactionModes Modes, bool IsSession) : Statement;

public sealed record PrepareStatement(string Name, EquatableArray<TypeName> ParameterTypes, Statement Statement) : Statement;

public sealed record ExecuteStatement(string Name, EquatableArray<Expression> Arguments) : Statement;

/// <summary>DEALLOCATE name, or ALL when the name is null.</summary>
public sealed record DeallocateStatement(string? Name) : Statement;

public enum DiscardTarget
{
    All,
    Plans,
    Sequences,
    Temporary,
}

public sealed record DiscardStatement(DiscardTarget Target) : Statement;

public sealed record DeclareCursorStatement(string Name, Query Query) : Statement
{
    public bool IsBinary { get; init; }

    public bool IsHold { get; init; }

    /// <summary>SCROLL or NO SCROLL; null when not said.</summary>
    public bool? IsScroll { get; init; }
}

public enum FetchDirection
{
    /// <summary>Count rows onward; a negative count goes back.</summary>
    Forward,
    Backward,
    Absolute,
    Relative,
}

/// <param name="Count">Null for ALL.</param>
public sealed record FetchStatement(string Cursor, FetchDirection Direction, long? Count, bool IsMove) : Statement;

/// <summary>CLOSE name, or ALL when the name is null.</summary>
public sealed record CloseCursorStatement(string? Name) : Statement;

/// <summary>
/// COPY. Exactly one of <paramref name="Query"/> and <paramref name="Table"/> is set; no file and no program means STDIN/STDOUT.
/// </summary>
public sealed record CopyStatement(Query? Query, QualifiedName? Table, EquatableArray<string> Columns, bool IsFrom,
    EquatableArray<OptionItem> Options)
    : Statement
{
    public string? FileName { get; init; }

    public bool IsProgram { get; init; }

    /// <summary>FROM STDIN, TO STDOUT.</summary>
    public bool IsToClient => FileName is null && !IsProgram;

    public Expression? Where { get; init; }
}

public sealed record CallStatement(FunctionCall Call) : Statement;

/// <summary>What ALTER … OPTIONS does with one option.</summary>
public enum OptionAction
{
    Add,
    Set,
    Drop,
}

public sealed record ServerOption(string Name, string? Value, OptionAction Action) : SyntaxNode;

public sealed record CreateServerStatement(string Name, bool IfNotExists, string? Type, string? Version, string Wrapper,
    EquatableArray<ServerOption> Options)
    : Statement;

public sealed record AlterServerStatement(string Name, string? Version, EquatableArray<ServerOption> Options) : Statement;

/// <param name="User">A role name, or "public", "current_user", "user", "session_user" in lower case for the keywords.</param>
public sealed record CreateUserMappingStatement(string User, string Server, bool IfNotExists, EquatableArray<ServerOption> Options)
    : Statement;

public sealed record AlterUserMappingStatement(string User, string Server, EquatableArray<ServerOption> Options) : Statement;

public sealed record DropUserMappingStatement(string User, string Server, bool IfExists) : Statement;

/// <summary>INSERT INTO table … A null source stands for DEFAULT VALUES; WITH in front is the source's.</summary>
/// <param name="Columns">The columns named; none for all of the table, in order.</param>
public sealed record InsertStatement(QualifiedName Table, string? Alias, EquatableArray<ColumnReference> Columns, Query? Source,
    EquatableArray<SelectItem> Returning) : Statement
{
    /// <summary>"SYSTEM VALUE" or "USER VALUE"; null without OVERRIDING.</summary>
    public string? Overriding { get; init; }

    public OnConflictClause? OnConflict { get; init; }
}

/// <param name="Default">DEFAULT expression; null when none is given.</param>
public sealed record TableColumn(string Name, TypeName Type, bool IsNotNull, Expression? Default) : SyntaxNode
{
    /// <summary>The constraints that stand with the column, NOT NULL apart.</summary>
    public EquatableArray<ConstraintDefinition> Constraints { get; init; }

    /// <summary>GENERATED … AS IDENTITY; null without it.</summary>
    public IdentityDefinition? Identity { get; init; }

    /// <summary>GENERATED ALWAYS AS (expression) STORED; null without it.</summary>
    public Expression? Generated { get; init; }
}

/// <summary>What becomes of a temporary table at the end of a transaction.</summary>
public enum OnCommit
{
    PreserveRows,
    DeleteRows,
    Drop,
}

/// <summary>CREATE TEMPORARY TABLE … ON COMMIT</summary>
/// <param name="OnCommit">Null when not said.</param>
public sealed record TemporaryTable(OnCommit? OnCommit) : SyntaxNode;

public sealed record CreateTableStatement(QualifiedName Name, bool IfNotExists, EquatableArray<TableColumn> Columns) : Statement
{
    /// <summary>The constraints of the table, without those that stand with a column.</summary>
    public EquatableArray<ConstraintDefinition> Constraints { get; init; }

    /// <summary>Set for TEMPORARY.</summary>
    public TemporaryTable? Temporary { get; init; }

    public TableLayout Layout { get; init; } = new(default, default, default);
}

/// <summary>CREATE TABLE … AS query.</summary>
/// <param name="Columns">Other names for the query's columns; fewer than it has are legal.</param>
/// <param name="WithData">False for WITH NO DATA.</param>
public sealed record CreateTableAsStatement(QualifiedName Name, bool IfNotExists, EquatableArray<string> Columns, Query Query,
    bool WithData) : Statement
{
    /// <summary>Set for TEMPORARY.</summary>
    public TemporaryTable? Temporary { get; init; }

    public TableLayout Layout { get; init; } = new(default, default, default);
}

public sealed record CreateSchemaStatement(QualifiedName Name, bool IfNotExists, string? Authorization) : Statement
{
    /// <summary>Where tables of the schema lie that are made without a location of their own; null for the warehouse.</summary>
    public string? Location { get; init; }
}

public enum DropKind
{
    Table,
    View,
    Schema,
    Server,
    ForeignTable,
    MaterializedView,
    Sequence,
    Index,
}

public sealed record DropStatement(DropKind Kind, EquatableArray<QualifiedName> Names, bool IfExists, bool IsCascade) : Statement
{
    /// <summary>DROP INDEX CONCURRENTLY</summary>
    public bool IsConcurrent { get; init; }
}

/// <summary>ALTER SCHEMA … SET LOCATION, or RESET LOCATION, where it is null. Tables that are there stay where they are.</summary>
public sealed record AlterSchemaLocationStatement(string Name, string? Location) : Statement;

/// <summary>ALTER SCHEMA or SERVER … OWNER TO.</summary>
public sealed record AlterOwnerStatement(DropKind Kind, string Name, string Owner) : Statement;

/// <param name="Mode">In upper case, such as ACCESS SHARE.</param>
public sealed record LockStatement(EquatableArray<LockedTable> Tables, string Mode, bool IsNoWait) : Statement;

/// <summary>VACUUM, or ANALYZE by itself.</summary>
/// <param name="Options">Lower-case names of those that are on.</param>
/// <param name="Tables">None for all tables.</param>
public sealed record VacuumStatement(bool IsVacuum, EquatableArray<string> Options, EquatableArray<VacuumedTable> Tables) : Statement
{
    public string Command => IsVacuum ? "VACUUM" : "ANALYZE";
}

public sealed record VacuumedTable(QualifiedName Name, EquatableArray<string> Columns);

public sealed record LockedTable(QualifiedName Name, bool IsOnly);

/// <summary>LISTEN, UNLISTEN (null channel = *), NOTIFY.</summary>
public sealed record NotifyStatement(string Command, string? Channel, string? Payload) : Statement;

/// <summary>
/// A statement of PostgreSQL that is recognised by its first words but not part of this grammar yet; running it raises 0A000.
/// <paramref name="Command"/> is its command tag, for instance "CREATE TABLE".
/// </summary>
public sealed record UnsupportedStatement(string Command) : Statement;
