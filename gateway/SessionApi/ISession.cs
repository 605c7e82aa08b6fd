using Federation.Arrow;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.SessionApi;

/// <summary>The byte of ReadyForQuery.</summary>
public enum TransactionStatus
{
    Idle,
    InTransaction,
    Failed,
}

/// <summary>
/// One client's session, all that a protocol sees of the engine. Calls are made one at a time, except <see cref="CancelRunning"/>, which
/// any thread may call. Errors are <see cref="SqlException"/>s; a FATAL one ends the session.
/// </summary>
public interface ISession : IAsyncDisposable
{
    /// <summary>pg_backend_pid(); unique among the live sessions of all gateways.</summary>
    int ProcessId { get; }

    TransactionStatus TransactionStatus { get; }

    /// <summary>The settings that decide how values are written as text. Replaced, never changed, by SET.</summary>
    TextFormat TextFormat { get; }

    /// <summary>The parameters that ParameterStatus announces, in order, with their present values.</summary>
    IReadOnlyList<KeyValuePair<string, string>> ReportedParameters { get; }

    /// <summary>
    /// Takes the next notice or changed reported parameter that the client has not been told of, oldest first; null when none.
    /// </summary>
    SessionEvent? TakeEvent();

    /// <summary>
    /// Splits a simple query string. A syntax error anywhere fails the whole string. An empty result means EmptyQueryResponse.
    /// </summary>
    ValueTask<IReadOnlyList<StatementText>> SplitAsync(string sql, CancellationToken cancellationToken);

    /// <summary>
    /// Analyses one statement: parameter and result types come from the binder; nothing is run. <paramref name="parameterTypes"/> may be
    /// shorter than the parameter list; OID 0 means "infer". The empty name is the unnamed statement, replaced silently; a name in use
    /// raises 42P05. More than one statement raises 42601.
    /// </summary>
    ValueTask<IPreparedStatement> PrepareAsync(string name, string sql, IReadOnlyList<Oid> parameterTypes,
        CancellationToken cancellationToken);

    /// <summary>Analyses one statement of a simple query string; its positions count from the start of that string.</summary>
    ValueTask<IPreparedStatement> PrepareAsync(StatementText statement, CancellationToken cancellationToken);

    /// <summary>
    /// Looks up what a parameter names, so that reading it again gives the object, or PostgreSQL's error when there is none.
    /// </summary>
    ValueTask ResolveNameAsync(UnresolvedNameException name, CancellationToken cancellationToken);

    /// <summary>Raises 26000 when there is none.</summary>
    IPreparedStatement GetStatement(string name);

    /// <summary>No error when there is none.</summary>
    void CloseStatement(string name);

    /// <summary>
    /// Makes a portal. Values have the CLR forms listed in Values.cs for <see cref="IPreparedStatement.ParameterTypes"/>. The empty name is
    /// replaced silently; a name in use raises 42P03. Nothing is run yet.
    /// </summary>
    ValueTask<IPortal> BindAsync(
        string portalName, IPreparedStatement statement, EquatableArray<object?> parameters, CancellationToken cancellationToken);

    /// <summary>Raises 34000 when there is none.</summary>
    IPortal GetPortal(string name);

    /// <summary>No error when there is none.</summary>
    ValueTask ClosePortalAsync(string name);

    /// <summary>
    /// Told before the first statement of a simple query string that holds several: they share one implicit transaction.
    /// </summary>
    void BeginImplicitBlock();

    /// <summary>
    /// Told before the only statement of a transaction is run, when it is known that nothing follows it: it may then commit by itself, and
    /// be run again when it clashes with another transaction.
    /// </summary>
    void EndAfterStatement();

    /// <summary>
    /// End of a simple query string, or Sync: commits the implicit transaction if one is open. Portals of an ended transaction are gone.
    /// </summary>
    ValueTask EndImplicitTransactionAsync(CancellationToken cancellationToken);

    /// <summary>Told of every error that was sent to the client: aborts the implicit transaction or fails the explicit one.</summary>
    ValueTask FailAsync(SqlException error);

    /// <summary>The statement's rows are sent, or it was given up; what comes next is another one, with a timeout of its own.</summary>
    void EndStatement();

    /// <summary>Ends the statement in progress with 57014; false when none is, and nothing happens. Safe from any thread.</summary>
    bool CancelRunning();

    /// <summary>
    /// Cancelled when the session has to end, by pg_terminate_backend. What runs then ends with <see cref="Cancelled"/>; whoever waits for
    /// the client raises it.
    /// </summary>
    CancellationToken Terminated { get; }

    /// <summary>Cancelled with the statement in progress: for the time in which its rows are sent.</summary>
    CancellationToken StatementToken { get; }

    /// <summary>Why <see cref="StatementToken"/> was cancelled, in PostgreSQL's words.</summary>
    SqlException Cancelled();

    /// <summary>
    /// How long the session may wait for its client now, and the error that ends it then; null when it may wait for ever.
    /// </summary>
    IdleLimit? IdleLimit { get; }
}

/// <summary>How long a session may be idle, and the FATAL error behind that.</summary>
public sealed record IdleLimit(TimeSpan Time, SqlException Error);

/// <summary>Something the client has to be told besides results.</summary>
public abstract record SessionEvent
{
    private SessionEvent() { }

    public sealed record Notice(SqlNotice Message) : SessionEvent;

    public sealed record ParameterChanged(string Name, string Value) : SessionEvent;
}

/// <summary>One statement within a query string. <paramref name="Start"/> is its 0-based character offset there.</summary>
public sealed record StatementText(string Source, int Start, int Length, object Syntax);

/// <summary>A result column as RowDescription announces it. Table OID and attribute number are 0 for expressions.</summary>
public sealed record ResultField(string Name, SqlType Type, Oid TableOid, short AttributeNumber);

/// <summary>An analysed statement. Stays valid until closed; immutable and reusable.</summary>
public interface IPreparedStatement
{
    EquatableArray<SqlType> ParameterTypes { get; }

    /// <summary>Null for statements that return no rows (NoData), COPY among them.</summary>
    EquatableArray<ResultField>? Fields { get; }

    /// <summary>An empty or comment-only query: Execute answers EmptyQueryResponse.</summary>
    bool IsEmpty { get; }
}

/// <summary>
/// A running statement. The first call of <see cref="NextBatchAsync"/> starts it; statements without rows do their work in that call.
/// </summary>
public interface IPortal : IAsyncDisposable
{
    /// <summary>Null for statements that return no rows.</summary>
    EquatableArray<ResultField>? Fields { get; }

    bool IsEmpty { get; }

    /// <summary>
    /// In a simple query the first step is made before the rows are described, so that its error comes instead of the description:
    /// PostgreSQL's way with commands that return rows, such as FETCH.
    /// </summary>
    bool RunsBeforeDescription => false;

    /// <summary>
    /// Set for COPY … TO STDOUT: the batches are to be sent as copy data in this format. Columns are <see cref="CopyOut.Fields"/>.
    /// </summary>
    CopyOut? CopyOut { get; }

    /// <summary>
    /// The next rows, or null at the end. The caller owns the batch. Continues the same run after a pause. A cancelled statement throws
    /// 57014.
    /// </summary>
    ValueTask<Batch?> NextBatchAsync(CancellationToken cancellationToken);

    /// <summary>
    /// The same, with no more rows than asked for where the portal can keep the rest for others who read it: FETCH and MOVE of SQL go on
    /// behind the rows of an Execute.
    /// </summary>
    ValueTask<Batch?> NextBatchAsync(long mostRows, CancellationToken cancellationToken) => NextBatchAsync(cancellationToken);

    /// <summary>
    /// The tag of CommandComplete once <see cref="NextBatchAsync"/> returned null; <paramref name="rows"/> is what this Execute has sent.
    /// </summary>
    string CommandTag(long rows);
}
