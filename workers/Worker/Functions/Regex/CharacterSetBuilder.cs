using System.Text;

namespace Federation.Worker.Functions.Regex;

/// <summary>Collects the members of a set of characters and writes it for .NET, once for text within U+FFFF and once for any.</summary>
internal sealed class CharacterSetBuilder
{
    private const string NoMatch = "(?!)";
    private const string Surrogates = @"\ud800-\udfff";
    private const int FirstSurrogate = 0xD800, LastSurrogate = 0xDFFF;

    /// <summary>Longer ranges than this hold letters of both cases anyway.</summary>
    private const int LongestFolded = 0x10000;

    private readonly StringBuilder _pattern = new();
    private CharacterSet _set;
    private AstralSet _astral = AstralSet.None;

    public static AreNode.Characters Literal(int point, bool ignoresCase)
    {
        var (lower, upper) = ignoresCase ? Cases(point) : (point, point);
        var builder = new CharacterSetBuilder().Add(lower, lower);
        if (upper != lower) builder.Add(upper, upper);
        if (lower != upper || lower > char.MaxValue || lower is >= FirstSurrogate and <= LastSurrogate)
            return builder.Build(isNegated: false);
        return new AreNode.Characters(Escape(lower), CharacterSet.Of((char)lower));
    }

    /// <summary>The one character in lower and in upper case, as the C library has them: i and I of Turkish, too.</summary>
    public static (int Lower, int Upper) Cases(int point) => point switch
    {
        0x130 => ('i', point),
        0x131 => (point, 'I'),
        0x17F => (point, 'S'),
        _ when Rune.TryCreate(point, out var rune) => (Rune.ToLowerInvariant(rune).Value, Rune.ToUpperInvariant(rune).Value),
        _ => (point, point),
    };

    public CharacterSetBuilder Add(int from, int to, bool ignoresCase = false)
    {
        AddUnits(from, Math.Min(to, FirstSurrogate - 1));
        AddUnits(Math.Max(from, LastSurrogate + 1), Math.Min(to, char.MaxValue));
        _astral = _astral.Union(AstralSet.Of(from, to));
        for (var point = from; ignoresCase && point <= Math.Min(to, from + LongestFolded); point++)
        {
            var (lower, upper) = Cases(point);
            if (lower != point && (lower < from || lower > to)) Add(lower, lower);
            if (upper != point && (upper < from || upper > to)) Add(upper, upper);
        }

        return this;
    }

    public CharacterSetBuilder Add(CharacterClass members)
    {
        _pattern.Append(members.Pattern);
        _set = _set.Union(members.Set);
        _astral = _astral.Union(members.Astral);
        return this;
    }

    public AreNode.Characters Build(bool isNegated)
    {
        if (isNegated)
        {
            var others = _astral.Complement().Alternatives().Prepend($"[^{_pattern}{Surrogates}]");
            return new AreNode.Characters(_pattern.Length == 0 ? @"[\s\S]" : $"[^{_pattern}]", _set.Complement())
                { Wide = $"(?:{string.Join('|', others)})" };
        }

        var units = _pattern.Length == 0 ? NoMatch : $"[{_pattern}]";
        if (_astral.Ranges.Count == 0) return new AreNode.Characters(units, _set);
        var alternatives = _pattern.Length == 0 ? _astral.Alternatives() : _astral.Alternatives().Prepend(units);
        return new AreNode.Characters(units, _set with { HasOthers = true }) { Wide = $"(?:{string.Join('|', alternatives)})" };
    }

    private void AddUnits(int from, int to)
    {
        if (from > to) return;
        _pattern.Append(Escape(from));
        if (to != from) _pattern.Append('-').Append(Escape(to));
        _set = _set.Union(CharacterSet.Where(character => character >= from && character <= to, to >= 128));
    }

    private static string Escape(int point) =>
        point < 128 && (char.IsAsciiLetterOrDigit((char)point) || (char)point is ' ' or '_') ? ((char)point).ToString() : $"\\u{point:x4}";
}
