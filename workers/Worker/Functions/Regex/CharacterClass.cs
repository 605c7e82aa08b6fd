using System.Globalization;
using System.Text;

namespace Federation.Worker.Functions.Regex;

/// <summary>A named class such as <c>[:alpha:]</c>. Beyond ASCII the classes are those of Unicode, as with a UTF-8 locale.</summary>
/// <param name="Pattern">Its members up to U+FFFF, to stand inside of .NET's brackets.</param>
internal sealed record CharacterClass(string Pattern, CharacterSet Set, AstralSet Astral)
{
    /// <summary>Null when there is no such class.</summary>
    public static CharacterClass? Find(string name) => name switch
    {
        "digit" => new("0-9", CharacterSet.Where(char.IsAsciiDigit, false), AstralSet.None),
        "word" => new(@"\p{L}\p{N}_", CharacterSet.Where(character => char.IsAsciiLetterOrDigit(character) || character == '_', true),
            Of(name, rune => Rune.IsLetter(rune) || Rune.IsNumber(rune))),
        "space" => new(@"\s", CharacterSet.Where(char.IsWhiteSpace, true), AstralSet.None),
        "alpha" => new(@"\p{L}", CharacterSet.Where(char.IsAsciiLetter, true), Of(name, Rune.IsLetter)),
        "alnum" => new(@"\p{L}\p{N}", CharacterSet.Where(char.IsAsciiLetterOrDigit, true),
            Of(name, rune => Rune.IsLetter(rune) || Rune.IsNumber(rune))),
        "upper" => new(@"\p{Lu}", CharacterSet.Where(char.IsAsciiLetterUpper, true), Of(name, Rune.IsUpper)),
        "lower" => new(@"\p{Ll}", CharacterSet.Where(char.IsAsciiLetterLower, true), Of(name, Rune.IsLower)),
        "punct" => new(@"\p{P}\p{S}", CharacterSet.Where(character => char.IsPunctuation(character) || char.IsSymbol(character), true),
            Of(name, rune => Rune.IsPunctuation(rune) || Rune.IsSymbol(rune))),
        "blank" => new(@" \t", CharacterSet.Where(character => character is ' ' or '\t', false), AstralSet.None),
        "cntrl" => new(@"\p{Cc}", CharacterSet.Where(char.IsControl, true), AstralSet.None),
        "xdigit" => new("0-9A-Fa-f", CharacterSet.Where(char.IsAsciiHexDigit, false), AstralSet.None),
        "ascii" => new(@"\x00-\x7f", CharacterSet.Where(_ => true, false), AstralSet.None),
        "graph" => new(@"\p{L}\p{N}\p{P}\p{S}\p{M}", CharacterSet.Where(character => character is > ' ' and < '\x7f', true),
            Of(name, IsGraphic)),
        "print" => new(@"\p{L}\p{N}\p{P}\p{S}\p{M}\p{Zs}", CharacterSet.Where(character => character is >= ' ' and < '\x7f', true),
            Of(name, IsGraphic)),
        _ => null,
    };

    public AreNode.Characters ToNode(bool isNegated) => new CharacterSetBuilder().Add(this).Build(isNegated);

    private static AstralSet Of(string name, Func<Rune, bool> isMember) => AstralSet.OfClass(name, isMember);

    private static bool IsGraphic(Rune rune) =>
        Rune.IsLetter(rune) || Rune.IsNumber(rune) || Rune.IsPunctuation(rune) || Rune.IsSymbol(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
            or UnicodeCategory.EnclosingMark;
}
