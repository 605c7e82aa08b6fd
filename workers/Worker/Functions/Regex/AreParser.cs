using System.Globalization;
using System.Text;
using Federation.Core.Errors;

namespace Federation.Worker.Functions.Regex;

/// <summary>Parses an ARE; refuses what PostgreSQL refuses, with its words.</summary>
internal sealed class AreParser
{
    private const int MaxRepeat = 255;

    /// <summary>More groups inside of one another than this are refused; PostgreSQL's own limit depends on its stack.</summary>
    private const int MaxDepth = 10_000;

    private const string Word = @"[\p{L}\p{N}_]";

    private readonly string _pattern;
    private AreOptions _options;
    private int _position;
    private int _groups;
    private int _closedGroups;
    private int _depth;

    private AreParser(string pattern, AreOptions options)
    {
        _pattern = pattern;
        _options = options;
    }

    /// <summary>The tree, the options after those in the pattern, and the number of capturing groups.</summary>
    public static (AreNode Tree, AreOptions Options, int Groups) Parse(string pattern, AreOptions options)
    {
        var parser = new AreParser(pattern, options);
        parser.ParseDirectors();
        if (parser._options.IsLiteral) return (parser.ParseLiteral(), parser._options, 0);
        var tree = parser.ParseAlternation();
        if (parser._position < pattern.Length) throw Invalid("parentheses () not balanced");
        return (tree, parser._options, parser._groups);
    }

    private static SqlException Invalid(string reason) => new(SqlState.InvalidRegularExpression, $"invalid regular expression: {reason}");

    private bool IsAtEnd => _position >= _pattern.Length;

    private char Current => _pattern[_position];

    // ***= plain text, ***: ARE, then (?flags).
    private void ParseDirectors()
    {
        if (_options.IsLiteral) return;
        if (_pattern.StartsWith("***", StringComparison.Ordinal))
        {
            if (_pattern.Length < 4 || _pattern[3] is not ('=' or ':')) throw Invalid("quantifier operand invalid");
            _position = 4;
            if (_pattern[3] == '=')
            {
                _options = _options with { IsLiteral = true };
                return;
            }
        }

        if (!_pattern.AsSpan(_position).StartsWith("(?") || _position + 2 >= _pattern.Length || !char.IsAsciiLetter(_pattern[_position + 2])) return;
        var end = _pattern.IndexOf(')', _position);
        if (end < 0) throw Invalid("invalid embedded option");
        foreach (var flag in _pattern.AsSpan((_position + 2)..end)) _options = _options.With(flag) ?? throw Invalid("invalid embedded option");
        _position = end + 1;
    }

    private AreNode ParseLiteral()
    {
        var items = new List<AreNode>();
        while (!IsAtEnd) items.Add(Literal(_pattern[_position++]));
        return new AreNode.Sequence(items);
    }

    private AreNode ParseAlternation()
    {
        var branches = new List<AreNode> { ParseBranch() };
        while (!IsAtEnd && Current == '|')
        {
            _position++;
            branches.Add(ParseBranch());
        }

        return branches.Count == 1 ? branches[0] : new AreNode.Alternation(branches);
    }

    private AreNode ParseBranch()
    {
        var items = new List<AreNode>();
        while (true)
        {
            SkipBlanks();
            if (IsAtEnd || Current == '|') break;
            if (Current == ')')
            {
                if (_depth == 0) throw Invalid("parentheses () not balanced");
                break;
            }

            items.Add(ParsePiece());
        }

        return items.Count == 1 ? items[0] : new AreNode.Sequence(items);
    }

    private AreNode ParsePiece()
    {
        var atom = ParseAtom();
        SkipBlanks();
        if (IsAtEnd) return atom;
        int least;
        int? most;
        switch (Current)
        {
            case '*': (least, most) = (0, null); break;
            case '+': (least, most) = (1, null); break;
            case '?': (least, most) = (0, 1); break;
            case '{' when _position + 1 < _pattern.Length && char.IsAsciiDigit(_pattern[_position + 1]): (least, most) = ParseBounds(); break;
            default: return atom;
        }

        if (atom is AreNode.Constraint or AreNode.Lookaround) throw Invalid("quantifier operand invalid");
        _position++;
        var isLazy = !IsAtEnd && Current == '?';
        if (isLazy) _position++;
        SkipBlanks();
        if (!IsAtEnd && (Current is '*' or '+' or '?' || (Current == '{' && _position + 1 < _pattern.Length && char.IsAsciiDigit(_pattern[_position + 1]))))
            throw Invalid("quantifier operand invalid");
        return new AreNode.Repeat(atom, least, most, isLazy);
    }

    /// <summary>Leaves the position on the closing brace.</summary>
    private (int Least, int? Most) ParseBounds()
    {
        _position++;
        var least = ParseCount();
        int? most = least;
        if (!IsAtEnd && Current == ',')
        {
            _position++;
            most = !IsAtEnd && char.IsAsciiDigit(Current) ? ParseCount() : null;
        }

        if (IsAtEnd) throw Invalid("braces {} not balanced");
        return Current == '}' && !(most < least) ? (least, most) : throw Invalid("invalid repetition count(s)");
    }

    private int ParseCount()
    {
        var value = 0;
        while (!IsAtEnd && char.IsAsciiDigit(Current))
        {
            value = (value * 10) + (_pattern[_position++] - '0');
            if (value > MaxRepeat) throw Invalid("invalid repetition count(s)");
        }

        return value;
    }

    private AreNode ParseAtom()
    {
        var character = _pattern[_position++];
        switch (character)
        {
            case '*' or '+' or '?': throw Invalid("quantifier operand invalid");
            case '{' when !IsAtEnd && char.IsAsciiDigit(Current): throw Invalid("quantifier operand invalid");
            case '^': return new AreNode.Constraint(_options.AnchorsMatchLines ? "(?m:^)" : @"\A");
            case '$': return new AreNode.Constraint(_options.AnchorsMatchLines ? @"(?=\n|\z)" : @"\z");
            case '.': return _options.DotStopsAtNewline
                ? new AreNode.Characters(@"[^\n]", CharacterSet.Of('\n').Complement())
                : new AreNode.Characters(@"[\s\S]", CharacterSet.Any);
            case '(': return ParseGroup();
            case '[': return ParseBracket();
            case '\\': return ParseEscape();
            default: return Literal(character);
        }
    }

    private AreNode ParseGroup()
    {
        var rest = _pattern.AsSpan(_position);
        foreach (var opening in (ReadOnlySpan<string>)["?=", "?!", "?<=", "?<!"])
        {
            if (!rest.StartsWith(opening, StringComparison.Ordinal)) continue;
            _position += opening.Length;
            return new AreNode.Lookaround($"({opening}", ParseInner());
        }

        var isCapturing = !rest.StartsWith("?:", StringComparison.Ordinal);
        if (!isCapturing) _position += 2;
        else if (rest.StartsWith("?", StringComparison.Ordinal)) throw Invalid("quantifier operand invalid");
        else _groups++;
        var inner = ParseInner();
        if (isCapturing) _closedGroups++;
        return new AreNode.Group(inner, isCapturing);
    }

    private AreNode ParseInner()
    {
        if (++_depth > MaxDepth) throw Invalid("regular expression is too complex");
        var inner = ParseAlternation();
        if (IsAtEnd) throw Invalid("parentheses () not balanced");
        _position++;
        _depth--;
        return inner;
    }

    private AreNode ParseEscape()
    {
        if (IsAtEnd) throw Invalid("invalid escape \\ sequence");
        var character = Current;
        switch (character)
        {
            case 'A': return Constraint(@"\A");
            case 'Z': return Constraint(@"\z");
            case 'm': return Constraint($"(?<!{Word})(?={Word})");
            case 'M': return Constraint($"(?<={Word})(?!{Word})");
            case 'y': return Constraint($"(?:(?<!{Word})(?={Word})|(?<={Word})(?!{Word}))");
            case 'Y': return Constraint($"(?:(?<!{Word})(?!{Word})|(?<={Word})(?={Word}))");
            case 'd' or 's' or 'w' or 'D' or 'S' or 'W':
                _position++;
                var shorthand = ClassOf(character switch { 'd' or 'D' => "digit", 's' or 'S' => "space", _ => "word" });
                return char.IsAsciiLetterUpper(character)
                    ? new AreNode.Characters($"[^{shorthand.Pattern}]", shorthand.Set.Complement())
                    : new AreNode.Characters($"[{shorthand.Pattern}]", shorthand.Set);
            case >= '1' and <= '9' when BackReferenceAt() is { } number: return new AreNode.BackReference(number);
            default: return Literal(ParseCharacterEscape());
        }
    }

    private AreNode.Constraint Constraint(string pattern)
    {
        _position++;
        return new AreNode.Constraint(pattern);
    }

    /// <summary>One digit is always a back reference; more digits are one when so many groups are closed, else octal.</summary>
    private int? BackReferenceAt()
    {
        var end = _position;
        while (end < _pattern.Length && end < _position + 3 && char.IsAsciiDigit(_pattern[end])) end++;
        var number = int.Parse(_pattern.AsSpan(_position..end), NumberStyles.None, CultureInfo.InvariantCulture);
        if (end - _position > 1 && number > _closedGroups) return null;
        if (number > _closedGroups) throw Invalid("invalid backreference number");
        _position = end;
        return number;
    }

    /// <summary>The character that an escape stands for; the position is behind the backslash.</summary>
    private char ParseCharacterEscape()
    {
        var character = _pattern[_position++];
        switch (character)
        {
            case 'a': return '\a';
            case 'b': return '\b';
            case 'B': return '\\';
            case 'e': return '\e';
            case 'f': return '\f';
            case 'n': return '\n';
            case 'r': return '\r';
            case 't': return '\t';
            case 'v': return '\v';
            case 'c' when !IsAtEnd: return (char)(_pattern[_position++] & 0x1f);
            case 'x': return ParseHex(1, 8);
            case 'u': return ParseHex(4, 4);
            case 'U': return ParseHex(8, 8);
            case >= '0' and <= '9':
                var octal = character - '0';
                for (var i = 0; i < 2 && !IsAtEnd && Current is >= '0' and <= '7'; i++) octal = (octal * 8) + (_pattern[_position++] - '0');
                return (char)octal;
            default: return char.IsAsciiLetter(character) ? throw Invalid("invalid escape \\ sequence") : character;
        }
    }

    private char ParseHex(int least, int most)
    {
        var value = 0;
        var count = 0;
        for (; count < most && !IsAtEnd && char.IsAsciiHexDigit(Current); count++) value = (value * 16) + Convert.ToInt32(_pattern[_position++].ToString(), 16);
        if (count < least || value < 0) throw Invalid("invalid escape \\ sequence");
        return value <= char.MaxValue ? (char)value
            : throw new SqlException(SqlState.FeatureNotSupported, "escapes of characters beyond U+FFFF are not supported in regular expressions");
    }

    private AreNode ParseBracket()
    {
        var rest = _pattern.AsSpan(_position);
        if (rest.StartsWith("[:<:]]", StringComparison.Ordinal) || rest.StartsWith("[:>:]]", StringComparison.Ordinal))
        {
            _position += 6;
            return new AreNode.Constraint(rest[2] == '<' ? $"(?<!{Word})(?={Word})" : $"(?<={Word})(?!{Word})");
        }

        var isNegated = !IsAtEnd && Current == '^';
        if (isNegated) _position++;
        var pattern = new StringBuilder();
        var set = default(CharacterSet);
        var isFirst = true;
        while (true)
        {
            if (IsAtEnd) throw Invalid("brackets [] not balanced");
            if (Current == ']' && !isFirst) break;
            isFirst = false;
            if (TryParseClass(out var shorthand))
            {
                pattern.Append(shorthand.Pattern);
                set = set.Union(shorthand.Set);
                continue;
            }

            var from = ParseBracketCharacter();
            var to = from;
            if (_position + 1 < _pattern.Length && Current == '-' && _pattern[_position + 1] != ']')
            {
                _position++;
                if (TryParseClass(out _)) throw Invalid("invalid character range");
                to = ParseBracketCharacter();
            }

            if (to < from) throw Invalid("invalid character range");
            pattern.Append(Escape(from));
            if (to != from) pattern.Append('-').Append(Escape(to));
            set = set.Union(CharacterSet.Where(character => character >= from && character <= to, to >= 128));
        }

        _position++;
        if (_options.IgnoreCase) set = set.IgnoringCase();
        if (!isNegated) return new AreNode.Characters($"[{pattern}]", set);
        if (_options.DotStopsAtNewline)
        {
            pattern.Append(@"\n");
            set = set.Union(CharacterSet.Of('\n'));
        }

        return new AreNode.Characters($"[^{pattern}]", set.Complement());
    }

    private bool TryParseClass(out (string Pattern, CharacterSet Set) result)
    {
        result = default;
        var rest = _pattern.AsSpan(_position);
        if (rest.StartsWith("[:", StringComparison.Ordinal))
        {
            var end = rest.IndexOf(":]", StringComparison.Ordinal);
            if (end < 0) throw Invalid("invalid character class");
            result = ClassOf(rest[2..end].ToString());
            _position += end + 2;
            return true;
        }

        if (rest.Length < 2 || rest[0] != '\\' || rest[1] is not ('d' or 's' or 'w' or 'D' or 'S' or 'W')) return false;
        if (char.IsAsciiLetterUpper(rest[1])) throw Invalid("invalid escape \\ sequence");
        result = ClassOf(rest[1] switch { 'd' => "digit", 's' => "space", _ => "word" });
        _position += 2;
        return true;
    }

    private char ParseBracketCharacter()
    {
        var rest = _pattern.AsSpan(_position);
        if (rest.StartsWith("[.", StringComparison.Ordinal) || rest.StartsWith("[=", StringComparison.Ordinal))
        {
            if (rest.Length < 5 || rest[3] != rest[1] || rest[4] != ']') throw Invalid("invalid collating element");
            _position += 5;
            return rest[2];
        }

        var character = _pattern[_position++];
        if (character != '\\') return character;
        if (IsAtEnd) throw Invalid("invalid escape \\ sequence");
        return ParseCharacterEscape();
    }

    // Classes beyond ASCII are those of Unicode, as with a UTF-8 locale.
    private (string Pattern, CharacterSet Set) ClassOf(string name)
    {
        if (_options.IgnoreCase && name is "upper" or "lower") name = "alpha";
        return name switch
        {
            "digit" => ("0-9", CharacterSet.Where(char.IsAsciiDigit, false)),
            "word" => (@"\p{L}\p{N}_", CharacterSet.Where(character => char.IsAsciiLetterOrDigit(character) || character == '_', true)),
            "space" => (@"\s", CharacterSet.Where(char.IsWhiteSpace, true)),
            "alpha" => (@"\p{L}", CharacterSet.Where(char.IsAsciiLetter, true)),
            "alnum" => (@"\p{L}\p{N}", CharacterSet.Where(char.IsAsciiLetterOrDigit, true)),
            "upper" => (@"\p{Lu}", CharacterSet.Where(char.IsAsciiLetterUpper, true)),
            "lower" => (@"\p{Ll}", CharacterSet.Where(char.IsAsciiLetterLower, true)),
            "punct" => (@"\p{P}\p{S}", CharacterSet.Where(character => char.IsPunctuation(character) || char.IsSymbol(character), true)),
            "blank" => (@" \t", CharacterSet.Where(character => character is ' ' or '\t', false)),
            "cntrl" => (@"\p{Cc}", CharacterSet.Where(char.IsControl, true)),
            "xdigit" => ("0-9A-Fa-f", CharacterSet.Where(char.IsAsciiHexDigit, false)),
            "ascii" => (@"\x00-\x7f", CharacterSet.Where(_ => true, false)),
            "graph" => (@"\p{L}\p{N}\p{P}\p{S}\p{M}", CharacterSet.Where(character => character is > ' ' and < '\x7f', true)),
            "print" => (@"\p{L}\p{N}\p{P}\p{S}\p{M}\p{Zs}", CharacterSet.Where(character => character is >= ' ' and < '\x7f', true)),
            _ => throw Invalid("invalid character class"),
        };
    }

    private AreNode.Characters Literal(char character)
    {
        var set = CharacterSet.Of(character);
        return new AreNode.Characters(Escape(character), _options.IgnoreCase ? set.IgnoringCase() : set);
    }

    private void SkipBlanks()
    {
        if (!_options.IsExpanded) return;
        while (!IsAtEnd && (char.IsWhiteSpace(Current) || Current == '#'))
        {
            if (Current == '#') while (!IsAtEnd && Current != '\n') _position++;
            else _position++;
        }
    }

    private static string Escape(char character) => char.IsAsciiLetterOrDigit(character) || character is ' ' or '_'
        ? character.ToString()
        : $"\\u{(int)character:x4}";
}
