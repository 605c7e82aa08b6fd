using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>Opens a portal for each kind of statement.</summary>
internal static class StatementHandlers
{
    public static IPortal Open(QuerySession session, SessionServices services, PreparedStatement statement,
        EquatableArray<object?> parameters) => statement.Syntax switch
    {
        null => new EmptyPortal(session),
        SelectStatement => QueryStatements.Open(session, services, statement, parameters),
        InsertStatement { OnConflict: not null } => ChangeStatements.Open(session, services, statement, parameters),
        InsertStatement => InsertStatements.Open(session, services, statement, parameters),
        DataChangeStatement => ChangeStatements.Open(session, services, statement, parameters),
        TruncateStatement truncate => new CommandPortal(session, token => TruncateStatements.RunAsync(session, services, truncate, token)),
        CreateTableStatement create => new CommandPortal(session, token => TableStatements.CreateAsync(session, services, create, token)),
        CreateTableAsStatement create =>
            new CommandPortal(session, token => TableStatements.CreateAsAsync(session, services, statement, create, parameters, token)),
        ExplainStatement explain => ExplainStatements.Open(session, services, statement, explain, parameters),
        CopyStatement copy => CopyStatements.Open(session, services, statement, copy, parameters),
        SetStatement set => new CommandPortal(session, token => SettingStatements.SetAsync(session, set, token)),
        ResetStatement reset => new CommandPortal(session, token => SettingStatements.ResetAsync(session, reset, token)),
        ShowStatement show => SettingStatements.Show(session, show),
        TransactionStatement transaction =>
            new CommandPortal(session, token => TransactionStatements.RunAsync(session, transaction, token)),
        SetTransactionStatement modes => Command(session, () => TransactionStatements.SetModes(session, modes)),
        PrepareStatement prepare =>
            new CommandPortal(session, token => PreparedStatements.PrepareAsync(session, statement, prepare, token)),
        ExecuteStatement execute => PreparedStatements.Execute(session, services, execute),
        DeallocateStatement deallocate => Command(session, () => PreparedStatements.Deallocate(session, deallocate)),
        DiscardStatement discard => new CommandPortal(session, token => PreparedStatements.DiscardAsync(session, discard, token)),
        DeclareCursorStatement declare =>
            Command(session, () => CursorStatements.Declare(session, services, statement, declare, parameters)),
        FetchStatement fetch => CursorStatements.Fetch(session, fetch),
        CloseCursorStatement close => new CommandPortal(session, _ => CursorStatements.CloseAsync(session, close)),
        CallStatement call => CallStatements.Open(session, services, call),
        CreateServerStatement or AlterServerStatement or CreateUserMappingStatement or AlterUserMappingStatement
            or DropUserMappingStatement =>
            new CommandPortal(session, token => ServerStatements.RunAsync(session, services, statement.Syntax, token)),
        AlterSchemaLocationStatement alter =>
            new CommandPortal(session, token => SchemaStatements.AlterLocationAsync(session, services, alter, token)),
        AlterOwnerStatement alter => new CommandPortal(session, token => SchemaStatements.AlterOwnerAsync(session, alter, token)),
        CreateRoleStatement or AlterRoleStatement or RenameRoleStatement or DropRoleStatement =>
            new CommandPortal(session, token => RoleStatements.RunAsync(session, statement.Syntax, token)),
        GrantRoleStatement grant => new CommandPortal(session, token => MembershipStatements.RunAsync(session, grant, token)),
        GrantStatement grant => new CommandPortal(session, token => GrantStatements.RunAsync(session, services, grant, token)),
        AlterDefaultPrivilegesStatement alter => new CommandPortal(session, token => DefaultPrivileges.RunAsync(session, alter, token)),
        CreateSchemaStatement create => new CommandPortal(session, token => SchemaStatements.CreateAsync(session, services, create, token)),
        AlterTableStatement alter =>
            new CommandPortal(session, token => AlterTableStatements.RunAsync(session, services, alter, token)),
        CreateIndexStatement create => new CommandPortal(session, token => IndexStatements.CreateAsync(session, services, create, token)),
        DropStatement { Kind: DropKind.Index } drop =>
            new CommandPortal(session, token => IndexStatements.DropAsync(session, services, drop, token)),
        CreateSequenceStatement create => new CommandPortal(session, token => SequenceStatements.CreateAsync(session, create, token)),
        AlterSequenceStatement alter =>
            new CommandPortal(session, token => SequenceStatements.AlterAsync(session, services, alter, token)),
        CreateViewStatement create =>
            new CommandPortal(session, token => ViewStatements.CreateAsync(session, statement.Text, create, token)),
        CommentStatement comment => new CommandPortal(session, token => CommentStatements.RunAsync(session, comment, token)),
        DropStatement drop => new CommandPortal(session, token => SchemaStatements.DropAsync(session, drop, token)),
        LockStatement locking => new CommandPortal(session, token => LockStatements.RunAsync(session, locking, token)),
        VacuumStatement vacuum => new CommandPortal(session, token => VacuumStatements.RunAsync(session, services, vacuum, token)),
        NotifyStatement notify => Command(session, () => notify.Command.ToUpperInvariant()),
        _ => throw new System.Diagnostics.UnreachableException(statement.Syntax.GetType().Name),
    };

    private static CommandPortal Command(QuerySession session, Func<string> run) => new(session, _ => ValueTask.FromResult(run()));

    /// <summary>The error of a statement that parses but cannot be run, or explained; null for one that can.</summary>
    public static SqlException? Unsupported(Statement? statement)
    {
        var command = statement switch
        {
            UnsupportedStatement unsupported => unsupported.Command,
            _ => null,
        };
        if (command is null) return statement is ExplainStatement explain ? Unsupported(explain.Statement) : null;
        return new SqlException(SqlState.FeatureNotSupported, $"{command} is not supported")
        {
            Detail = "docs/writing.md lists the statements that change data.",
        };
    }
}
