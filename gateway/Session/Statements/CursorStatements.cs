using Federation.Session.Cursors;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>DECLARE, FETCH, MOVE and CLOSE. A cursor is a named portal, whether DECLARE or the protocol made it.</summary>
internal static class CursorStatements
{
    public static string Declare(QuerySession session, SessionServices services, PreparedStatement statement,
        DeclareCursorStatement declare, EquatableArray<object?> parameters)
    {
        if (!declare.IsHold) session.Transaction.RequireBlock("DECLARE CURSOR");
        RefuseLocking(declare);
        if (session.Portals.Find(declare.Name) is not null)
            throw new SqlException(SqlState.DuplicateCursor, $"cursor \"{declare.Name}\" already exists");
        var query = statement.Query!;
        var fields = PreparedStatement.FieldsOf(query);
        var rows = new RowPortal(session, fields, token => QueryStatements.RunAsync(session, services, statement, parameters, token),
            count => $"SELECT {count}");
        var canScroll = declare.IsScroll ?? (declare.Query.Locking.Count == 0 && BackwardScan.IsSupported(query.Plan));
        var state = new SystemCatalog.CursorState(declare.Name, statement.Text, declare.IsHold, declare.IsBinary, canScroll,
            session.StatementTime);
        session.Portals.Add(declare.Name,
            new CursorPortal(session, rows, canScroll, services.SpillDirectory)
                { State = state, IsHeld = declare.IsHold, Depth = session.Transaction.SavepointCount });
        return "DECLARE CURSOR";
    }

    public static IPortal Fetch(QuerySession session, FetchStatement fetch)
    {
        var cursor = Find(session, fetch.Cursor);
        return fetch.IsMove
            ? new CommandPortal(session, async token => $"MOVE {await cursor.MoveAsync(fetch.Direction, fetch.Count, token)}")
            : new RowPortal(session, cursor.Fields, token => cursor.FetchAsync(fetch.Direction, fetch.Count, token),
                rows => $"FETCH {rows}") { RunsFirst = true };
    }

    /// <summary>Raises an error for a name that no cursor has.</summary>
    public static CursorPortal Find(QuerySession session, string name) => session.Portals.Find(name) switch
    {
        CursorPortal cursor => cursor,
        null => throw new SqlException(SqlState.UndefinedCursor, $"cursor \"{name}\" does not exist"),
        // A statement without rows has a portal too, by the protocol's Bind.
        _ => throw new SqlException(SqlState.ObjectNotInPrerequisiteState, $"portal \"{name}\" cannot be run"),
    };

    private static void RefuseLocking(DeclareCursorStatement declare)
    {
        if (declare.Query.Locking.Count == 0) return;
        var strength = declare.Query.Locking[0].Strength;
        if (declare.IsHold)
            throw new SqlException(SqlState.FeatureNotSupported, $"DECLARE CURSOR WITH HOLD ... {strength} is not supported")
                { Detail = "Holdable cursors must be READ ONLY." };
        if (declare.IsScroll == true)
            throw new SqlException(SqlState.FeatureNotSupported, $"DECLARE SCROLL CURSOR ... {strength} is not supported")
                { Detail = "Scrollable cursors must be READ ONLY." };
    }

    public static async ValueTask<string> CloseAsync(QuerySession session, CloseCursorStatement close)
    {
        if (close.Name is not { } name)
        {
            await session.Portals.CloseCursorsAsync();
            return "CLOSE CURSOR ALL";
        }

        if (session.Portals.Find(name) is null)
            throw new SqlException(SqlState.UndefinedCursor, $"cursor \"{name}\" does not exist");
        await session.ClosePortalAsync(name);
        return "CLOSE CURSOR";
    }
}
