using System.Text;
using Federation.CompatTests.Suite.Protocol;

namespace Federation.CompatTests.Suite.Sessions;

/// <summary>
/// A script of compat-tests/sessions: statements of numbered sessions, each with the rows or the error that it must give.
/// </summary>
internal sealed class SessionScript
{
    private readonly List<(int Line, int Session, string Sql, List<string> Expected)> _steps = [];

    public SessionScript(string path)
    {
        var lines = File.ReadAllLines(path);
        IsForGateways = lines[0].StartsWith("# gateway only", StringComparison.Ordinal);
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i];
            if (line.Length == 0 || line[0] == '#') continue;
            if (line.Length > 4 && line[0] == 'c' && char.IsAsciiDigit(line[1]) && line.AsSpan(2).StartsWith("> "))
                _steps.Add((i + 1, line[1] - '0', line[4..], []));
            else _steps[^1].Expected.Add(line);
        }
    }

    /// <summary>PostgreSQL would answer otherwise, for the reason that the script gives.</summary>
    public bool IsForGateways { get; }

    /// <summary>Runs the script; gives what differs, one line each.</summary>
    /// <param name="serverOf">The server of a session.</param>
    public async Task<IReadOnlyList<string>> RunAsync(Func<int, ServerAddress> serverOf)
    {
        var sessions = new Dictionary<int, RawClient>();
        var wrong = new List<string>();
        try
        {
            foreach (var (line, session, sql, expected) in _steps)
            {
                if (!sessions.TryGetValue(session, out var client))
                    sessions[session] = client = await RawClient.ConnectAsync(serverOf(session));
                var actual = Text(await client.QueryAsync(sql));
                var wanted = string.Join('\n', expected);
                if (actual != wanted) wrong.Add($"line {line}, c{session}> {sql}\nexpected:\n{wanted}\nactual:\n{actual}");
            }
        }
        finally
        {
            foreach (var client in sessions.Values) await client.DisposeAsync();
        }

        Assert.NotEmpty(_steps);
        return wrong;
    }

    private static string Text(QueryResult result)
    {
        if (result.Error is { } error)
            return error.Code.StartsWith("XX", StringComparison.Ordinal) ? $"ERROR {error}" : $"ERROR {error.Code}";
        var text = new StringBuilder();
        foreach (var row in result.Rows)
        {
            if (text.Length > 0) text.Append('\n');
            text.AppendJoin('\t', row.Select(value => value ?? "NULL"));
        }

        return text.ToString();
    }
}
