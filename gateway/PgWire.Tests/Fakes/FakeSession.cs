using Federation.Arrow;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.SessionApi;

namespace Federation.PgWire.Tests.Fakes;

/// <summary>
/// A session that knows a few statements by their first word and canned results by their text; enough to walk every path of the protocol.
/// </summary>
internal sealed class FakeSession(FakeResults results, int processId) : ISession
{
    private readonly Dictionary<string, FakeStatement> _statements = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FakePortal> _portals = new(StringComparer.Ordinal);
    private readonly Queue<SessionEvent> _events = [];
    private CancellationTokenSource? _running;

    public int ProcessId => processId;

    public CancellationToken Terminated => CancellationToken.None;

    public bool IsDisposed { get; private set; }

    public int CancelCount { get; private set; }

    public TransactionStatus TransactionStatus { get; private set; }

    public TextFormat TextFormat { get; init; } = TextFormat.Default;

    public IReadOnlyList<KeyValuePair<string, string>> ReportedParameters { get; } =
    [
        new("client_encoding", "UTF8"), new("DateStyle", "ISO, MDY"), new("integer_datetimes", "on"), new("server_version", "15.0"),
        new("standard_conforming_strings", "on"), new("TimeZone", "UTC"),
    ];

    public ValueTask ResolveNameAsync(UnresolvedNameException name, CancellationToken cancellationToken) => throw name;

    public SessionEvent? TakeEvent() => _events.TryDequeue(out var taken) ? taken : null;

    public ValueTask<IReadOnlyList<StatementText>> SplitAsync(string sql, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<StatementText>>(Split(sql));

    private static List<StatementText> Split(string sql)
    {
        if (sql.Contains("syntax error", StringComparison.Ordinal))
            throw new SqlException(
                SqlState.SyntaxError, "syntax error at or near \"syntax\"") { Position = sql.IndexOf(
                    "syntax", StringComparison.Ordinal) + 1 };
        return sql.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(part => !part.StartsWith("--", StringComparison.Ordinal))
            .Select(part => new StatementText(sql, 0, part.Length, part)).ToList();
    }

    public ValueTask<IPreparedStatement> PrepareAsync(
        string name, string sql, IReadOnlyList<Oid> parameterTypes, CancellationToken cancellationToken)
    {
        var statements = Split(sql);
        if (statements.Count > 1) throw new SqlException(SqlState.SyntaxError, "cannot insert multiple commands into a prepared statement");
        if (name.Length > 0 && _statements.ContainsKey(name))
            throw new SqlException(SqlState.DuplicatePstatement, $"prepared statement \"{name}\" already exists");
        var statement = Analyse(statements.Count == 0 ? "" : (string)statements[0].Syntax, parameterTypes);
        _statements[name] = statement;
        return ValueTask.FromResult<IPreparedStatement>(statement);
    }

    public ValueTask<IPreparedStatement> PrepareAsync(StatementText statement, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IPreparedStatement>(Analyse((string)statement.Syntax, []));

    public IPreparedStatement GetStatement(string name) =>
        _statements.TryGetValue(name, out var statement) ? statement
        : throw new SqlException(
            SqlState.InvalidSqlStatementName, name.Length == 0
                ? "unnamed prepared statement does not exist"
                : $"prepared statement \"{name}\" does not exist");

    public void CloseStatement(string name) => _statements.Remove(name);

    public ValueTask<IPortal> BindAsync(
        string portalName, IPreparedStatement statement, EquatableArray<object?> parameters, CancellationToken cancellationToken)
    {
        if (portalName.Length > 0 && _portals.ContainsKey(portalName))
            throw new SqlException(SqlState.DuplicateCursor, $"cursor \"{portalName}\" already exists");
        var portal = new FakePortal(this, (FakeStatement)statement, parameters);
        _portals[portalName] = portal;
        return ValueTask.FromResult<IPortal>(portal);
    }

    public IPortal GetPortal(string name) =>
        _portals.TryGetValue(name, out var portal)
            ? portal
            : throw new SqlException(SqlState.UndefinedCursor, $"portal \"{name}\" does not exist");

    public ValueTask ClosePortalAsync(string name)
    {
        _portals.Remove(name);
        return ValueTask.CompletedTask;
    }

    public void BeginImplicitBlock()
    {
        // The fake has no transactions to share.
    }

    public void EndAfterStatement()
    {
    }

    public ValueTask EndImplicitTransactionAsync(CancellationToken cancellationToken)
    {
        if (TransactionStatus == TransactionStatus.Idle) _portals.Clear();
        return ValueTask.CompletedTask;
    }

    public ValueTask FailAsync(SqlException error)
    {
        if (TransactionStatus == TransactionStatus.InTransaction) TransactionStatus = TransactionStatus.Failed;
        return ValueTask.CompletedTask;
    }

    public CancellationToken StatementToken => CancellationToken.None;

    public IdleLimit? IdleLimit => null;

    public void EndStatement()
    {
        // The fake has no timeouts.
    }

    public SqlException Cancelled() => new(SqlState.QueryCanceled, "canceling statement due to user request");

    public bool CancelRunning()
    {
        CancelCount++;
        _running?.Cancel();
        return true;
    }

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }

    internal async ValueTask<string> RunAsync(string sql, CancellationToken cancellationToken)
    {
        var words = sql.Split(' ');
        if (TransactionStatus == TransactionStatus.Failed && words[0] is not ("rollback" or "commit"))
            throw new SqlException(
                SqlState.InFailedSqlTransaction, "current transaction is aborted, commands ignored until end of transaction block");
        switch (words[0])
        {
            case "begin":
                TransactionStatus = TransactionStatus.InTransaction;
                return "BEGIN";
            case "commit" or "rollback":
                var failed = TransactionStatus == TransactionStatus.Failed;
                TransactionStatus = TransactionStatus.Idle;
                _portals.Clear();
                return failed ? "ROLLBACK" : words[0].ToUpperInvariant();
            case "set" when words.Length > 2:
                _events.Enqueue(new SessionEvent.ParameterChanged(words[1], words[2]));
                return "SET";
            case "notice":
                _events.Enqueue(
                    new SessionEvent.Notice(
                        new SqlNotice(NoticeSeverity.Notice, SqlState.SuccessfulCompletion, "hello") { Hint = "none" }));
                return "NOTICE";
            case "fail": throw new SqlException(
                SqlState.DivisionByZero, "division by zero") { Routine = "int4div", Detail = "the detail", Position = 3 };
            case "crash": throw new InvalidOperationException("the session is broken");
            case "sleep":
                using (_running = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
                {
                    try
                    {
                        await Task.Delay(Timeout.Infinite, _running.Token);
                    }
                    catch (OperationCanceledException)
                    {
                        throw new SqlException(SqlState.QueryCanceled, "canceling statement due to user request");
                    }
                    finally
                    {
                        _running = null;
                    }
                }

                return "SLEEP";
            default: return "OK";
        }
    }

    private FakeStatement Analyse(string sql, IReadOnlyList<Oid> parameterTypes)
    {
        var types = results.ParameterTypes(sql).Select((type, i) =>
            i < parameterTypes.Count && parameterTypes[i] != Oid.None ? SqlType.FromOid(parameterTypes[i])! : type).ToEquatableArray();
        return new FakeStatement(sql, types, results.Find(sql), results.FindCopy(sql));
    }
}

internal sealed record FakeStatement(
    string Sql, EquatableArray<SqlType> ParameterTypes, FakeResult? Result, CopyOut? Copy) : IPreparedStatement
{
    public EquatableArray<ResultField>? Fields => Copy is null ? Result?.Fields : null;

    public bool IsEmpty => Sql.Length == 0;
}

internal sealed class FakePortal(FakeSession session, FakeStatement statement, EquatableArray<object?> parameters) : IPortal
{
    private IEnumerator<Batch>? _batches;
    private string _tag = "";
    private long _total;

    public EquatableArray<ResultField>? Fields => statement.Fields;

    public bool IsEmpty => statement.IsEmpty;

    public CopyOut? CopyOut => statement.Copy;

    public async ValueTask<Batch?> NextBatchAsync(CancellationToken cancellationToken)
    {
        if (statement.Result is null)
        {
            _tag = await session.RunAsync(statement.Sql, cancellationToken);
            return null;
        }

        if (session.TransactionStatus == TransactionStatus.Failed) await session.RunAsync(statement.Sql, cancellationToken);
        _batches ??= statement.Result.Batches(parameters).GetEnumerator();
        if (!_batches.MoveNext()) return null;
        _total += _batches.Current.RowCount;
        return _batches.Current;
    }

    public string CommandTag(long rows) =>
        statement.Copy is not null ? $"COPY {_total}" : statement.Result is not null ? $"SELECT {rows}" : _tag;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
