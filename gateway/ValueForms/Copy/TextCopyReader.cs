using System.Text;
using Federation.Arrow;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.SessionApi;

namespace Federation.ValueForms.Copy;

/// <summary>The two formats of lines. Errors name the line and the column in their context, as PostgreSQL's do.</summary>
internal sealed class TextCopyReader(CopyIn copy, ValueContext context) : ICopyRowReader
{
    private const int LongestShown = 100;

    private readonly CopyLines _lines = new(copy);
    private readonly CopyFields _fields = new(copy);
    private readonly SqlType[] _types = [.. copy.Fields.Select(field => field.Type)];
    private readonly TextParser?[] _parsers = [.. copy.Fields.Select(field => TextParser.Choose(field.Type))];
    private CopyHeader _header = copy.Header;
    private long _line;
    private bool _isOver;

    public bool TryRead(CopyBuffer buffer, bool isEnd, BatchBuilder rows)
    {
        while (!_isOver && Find(buffer.Unread, isEnd, out var length, out var total))
        {
            var line = buffer.Unread[..length];
            // The line before the end marker is one if there is something in it.
            if (_isOver && length == 0) break;
            try
            {
                var isRow = _header == CopyHeader.None;
                if (isRow) ReadRow(line, rows.Columns);
                else if (_header == CopyHeader.Match) MatchHeader(line);
                _header = CopyHeader.None;
                buffer.Advance(total);
                if (isRow) return true;
            }
            catch (SqlException error) when (error.Where is null)
            {
                throw error.In($"COPY {copy.Table}, line {_line}: \"{Shown(line)}\"");
            }
        }

        // What comes behind the end of the data is passed over.
        if (_isOver) buffer.Advance(buffer.Unread.Length);
        return false;
    }

    private bool Find(ReadOnlySpan<byte> data, bool isEnd, out int length, out int total)
    {
        try
        {
            if (!_lines.TryFind(data, isEnd, out length, out total, out _isOver)) return false;
            BinaryDecoder.CheckText(data[..length]);
        }
        catch (SqlException error)
        {
            throw error.In($"COPY {copy.Table}, line {_line + _lines.InnerLines + 1}");
        }

        _line += _lines.InnerLines + 1;
        return true;
    }

    private void ReadRow(ReadOnlySpan<byte> line, ColumnBuilder[] columns)
    {
        _fields.Split(line);
        if (_fields.Count > columns.Length) throw new SqlException(SqlState.BadCopyFileFormat, "extra data after last expected column");
        for (var i = 0; i < columns.Length; i++)
        {
            if (i >= _fields.Count)
                throw new SqlException(SqlState.BadCopyFileFormat, $"missing data for column \"{copy.Fields[i].Name}\"");
            if (_fields.IsNull(line, i))
            {
                columns[i].AppendNull();
                continue;
            }

            var text = _fields.Text(line, i);
            if (_parsers[i] is not { } parser || !parser.TryAppend(text, columns[i])) AppendParsed(text, i, columns[i]);
        }
    }

    /// <summary>What has no quick way, and every error.</summary>
    private void AppendParsed(ReadOnlySpan<byte> bytes, int index, ColumnBuilder column)
    {
        var text = Encoding.UTF8.GetString(bytes);
        try
        {
            column.AppendValue(ValueText.Parse(text, _types[index], context));
        }
        catch (SqlException error)
        {
            throw error.In($"COPY {copy.Table}, line {_line}, column {copy.Fields[index].Name}: \"{Shown(bytes)}\"");
        }
    }

    private void MatchHeader(ReadOnlySpan<byte> line)
    {
        _fields.Split(line);
        if (_fields.Count != copy.Fields.Count)
        {
            throw new SqlException(
                SqlState.BadCopyFileFormat, $"wrong number of fields in header line: got {_fields.Count}, expected {copy.Fields.Count}");
        }

        for (var i = 0; i < _fields.Count; i++)
        {
            var (name, isNull) = (Encoding.UTF8.GetString(_fields.Text(line, i)), _fields.IsNullMarker(line, i));
            if (name == copy.Fields[i].Name && !isNull) continue;
            var got = isNull ? $"null value (\"{copy.NullText}\")" : $"\"{name}\"";
            throw new SqlException(SqlState.BadCopyFileFormat,
                $"column name mismatch in header line field {i + 1}: got {got}, expected \"{copy.Fields[i].Name}\"");
        }
    }

    private static string Shown(ReadOnlySpan<byte> bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        return text.Length <= LongestShown ? text : text[..LongestShown] + "...";
    }
}
