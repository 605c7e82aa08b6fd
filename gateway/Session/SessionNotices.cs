using Federation.Session.Settings;

namespace Federation.Session;

/// <summary>
/// Notices that wait to be sent to the client, without those that client_min_messages leaves out. Used by the session's thread.
/// </summary>
internal sealed class SessionNotices(SessionSettings settings)
{
    private readonly Queue<SqlNotice> _waiting = new();
    private readonly HashSet<string> _noted = new(StringComparer.Ordinal);

    private NoticeSeverity Least => settings.Get("client_min_messages") switch
    {
        "error" => NoticeSeverity.Warning + 1,
        "warning" => NoticeSeverity.Warning,
        "notice" => NoticeSeverity.Notice,
        "log" => NoticeSeverity.Log,
        _ => NoticeSeverity.Debug,
    };

    public void Add(SqlNotice notice)
    {
        if (notice.Severity >= Least) _waiting.Enqueue(notice);
    }

    /// <summary>Adds a notice unless the statement has given it: a statement may read several system tables.</summary>
    public void AddOnce(SqlNotice notice)
    {
        if (_noted.Add(notice.Message)) Add(notice);
    }

    /// <summary>Forgets what the statement before has given.</summary>
    public void BeginStatement() => _noted.Clear();

    public SqlNotice? Take() => _waiting.TryDequeue(out var notice) ? notice : null;
}
