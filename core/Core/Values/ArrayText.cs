using System.Text;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Core.Values;

/// <summary>
/// Text of arrays: <c>[lower:upper]...={item,"quoted item",NULL,{nested}}</c>, and of int2vector and oidvector: items between spaces.
/// </summary>
public static class ArrayText
{
    private const int MaxDimensions = 6;

    /// <summary>The delimiter between items: a semicolon for box, whose text holds commas.</summary>
    public static char Delimiter(SqlType arrayType) => ReferenceEquals(arrayType.Base, PgTypes.Box) ? ';' : ',';

    public static string Format(PgArray array, SqlType type, TextFormat format)
    {
        var item = InnermostItem(type);
        if (type.IsVector) return string.Join(' ', array.Items.Select(value => ValueText.Format(value!, item, format)));
        if (array.Lengths.Count == 0) return "{}";
        var text = new StringBuilder();
        if (array.LowerBounds.Any(bound => bound != 1))
        {
            for (var i = 0; i < array.Lengths.Count; i++)
                text.Append('[').Append(array.LowerBounds[i]).Append(':').Append(array.LowerBounds[i] + array.Lengths[i] - 1).Append(']');
            text.Append('=');
        }

        var next = 0;
        Append(text, array, item, format, Delimiter(type), 0, ref next);
        return text.ToString();
    }

    public static PgArray Parse(string text, SqlType type, ValueContext context)
    {
        var item = InnermostItem(type);
        if (type.IsVector)
        {
            var items = text.Split((char[])[' ', '\t', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)
                .Select(word => ValueText.Parse(word, item, context)).ToEquatableArray();
            return new PgArray(items, [items.Count], [0]);
        }

        return new Reader(text, item, context, Delimiter(type)).Read();
    }

    private static SqlType InnermostItem(SqlType type)
    {
        var item = type.Element ?? SqlType.Text;
        while (item.Element is { } nested && !item.IsVector) item = nested;
        return item;
    }

    private static void Append(
        StringBuilder text, PgArray array, SqlType item, TextFormat format, char delimiter, int dimension, ref int next)
    {
        text.Append('{');
        for (var i = 0; i < array.Lengths[dimension]; i++)
        {
            if (i > 0) text.Append(delimiter);
            if (dimension < array.Lengths.Count - 1)
            {
                Append(text, array, item, format, delimiter, dimension + 1, ref next);
                continue;
            }

            var value = array.Items[next++];
            if (value is null)
            {
                text.Append("NULL");
                continue;
            }

            var word = ValueText.Format(value, item, format);
            if (!TextQuoting.ArrayItemNeedsQuotes(word, delimiter))
            {
                text.Append(word);
                continue;
            }

            text.Append('"');
            foreach (var c in word)
            {
                if (c is '"' or '\\') text.Append('\\');
                text.Append(c);
            }

            text.Append('"');
        }

        text.Append('}');
    }

    private ref struct Reader(string text, SqlType item, ValueContext context, char delimiter)
    {
        private readonly List<object?> _items = [];
        private readonly List<int> _lengths = [];
        private int _position;
        private int _leafDepth = -1;

        public PgArray Read()
        {
            var bounds = ReadDimensions();
            SkipSpace();
            if (!At('{'))
            {
                throw Malformed(bounds is null
                    ? "Array value must start with \"{\" or dimension information."
                    : "Array contents must start with \"{\".");
            }

            ReadLevel(0);
            SkipSpace();
            if (_position < text.Length) throw Malformed("Junk after closing right brace.");
            if (_items.Count == 0)
                return bounds is null
                    ? new PgArray(default, default, default)
                    : throw Malformed("Specified array dimensions do not match array contents.");
            if (bounds is not null)
            {
                if (bounds.Count != _lengths.Count) throw Malformed("Specified array dimensions do not match array contents.");
                for (var i = 0; i < bounds.Count; i++)
                    if (bounds[i].Upper - bounds[i].Lower + 1 != _lengths[i])
                        throw Malformed("Specified array dimensions do not match array contents.");
            }

            return new PgArray(
                _items.ToEquatableArray(),
                _lengths.ToEquatableArray(),
                (bounds is null ? Enumerable.Repeat(1, _lengths.Count) : bounds.Select(bound => bound.Lower)).ToEquatableArray());
        }

        private List<(int Lower, int Upper)>? ReadDimensions()
        {
            List<(int Lower, int Upper)>? bounds = null;
            while (true)
            {
                SkipSpace();
                if (!At('[')) break;
                _position++;
                bounds ??= [];
                if (bounds.Count == MaxDimensions) throw TooManyDimensions(bounds.Count + 1);
                var lower = 1;
                var upper = ReadBound();
                if (At(':'))
                {
                    _position++;
                    lower = upper;
                    upper = ReadBound();
                }

                if (!At(']')) throw Malformed("Missing \"]\" after array dimensions.");
                _position++;
                if (upper < lower) throw new SqlException(SqlState.ArraySubscriptError, "upper bound cannot be less than lower bound");
                bounds.Add((lower, upper));
            }

            if (bounds is null) return null;
            if (!At('=')) throw Malformed("Missing \"=\" after array dimensions.");
            _position++;
            return bounds;
        }

        private int ReadBound()
        {
            var start = _position;
            if (_position < text.Length && text[_position] is '-' or '+') _position++;
            while (_position < text.Length && char.IsAsciiDigit(text[_position])) _position++;
            return int.TryParse(text.AsSpan(start, _position - start), System.Globalization.CultureInfo.InvariantCulture, out var bound)
                ? bound
                : throw Malformed(start == _position ? "\"[\" must introduce explicitly-specified array dimensions." : null);
        }

        private void ReadLevel(int depth)
        {
            if (depth >= MaxDimensions) throw TooManyDimensions(depth + 1);
            _position++;
            var count = 0;
            SkipSpace();
            if (At('}'))
            {
                _position++;
                // Only a whole array may be empty; an inner {} would have no place in the dimensions.
                if (depth > 0) throw Malformed("Unexpected \"}\" character.");
                return;
            }

            while (true)
            {
                SkipSpace();
                if (At('{'))
                {
                    if (_leafDepth == depth) throw Malformed("Unexpected \"{\" character.");
                    ReadLevel(depth + 1);
                }
                else
                {
                    if (_leafDepth >= 0 && _leafDepth != depth)
                        throw Malformed("Multidimensional arrays must have sub-arrays with matching dimensions.");
                    _leafDepth = depth;
                    _items.Add(ReadItem());
                }

                count++;
                SkipSpace();
                if (_position >= text.Length) throw Malformed("Unexpected end of input.");
                if (At(delimiter))
                {
                    _position++;
                    continue;
                }

                if (!At('}')) throw Malformed("Unexpected array element.");
                _position++;
                break;
            }

            while (_lengths.Count <= depth) _lengths.Add(-1);
            if (_lengths[depth] >= 0 && _lengths[depth] != count)
                throw Malformed("Multidimensional arrays must have sub-arrays with matching dimensions.");
            _lengths[depth] = count;
        }

        private object? ReadItem()
        {
            var word = new StringBuilder();
            var wasQuoted = false;
            var kept = 0;
            while (_position < text.Length)
            {
                var c = text[_position];
                if (c == '"')
                {
                    if (wasQuoted || word.Length > 0) throw Malformed("Unexpected array element.");
                    wasQuoted = true;
                    ReadQuoted(word);
                    SkipSpace();
                    break;
                }

                if (c == delimiter || c == '}') break;
                if (c == '{') throw Malformed("Unexpected \"{\" character.");
                if (c == '\\')
                {
                    if (++_position >= text.Length) throw Malformed("Unexpected end of input.");
                    c = text[_position];
                    word.Append(c);
                    kept = word.Length;
                }
                else
                {
                    word.Append(c);
                    // White space behind an unquoted item is not part of it.
                    if (c is not (' ' or '\t' or '\n' or '\r' or '\v' or '\f')) kept = word.Length;
                }

                _position++;
            }

            if (_position >= text.Length) throw Malformed("Unexpected end of input.");
            if (!wasQuoted)
            {
                word.Length = kept;
                if (kept == 0) throw Malformed($"Unexpected \"{text[_position]}\" character.");
            }

            var value = word.ToString();
            return !wasQuoted && value.Equals("NULL", StringComparison.OrdinalIgnoreCase) ? null : ValueText.Parse(value, item, context);
        }

        private void ReadQuoted(StringBuilder word)
        {
            for (_position++; _position < text.Length; _position++)
            {
                var c = text[_position];
                if (c == '"')
                {
                    _position++;
                    return;
                }

                if (c == '\\' && ++_position < text.Length) c = text[_position];
                word.Append(c);
            }

            throw Malformed("Unexpected end of input.");
        }

        private readonly bool At(char c) => _position < text.Length && text[_position] == c;

        private void SkipSpace()
        {
            while (_position < text.Length && text[_position] is ' ' or '\t' or '\n' or '\r' or '\v' or '\f') _position++;
        }

        private readonly SqlException Malformed(string? detail) => ValueErrors.MalformedArray(text, detail);

        private static SqlException TooManyDimensions(int count) =>
            new(SqlState.ProgramLimitExceeded, $"number of array dimensions ({count}) exceeds the maximum allowed ({MaxDimensions})");
    }
}
