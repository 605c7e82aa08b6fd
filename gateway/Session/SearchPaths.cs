using System.Text;

namespace Federation.Session;

/// <summary>The list form of search_path: names in quotes or folded, separated by commas.</summary>
internal static class SearchPaths
{
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
