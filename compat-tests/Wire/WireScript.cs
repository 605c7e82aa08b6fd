using System.Text;

namespace Federation.CompatTests.Wire;

/// <summary>What a block of a script does.</summary>
public enum WireBlockKind
{
    /// <summary>Opens a connection and logs in with the target's user; named connections stay open beside each other.</summary>
    Connect,

    /// <summary>Opens a connection and sends nothing.</summary>
    Open,

    /// <summary>Makes another connection the current one.</summary>
    Use,
    Send,
    Until,

    /// <summary>Waits some milliseconds.</summary>
    Sleep,

    /// <summary>Sends a cancel request for the named connection over a connection of its own.</summary>
    Cancel,
}

/// <summary>One block: its words behind the keyword and the message lines below it.</summary>
public sealed record WireBlock(WireBlockKind Kind, int LineNumber, string[] Arguments, string[] Messages);

/// <summary>
/// A wire script: blocks separated by empty lines.
/// <code>
/// # Comments stand anywhere. The header may name parameters whose values differ between servers:
/// # volatile: server_version TimeZone
/// connect
///
/// send
/// Query "SELECT 1"
///
/// until ReadyForQuery
/// RowDescription {"fields":[...]}
/// DataRow ["1"]
/// CommandComplete "SELECT 1"
/// ReadyForQuery "I"
/// </code>
/// <c>until</c> takes the types of the messages to wait for, in order, and options <c>ignore=Type,Type</c> for messages to leave out.
/// <c>Closed</c> stands for the end of the connection.
/// </summary>
public sealed class WireScript
{
    private readonly List<string> _lines;

    private WireScript(string name, List<string> lines, List<WireBlock> blocks, HashSet<string> volatileParameters)
    {
        Name = name;
        _lines = lines;
        Blocks = blocks;
        VolatileParameters = volatileParameters;
    }

    public string Name { get; }

    public IReadOnlyList<WireBlock> Blocks { get; }

    public IReadOnlySet<string> VolatileParameters { get; }

    public static WireScript Load(string path) => Parse(Path.GetFileNameWithoutExtension(path), File.ReadAllText(path));

    public static WireScript Parse(string name, string text)
    {
        var lines = text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n').ToList();
        var blocks = new List<WireBlock>();
        var parameters = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < lines.Count; i++)
        {
            var line = lines[i].Trim();
            if (line.StartsWith("# volatile:", StringComparison.Ordinal))
                parameters.UnionWith(line["# volatile:".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries));
            if (line.Length == 0 || line[0] == '#') continue;
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (!Enum.TryParse<WireBlockKind>(words[0], ignoreCase: true, out var kind))
                throw new FormatException($"{name}:{i + 1}: unknown block \"{words[0]}\"");
            var start = i;
            var messages = new List<string>();
            while (i + 1 < lines.Count && lines[i + 1].Trim().Length > 0)
                if (lines[++i].TrimStart()[0] != '#')
                    messages.Add(lines[i].Trim());
            blocks.Add(new WireBlock(kind, start + 1, words[1..], messages.ToArray()));
        }

        return new WireScript(name, lines, blocks, parameters);
    }

    /// <summary>
    /// The script's text with other expectations, by the line number of their block. Comments within such blocks stay at their top.
    /// </summary>
    public string Rewrite(IReadOnlyDictionary<int, IReadOnlyList<string>> expectations)
    {
        var text = new StringBuilder();
        for (var i = 0; i < _lines.Count; i++)
        {
            text.Append(_lines[i]).Append('\n');
            if (!expectations.TryGetValue(i + 1, out var messages)) continue;
            while (i + 1 < _lines.Count && _lines[i + 1].Trim().Length > 0)
            {
                i++;
                if (_lines[i].TrimStart()[0] == '#') text.Append(_lines[i]).Append('\n');
            }

            foreach (var message in messages) text.Append(message).Append('\n');
        }

        return text.ToString();
    }
}
