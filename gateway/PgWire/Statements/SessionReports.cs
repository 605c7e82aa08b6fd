using Federation.PgWire.Protocol;
using Federation.SessionApi;

namespace Federation.PgWire.Statements;

/// <summary>
/// Tells the client what the session reports besides results. Notices are sent at once; changed parameters wait for ReadyForQuery, each
/// with its last value, as PostgreSQL does since version 14.
/// </summary>
internal sealed class SessionReports(ISession session, FrameWriter writer)
{
    private List<KeyValuePair<string, string>>? _changed;

    public void WriteNotices()
    {
        while (session.TakeEvent() is { } sessionEvent)
        {
            switch (sessionEvent)
            {
                case SessionEvent.Notice notice: BackendMessages.WriteNotice(writer, notice.Message); break;
                case SessionEvent.ParameterChanged change: Remember(change.Name, change.Value); break;
            }
        }
    }

    public void WriteAll()
    {
        WriteNotices();
        if (_changed is null) return;
        foreach (var (name, value) in _changed) BackendMessages.WriteParameterStatus(writer, name, value);
        _changed = null;
    }

    private void Remember(string name, string value)
    {
        _changed ??= [];
        _changed.RemoveAll(change => change.Key == name);
        _changed.Add(new KeyValuePair<string, string>(name, value));
    }
}
