using Federation.Plan;

namespace Federation.Session;

/// <summary>Functions that depend on the session and not on data, by the name in pg_proc. Arguments are constants.</summary>
internal sealed class SessionFunctions(QuerySession session, SessionServices services)
{
    private static readonly Dictionary<string, Func<QuerySession, SessionServices, object?[], object?>> s_functions =
        new(StringComparer.Ordinal)
    {
        ["now"] = (session, _, _) => session.TransactionTime,
        ["transaction_timestamp"] = (session, _, _) => session.TransactionTime,
        ["statement_timestamp"] = (session, _, _) => session.StatementTime,
        ["clock_timestamp"] = (_, services, _) => QuerySession.ToTimestamp(services.Clock.GetUtcNow()),
        ["current_database"] = (session, _, _) => session.Database,
        ["current_user"] = (session, _, _) => session.User,
        ["session_user"] = (session, _, _) => session.Identity.SessionUser,
        ["current_schema"] = (session, _, _) => session.Names.ExistingSchemas(withImplicit: false).FirstOrDefault(),
        ["current_schemas"] = (session, _, arguments) =>
            PgArray.Vector([.. session.Names.ExistingSchemas(arguments[0] is true)]),
        ["version"] = (_, _, _) => "PostgreSQL 15.18 (Federation 0.1.0) on "
            + System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier + ", compiled by .NET, 64-bit",
        ["pg_backend_pid"] = (session, _, _) => session.ProcessId,
        ["pg_is_in_recovery"] = (_, _, _) => false,
        ["pg_postmaster_start_time"] = (_, services, _) => QuerySession.ToTimestamp(services.StartedAt),
        ["pg_conf_load_time"] = (_, services, _) => QuerySession.ToTimestamp(services.StartedAt),
        ["pg_my_temp_schema"] = (session, _, _) => (long)(session.Temporary.Objects.SchemaOid?.Value ?? 0),
        ["inet_server_port"] = (_, _, _) => null,
        ["inet_client_port"] = (session, _, _) => session.RemoteEndPoint?.Port,
        ["inet_server_addr"] = (_, _, _) => null,
        ["inet_client_addr"] = (session, _, _) => session.RemoteEndPoint?.Address is { } address
            ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString()
            : null,
        ["current_setting"] = CurrentSetting,
        ["set_config"] = (session, _, arguments) =>
            SetConfig(session, arguments[0] as string, arguments[1] as string, arguments[2] is true),
        ["to_regprocedure"] = (session, _, arguments) => session.Names.Find(PgTypes.Regprocedure, (string)arguments[0]!),
        ["to_regoper"] = (session, _, arguments) => session.Names.Find(PgTypes.Regoper, (string)arguments[0]!),
        ["to_regoperator"] = (session, _, arguments) => session.Names.Find(PgTypes.Regoperator, (string)arguments[0]!),
        ["txid_current"] = (session, _, _) => session.Transaction.GetId(),
        ["txid_current_if_assigned"] = (session, _, _) => session.Transaction.Id,
        ["pg_current_xact_id"] = (session, _, _) => session.Transaction.GetId(),
        ["pg_current_xact_id_if_assigned"] = (session, _, _) => session.Transaction.Id,
        ["pg_sleep"] = (session, _, arguments) =>
        {
            session.Sleep(TimeSpan.FromSeconds((double)arguments[0]!));
            return "";
        },
        ["pg_cancel_backend"] = (session, services, arguments) => BackendSignals.Cancel(session, services.Peers, (int)arguments[0]!),
        ["pg_terminate_backend"] = (session, services, arguments) =>
            BackendSignals.Terminate(session, services.Peers, (int)arguments[0]!, arguments is [_, long timeout] ? timeout : 0),
    };

    /// <summary>The value, or null when the function is not one of these.</summary>
    public Constant? Evaluate(Call call)
    {
        if (!s_functions.TryGetValue(call.Function.Name, out var function)) return null;
        var arguments = call.Arguments.Select(argument => ((Constant)argument).Value).ToArray();
        if (call.Function.IsStrict && Array.Exists(arguments, argument => argument is null)) return new Constant(null, call.Type);
        return new Constant(function(session, services, arguments), call.Type);
    }

    private static object? CurrentSetting(QuerySession session, SessionServices services, object?[] arguments)
    {
        var name = (string)arguments[0]!;
        return arguments is [_, true] && session.FindSetting(name) is null ? null : session.ShowSetting(name);
    }

    internal static object? SetConfig(QuerySession session, string? name, string? value, bool isLocal)
    {
        if (name is null) throw new SqlException(SqlState.NullValueNotAllowed, "SET requires parameter name");
        session.SetSetting(name, value ?? "", isLocal);
        return session.ShowSetting(name);
    }
}
