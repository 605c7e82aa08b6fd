using System.Text;
using Federation.Core.Errors;
using Federation.SessionApi;

namespace Federation.ValueForms.Copy;

/// <summary>
/// Cuts lines into fields. Fields without escapes stay where they are; the others are written to memory that is used again for the next
/// line. Used by one thread.
/// </summary>
internal sealed class CopyFields(CopyIn copy)
{
    private readonly bool _isCsv = copy.Format == CopyFormat.Csv;
    private readonly byte _delimiter = (byte)copy.Delimiter;
    private readonly byte _quote = (byte)copy.Quote;
    private readonly byte _escape = (byte)copy.Escape;
    private readonly byte[] _null = Encoding.UTF8.GetBytes(copy.NullText);
    private readonly bool[] _forceNull = Flags(copy, copy.ForceNull);
    private readonly bool[] _forceNotNull = Flags(copy, copy.ForceNotNull);
    private Slot[] _slots = new Slot[Math.Max(copy.Fields.Count, 1)];
    private byte[] _decoded = new byte[256];
    private int _decodedLength;

    public int Count { get; private set; }

    /// <param name="line">In UTF-8.</param>
    public void Split(ReadOnlySpan<byte> line)
    {
        Count = 0;
        _decodedLength = 0;
        if (copy.Fields.Count == 0 && line.IsEmpty) return;
        if (!_isCsv && line.Contains((byte)'\\')) SplitEscaped(line);
        else if (_isCsv && line.Contains(_quote)) SplitQuoted(line);
        else SplitPlain(line);
    }

    /// <summary>The text of a field of the line.</summary>
    public ReadOnlySpan<byte> Text(ReadOnlySpan<byte> line, int index)
    {
        var slot = _slots[index];
        return slot.IsDecoded ? _decoded.AsSpan(slot.Start, slot.Length) : line.Slice(slot.Start, slot.Length);
    }

    /// <summary>Text that stands for NULL does so before escapes are read; in CSV, unless it is quoted.</summary>
    public bool IsNull(ReadOnlySpan<byte> line, int index)
    {
        var slot = _slots[index];
        if (!_isCsv) return line.Slice(slot.RawStart, slot.RawLength).SequenceEqual(_null);
        return (slot.IsQuoted ? _forceNull[index] : !_forceNotNull[index]) && Text(line, index).SequenceEqual(_null);
    }

    /// <summary>Whether a name of the header line is the marker of NULL.</summary>
    public bool IsNullMarker(ReadOnlySpan<byte> line, int index)
    {
        var slot = _slots[index];
        return !slot.IsQuoted && line.Slice(slot.RawStart, slot.RawLength).SequenceEqual(_null);
    }

    private static bool[] Flags(CopyIn copy, IEnumerable<int> columns)
    {
        var flags = new bool[copy.Fields.Count];
        foreach (var column in columns) flags[column] = true;
        return flags;
    }

    private void SplitPlain(ReadOnlySpan<byte> line)
    {
        var start = 0;
        while (line[start..].IndexOf(_delimiter) is var length and >= 0)
        {
            Add(new Slot(start, length, start, length));
            start += length + 1;
        }

        Add(new Slot(start, line.Length - start, start, line.Length - start));
    }

    private void SplitEscaped(ReadOnlySpan<byte> line)
    {
        var (start, hasEscapes) = (0, false);
        for (var i = 0; ; i++)
        {
            var next = line[Math.Min(i, line.Length)..].IndexOfAny(_delimiter, (byte)'\\');
            i = next < 0 ? line.Length : i + next;
            if (i < line.Length && line[i] == '\\')
            {
                hasEscapes = true;
                i++;
                continue;
            }

            var raw = line[start..i];
            if (hasEscapes && !raw.SequenceEqual(_null)) AddUnescaped(raw, start);
            else Add(new Slot(start, raw.Length, start, raw.Length));
            (start, hasEscapes) = (i + 1, false);
            if (i == line.Length) return;
        }
    }

    private void AddUnescaped(ReadOnlySpan<byte> raw, int rawStart)
    {
        var start = _decodedLength;
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '\\')
            {
                Append(raw[i]);
                continue;
            }

            // The end of the data escapes nothing.
            if (i + 1 == raw.Length) break;
            var next = raw[++i];
            switch (next)
            {
                case (byte)'b': Append((byte)'\b'); break;
                case (byte)'f': Append((byte)'\f'); break;
                case (byte)'n': Append((byte)'\n'); break;
                case (byte)'r': Append((byte)'\r'); break;
                case (byte)'t': Append((byte)'\t'); break;
                case (byte)'v': Append((byte)'\v'); break;
                case >= (byte)'0' and <= (byte)'7':
                    var octal = next - '0';
                    for (var digits = 1; digits < 3 && i + 1 < raw.Length && raw[i + 1] is >= (byte)'0' and <= (byte)'7'; digits++)
                        octal = (octal << 3) + raw[++i] - '0';
                    Append((byte)octal);
                    break;
                case (byte)'x' when i + 1 < raw.Length && char.IsAsciiHexDigit((char)raw[i + 1]):
                    var hex = 0;
                    for (var digits = 0; digits < 2 && i + 1 < raw.Length && char.IsAsciiHexDigit((char)raw[i + 1]); digits++)
                        hex = (hex << 4) + HexValue(raw[++i]);
                    Append((byte)hex);
                    break;
                default: Append(next); break;
            }
        }

        var text = _decoded.AsSpan(start, _decodedLength - start);
        BinaryDecoder.CheckText(text);
        Add(new Slot(start, text.Length, rawStart, raw.Length) { IsDecoded = true });
    }

    private void SplitQuoted(ReadOnlySpan<byte> line)
    {
        var (rawStart, start, isQuoted, hasQuotes) = (0, _decodedLength, false, false);
        for (var i = 0; i <= line.Length; i++)
        {
            if (i == line.Length && isQuoted) throw new SqlException(SqlState.BadCopyFileFormat, "unterminated CSV quoted field");
            if (i == line.Length || (!isQuoted && line[i] == _delimiter))
            {
                Add(new Slot(start, _decodedLength - start, rawStart, i - rawStart) { IsDecoded = true, IsQuoted = hasQuotes });
                (rawStart, start, hasQuotes) = (i + 1, _decodedLength, false);
            }
            else if (isQuoted && line[i] == _escape && i + 1 < line.Length && (line[i + 1] == _quote || line[i + 1] == _escape))
            {
                Append(line[++i]);
            }
            else if (line[i] == _quote)
            {
                isQuoted = !isQuoted;
                hasQuotes = true;
            }
            else
            {
                Append(line[i]);
            }
        }
    }

    private static int HexValue(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;

    private void Add(Slot slot)
    {
        if (Count == _slots.Length) Array.Resize(ref _slots, _slots.Length * 2);
        _slots[Count++] = slot;
    }

    private void Append(byte item)
    {
        if (_decodedLength == _decoded.Length) Array.Resize(ref _decoded, _decoded.Length * 2);
        _decoded[_decodedLength++] = item;
    }

    /// <param name="Start">In the line, or among what was decoded.</param>
    /// <param name="RawStart">In the line.</param>
    private readonly record struct Slot(int Start, int Length, int RawStart, int RawLength)
    {
        public bool IsDecoded { get; init; }

        public bool IsQuoted { get; init; }
    }
}
