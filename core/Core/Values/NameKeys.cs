using System.Text;
using System.Text.RegularExpressions;
using Federation.Core.Errors;

namespace Federation.Core.Values;

/// <summary>
/// Names of objects, as SQL writes them, in a form in which equal names have equal texts: each part in quotes. Tables of names are joined
/// by it.
/// </summary>
public static partial class NameKeys
{
    public static string Of(params ReadOnlySpan<string> parts)
    {
        var key = new StringBuilder();
        foreach (var part in parts)
        {
            if (key.Length > 0) key.Append('.');
            key.Append('"').Append(part.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
        }

        return key.ToString();
    }

    /// <summary>The key of a dotted name. Raises 42602 for what is none.</summary>
    public static string OfName(string name) => Of(Parts(name));

    /// <summary>The only part of a name. Raises 42602 when it has several.</summary>
    public static string Single(string name) => Parts(name) is [var part] ? part : throw InvalidName();

    /// <summary>
    /// The key of a type's name: modifiers do not count, every number of dimensions is one, and the words of SQL's own names are one part.
    /// </summary>
    public static string OfType(string name)
    {
        var bare = Modifier().Replace(name, "").Trim();
        var array = "";
        while (Dimension().Match(bare) is { Success: true } dimension)
        {
            bare = bare[..dimension.Index].TrimEnd();
            array = "[]";
        }

        var words = Blanks().Replace(bare, " ");
        // The word CHAR is SQL's character; the catalog's type of that name stands in quotes.
        if (words.Equals("char", StringComparison.OrdinalIgnoreCase)) words = "bpchar";
        return (bare.AsSpan().IndexOfAny('"', '.') < 0 && words.Length > 0 ? Of(words.ToLowerInvariant()) : OfName(bare)) + array;
    }

    /// <summary>The parts of a dotted name, folded to lower case where they stand without quotes; any word may be one.</summary>
    public static string[] Parts(string name)
    {
        var parts = new List<string>();
        var rest = name.AsSpan().Trim();
        while (true)
        {
            string part;
            if (rest is ['"', ..])
            {
                var end = 1;
                while (end < rest.Length && (rest[end] != '"' || (end + 1 < rest.Length && rest[end + 1] == '"')))
                    end += rest[end] == '"' ? 2 : 1;
                if (end >= rest.Length || end == 1) throw InvalidName();
                part = rest[1..end].ToString().Replace("\"\"", "\"", StringComparison.Ordinal);
                rest = rest[(end + 1)..].TrimStart();
            }
            else
            {
                var end = rest.IndexOfAny('.', ' ', '"') is >= 0 and var stop ? stop : rest.Length;
                if (end == 0) throw InvalidName();
                part = rest[..end].ToString().ToLowerInvariant();
                rest = rest[end..].TrimStart();
            }

            parts.Add(part);
            if (rest.IsEmpty) return [.. parts];
            if (rest[0] != '.') throw InvalidName();
            rest = rest[1..].TrimStart();
        }
    }

    private static SqlException InvalidName() => new(SqlState.InvalidName, "invalid name syntax");

    [GeneratedRegex(@"\(\s*-?\d+\s*(,\s*-?\d+\s*)?\)", RegexOptions.CultureInvariant)]
    private static partial Regex Modifier();

    [GeneratedRegex(@"\[\s*\d*\s*\]$", RegexOptions.CultureInvariant)]
    private static partial Regex Dimension();

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Blanks();
}
