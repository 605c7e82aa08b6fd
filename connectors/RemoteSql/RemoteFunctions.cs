using System.Collections.Frozen;
using Federation.Core.Types;

namespace Federation.Connectors.RemoteSql;

/// <summary>
/// Which operators and functions of PostgreSQL mean the same at a source, as data. A row of <c>exact</c> is
/// <c>names | argument families</c>, both separated by spaces; a row of <c>never</c> is names and the reason. What is in neither is not
/// left to the source. A family is a set of types among which arguments may be mixed.
/// </summary>
public sealed class RemoteFunctions
{
    /// <summary>The name of a row for types that ORDER BY may be left to the source by, but comparisons may not.</summary>
    public const string Order = "ORDER";

    private readonly FrozenDictionary<string, string[][]> _exact;
    private readonly FrozenDictionary<string, string> _never;

    public RemoteFunctions(IEnumerable<(string Names, string Arguments)> exact, IEnumerable<(string Names, string Reason)> never)
    {
        _exact = exact
            .SelectMany(row => row.Names.Split(' ').Select(name => (Name: name, Families: row.Arguments.Split(' '))))
            .GroupBy(row => row.Name, row => row.Families)
            .ToFrozenDictionary(group => group.Key, group => group.ToArray());
        _never = never.SelectMany(row => row.Names.Split(' ').Select(name => (name, row.Reason)))
            .ToFrozenDictionary(row => row.name, row => row.Reason);
    }

    /// <summary>Null when a call of these argument types means the same at the source, else why it may not.</summary>
    public string? WhyNot(string name, IReadOnlyList<SqlType> arguments)
    {
        if (_never.TryGetValue(name, out var reason)) return reason;
        if (_exact.TryGetValue(name, out var signatures) && signatures.Any(signature => Matches(signature, arguments))) return null;
        return $"{Label(name)} of {string.Join(" and ", arguments.Select(type => type.WithoutModifier().ToString()).Distinct())} is "
            + "evaluated here";
    }

    /// <summary>The family of a type; types that are alone in theirs have their catalog name.</summary>
    private static string Family(SqlType type) => type.IsArray ? "array" : type.Base.Source is not null ? "source" : type.Base.Name switch
    {
        "int2" or "int4" or "int8" => "integer",
        "float4" or "float8" => "float",
        "text" or "varchar" or "name" => "text",
        "bit" or "varbit" => "bits",
        "oid" or "xid" or "cid" => type.Base.Name,
        var name => name,
    };

    private static bool Matches(string[] signature, IReadOnlyList<SqlType> arguments)
    {
        // A family followed by dots stands for one or more arguments of it.
        if (signature is [var repeated] && repeated.EndsWith("...", StringComparison.Ordinal))
            return arguments.Count > 0 && arguments.All(type => Fits(repeated[..^3], type))
                && arguments.Select(Family).Distinct().Count() == 1;
        return signature.Length == arguments.Count && signature.Zip(arguments, Fits).All(fits => fits);
    }

    private static bool Fits(string family, SqlType type) => family == "any" || Family(type) == family;

    private static string Label(string name) => char.IsLetter(name[0]) ? $"{name}()" : name;
}
