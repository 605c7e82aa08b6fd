using System.Text;

namespace Federation.Session;

/// <summary>The list form of search_path: names in quotes or folded, separated by commas.</summary>
internal static class SearchPaths
{
    /// <summary>
    /// The path as current_schemas shows it: schemas that exist, each once, those that every search begins with in front where they are
    /// wanted.
    /// </summary>
    /// <param name="existing">Null when the database's schemas cannot be listed; then every schema that was named stays, but not the user's
    /// own.</param>
    public static IReadOnlyList<string> Effective(string path, string user, IReadOnlySet<string>? existing, bool withImplicit,
        TemporarySchema temporary)
    {
        var names = new List<string>();
        foreach (var name in Parse(path, ""))
        {
            var schema = temporary.Real(name.Length == 0 ? user : name);
            // Nothing is made there unless a statement says so.
            if (!withImplicit && temporary.Is(schema)) continue;
            if (existing?.Contains(schema) ?? name.Length > 0) names.Add(schema);
        }

        if (withImplicit && !names.Contains("pg_catalog")) names.Insert(0, "pg_catalog");
        if (withImplicit && existing?.Contains(temporary.Objects.Schema) == true && !names.Contains(temporary.Objects.Schema))
            names.Insert(0, temporary.Objects.Schema);
        return [.. names.Distinct(StringComparer.Ordinal)];
    }

    public static IReadOnlyList<string> Parse(string path, string user)
    {
        var names = new List<string>();
        for (var i = 0; i < path.Length;)
        {
            if (char.IsWhiteSpace(path[i]) || path[i] == ',')
            {
                i++;
                continue;
            }

            var name = new StringBuilder();
            if (path[i] == '"')
            {
                for (i++; i < path.Length; i++)
                {
                    if (path[i] != '"') name.Append(path[i]);
                    else if (i + 1 < path.Length && path[i + 1] == '"') name.Append(path[i++]);
                    else break;
                }

                i++;
            }
            else
            {
                for (; i < path.Length && path[i] != ',' && !char.IsWhiteSpace(path[i]); i++) name.Append(char.ToLowerInvariant(path[i]));
            }

            names.Add(name.ToString() == "$user" ? user : name.ToString());
        }

        return names;
    }
}
