using Federation.Core.Values;

namespace Federation.SystemCatalog;

using Row = Dictionary<string, object?>;

/// <summary>What the system views show of sessions.</summary>
internal static class SessionRows
{
    public static IEnumerable<Row> Activity(SystemState state)
    {
        var databases = SystemRows.DatabaseOids(state);
        return state.Sessions.Select(session => new Row
        {
            ["datid"] = databases.TryGetValue(session.Database, out var oid) ? oid : null, ["datname"] = session.Database,
            ["pid"] = session.ProcessId, ["usesysid"] = state.OidOf(session.User), ["usename"] = session.User,
            ["application_name"] = session.ApplicationName, ["client_addr"] = session.Address, ["client_port"] = session.Port,
            ["backend_start"] = session.StartedAt, ["xact_start"] = session.TransactionStart,
            ["query_start"] = session.QueryStart, ["state_change"] = session.StateChange, ["wait_event_type"] = session.State == "active"
                ? null
                : "Client", ["wait_event"] = session.State == "active" ? null : "ClientRead",
            ["state"] = session.State, ["query"] = session.Query, ["backend_type"] = "client backend",
        });
    }

    public static IEnumerable<Row> Copies(SystemState state)
    {
        var databases = SystemRows.DatabaseOids(state);
        return from session in state.Sessions
               let copy = session.Copy
               where copy is not null
               select new Row
               {
                   ["pid"] = session.ProcessId, ["datid"] = databases.TryGetValue(session.Database, out var oid) ? oid
                       : null, ["datname"] = session.Database,
                   ["relid"] = (long)copy.Relation.Value, ["command"] = copy.IsFrom ? "COPY FROM" : "COPY TO", ["type"] = copy.IsFile
                       ? "FILE" : "PIPE",
                   ["bytes_processed"] = copy.Bytes, ["bytes_total"] = copy.TotalBytes, ["tuples_processed"] = copy.Rows,
                       ["tuples_excluded"] = copy.Rows is null ? null : 0L,
               };
    }

    public static IEnumerable<Row> Queries(SystemState state) => state.Queries.Select(query => new Row
    {
        ["query_id"] = query.Id, ["pid"] = query.ProcessId, ["usename"] = query.User, ["datname"] = query.Database,
        ["client_addr"] = query.Address, ["query"] = query.Text,
        ["catalog_version"] = query.CatalogVersion, ["state"] = query.State, ["sqlstate"] = query.SqlState,
        ["started_at"] = query.StartedAt, ["ended_at"] = query.EndedAt,
        ["elapsed_ms"] = query.Elapsed, ["queued_ms"] = query.Queued, ["planning_ms"] = query.Planning, ["rows"] = query.Rows,
        ["tasks"] = query.Tasks, ["retries"] = query.Retries,
        ["exchanged_bytes"] = query.ExchangedBytes, ["sources"] = PgArray.Vector([.. query.Sources.Select(source => (object?)source)]),
    });

    public static IEnumerable<Row> Encryption(SystemState state) =>
        state.Sessions.Select(session => new Row { ["pid"] = session.ProcessId, ["ssl"] = session.IsEncrypted });

    public static IEnumerable<Row> Cursors(SystemState state) => state.Cursors.Select(cursor => new Row
    {
        ["name"] = cursor.Name, ["statement"] = cursor.Text, ["is_holdable"] = cursor.IsHeld, ["is_binary"] = cursor.IsBinary,
        ["is_scrollable"] = cursor.CanScroll, ["creation_time"] = cursor.CreatedAt,
    });

    public static IEnumerable<Row> Locks(SystemState state)
    {
        var database = SystemRows.DatabaseOids(state).TryGetValue(state.Database, out var oid) ? oid : (object?)null;
        return state.Locks.Select(held => new Row
        {
            ["locktype"] = "advisory", ["database"] = database, ["classid"] = held.ClassId, ["objid"] = held.ObjectId,
            ["objsubid"] = held.ObjectSubId, ["virtualtransaction"] = $"{held.ProcessId}/0", ["pid"] = held.ProcessId,
            ["mode"] = held.Mode, ["granted"] = held.IsGranted, ["fastpath"] = false,
        });
    }

    public static IEnumerable<Row> Prepared(SystemState state) => state.Prepared.Select(statement => new Row
    {
        ["name"] = statement.Name, ["statement"] = statement.Text, ["prepare_time"] = statement.PreparedAt,
        ["parameter_types"] = PgArray.Vector([.. statement.ParameterTypes.Select(type => (object?)(long)type.Value)]),
        ["from_sql"] = statement.IsFromSql, ["generic_plans"] = 0L, ["custom_plans"] = 0L,
    });
}
