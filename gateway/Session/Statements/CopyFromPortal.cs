using Federation.Arrow;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>COPY … FROM STDIN: an INSERT whose source is the client.</summary>
internal sealed class CopyFromPortal(QuerySession session, SessionServices services, PreparedStatement statement, CopyStatement copy,
    CopyIn options) : Portal(session), ICopyPortal
{
    public override EquatableArray<ResultField>? Fields => null;

    public CopyIn CopyIn => options;

    public override string CommandTag(long rows) => $"COPY {rows}";

    public ValueTask<long> ReceiveAsync(IAsyncEnumerable<Batch> rows, CancellationToken cancellationToken) =>
        new CopiedRows(Session, services, statement, copy, options).InsertAsync(rows, cancellationToken);

    protected override ValueTask<Batch?> AdvanceAsync(CancellationToken cancellationToken) =>
        throw new SqlException(SqlState.FeatureNotSupported, "COPY FROM STDIN needs a client that sends rows");
}
