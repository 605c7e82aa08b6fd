using Federation.Execution;
using Federation.Sql;
using Federation.Sql.Syntax;
using Federation.SessionApi;

namespace Federation.Session;

/// <summary>Why a statement is logged.</summary>
public enum StatementOutcome
{
    /// <summary>It changed the catalog.</summary>
    Changed,

    /// <summary>It took longer than <see cref="SessionServices.SlowStatement"/>.</summary>
    Slow,
    Cancelled,
    Failed,
}

/// <summary>
/// A statement as the log tells it: nothing a client sent as a value is in it unless literals were asked for, and no password ever is.
/// </summary>
/// <param name="State">Null for one that succeeded.</param>
/// <param name="Message">The error, when literals were asked for: errors quote values.</param>
public sealed record StatementReport(
    StatementOutcome Outcome, int ProcessId, string User, string Database, string Address, string Text, TimeSpan Duration, string? State,
    string? Message);

/// <summary>Watches the statements of one session and reports those worth a line in the log.</summary>
internal sealed class StatementLog(QuerySession session, SessionServices services)
{
    private static readonly Func<string, string> s_withoutLiterals = SqlText.WithoutLiterals;

    /// <summary>Whose statements these are; made anew when SET ROLE or the like changes it.</summary>
    private QueryOrigin _origin = new(0, "", "", "");
    private string? _text;
    private int _start;
    private int _length;
    private Statement? _syntax;
    private long _startedAt;

    /// <summary>A text came that may hold several statements.</summary>
    public void Read(string sql) => Begin(sql, 0, sql.Length, null);

    /// <summary>One of the statements of a text is next.</summary>
    public void Read(StatementText statement) => Begin(statement.Source, statement.Start, statement.Length, statement.Syntax as Statement);

    /// <summary>A statement that was prepared is run.</summary>
    public void Run(PreparedStatement statement)
    {
        // The syntax of a template has its places in another text.
        var span = statement.Filled is null ? statement.Syntax?.Span : null;
        Begin(statement.Text, span?.Start ?? 0, span?.Length ?? statement.Text.Length, statement.Syntax);
        // Several statements may be run before the client asks whether all is well.
        Record?.End(null);
        Record = Recorded();
    }

    /// <summary>What is told of the statement that runs; null between statements, and while one is only prepared.</summary>
    public QueryRecord? Record { get; private set; }

    /// <summary>The statement is done.</summary>
    public void End()
    {
        if (_startedAt == 0) return;
        Record?.End(null);
        var duration = services.Clock.GetElapsedTime(_startedAt);
        if (_syntax is not null && ChangesCatalog(_syntax)) Report(StatementOutcome.Changed, duration, null);
        else if (services.SlowStatement > TimeSpan.Zero && duration >= services.SlowStatement)
            Report(StatementOutcome.Slow, duration, null);
        Forget();
    }

    public void Fail(SqlException error)
    {
        // A statement that could not even be prepared is told of too.
        if (_text is not null) (Record ?? Recorded()).End(error);
        var duration = _startedAt == 0 ? TimeSpan.Zero : services.Clock.GetElapsedTime(_startedAt);
        Report(error.State.Class == "57" ? StatementOutcome.Cancelled : StatementOutcome.Failed, duration, error);
        Forget();
    }

    private void Begin(string text, int start, int length, Statement? syntax)
    {
        if (_startedAt == 0) _startedAt = services.Clock.GetTimestamp();
        (_text, _start, _length, _syntax) = (text, start, length, syntax);
    }

    private void Forget()
    {
        Record = null;
        _startedAt = 0;
        _text = null;
        _syntax = null;
    }

    private void Report(StatementOutcome outcome, TimeSpan duration, SqlException? error)
    {
        if (services.OnStatement is not { } report) return;
        var (showsLiterals, text) = (ShowsLiterals, _text is null ? "" : _text.Substring(_start, _length));
        report(new StatementReport(
            outcome, session.ProcessId, session.User, session.Database, session.Origin.RemoteAddress?.ToString() ?? "",
            showsLiterals ? text : SqlText.WithoutLiterals(text), duration, error?.State.Code,
            showsLiterals ? error?.Message : null));
    }

    private bool ShowsLiterals => services.LogsLiterals && _syntax is not null && !HoldsSecrets(_syntax);

    private QueryRecord Recorded()
    {
        if (_origin.User != session.User || _origin.Database != session.Database)
            _origin = new QueryOrigin(session.ProcessId, session.User, session.Database, session.Origin.RemoteAddress?.ToString() ?? "");
        return services.Queries.Begin(_origin, _text!, _start, _length, ShowsLiterals ? null : s_withoutLiterals);
    }

    private static bool ChangesCatalog(Statement syntax) =>
        syntax is CreateServerStatement or AlterServerStatement or CreateUserMappingStatement or AlterUserMappingStatement
            or DropUserMappingStatement
        or CreateSchemaStatement or DropStatement or AlterSchemaLocationStatement or AlterOwnerStatement or CreateRoleStatement
        or AlterRoleStatement or RenameRoleStatement or DropRoleStatement or GrantRoleStatement or GrantStatement
        or AlterDefaultPrivilegesStatement
        or CallStatement or CreateTableStatement or CreateTableAsStatement;

    private static bool HoldsSecrets(Statement syntax) =>
        syntax is CreateServerStatement or AlterServerStatement or CreateUserMappingStatement or AlterUserMappingStatement
            or CreateRoleStatement or AlterRoleStatement;
}
