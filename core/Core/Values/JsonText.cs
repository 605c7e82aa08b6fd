using System.Globalization;
using System.Text;
using Federation.Core.Errors;

namespace Federation.Core.Values;

/// <summary>
/// Input of json and jsonb. json keeps its text and is only checked; jsonb is brought to its normal form: keys ordered by length in bytes,
/// then bytes, the last of duplicates kept, one space behind colons and commas, numbers as numeric prints them.
/// </summary>
public static class JsonText
{
    private const int MaxDepth = 6_000;

    public static string Check(string text)
    {
        new Reader(text, null).ReadDocument();
        return text;
    }

    public static string Normalise(string text)
    {
        var output = new StringBuilder(text.Length);
        new Reader(text, output).ReadDocument();
        return output.ToString();
    }

    /// <summary>Appends a JSON string literal with the escapes that jsonb prints.</summary>
    public static void AppendString(StringBuilder output, string value)
    {
        output.Append('"');
        foreach (var c in value)
        {
            switch (c)
            {
                case '"': output.Append("\\\""); break;
                case '\\': output.Append("\\\\"); break;
                case '\b': output.Append("\\b"); break;
                case '\f': output.Append("\\f"); break;
                case '\n': output.Append("\\n"); break;
                case '\r': output.Append("\\r"); break;
                case '\t': output.Append("\\t"); break;
                case < ' ': output.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)); break;
                default: output.Append(c); break;
            }
        }

        output.Append('"');
    }

    private static int CompareKeys(byte[] left, byte[] right) =>
        left.Length != right.Length ? left.Length.CompareTo(right.Length) : left.AsSpan().SequenceCompareTo(right);

    /// <summary>Reads one document; writes its normal form when there is an output.</summary>
    private ref struct Reader(string text, StringBuilder? output)
    {
        private int _position;
        private int _depth;
        private StringBuilder? _output = output;

        public void ReadDocument()
        {
            ReadValue();
            SkipSpace();
            if (_position < text.Length) throw Unexpected("Expected end of input, but found");
        }

        private void ReadValue()
        {
            SkipSpace();
            if (_position >= text.Length) throw EndedEarly();
            if (++_depth > MaxDepth) throw new SqlException(SqlState.StatementTooComplex, "stack depth limit exceeded");
            switch (text[_position])
            {
                case '{': ReadObject(); break;
                case '[': ReadArray(); break;
                case '"':
                    var value = ReadString();
                    if (_output is not null) AppendString(_output, value);
                    break;
                case '-' or (>= '0' and <= '9'): ReadNumber(); break;
                default: ReadWord(); break;
            }

            _depth--;
        }

        private void ReadArray()
        {
            _position++;
            _output?.Append('[');
            SkipSpace();
            if (!TryTake(']'))
            {
                while (true)
                {
                    ReadValue();
                    SkipSpace();
                    if (TryTake(']')) break;
                    if (!TryTake(',')) throw Unexpected("Expected \",\" or \"]\", but found");
                    _output?.Append(", ");
                }
            }

            _output?.Append(']');
        }

        private void ReadObject()
        {
            _position++;
            var outer = _output;
            var members = outer is null ? null : new List<(byte[] Key, string Name, string Value)>();
            SkipSpace();
            if (!TryTake('}'))
            {
                while (true)
                {
                    SkipSpace();
                    if (_position >= text.Length) throw EndedEarly();
                    if (text[_position] != '"')
                        throw Unexpected(members is { Count: 0 } ? "Expected string or \"}\", but found" : "Expected string, but found");
                    var name = ReadString();
                    SkipSpace();
                    if (!TryTake(':')) throw Unexpected("Expected \":\", but found");
                    _output = members is null ? null : new StringBuilder();
                    ReadValue();
                    members?.Add((Encoding.UTF8.GetBytes(name), name, _output!.ToString()));
                    SkipSpace();
                    if (TryTake('}')) break;
                    if (!TryTake(',')) throw Unexpected("Expected \",\" or \"}\", but found");
                }
            }

            _output = outer;
            if (outer is not null) AppendMembers(outer, members!);
        }

        private static void AppendMembers(StringBuilder output, List<(byte[] Key, string Name, string Value)> members)
        {
            var ordered = members.Select((member, index) => (member, index)).ToList();
            ordered.Sort(
                (left, right) =>
                    CompareKeys(left.member.Key, right.member.Key) is var order and not 0 ? order : left.index.CompareTo(right.index));
            output.Append('{');
            var isFirst = true;
            for (var i = 0; i < ordered.Count; i++)
            {
                var (_, name, value) = ordered[i].member;
                // Of equal keys the last one read stays.
                if (i + 1 < ordered.Count && ordered[i + 1].member.Name == name) continue;
                if (!isFirst) output.Append(", ");
                isFirst = false;
                AppendString(output, name);
                output.Append(": ").Append(value);
            }

            output.Append('}');
        }

        private void ReadNumber()
        {
            var start = _position;
            if (text[_position] == '-') _position++;
            var digits = SkipDigits();
            var isValid = digits == 1 || (digits > 1 && text[_position - digits] != '0');
            if (Peek() == '.')
            {
                _position++;
                isValid &= SkipDigits() > 0;
            }

            if (Peek() is 'e' or 'E')
            {
                _position++;
                if (Peek() is '+' or '-') _position++;
                isValid &= SkipDigits() > 0;
            }

            if (!isValid || IsWordCharacter(Peek()))
            {
                while (IsWordCharacter(Peek())) _position++;
                throw Invalid($"Token \"{text[start.._position]}\" is invalid.");
            }

            _output?.Append(NumberText.ParseNumeric(text[start.._position]).ToString());
        }

        private void ReadWord()
        {
            var start = _position;
            while (IsWordCharacter(Peek())) _position++;
            var word = text[start.._position];
            if (word is "true" or "false" or "null")
            {
                _output?.Append(word);
                return;
            }

            if (word.Length == 0 && text[start] is ',' or ':' or ']' or '}') throw Unexpected("Expected JSON value, but found");
            throw Invalid($"Token \"{(word.Length > 0 ? word : text.Substring(start, 1))}\" is invalid.");
        }

        /// <summary>The value of a string; nothing when there is no output.</summary>
        private string ReadString()
        {
            var start = _position++;
            var value = _output is null ? null : new StringBuilder();
            while (_position < text.Length)
            {
                var c = text[_position++];
                switch (c)
                {
                    case '"': return value?.ToString() ?? "";
                    case '\\': ReadEscape(value); break;
                    case < ' ': throw Invalid($"Character with value 0x{(int)c:x2} must be escaped.");
                    default: value?.Append(c); break;
                }
            }

            throw Invalid($"Token \"{text[start..]}\" is invalid.");
        }

        private void ReadEscape(StringBuilder? value)
        {
            if (_position >= text.Length) throw EndedEarly();
            var c = text[_position++];
            switch (c)
            {
                case '"' or '\\' or '/': value?.Append(c); break;
                case 'b': value?.Append('\b'); break;
                case 'f': value?.Append('\f'); break;
                case 'n': value?.Append('\n'); break;
                case 'r': value?.Append('\r'); break;
                case 't': value?.Append('\t'); break;
                case 'u': ReadUnicode(value); break;
                default: throw Invalid($"Escape sequence \"\\{c}\" is invalid.");
            }
        }

        private void ReadUnicode(StringBuilder? value)
        {
            var unit = ReadHex();
            if (unit == 0)
            {
                if (_output is null) return;
                throw new SqlException(
                    SqlState.UntranslatableCharacter, "unsupported Unicode escape sequence")
                        { Detail = "\\u0000 cannot be converted to text." };
            }

            if (char.IsLowSurrogate(unit)) throw Invalid("Unicode low surrogate must follow a high surrogate.");
            value?.Append(unit);
            if (!char.IsHighSurrogate(unit)) return;
            if (Peek() != '\\' || _position + 1 >= text.Length || text[_position + 1] != 'u')
                throw Invalid("Unicode low surrogate must follow a high surrogate.");
            _position += 2;
            var low = ReadHex();
            if (!char.IsLowSurrogate(low)) throw Invalid("Unicode low surrogate must follow a high surrogate.");
            value?.Append(low);
        }

        private char ReadHex()
        {
            if (_position + 4 > text.Length
                || !ushort.TryParse(text.AsSpan(_position, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit))
                throw Invalid("\"\\u\" must be followed by four hexadecimal digits.");
            _position += 4;
            return (char)unit;
        }

        private int SkipDigits()
        {
            var start = _position;
            while (char.IsAsciiDigit(Peek())) _position++;
            return _position - start;
        }

        private readonly char Peek() => _position < text.Length ? text[_position] : '\0';

        private static bool IsWordCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or > '\u007f';

        private void SkipSpace()
        {
            while (Peek() is ' ' or '\t' or '\n' or '\r') _position++;
        }

        private bool TryTake(char c)
        {
            if (Peek() != c) return false;
            _position++;
            return true;
        }

        private SqlException Unexpected(string expectation)
        {
            if (_position >= text.Length) return EndedEarly();
            var start = _position;
            while (IsWordCharacter(Peek())) _position++;
            return Invalid($"{expectation} \"{text[start..Math.Max(_position, start + 1)]}\".");
        }

        private readonly SqlException EndedEarly() => Invalid("The input string ended unexpectedly.");

        private readonly SqlException Invalid(string detail) =>
            new(SqlState.InvalidTextRepresentation, "invalid input syntax for type json") { Detail = detail };
    }
}
