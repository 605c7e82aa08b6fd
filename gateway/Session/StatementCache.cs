using System.Collections.Concurrent;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session;

/// <summary>
/// Statements without tables that were analysed before, by their text, for all sessions: applications send the same few over and over
/// (SELECT 1), and parsing and binding them takes longer than answering. Only what means the same to everybody is kept: queries that name
/// no table and hold no string, since what a string means may depend on settings and on the time. Thread-safe.
/// </summary>
public sealed class StatementCache
{
    private const int MostStatements = 1000;
    private const int LongestText = 500;

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>The parts of a query string that is one kept statement, or null.</summary>
    internal IReadOnlyList<StatementText>? FindParts(string sql) => _entries.TryGetValue(sql, out var entry) ? entry.Parts : null;

    internal PreparedStatement? Find(string sql) => _entries.TryGetValue(sql, out var entry) ? entry.Statement : null;

    /// <summary>Keeps an analysed statement that is the whole of its text, if it may be kept.</summary>
    internal void Add(StatementText part, PreparedStatement statement)
    {
        if (!MayKeep(statement)) return;
        // Starting over is simpler than ageing, and seldom: an application's statements are few.
        if (_entries.Count >= MostStatements) _entries.Clear();
        _entries.TryAdd(statement.Text, new Entry([part], statement));
    }

    private static bool MayKeep(PreparedStatement statement)
    {
        if (statement is not { Syntax: SelectStatement, CatalogVersion: { Version: 0 }, DeclaredTypes.Count: 0, Query.Tables.Count: 0 }
            || statement.Text.Length > LongestText) return false;
        var text = statement.Text.AsSpan();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\'') return false;
            // $1 is a parameter, $$ and $tag$ begin a string.
            if (text[i] == '$' && (i + 1 == text.Length || !char.IsAsciiDigit(text[i + 1]))) return false;
        }

        return true;
    }

    private sealed record Entry(IReadOnlyList<StatementText> Parts, PreparedStatement Statement);
}
