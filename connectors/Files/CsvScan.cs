using Federation.ObjectStorage;

namespace Federation.Connectors.Files;

/// <summary>What a CSV file holds that the kernel's reader, unlike PostgreSQL's COPY, drops or refuses.</summary>
/// <param name="LineBesideQuotes">The first line in which text stands beside a quoted field, as in <c>"a" ,"b"</c>; 0 for none.</param>
/// <param name="HasMixedEnds">Some lines end in a line feed and others in a carriage return and a line feed.</param>
/// <param name="HasLongFields">A quoted field holds a line end.</param>
internal readonly record struct CsvScan(int LineBesideQuotes, bool HasMixedEnds, bool HasLongFields)
{
    /// <summary>What is looked at of one file at most; of a remote one only what is sampled, because the rest has to be fetched.</summary>
    private const long MaxBytes = 1L << 30;

    public bool IsIrregular => LineBesideQuotes > 0 || HasMixedEnds;

    public static CsvScan Of(IObjectStore store, string path, char delimiter, FileOptions options)
    {
        var most = StoragePath.IsRemote(path) ? SampleReader.MaxBytes : MaxBytes;
        return SampleReader.Guarded(path, () =>
        {
            using var plain = SampleReader.Open(store, path);
            var scanner = new Scanner((byte)delimiter, (byte)options.Quote, (byte)options.Escape);
            var buffer = new byte[SampleReader.MaxBytes];
            for (var total = 0L; total < most;)
            {
                var length = plain.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
                if (length == 0) break;
                scanner.See(buffer.AsSpan(0, length));
                total += length;
            }

            return scanner.Result;
        });
    }

    private sealed class Scanner(byte delimiter, byte quote, byte escape)
    {
        private int _line = 1;
        private int _besideQuotes;
        private long _plainEnds;
        private long _pairedEnds;
        private bool _isInside, _isAfter, _isBlank, _isEscaped, _hasLongFields, _isAfterReturn;
        private bool _isStart = true;

        public CsvScan Result => new(_besideQuotes, _plainEnds > 0 && _pairedEnds > 0, _hasLongFields);

        public void See(ReadOnlySpan<byte> bytes)
        {
            // Most files have no quotes, or none in most parts.
            if (!_isInside && !_isAfter && bytes.IndexOf(quote) < 0)
            {
                SeePlain(bytes);
                return;
            }

            for (var i = 0; i < bytes.Length; i++) See(bytes[i]);
        }

        private void SeePlain(ReadOnlySpan<byte> bytes)
        {
            var ends = bytes.Count((byte)'\n');
            var pairs = bytes.Count("\r\n"u8) + (_isAfterReturn && bytes[0] == (byte)'\n' ? 1 : 0);
            _line += ends;
            _pairedEnds += pairs;
            _plainEnds += ends - pairs;
            var last = bytes[^1];
            (_isAfterReturn, _isStart) = (last == (byte)'\r', last == delimiter || last is (byte)'\n' or (byte)'\r');
            // Whether a field that goes on is all blanks matters only if a quote comes next; then it is seen again as text.
            _isBlank = false;
        }

        private void See(byte character)
        {
            if (character == (byte)'\n')
            {
                _line++;
                if (_isInside) _hasLongFields = true;
                else if (_isAfterReturn) _pairedEnds++;
                else _plainEnds++;
            }

            _isAfterReturn = character == (byte)'\r';
            if (_isInside)
            {
                if (_isEscaped) _isEscaped = false;
                else if (escape != quote && character == escape) _isEscaped = true;
                else if (character == quote) (_isInside, _isAfter) = (false, true);
            }
            else if (_isAfter && character == quote && escape == quote)
            {
                // A doubled quote.
                (_isInside, _isAfter) = (true, false);
            }
            else if (character == delimiter || character is (byte)'\n' or (byte)'\r')
            {
                (_isAfter, _isBlank, _isStart) = (false, false, true);
            }
            else if (_isAfter || (_isBlank && character == quote))
            {
                if (_besideQuotes == 0) _besideQuotes = _line;
                if (character == quote) (_isInside, _isAfter) = (true, false);
            }
            else
            {
                _isInside = _isStart && character == quote;
                _isBlank = (_isStart || _isBlank) && character == (byte)' ';
                _isStart = false;
            }
        }
    }
}
