using System.Buffers;
using Federation.Core.Errors;
using Federation.SessionApi;

namespace Federation.ValueForms.Copy;

/// <summary>
/// Where lines of copy data end. Remembers how the first one did, because PostgreSQL wants all to end alike. Used by one thread.
/// </summary>
internal sealed class CopyLines
{
    private readonly bool _isCsv;
    private readonly byte _quote;
    private readonly byte _escape;
    private readonly bool _hasEscape;
    private readonly SearchValues<byte> _special;

    private LineEnd _lineEnd;

    // Of the line that is being looked for: what has been looked at, and in what state that ended.
    private int _scanned;
    private bool _isQuoted;
    private bool _isEscaped;

    public CopyLines(CopyIn copy)
    {
        _isCsv = copy.Format == CopyFormat.Csv;
        _quote = (byte)copy.Quote;
        _escape = (byte)copy.Escape;
        _hasEscape = _escape != _quote;
        _special = SearchValues.Create(_isCsv ? [(byte)'\n', (byte)'\r', (byte)'\\', _quote, _escape] : "\n\r\\"u8);
    }

    private enum LineEnd
    {
        Unknown,
        Newline,
        Return,
        Both,
    }

    /// <summary>Line ends within quotes of the line that was found.</summary>
    public int InnerLines { get; private set; }

    /// <summary>The first line, if it is there as a whole.</summary>
    /// <param name="data">What has not been read; starts with the same bytes as in the call before when that has found nothing.</param>
    /// <param name="isEnd">No more data comes.</param>
    /// <param name="length">Of the line without its end.</param>
    /// <param name="total">With its end.</param>
    /// <param name="isLast">An end marker follows the line, or stands in its place; the rest of the data is to be passed over.</param>
    public bool TryFind(ReadOnlySpan<byte> data, bool isEnd, out int length, out int total, out bool isLast)
    {
        isLast = false;
        if (_scanned == 0) InnerLines = 0;
        var found = _isCsv ? TryFindCsv(data, isEnd, out length, out total, ref isLast)
            : TryFindText(data, isEnd, out length, out total, ref isLast);
        if (!found && isEnd && !data.IsEmpty)
        {
            (length, total) = (data.Length, data.Length);
            found = true;
        }

        if (found) (_scanned, _isQuoted, _isEscaped) = (0, false, false);
        return found;
    }

    private bool TryFindText(ReadOnlySpan<byte> data, bool isEnd, out int length, out int total, ref bool isLast)
    {
        (length, total) = (0, 0);
        for (var i = _scanned; ; i++)
        {
            var next = data[i..].IndexOfAny(_special);
            _scanned = i = next < 0 ? data.Length : i + next;
            if (next < 0) return false;
            if (data[i] != '\\')
            {
                if (EndOf(data, i, isEnd) is not { } end) return false;
                (length, total) = (i, end);
                return true;
            }

            if (i + 1 >= data.Length && !isEnd) return false;
            if (i + 1 < data.Length && data[i + 1] == '.')
            {
                if (!MarkerEnds(data, i + 2, isEnd, out isLast)) return false;
                (length, total) = (i, data.Length);
                return true;
            }

            // What is escaped ends no line.
            if (++i >= data.Length)
            {
                _scanned = data.Length;
                return false;
            }
        }
    }

    private bool TryFindCsv(ReadOnlySpan<byte> data, bool isEnd, out int length, out int total, ref bool isLast)
    {
        (length, total) = (0, 0);
        for (var i = _scanned; ; i++)
        {
            var next = data[i..].IndexOfAny(_special);
            if (next > 0 || (next < 0 && i < data.Length)) _isEscaped = false;
            _scanned = i = next < 0 ? data.Length : i + next;
            if (next < 0) return false;
            var item = data[i];
            if (item == '\\' && i == 0)
            {
                if (data.Length == 1 && !isEnd) return false;
                if (data.Length > 1 && data[1] == '.')
                {
                    if (!MarkerEnds(data, 2, isEnd, out isLast)) return false;
                    if (isLast)
                    {
                        (length, total) = (0, data.Length);
                        return true;
                    }
                }
            }

            if (item is (byte)'\n' or (byte)'\r' && !_isQuoted)
            {
                if (EndOf(data, i, isEnd) is not { } end) return false;
                (length, total) = (i, end);
                return true;
            }

            if (_hasEscape && _isQuoted && item == _escape) _isEscaped = !_isEscaped;
            if (item == _quote && !_isEscaped) _isQuoted = !_isQuoted;
            if (!_hasEscape || item != _escape) _isEscaped = false;
            if (_isQuoted && item == (_lineEnd == LineEnd.Newline ? (byte)'\n' : (byte)'\r')) InnerLines++;
        }
    }

    /// <summary>The place behind the end of the line; null when the next byte must be known first.</summary>
    private int? EndOf(ReadOnlySpan<byte> data, int index, bool isEnd)
    {
        if (data[index] == '\n')
        {
            if (_lineEnd is LineEnd.Return or LineEnd.Both) throw Literal("newline", "\\n");
            _lineEnd = LineEnd.Newline;
            return index + 1;
        }

        if (_lineEnd == LineEnd.Newline) throw Literal("carriage return", "\\r");
        if (_lineEnd == LineEnd.Return) return index + 1;
        if (index + 1 >= data.Length && !isEnd) return null;
        if (index + 1 < data.Length && data[index + 1] == '\n')
        {
            _lineEnd = LineEnd.Both;
            return index + 2;
        }

        if (_lineEnd == LineEnd.Both) throw Literal("carriage return", "\\r");
        _lineEnd = LineEnd.Return;
        return index + 1;
    }

    /// <summary>
    /// Whether what stands behind <c>\.</c> makes it the end of the data. In CSV it is data otherwise, in text an error. False when more
    /// bytes must be known first.
    /// </summary>
    private bool MarkerEnds(ReadOnlySpan<byte> data, int index, bool isEnd, out bool isMarker)
    {
        isMarker = false;
        var needed = _lineEnd == LineEnd.Both ? 2 : 1;
        if (data.Length < index + needed && !isEnd) return false;
        var (first, second) = (data.Length > index ? data[index] : (byte)0, data.Length > index + 1 ? data[index + 1] : (byte)0);
        var problem = _lineEnd switch
        {
            LineEnd.Both when first == '\n' => "does not match previous newline style",
            LineEnd.Both when first != '\r' || second is not ((byte)'\r' or (byte)'\n') => "corrupt",
            LineEnd.Both => second == '\n' ? null : "does not match previous newline style",
            _ when first is not ((byte)'\r' or (byte)'\n') => "corrupt",
            LineEnd.Newline when first != '\n' => "does not match previous newline style",
            LineEnd.Return when first != '\r' => "does not match previous newline style",
            _ => null,
        };
        if (problem is not null && !_isCsv) throw new SqlException(SqlState.BadCopyFileFormat, $"end-of-copy marker {problem}");
        isMarker = problem is null;
        return true;
    }

    private SqlException Literal(string name, string escape) =>
        new(SqlState.BadCopyFileFormat, $"{(_isCsv ? "unquoted" : "literal")} {name} found in data")
    {
        Hint = _isCsv ? $"Use quoted CSV field to represent {name}." : $"Use \"{escape}\" to represent {name}.",
    };
}
