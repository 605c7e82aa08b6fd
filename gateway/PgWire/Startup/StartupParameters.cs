using System.Net;
using System.Text;
using Federation.Core;
using Federation.Core.Errors;
using Federation.SessionApi;

namespace Federation.PgWire.Startup;

/// <summary>Turns the parameters of a start-up packet into a session's origin.</summary>
internal static class StartupParameters
{
    public static SessionOrigin ToOrigin(List<KeyValuePair<string, string>> parameters, EndPoint? remoteAddress, bool isEncrypted)
    {
        var user = "";
        var database = "";
        var fromOptions = new List<KeyValuePair<string, string>>();
        var settings = new List<KeyValuePair<string, string>>();
        foreach (var (name, value) in parameters)
        {
            switch (name)
            {
                case "user": user = value; break;
                case "database": database = value; break;
                case "options": fromOptions.AddRange(SplitOptions(value)); break;
                case "replication": DemandNoReplication(value); break;
                default: settings.Add(new KeyValuePair<string, string>(name, value)); break;
            }
        }

        if (user.Length == 0)
            throw new SqlException(
                SqlState.InvalidAuthorizationSpecification, "no PostgreSQL user name specified in startup packet") { IsFatal = true };
        return new SessionOrigin(user, database.Length == 0 ? user : database, remoteAddress, isEncrypted)
        {
            // PostgreSQL applies the command-line options first.
            Parameters = fromOptions.Concat(settings).ToEquatableArray(),
        };
    }

    /// <summary>
    /// Settings of the options parameter: <c>-c name=value</c>, <c>-cname=value</c> or <c>--name=value</c>, separated by white space; a
    /// backslash takes the next character as it is.
    /// </summary>
    public static IEnumerable<KeyValuePair<string, string>> SplitOptions(string options)
    {
        var words = SplitWords(options);
        for (var i = 0; i < words.Count; i++)
        {
            var word = words[i];
            var setting = word switch
            {
                "-c" or "--" when i + 1 < words.Count => words[++i],
                _ when word.StartsWith("--", StringComparison.Ordinal) && word.Length > 2 => word[2..],
                _ when word.StartsWith("-c", StringComparison.Ordinal) && word.Length > 2 => word[2..],
                _ => throw InvalidArgument(word),
            };
            var equals = setting.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new SqlException(
                    SqlState.SyntaxError, word.StartsWith("--", StringComparison.Ordinal)
                        ? $"--{setting} requires a value"
                        : $"-c {setting} requires a value") { IsFatal = true };
            }

            yield return new KeyValuePair<string, string>(setting[..equals].Replace('-', '_'), setting[(equals + 1)..]);
        }
    }

    private static List<string> SplitWords(string options)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var inWord = false;
        for (var i = 0; i < options.Length; i++)
        {
            var c = options[i];
            if (char.IsWhiteSpace(c))
            {
                if (inWord) words.Add(word.ToString());
                word.Clear();
                inWord = false;
                continue;
            }

            inWord = true;
            if (c == '\\' && i + 1 < options.Length) c = options[++i];
            word.Append(c);
        }

        if (inWord) words.Add(word.ToString());
        return words;
    }

    private static void DemandNoReplication(string value)
    {
        if (value.ToLowerInvariant() is "false" or "off" or "no" or "0" or "f" or "n") return;
        throw new SqlException(SqlState.FeatureNotSupported, "replication connections are not supported") { IsFatal = true };
    }

    private static SqlException InvalidArgument(string word) =>
        new(SqlState.SyntaxError, $"invalid command-line argument for server process: {word}")
        {
            IsFatal = true,
            Hint = "Options are given as -c name=value or --name=value.",
        };
}
