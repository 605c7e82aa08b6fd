using System.Collections.Concurrent;

namespace Federation.Connectors.Postgres;

/// <summary>
/// Statements of which something is remembered. Starts over when it is full: statements are few, or soon forgotten anyway. Thread-safe.
/// </summary>
internal sealed class StatementSet
{
    private const int MostStatements = 1000;

    private readonly ConcurrentDictionary<string, bool> _statements = new(StringComparer.Ordinal);

    public bool Contains(string statement) => !_statements.IsEmpty && _statements.ContainsKey(statement);

    public void Add(string statement)
    {
        if (_statements.Count >= MostStatements) _statements.Clear();
        _statements[statement] = true;
    }
}
