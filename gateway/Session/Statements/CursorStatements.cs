using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>DECLARE, FETCH, MOVE and CLOSE. A cursor is a named portal; it reads forward only.</summary>
internal static class CursorStatements
{
    public static string Declare(QuerySession session, SessionServices services, PreparedStatement statement, DeclareCursorStatement declare, EquatableArray<object?> parameters)
    {
        if (!declare.IsHold) session.Transaction.RequireBlock("DECLARE CURSOR");
        if (declare.IsScroll == true)
            throw new SqlException(SqlState.FeatureNotSupported, "scrollable cursors are not supported") { Hint = "Cursors read forward only." };
        if (session.FindPortal(declare.Name) is not null)
            throw new SqlException(SqlState.DuplicateCursor, $"cursor \"{declare.Name}\" already exists");
        var fields = PreparedStatement.FieldsOf(statement.Query!);
        session.AddPortal(declare.Name, new CursorPortal(session, new RowPortal(
            session, fields, token => QueryStatements.RunAsync(session, services, statement, parameters, token), rows => $"SELECT {rows}")) { IsHeld = declare.IsHold });
        return "DECLARE CURSOR";
    }

    public static IPortal Fetch(QuerySession session, FetchStatement fetch)
    {
        if (session.FindPortal(fetch.Cursor) is not CursorPortal cursor)
            throw new SqlException(SqlState.UndefinedCursor, $"cursor \"{fetch.Cursor}\" does not exist");
        if (fetch.Direction is not (FetchDirection.Forward or FetchDirection.Relative) || fetch.Count < 0)
        {
            throw new SqlException(SqlState.ObjectNotInPrerequisiteState, "cursor can only scan forward")
            {
                Hint = "Declare it with SCROLL option to enable backward scan.",
            };
        }

        var count = fetch.Count ?? long.MaxValue;
        if (fetch.Direction == FetchDirection.Relative && count > 1)
            throw new SqlException(SqlState.FeatureNotSupported, "FETCH RELATIVE is not supported");
        return fetch.IsMove
            ? new CommandPortal(session, async token => $"MOVE {await cursor.SkipAsync(count, token)}")
            : new RowPortal(session, cursor.Fields, token => cursor.TakeAsync(count, token), rows => $"FETCH {rows}");
    }

    public static async ValueTask<string> CloseAsync(QuerySession session, CloseCursorStatement close)
    {
        if (close.Name is not { } name)
        {
            await session.CloseCursorsAsync();
            return "CLOSE CURSOR ALL";
        }

        if (session.FindPortal(name) is null)
            throw new SqlException(SqlState.UndefinedCursor, $"cursor \"{name}\" does not exist");
        await session.ClosePortalAsync(name);
        return "CLOSE CURSOR";
    }
}

/// <summary>A portal that is read a number of rows at a time; what is left of a batch waits for the next FETCH.</summary>
internal sealed class CursorPortal(QuerySession session, RowPortal rows) : Portal(session)
{
    private Batch? _rest;
    private int _next;

    /// <summary>WITH HOLD: outlives the transaction that declared it.</summary>
    public bool IsHeld { get; init; }

    public override EquatableArray<ResultField>? Fields => rows.Fields;

    public override string CommandTag(long count) => rows.CommandTag(count);

    public override async ValueTask DisposeAsync()
    {
        _rest?.Dispose();
        _rest = null;
        await rows.DisposeAsync();
        await base.DisposeAsync();
    }

    public async IAsyncEnumerable<Batch> TakeAsync(long count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (count > 0)
        {
            if (!await FillAsync(cancellationToken)) yield break;
            var taken = (int)Math.Min(count, _rest!.RowCount - _next);
            count -= taken;
            if (taken == _rest.RowCount)
            {
                var whole = _rest;
                _rest = null;
                yield return whole;
                continue;
            }

            yield return BatchCopy.Slice(_rest, _next, taken, Fields!.Value);
            Advance(taken);
        }
    }

    public async ValueTask<long> SkipAsync(long count, CancellationToken cancellationToken)
    {
        var skipped = 0L;
        while (skipped < count && await FillAsync(cancellationToken))
        {
            var taken = (int)Math.Min(count - skipped, _rest!.RowCount - _next);
            skipped += taken;
            Advance(taken);
        }

        return skipped;
    }

    protected override async ValueTask<Batch?> AdvanceAsync(CancellationToken cancellationToken)
    {
        if (!await FillAsync(cancellationToken)) return null;
        var batch = _next == 0 ? _rest! : BatchCopy.Slice(_rest!, _next, _rest!.RowCount - _next, Fields!.Value);
        if (_next > 0) _rest!.Dispose();
        _rest = null;
        return batch;
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_rest is not null) return true;
        _rest = await rows.NextBatchAsync(cancellationToken);
        _next = 0;
        return _rest is not null;
    }

    private void Advance(int rowsTaken)
    {
        _next += rowsTaken;
        if (_next < _rest!.RowCount) return;
        _rest.Dispose();
        _rest = null;
    }
}
