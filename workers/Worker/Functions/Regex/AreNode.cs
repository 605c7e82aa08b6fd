namespace Federation.Worker.Functions.Regex;

/// <summary>The syntax of an advanced regular expression (ARE) of PostgreSQL.</summary>
internal abstract record AreNode
{
    private AreNode() { }

    /// <summary>One character of a set; <paramref name="Pattern"/> is the .NET form for text without characters beyond U+FFFF.</summary>
    public sealed record Characters(string Pattern, CharacterSet Set) : AreNode
    {
        /// <summary>The .NET form for any text.</summary>
        public string Wide { get; init; } = Pattern;
    }

    /// <summary>Matches nothing but holds or fails at a place: anchors, word boundaries.</summary>
    public sealed record Constraint(string Pattern) : AreNode
    {
        /// <summary>The .NET form for any text.</summary>
        public string Wide { get; init; } = Pattern;
    }

    public sealed record Lookaround(string Opening, AreNode Inner) : AreNode;

    public sealed record BackReference(int Number) : AreNode;

    /// <param name="IsCapturing">False for (?: … ).</param>
    public sealed record Group(AreNode Inner, bool IsCapturing) : AreNode;

    public sealed record Sequence(IReadOnlyList<AreNode> Items) : AreNode;

    public sealed record Alternation(IReadOnlyList<AreNode> Branches) : AreNode;

    /// <param name="Most">Null for no upper bound.</param>
    /// <param name="IsCount">Written {m}, which has the preference of what it repeats; {m,m} has one of its own.</param>
    public sealed record Repeat(AreNode Inner, int Least, int? Most, bool IsLazy, bool IsCount = false) : AreNode;
}

/// <summary>A set of characters: exact for ASCII, for the others only whether there may be any.</summary>
internal readonly record struct CharacterSet(UInt128 Ascii, bool HasOthers)
{
    public static CharacterSet Of(char character) =>
        character < 128 ? new CharacterSet(UInt128.One << character, false) : new CharacterSet(0, true);

    public static CharacterSet Where(Func<char, bool> predicate, bool hasOthers)
    {
        UInt128 ascii = 0;
        for (var character = '\0'; character < 128; character++)
            if (predicate(character))
                ascii |= UInt128.One << character;
        return new CharacterSet(ascii, hasOthers);
    }

    public CharacterSet Union(CharacterSet other) => new(Ascii | other.Ascii, HasOthers | other.HasOthers);

    public CharacterSet Complement() => new(~Ascii, true);

    public bool Overlaps(CharacterSet other) => (Ascii & other.Ascii) != 0 || (HasOthers && other.HasOthers);
}
