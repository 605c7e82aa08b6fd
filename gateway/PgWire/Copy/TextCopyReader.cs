using System.Text;
using System.Text.Unicode;
using Federation.Core.Errors;
using Federation.Core.Values;
using Federation.PgWire.Protocol;
using Federation.SessionApi;

namespace Federation.PgWire.Copy;

/// <summary>The two formats of lines. Errors name the line and the column in their context, as PostgreSQL's do.</summary>
internal sealed class TextCopyReader(CopyIn copy, ValueContext context, ICopyLines lines) : ICopyRowReader
{
    private const int LongestShown = 100;

    private readonly List<CopyField> _fields = [];
    private long _line;
    private bool _isOver;

    public bool TryRead(CopyBuffer buffer, bool isEnd, object?[] values)
    {
        while (!_isOver && lines.FindLine(buffer.Unread, isEnd) is var (length, total) && total > 0)
        {
            _line++;
            var line = buffer.Unread[..length];
            if (lines.IsEnd(line))
            {
                _isOver = true;
                buffer.Advance(total);
                break;
            }

            try
            {
                var isRow = _line > 1 || copy.Header == CopyHeader.None;
                if (isRow) ReadRow(line, values);
                else if (copy.Header == CopyHeader.Match) MatchHeader(line);
                buffer.Advance(total);
                if (isRow) return true;
            }
            catch (SqlException error) when (error.Where is null)
            {
                throw error.In($"COPY {copy.Table}, line {_line}: \"{Shown(Encoding.UTF8.GetString(line))}\"");
            }
        }

        // What comes behind the end of the data is passed over.
        if (_isOver) buffer.Advance(buffer.Unread.Length);
        return false;
    }

    private void ReadRow(ReadOnlySpan<byte> line, object?[] values)
    {
        Split(line);
        for (var i = 0; i < values.Length; i++)
        {
            if (i >= _fields.Count) throw new SqlException(SqlState.BadCopyFileFormat, $"missing data for column \"{copy.Fields[i].Name}\"");
            values[i] = Value(i);
        }

        if (_fields.Count > values.Length) throw new SqlException(SqlState.BadCopyFileFormat, "extra data after last expected column");
    }

    private object? Value(int index)
    {
        var (field, text) = (copy.Fields[index], lines.IsNull(_fields[index], index) ? null : _fields[index].Text);
        if (text is null) return null;
        try
        {
            return ValueText.Parse(text, field.Type, context);
        }
        catch (SqlException error)
        {
            throw error.In($"COPY {copy.Table}, line {_line}, column {field.Name}: \"{Shown(text)}\"");
        }
    }

    private void MatchHeader(ReadOnlySpan<byte> line)
    {
        Split(line);
        if (_fields.Count != copy.Fields.Count)
        {
            throw new SqlException(
                SqlState.BadCopyFileFormat, $"wrong number of fields in header line: got {_fields.Count}, expected {copy.Fields.Count}");
        }

        for (var i = 0; i < _fields.Count; i++)
        {
            if (_fields[i].Text == copy.Fields[i].Name && !lines.IsNull(_fields[i], i)) continue;
            var got = lines.IsNull(_fields[i], i) ? $"null value (\"{copy.NullText}\")" : $"\"{_fields[i].Text}\"";
            throw new SqlException(SqlState.BadCopyFileFormat, $"column name mismatch in header line field {i + 1}: got {got}, expected \"{copy.Fields[i].Name}\"");
        }
    }

    private void Split(ReadOnlySpan<byte> line)
    {
        if (!Utf8.IsValid(line)) throw ProtocolErrors.InvalidUtf8(line);
        _fields.Clear();
        lines.Split(line, _fields);
    }

    private static string Shown(string text) => text.Length <= LongestShown ? text : text[..LongestShown] + "...";
}

/// <param name="Raw">The text before escapes were read, which is what stands for NULL in the text format.</param>
internal readonly record struct CopyField(string Text, string Raw, bool IsQuoted);

/// <summary>How lines end and how they are cut into fields.</summary>
internal interface ICopyLines
{
    /// <summary>The length of the first line, without and with its end; zero when it is not there as a whole.</summary>
    (int Length, int Total) FindLine(ReadOnlySpan<byte> data, bool isEnd);

    /// <summary>Whether the line says that no data follows.</summary>
    bool IsEnd(ReadOnlySpan<byte> line);

    void Split(ReadOnlySpan<byte> line, List<CopyField> fields);

    bool IsNull(CopyField field, int index);
}

/// <summary>The text format: backslashes escape, and a line with a backslash and a dot ends the data.</summary>
internal sealed class TextLines(CopyIn copy) : ICopyLines
{
    public (int Length, int Total) FindLine(ReadOnlySpan<byte> data, bool isEnd)
    {
        for (var i = 0; i < data.Length; i++)
        {
            switch (data[i])
            {
                case (byte)'\\': i++; break;
                case (byte)'\n': return (i, i + 1);
                case (byte)'\r':
                    if (i + 1 < data.Length) return (i, data[i + 1] == '\n' ? i + 2 : i + 1);
                    return isEnd ? (i, i + 1) : default;
            }
        }

        return isEnd ? (data.Length, data.Length) : default;
    }

    public bool IsEnd(ReadOnlySpan<byte> line) => line.SequenceEqual("\\."u8);

    public void Split(ReadOnlySpan<byte> line, List<CopyField> fields)
    {
        if (copy.Fields.Count == 0 && line.IsEmpty) return;
        var start = 0;
        for (var i = 0; i <= line.Length; i++)
        {
            if (i < line.Length && line[i] == '\\' && i + 1 < line.Length)
            {
                i++;
                continue;
            }

            if (i < line.Length && line[i] != copy.Delimiter) continue;
            var raw = line[start..i];
            fields.Add(new CopyField(Unescape(raw), Encoding.UTF8.GetString(raw), IsQuoted: false));
            start = i + 1;
        }
    }

    public bool IsNull(CopyField field, int index) => field.Raw == copy.NullText;

    private static string Unescape(ReadOnlySpan<byte> raw)
    {
        if (!raw.Contains((byte)'\\')) return Encoding.UTF8.GetString(raw);
        var bytes = new List<byte>(raw.Length);
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '\\' || i + 1 == raw.Length)
            {
                bytes.Add(raw[i]);
                continue;
            }

            var next = raw[++i];
            switch (next)
            {
                case (byte)'b': bytes.Add((byte)'\b'); break;
                case (byte)'f': bytes.Add((byte)'\f'); break;
                case (byte)'n': bytes.Add((byte)'\n'); break;
                case (byte)'r': bytes.Add((byte)'\r'); break;
                case (byte)'t': bytes.Add((byte)'\t'); break;
                case (byte)'v': bytes.Add((byte)'\v'); break;
                case >= (byte)'0' and <= (byte)'7':
                    var octal = next - '0';
                    for (var digits = 1; digits < 3 && i + 1 < raw.Length && raw[i + 1] is >= (byte)'0' and <= (byte)'7'; digits++) octal = (octal << 3) + raw[++i] - '0';
                    bytes.Add((byte)octal);
                    break;
                case (byte)'x' when i + 1 < raw.Length && char.IsAsciiHexDigit((char)raw[i + 1]):
                    var hex = 0;
                    for (var digits = 0; digits < 2 && i + 1 < raw.Length && char.IsAsciiHexDigit((char)raw[i + 1]); digits++) hex = (hex << 4) + Convert.ToInt32(((char)raw[++i]).ToString(), 16);
                    bytes.Add((byte)hex);
                    break;
                default: bytes.Add(next); break;
            }
        }

        var text = bytes.ToArray();
        if (!Utf8.IsValid(text)) throw ProtocolErrors.InvalidUtf8(text);
        return Array.IndexOf(text, (byte)0) < 0 ? Encoding.UTF8.GetString(text) : throw new SqlException(SqlState.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\": 0x00");
    }
}

/// <summary>CSV: quoted fields may hold line ends, and only unquoted text stands for NULL.</summary>
internal sealed class CsvLines(CopyIn copy) : ICopyLines
{
    public (int Length, int Total) FindLine(ReadOnlySpan<byte> data, bool isEnd)
    {
        var isQuoted = false;
        for (var i = 0; i < data.Length; i++)
        {
            var item = data[i];
            if (isQuoted && item == copy.Escape && copy.Escape != copy.Quote)
            {
                i++;
                continue;
            }

            if (item == copy.Quote) isQuoted = !isQuoted;
            if (isQuoted) continue;
            if (item == '\n') return (i, i + 1);
            if (item != '\r') continue;
            if (i + 1 < data.Length) return (i, data[i + 1] == '\n' ? i + 2 : i + 1);
            return isEnd ? (i, i + 1) : default;
        }

        if (isEnd && isQuoted) throw new SqlException(SqlState.BadCopyFileFormat, "unterminated CSV quoted field");
        return isEnd ? (data.Length, data.Length) : default;
    }

    public bool IsEnd(ReadOnlySpan<byte> line) => line.SequenceEqual("\\."u8);

    public void Split(ReadOnlySpan<byte> line, List<CopyField> fields)
    {
        if (copy.Fields.Count == 0 && line.IsEmpty) return;
        var text = new List<byte>();
        var (isQuoted, hasQuotes) = (false, false);
        for (var i = 0; i <= line.Length; i++)
        {
            if (i == line.Length || (!isQuoted && line[i] == copy.Delimiter))
            {
                var value = Encoding.UTF8.GetString(text.ToArray());
                fields.Add(new CopyField(value, value, hasQuotes));
                text.Clear();
                hasQuotes = false;
            }
            else if (isQuoted && line[i] == copy.Escape && i + 1 < line.Length && (line[i + 1] == copy.Quote || line[i + 1] == copy.Escape))
            {
                text.Add(line[++i]);
            }
            else if (line[i] == copy.Quote)
            {
                isQuoted = !isQuoted;
                hasQuotes = true;
            }
            else
            {
                text.Add(line[i]);
            }
        }
    }

    public bool IsNull(CopyField field, int index) =>
        field.Text == copy.NullText && (field.IsQuoted ? copy.ForceNull.Contains(index) : !copy.ForceNotNull.Contains(index));
}
