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

    private readonly string _pattern;
    private AreOptions _options;
    private int _position;
    private int _groups;
    private readonly HashSet<int> _closedGroups = [];
    private int _depth;
    private int _lookarounds;

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

        if (!_pattern.AsSpan(_position).StartsWith("(?") || _position + 2 >= _pattern.Length
            || !char.IsAsciiLetter(_pattern[_position + 2])) return;
        var end = _pattern.IndexOf(')', _position);
        if (end < 0) throw Invalid("invalid embedded option");
        foreach (var flag in _pattern.AsSpan((_position + 2)..end))
            _options = _options.With(flag) ?? throw Invalid("invalid embedded option");
        _position = end + 1;
    }

    private AreNode ParseLiteral()
    {
        var items = new List<AreNode>();
        while (!IsAtEnd) items.Add(Literal(Point(_pattern[_position++])));
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
        var start = _position;
        switch (Current)
        {
            case '*': (least, most) = (0, null); break;
            case '+': (least, most) = (1, null); break;
            case '?': (least, most) = (0, 1); break;
            case '{' when _position + 1 < _pattern.Length && char.IsAsciiDigit(_pattern[_position + 1]): (least, most) = ParseBounds();
            break;
            default: return atom;
        }

        if (atom is AreNode.Constraint or AreNode.Lookaround) throw Invalid("quantifier operand invalid");
        var isCount = _pattern[start] == '{' && !_pattern.AsSpan(start, _position - start).Contains(',');
        _position++;
        var isLazy = !IsAtEnd && Current == '?';
        if (isLazy) _position++;
        SkipBlanks();
        if (!IsAtEnd
            && (Current is '*' or '+' or '?'
                || (Current == '{' && _position + 1 < _pattern.Length && char.IsAsciiDigit(_pattern[_position + 1]))))
            throw Invalid("quantifier operand invalid");
        return new AreNode.Repeat(atom, least, most, isLazy, isCount);
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
                ? new CharacterSetBuilder().Add('\n', '\n').Build(isNegated: true)
                : new CharacterSetBuilder().Build(isNegated: true);
            case '(': return ParseGroup();
            case '[': return ParseBracket();
            case '\\': return ParseEscape();
            default: return Literal(Point(character));
        }
    }

    private AreNode ParseGroup()
    {
        var rest = _pattern.AsSpan(_position);
        foreach (var opening in (ReadOnlySpan<string>)["?=", "?!", "?<=", "?<!"])
        {
            if (!rest.StartsWith(opening, StringComparison.Ordinal)) continue;
            _position += opening.Length;
            _lookarounds++;
            var condition = ParseInner();
            _lookarounds--;
            return new AreNode.Lookaround($"({opening}", condition);
        }

        var isCapturing = !rest.StartsWith("?:", StringComparison.Ordinal);
        if (!isCapturing) _position += 2;
        else if (rest.StartsWith("?", StringComparison.Ordinal)) throw Invalid("quantifier operand invalid");

        // Within lookaround no group captures.
        isCapturing &= _lookarounds == 0;
        var number = isCapturing ? ++_groups : 0;
        var inner = ParseInner();
        if (isCapturing) _closedGroups.Add(number);
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
            case 'm': return Boundary(false, true);
            case 'M': return Boundary(true, false);
            case 'y' or 'Y':
                _position++;
                return new AreNode.Constraint(AtEdge(s_word.Pattern, character == 'y')) { Wide = AtEdge(s_word.Wide, character == 'y') };
            case 'd' or 's' or 'w' or 'D' or 'S' or 'W':
                _position++;
                return ClassOf(character switch { 'd' or 'D' => "digit", 's' or 'S' => "space", _ => "word" })
                    .ToNode(isNegated: char.IsAsciiLetterUpper(character));
            case >= '1' and <= '9' when BackReferenceAt() is { } number: return new AreNode.BackReference(number);
            default: return Literal(ParseCharacterEscape());
        }
    }

    private static readonly AreNode.Characters s_word = CharacterClass.Find("word")!.ToNode(isNegated: false);

    /// <summary>Where what stands before is a word's character or not, and what stands behind.</summary>
    private AreNode.Constraint Boundary(bool isBehindWord, bool isBeforeWord)
    {
        _position++;
        string Of(string word) => $"(?<{(isBehindWord ? '=' : '!')}{word})(?{(isBeforeWord ? '=' : '!')}{word})";
        return new AreNode.Constraint(Of(s_word.Pattern)) { Wide = Of(s_word.Wide) };
    }

    private static string AtEdge(string word, bool isEdge) => isEdge
        ? $"(?:(?<!{word})(?={word})|(?<={word})(?!{word}))"
        : $"(?:(?<!{word})(?!{word})|(?<={word})(?={word}))";

    private AreNode.Constraint Constraint(string pattern)
    {
        _position++;
        return new AreNode.Constraint(pattern);
    }

    /// <summary>One digit is always a back reference; more digits are one when so many groups have begun, else octal.</summary>
    private int? BackReferenceAt()
    {
        var end = _position;
        while (end < _pattern.Length && end < _position + 3 && char.IsAsciiDigit(_pattern[end])) end++;
        var number = int.Parse(_pattern.AsSpan(_position..end), NumberStyles.None, CultureInfo.InvariantCulture);
        if (end - _position > 1 && number > _groups) return null;
        if (!_closedGroups.Contains(number) || _lookarounds > 0) throw Invalid("invalid backreference number");
        _position = end;
        return number;
    }

    /// <summary>The character that an escape stands for; the position is behind the backslash.</summary>
    private int ParseCharacterEscape()
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
                return octal;
            default: return char.IsAsciiLetter(character) ? throw Invalid("invalid escape \\ sequence") : Point(character);
        }
    }

    private int ParseHex(int least, int most)
    {
        var value = 0;
        var count = 0;
        for (; count < most && !IsAtEnd && char.IsAsciiHexDigit(Current); count++)
            value = (value * 16) + Convert.ToInt32(_pattern[_position++].ToString(), 16);
        if (count < least || value < 0) throw Invalid("invalid escape \\ sequence");
        return value <= 0x10FFFF ? value
            : throw new SqlException(SqlState.FeatureNotSupported,
                "escapes of characters beyond Unicode are not supported in regular expressions");
    }

    private AreNode ParseBracket()
    {
        var rest = _pattern.AsSpan(_position);
        if (rest.StartsWith("[:<:]]", StringComparison.Ordinal) || rest.StartsWith("[:>:]]", StringComparison.Ordinal))
        {
            _position += 5;
            return Boundary(rest[2] == '>', rest[2] == '<');
        }

        var isNegated = !IsAtEnd && Current == '^';
        if (isNegated) _position++;
        var members = new CharacterSetBuilder();
        var isFirst = true;
        while (true)
        {
            if (IsAtEnd) throw Invalid("brackets [] not balanced");
            if (Current == ']' && !isFirst) break;
            isFirst = false;
            if (TryParseClass() is { } named)
            {
                members.Add(named);
                continue;
            }

            var from = ParseBracketCharacter();
            var to = -1;
            if (_position + 1 < _pattern.Length && Current == '-' && _pattern[_position + 1] != ']')
            {
                _position++;
                if (TryParseClass() is not null) throw Invalid("invalid character range");
                to = ParseBracketCharacter();
            }

            if (to < 0)
            {
                // A title-case letter is neither of its two cases.
                var (lower, upper) = _options.IgnoreCase ? CharacterSetBuilder.Cases(from) : (from, from);
                members.Add(lower, lower).Add(upper, upper);
                continue;
            }

            if (to < from) throw Invalid("invalid character range");
            members.Add(from, to, _options.IgnoreCase);
        }

        _position++;
        if (isNegated && _options.DotStopsAtNewline) members.Add('\n', '\n');
        return members.Build(isNegated);
    }

    private CharacterClass? TryParseClass()
    {
        var rest = _pattern.AsSpan(_position);
        if (rest.StartsWith("[:", StringComparison.Ordinal))
        {
            var end = rest.IndexOf(":]", StringComparison.Ordinal);
            if (end < 0) throw Invalid("invalid character class");
            _position += end + 2;
            return ClassOf(rest[2..end].ToString());
        }

        if (rest.Length < 2 || rest[0] != '\\' || rest[1] is not ('d' or 's' or 'w' or 'D' or 'S' or 'W')) return null;
        if (char.IsAsciiLetterUpper(rest[1])) throw Invalid("invalid escape \\ sequence");
        _position += 2;
        return ClassOf(rest[1] switch { 'd' => "digit", 's' => "space", _ => "word" });
    }

    private int ParseBracketCharacter()
    {
        var rest = _pattern.AsSpan(_position);
        if (rest.StartsWith("[.", StringComparison.Ordinal) || rest.StartsWith("[=", StringComparison.Ordinal))
        {
            _position += 3;
            if (rest.Length < 5) throw Invalid("invalid collating element");
            var element = Point(rest[2]);
            if (_position + 1 >= _pattern.Length || Current != rest[1] || _pattern[_position + 1] != ']')
                throw Invalid("invalid collating element");
            _position += 2;
            return element;
        }

        var character = _pattern[_position++];
        if (character != '\\') return Point(character);
        if (IsAtEnd) throw Invalid("invalid escape \\ sequence");
        return ParseCharacterEscape();
    }

    private CharacterClass ClassOf(string name) =>
        CharacterClass.Find(_options.IgnoreCase && name is "upper" or "lower" ? "alpha" : name) ?? throw Invalid("invalid character class");

    private AreNode.Characters Literal(int point) => CharacterSetBuilder.Literal(point, _options.IgnoreCase);

    /// <summary>The character whose first unit has just been read.</summary>
    private int Point(char unit) =>
        char.IsHighSurrogate(unit) && !IsAtEnd && char.IsLowSurrogate(Current) ? char.ConvertToUtf32(unit, _pattern[_position++]) : unit;

    private void SkipBlanks()
    {
        if (!_options.IsExpanded) return;
        while (!IsAtEnd && (char.IsWhiteSpace(Current) || Current == '#'))
        {
            if (Current == '#') while (!IsAtEnd && Current != '\n') _position++;
            else _position++;
        }
    }
}
