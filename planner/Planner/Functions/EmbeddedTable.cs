namespace Federation.Planner.Functions;

/// <summary>Tables of text that the assembly carries.</summary>
internal static class EmbeddedTable
{
    /// <summary>The lines of a table.</summary>
    public static IEnumerable<string> Lines(string resource)
    {
        using var stream = typeof(EmbeddedTable).Assembly.GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"the embedded table {resource} is missing");
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line) yield return line;
    }

    /// <summary>
    /// A table of a key, a tab and a text in each line; lines that are empty or begin with # are for people. A key stands once.
    /// </summary>
    public static Dictionary<string, string> Texts(string resource)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in Lines(resource))
        {
            if (line.Length == 0 || line[0] == '#') continue;
            var tab = line.IndexOf('\t', StringComparison.Ordinal);
            if (tab < 0) throw new InvalidOperationException($"{resource}: nothing follows the key in \"{line}\"");
            if (!texts.TryAdd(line[..tab].Trim(), line[(tab + 1)..].Trim()))
                throw new InvalidOperationException($"{resource}: \"{line[..tab]}\" stands twice");
        }

        return texts;
    }
}
