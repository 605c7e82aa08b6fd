using Federation.Catalog;
using Federation.Planner;
using Federation.Planner.Binding;
using Federation.Session.Catalogs;
using Federation.Session.Cursors;
using Federation.Session.Settings;
using Federation.Session.Statements;
using Federation.SessionApi;
using Federation.Sql;
using Federation.Sql.Syntax;

namespace Federation.Session;

/// <summary>
/// A client's session: settings, transaction, prepared statements and portals. It hands statements to their handlers and knows nothing of
/// any protocol.
/// </summary>
public sealed class QuerySession : ISession
{
    private readonly SessionServices _services;
    private readonly SessionFunctions _functions;
    private readonly StatementAnalyzer _analyzer;
    private readonly StatementTemplates _templates;
    private readonly Dictionary<string, PreparedStatement> _statements = new(StringComparer.Ordinal);
    private readonly SessionNotices _notices;
    private readonly StatementWatch _watch;
    /// <summary>Another session may be about to cancel it, so it is never disposed; it holds nothing.</summary>
    private readonly CancellationTokenSource _terminated = new();

    private readonly StatementLog _log;
    private volatile Func<SystemCatalog.CopyState>? _copy;
    private readonly PgTimestamp _startedAt;
    private volatile string _lastQuery = "";
    private PgTimestamp _stateChange;
    private TimeSpan _sleep;

    internal QuerySession(SessionServices services, SessionRegistry registry, SessionOrigin origin)
    {
        _services = services;
        _watch = new StatementWatch(services.Clock);
        _notices = new SessionNotices(Settings);
        _log = new StatementLog(this, services);
        Registry = registry;
        Origin = origin;
        Identity = new SessionIdentity(this, origin.User);
        Database = origin.Database;
        ProcessId = registry.NextId();
        Temporary = new TemporarySchema(this, services);
        _functions = new SessionFunctions(this, services);
        Transaction = new TransactionState(this, services);
        Suspended = new SuspendedPortals(services.SpillDirectory);
        Sequences = new SessionSequences(services);
        Locks = new Locks.SessionLocks(this, services.AdvisoryLocks);
        _analyzer = new StatementAnalyzer(this, services);
        _templates = new StatementTemplates(this, services, _analyzer);
        CatalogName = origin.Catalog ?? origin.Database;
        RemoteEndPoint = origin.RemoteAddress as System.Net.IPEndPoint;
        IsEncrypted = origin.IsEncrypted;
        _startedAt = ToTimestamp(services.Clock.GetUtcNow());
        Names = new SessionNames(this);
        Settings.SetDefault("session_authorization", origin.User);
        StatementTime = ToTimestamp(services.Clock.GetUtcNow());
    }

    public int ProcessId { get; }

    /// <summary>The current user, whose rights count.</summary>
    public string User => Identity.CurrentUser;

    internal SessionOrigin Origin { get; }

    /// <summary>Set when the session is no longer in the registry.</summary>
    internal TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal SessionIdentity Identity { get; }

    public string Database { get; }

    /// <summary>The catalog behind the database: another name only for the databases that every PostgreSQL has.</summary>
    internal string CatalogName { get; }

    internal bool IsEncrypted { get; }

    /// <summary>Where the client is; null when it does not come over TCP.</summary>
    internal System.Net.IPEndPoint? RemoteEndPoint { get; }

    public TransactionStatus TransactionStatus => Transaction.Status;

    public TextFormat TextFormat => Settings.TextFormat;

    public IReadOnlyList<KeyValuePair<string, string>> ReportedParameters => Settings.Reported;

    public CancellationToken StatementToken => _watch.Token;

    public IdleLimit? IdleLimit => TransactionStatus == TransactionStatus.Idle
        ? LimitOf("idle_session_timeout", SqlState.IdleSessionTimeout, "terminating connection due to idle-session timeout")
        : LimitOf("idle_in_transaction_session_timeout", SqlState.IdleInTransactionSessionTimeout,
            "terminating connection due to idle-in-transaction timeout");

    internal SessionRegistry Registry { get; }

    /// <summary>Binds statements, and the queries that they make for themselves.</summary>
    internal StatementAnalyzer Analyzer => _analyzer;

    /// <summary>What is told of the statement that runs.</summary>
    internal Federation.Execution.QueryRecord? Record => _log.Record;

    internal SessionSettings Settings { get; } = new();

    internal SessionNames Names { get; }

    internal TransactionState Transaction { get; }

    internal SuspendedPortals Suspended { get; }

    internal SessionSequences Sequences { get; }

    internal TemporarySchema Temporary { get; }

    /// <summary>The rows of the parts of WITH that were run for the present statement.</summary>
    internal Dictionary<StepRows, StreamedRows> StepRows { get; } = [];

    /// <summary>The start of the transaction, or of the statement outside one: now().</summary>
    internal PgTimestamp TransactionTime => Transaction.StartedAt ?? StatementTime;

    internal PgTimestamp StatementTime { get; private set; }

    internal ValueContext Values => new(Settings.TextFormat, TransactionTime);

    public SessionEvent? TakeEvent()
    {
        if (_notices.Take() is { } notice) return new SessionEvent.Notice(notice);
        return Settings.TakeChange() is { } change ? new SessionEvent.ParameterChanged(change.Key, change.Value) : null;
    }

    public ValueTask<IReadOnlyList<StatementText>> SplitAsync(string sql, CancellationToken cancellationToken)
    {
        _log.Read(sql);
        if (TextFormat.HasDefaultStyles && _services.Statements.FindParts(sql) is { } parts) return ValueTask.FromResult(parts);
        if (Transaction.Status != TransactionStatus.Failed && TextFormat.HasDefaultStyles && _templates.Find(sql) is { } use)
            return ValueTask.FromResult<IReadOnlyList<StatementText>>([new StatementText(sql, 0, sql.Length, use)]);
        return InStatementAsync(token => ParseAsync(sql, token), cancellationToken);
    }

    private ValueTask<IReadOnlyList<StatementText>> ParseAsync(string sql, CancellationToken cancellationToken) =>
        _services.Planning.RunAsync<IReadOnlyList<StatementText>>(
        sql.Length,
        () => [.. SqlParser.Parse(sql).Select(statement => new StatementText(sql, statement.Start, statement.Length, statement.Statement))],
        cancellationToken);

    public ValueTask<IPreparedStatement> PrepareAsync(string name, string sql, IReadOnlyList<Oid> parameterTypes,
        CancellationToken cancellationToken)
    {
        var isUndeclared = parameterTypes.All(type => type == Oid.None);
        if (isUndeclared && TextFormat.HasDefaultStyles && _services.Statements.Find(sql) is { } known)
        {
            BeginStatement(known);
            _log.Read(sql);
            AddStatement(name, known);
            return ValueTask.FromResult<IPreparedStatement>(known);
        }

        _log.Read(sql);
        return InStatementAsync(token => PrepareNewAsync(name, sql, parameterTypes, isUndeclared, token), cancellationToken);
    }

    private async ValueTask<IPreparedStatement> PrepareNewAsync(string name, string sql, IReadOnlyList<Oid> parameterTypes,
        bool isUndeclared, CancellationToken cancellationToken)
    {
        var statements = await _services.Planning.RunAsync(sql.Length, () => SqlParser.Parse(sql), cancellationToken);
        if (statements.Count > 1)
            throw new SqlException(SqlState.SyntaxError, "cannot insert multiple commands into a prepared statement");
        var syntax = statements.Count == 0 ? null : statements[0].Statement;
        if (syntax is not null) _log.Read(new StatementText(sql, statements[0].Start, statements[0].Length, syntax));
        var prepared = await AnalyzeAsync(sql, syntax, isUndeclared ? [] : parameterTypes.Select(OfDeclared).ToArray(), cancellationToken);
        if (isUndeclared && statements.Count == 1)
            _services.Statements.Add(new StatementText(sql, statements[0].Start, statements[0].Length, statements[0].Statement), prepared);
        AddStatement(name, prepared);
        return prepared;
    }

    public ValueTask<IPreparedStatement> PrepareAsync(StatementText statement, CancellationToken cancellationToken)
    {
        _log.Read(statement);
        // The text of several statements is never kept, so a kept text is this statement.
        if (!TextFormat.HasDefaultStyles || _services.Statements.Find(statement.Source) is not { } known)
            return InStatementAsync(token => PrepareNewAsync(statement, token), cancellationToken);
        BeginStatement(known);
        return ValueTask.FromResult<IPreparedStatement>(known);
    }

    public IPreparedStatement GetStatement(string name) => FindStatement(name);

    public void CloseStatement(string name) => _statements.Remove(name);

    public ValueTask<IPortal> BindAsync(
        string portalName, IPreparedStatement statement, EquatableArray<object?> parameters, CancellationToken cancellationToken) =>
        TryOpenNow(portalName, (PreparedStatement)statement, parameters) is { } portal
            ? ValueTask.FromResult(portal)
            : InStatementAsync(token => OpenAsync(portalName, statement, parameters, token), cancellationToken);

    /// <summary>
    /// The portal of a short query over constants and parameters, of which there may be tens of thousands in a second: it waits for
    /// nothing, so it takes none of the asynchronous steps. Null for every other statement, and for one that needs more stack, names, or an
    /// answer to its cancellation.
    /// </summary>
    private IPortal? TryOpenNow(string portalName, PreparedStatement prepared, EquatableArray<object?> parameters)
    {
        if (portalName.Length > 0 || prepared.Filled is not null || !prepared.MayAnswer || prepared.CatalogVersion != default
            || prepared.Text.Length > PlanningThreads.LongestShort || prepared.ShowsSchemas || prepared.NamedTypes.Count > 0
            || !TextFormat.HasDefaultStyles || Portals.Find("") is not null)
            return null;
        RequireUsable(prepared.Syntax);
        var token = ContinueStatement();
        if (token.IsCancellationRequested) return null;
        try
        {
            using var scope = StatementGuard.Enter(token);
            if (QueryStatements.TryAnswer(this, prepared, parameters) is not { } row) return null;
            _log.Run(prepared);
            if (Transaction.BeginExecution()) _notices.BeginStatement();
            var portal = new ConstantPortal(prepared.Fields, row);
            Portals.Add("", portal);
            return portal;
        }
        catch (Exception error) when (error is OperationCanceledException or UnresolvedNameException
            or SqlException { State.Code: "54001" or "57014" })
        {
            return null;
        }
    }

    private async ValueTask<IPortal> OpenAsync(string portalName, IPreparedStatement statement, EquatableArray<object?> parameters,
        CancellationToken cancellationToken)
    {
        var prepared = (PreparedStatement)statement;
        parameters = prepared.Filled?.Values ?? parameters;
        _log.Run(prepared);
        RequireUsable(prepared.Syntax);
        if (Transaction.BeginExecution()) _notices.BeginStatement();
        if (portalName.Length == 0) await ClosePortalAsync("");
        else if (Portals.Find(portalName) is not null)
            throw new SqlException(SqlState.DuplicateCursor, $"cursor \"{portalName}\" already exists");
        prepared = await _analyzer.RefreshAsync(prepared, parameters, cancellationToken);
        // EXECUTE runs what was prepared by name, against the present catalog and as the present user too.
        if (prepared.Syntax is ExecuteStatement execute && _statements.TryGetValue(execute.Name, out var named))
        {
            _statements[execute.Name] = named =
                await _analyzer.RefreshAsync(named, PreparedStatements.TryArguments(this, execute, named), cancellationToken);
            await TableRights.RequireReadsAsync(this, named, cancellationToken);
        }

        await TableRights.RequireReadsAsync(this, prepared, cancellationToken);
        var portal = prepared.Filled is { } filled
            ? await OpenFilledAsync(prepared, filled, cancellationToken)
            : await OpenAsync(prepared, parameters, cancellationToken);
        if (portalName.Length > 0 && portal is { Fields: not null, CopyOut: null })
            portal = new CursorPortal(this, portal, canScroll: false, _services.SpillDirectory)
            {
                State = new(portalName, prepared.Text, false, false, false, StatementTime), Depth = Transaction.SavepointCount,
            };
        Portals.Add(portalName, portal);
        return portal;
    }

    private async ValueTask<IPortal> OpenAsync(PreparedStatement prepared, EquatableArray<object?> parameters,
        CancellationToken cancellationToken)
    {
        var shown = prepared.Syntax is ExecuteStatement execute ? _statements.GetValueOrDefault(execute.Name) ?? prepared : prepared;
        await Names.LoadAsync(shown, cancellationToken);
        var (portal, isConstant) = await Names.ResolvingAsync(
            () => _services.Planning.RunAsync(
                prepared.Text.Length,
                () => (StatementHandlers.Open(this, _services, prepared, parameters), QueryStatements.IsConstant(prepared)),
                cancellationToken),
            cancellationToken);
        if (portal is RowPortal rows && isConstant) await rows.PrefetchAsync(cancellationToken);
        return portal;
    }

    /// <summary>
    /// A template may be older than the tables that it reads. The client has sent a new text, which is to be bound to what they are now, so
    /// the first rows are read before anything is announced.
    /// </summary>
    private async ValueTask<IPortal> OpenFilledAsync(PreparedStatement prepared, FilledTemplate filled, CancellationToken cancellationToken)
    {
        var portal = (RowPortal)StatementHandlers.Open(this, _services, prepared, filled.Values);
        try
        {
            await portal.PrefetchAsync(cancellationToken);
            return portal;
        }
        catch (SqlException error) when (error.State == SqlState.FeatureNotSupported || error.State == SqlState.UndefinedTable
            || error.State == SqlState.UndefinedColumn)
        {
            await portal.DisposeAsync();
            filled.Use.Template.Statement = null;
        }

        var sql = filled.Use.Sql;
        return await OpenAsync(
            await AnalyzeAsync(sql, (Statement)(await ParseAsync(sql, cancellationToken)).Single().Syntax, null, cancellationToken),
            default, cancellationToken);
    }

    internal SessionPortals Portals { get; } = new();

    public IPortal GetPortal(string name) => Portals.Get(name);

    public ValueTask ClosePortalAsync(string name) => Portals.CloseAsync(name);

    public void BeginImplicitBlock() => Transaction.BeginImplicitBlock();

    public void EndAfterStatement() => Transaction.EndAfterStatement();

    public async ValueTask EndImplicitTransactionAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Transaction.EndImplicitAsync(cancellationToken);
            _log.End();
        }
        finally
        {
            if (Transaction.Status == TransactionStatus.Idle) await Portals.CloseAllAsync();
            _watch.End();
        }
    }

    public async ValueTask FailAsync(SqlException error)
    {
        _log.Fail(error);
        _watch.End();
        Transaction.Fail();
        if (Transaction.Status != TransactionStatus.InTransaction) await Portals.CloseAllAsync();
    }

    public void EndStatement()
    {
        if (_watch.IsRunning) _stateChange = ToTimestamp(_services.Clock.GetUtcNow());
        _watch.End();
        _log.End();
    }

    /// <summary>What pg_stat_activity shows. Another session's thread asks; what it sees may be a moment old.</summary>
    internal SystemCatalog.SessionState Describe()
    {
        var (isRunning, status) = (_watch.IsRunning, TransactionStatus);
        var state = isRunning ? "active" : status switch
        {
            TransactionStatus.InTransaction => "idle in transaction",
            TransactionStatus.Failed => "idle in transaction (aborted)",
            _ => "idle",
        };
        return new SystemCatalog.SessionState(ProcessId, Database, User, Settings.Get("application_name"), state, _lastQuery)
        {
            Address = RemoteEndPoint is { } point
                ? (point.Address.IsIPv4MappedToIPv6 ? point.Address.MapToIPv4() : point.Address).ToString()
                : null,
            Port = RemoteEndPoint?.Port,
            IsEncrypted = IsEncrypted,
            StartedAt = _startedAt,
            TransactionStart = Transaction.StartedAt ?? (isRunning ? StatementTime : null),
            QueryStart = StatementTime,
            StateChange = isRunning ? StatementTime : _stateChange,
            Copy = _copy?.Invoke(),
        };
    }

    /// <summary>Shows a COPY to other sessions until the value is disposed.</summary>
    /// <param name="describe">How far it is; any thread may ask.</param>
    internal IDisposable ShowCopy(Func<SystemCatalog.CopyState> describe)
    {
        _copy = describe;
        return new ShownCopy(this);
    }

    /// <summary>What pg_prepared_statements shows.</summary>
    internal IReadOnlyList<SystemCatalog.PreparedState> DescribePrepared() =>
        [.. _statements.Where(item => item.Key.Length > 0).OrderBy(item => item.Key, StringComparer.Ordinal)
            .Select(item => item.Value.Describe(item.Key))];

    public bool CancelRunning() => _watch.Cancel();

    public SqlException Cancelled() => _terminated.IsCancellationRequested
        ? new SqlException(SqlState.AdminShutdown, "terminating connection due to administrator command") { IsFatal = true }
        : _watch.Cancelled();

    public CancellationToken Terminated => _terminated.Token;

    /// <summary>Ends the session: what runs now, and then the connection. Safe from any thread.</summary>
    internal void Terminate()
    {
        _terminated.Cancel();
        _watch.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        Registry.Remove(this);
        await Portals.CloseAllAsync(keepsHeld: false);
        Transaction.Forget();
        Locks.ReleaseAll();
        await Temporary.RemoveAsync();
        _watch.Dispose();
    }

    internal static PgTimestamp ToTimestamp(DateTimeOffset time) => new((time - DateTimeOffset.UnixEpoch).Ticks / 10);

    internal Locks.SessionLocks Locks { get; }

    internal void Notify(NoticeSeverity severity, SqlState state, string message, string? detail = null) =>
        _notices.Add(new SqlNotice(severity, state, message) { Detail = detail });

    /// <summary>As <see cref="Notify"/>, once for a statement.</summary>
    internal void NotifyOnce(NoticeSeverity severity, SqlState state, string message, string? detail = null) =>
        _notices.AddOnce(new SqlNotice(severity, state, message) { Detail = detail });

    /// <summary>Who may do what, as this transaction sees it.</summary>
    internal async ValueTask<AccessRights> RightsAsync(CancellationToken cancellationToken) =>
        RightsOf(await Transaction.GetCatalogAsync(cancellationToken));

    internal AccessRights RightsOf(ICatalogSnapshot catalog) => new(catalog, Identity.Trusted);

    internal PreparedStatement FindStatement(string name) => _statements.GetValueOrDefault(name)
        ?? throw new SqlException(SqlState.InvalidSqlStatementName,
            name.Length == 0 ? "unnamed prepared statement does not exist" : $"prepared statement \"{name}\" does not exist");

    internal void AddStatement(string name, PreparedStatement statement)
    {
        if (name.Length > 0 && _statements.ContainsKey(name))
            throw new SqlException(SqlState.DuplicatePstatement, $"prepared statement \"{name}\" already exists");
        _statements[name] = statement;
    }

    internal void CloseAllStatements()
    {
        foreach (var name in _statements.Keys.Where(name => name.Length > 0).ToArray()) _statements.Remove(name);
    }

    internal ValueTask<PreparedStatement> AnalyzeAsync(string text, Statement? syntax, IReadOnlyList<SqlType?>? declared,
        CancellationToken cancellationToken)
    {
        StatementTime = ToTimestamp(_services.Clock.GetUtcNow());
        _lastQuery = text;
        RequireUsable(syntax);
        _notices.BeginStatement();
        Names.Forget();
        return _analyzer.AnalyzeAsync(text, syntax, declared, cancellationToken);
    }

    internal Federation.Planner.ExecutionContext Execution(EquatableArray<object?> parameters) =>
        new(parameters, _functions.Evaluate, Settings.TextFormat.ObjectNames)
    {
        PushesSubtrees = Settings.Get("federation.pushdown") == "on",
    };

    /// <summary>Finds tables and servers as this session sees them.</summary>
    internal TableResolver Resolver(ICatalogSnapshot catalog) => _analyzer.Resolver(catalog);

    internal BindContext Nameless => new(_ => null, [], Values);

    public ValueTask ResolveNameAsync(UnresolvedNameException name, CancellationToken cancellationToken) =>
        Names.ResolveAsync(name, cancellationToken);

    internal string? FindSetting(string name) => Settings.Find(name);

    internal string ShowSetting(string name) => Settings.Show(name);

    internal void SetSetting(string name, string? value, bool isLocal) => Settings.Set(name, value, isLocal);

    /// <summary>The table that a name means now; null when there is none. Raises 42501 for one that the user may not read.</summary>
    internal async ValueTask<Planner.Binding.ResolvedTable?> FindTableAsync(QualifiedName name, CancellationToken cancellationToken) =>
        await _analyzer.Resolver(await Transaction.GetCatalogAsync(cancellationToken))
            .ResolveAsync(new TableName(name), null, cancellationToken);

    /// <summary>The managed table that a name means now; null when it means another kind of table or none.</summary>
    internal async ValueTask<TableEntry?> FindEntryAsync(QualifiedName name, CancellationToken cancellationToken) =>
        await _analyzer.Resolver(await Transaction.GetCatalogAsync(cancellationToken)).FindEntryAsync(name, cancellationToken);

    /// <summary>The managed table or view that a name means now; null when it means something else or nothing.</summary>
    internal async ValueTask<RelationEntry?> FindRelationAsync(QualifiedName name, CancellationToken cancellationToken) =>
        await _analyzer.Resolver(await Transaction.GetCatalogAsync(cancellationToken)).FindRelationAsync(name, cancellationToken);

    /// <summary>pg_sleep: the statement waits before its rows come.</summary>
    internal void Sleep(TimeSpan time) => _sleep += time;

    internal TimeSpan TakeSleep()
    {
        var sleep = _sleep;
        _sleep = TimeSpan.Zero;
        return sleep;
    }

    /// <summary>A statement begins, or goes on with a further message; its timeout runs from the first.</summary>
    internal CancellationToken ContinueStatement()
    {
        _watch.Begin(TimeSpan.FromMilliseconds(Settings.GetInteger("statement_timeout")));
        return _watch.Token;
    }

    /// <summary>Does a part of a statement that can be cancelled, and says why when it was.</summary>
    private async ValueTask<T> InStatementAsync<T>(Func<CancellationToken, ValueTask<T>> work, CancellationToken cancellationToken)
    {
        var token = ContinueStatement();
        using var link = cancellationToken.UnsafeRegister(static watch => ((StatementWatch)watch!).Cancel(), _watch);
        try
        {
            token.ThrowIfCancellationRequested();
            return await work(token);
        }
        catch (Exception error)
            when (token.IsCancellationRequested && error is OperationCanceledException or SqlException { State.Code: "57014" })
        {
            throw Cancelled();
        }
    }

    private IdleLimit? LimitOf(string setting, SqlState state, string message) => Settings.GetInteger(setting) is > 0 and var milliseconds
        ? new IdleLimit(TimeSpan.FromMilliseconds(milliseconds), new SqlException(state, message) { IsFatal = true })
        : null;

    private async ValueTask<IPreparedStatement> PrepareNewAsync(StatementText statement, CancellationToken cancellationToken)
    {
        if (statement.Syntax is TemplateUse use)
        {
            BeginStatement(use.Sql, null);
            if (await _templates.TryPrepareAsync(use, cancellationToken) is { } filled) return filled;
            statement = (await ParseAsync(use.Sql, cancellationToken)).Single();
        }

        var prepared = await AnalyzeAsync(statement.Source, (Statement)statement.Syntax, null, cancellationToken);
        // Only a statement that is the whole of its text may be kept: nothing but blanks and a semicolon around it.
        if (statement.Source.AsSpan(0, statement.Start).IsWhiteSpace()
            && statement.Source.AsSpan(statement.Start + statement.Length).Trim() is "" or ";")
            _services.Statements.Add(statement, prepared);
        return prepared;
    }

    /// <summary>What analysing would do for a statement that was analysed before.</summary>
    private void BeginStatement(PreparedStatement statement) => BeginStatement(statement.Text, statement.Syntax);

    private void BeginStatement(string text, Statement? syntax)
    {
        StatementTime = ToTimestamp(_services.Clock.GetUtcNow());
        _lastQuery = text;
        RequireUsable(syntax);
        Transaction.BeginStatement();
    }

    private static SqlType? OfDeclared(Oid oid) => oid == Oid.None || oid == PgTypes.Unknown.Oid ? null
        : SqlType.FromOid(oid) ?? throw new SqlException(SqlState.UndefinedObject, $"type with OID {oid} does not exist");

    private void RequireUsable(Statement? syntax)
    {
        if (Transaction.Status != TransactionStatus.Failed || syntax is null) return;
        if (syntax is TransactionStatement { Command: TransactionCommand.Commit or TransactionCommand.Rollback
            or TransactionCommand.RollbackTo or TransactionCommand.PrepareTransaction }) return;
        throw new SqlException(SqlState.InFailedSqlTransaction,
            "current transaction is aborted, commands ignored until end of transaction block");
    }

    private sealed record ShownCopy(QuerySession Session) : IDisposable
    {
        public void Dispose() => Session._copy = null;
    }
}
