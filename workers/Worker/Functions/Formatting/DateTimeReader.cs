using System.Globalization;
using Federation.Core.Errors;
using Federation.Core.Values;
using Calendar = Federation.Core.Values.Calendar;

namespace Federation.Worker.Functions.Formatting;

/// <summary>
/// to_date and to_timestamp: reads text along a template (DCH_from_char and do_to_timestamp of PostgreSQL's formatting.c).
/// </summary>
internal static class DateTimeReader
{
    private static readonly string[] s_months =
        ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

    private static readonly string[] s_days = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
    private static readonly string[] s_roman = ["viii", "vii", "iii", "xii", "ii", "iv", "vi", "ix", "xi", "i", "v", "x"];
    private static readonly int[] s_romanMonths = [8, 7, 3, 12, 2, 4, 6, 9, 11, 1, 5, 10];

    public static int ToDate(string text, string format) => (int)new Reading(text, format).Days();

    public static long ToTimestamp(string text, string format, ZoneRules zone)
    {
        var reading = new Reading(text, format);
        var days = reading.Days();
        var local = (days * Calendar.MicrosecondsPerDay) + reading.TimeOfDay();
        var offset = reading.Offset ?? zone.OffsetAtLocal(Calendar.FloorDivide(local, Calendar.MicrosecondsPerSecond));
        return DateTimeInput.Round(local - (offset * Calendar.MicrosecondsPerSecond), reading.FractionDigits);
    }

    /// <summary>The fields that were read, and what they mean together.</summary>
    private sealed class Reading
    {
        private const int MostFractionDigits = 6;

        private readonly string _text;
        private readonly DateTimeFormat _format;
        private readonly Dictionary<string, int> _fields = new(StringComparer.Ordinal);
        private int _position;

        /// <summary>Characters of the text passed over beyond those that the template names.</summary>
        private int _skipped;
        private bool _isIsoDate;
        private bool _isGregorian;

        public Reading(string text, string format)
        {
            _text = text;
            _format = DateTimeFormat.Get(format);
            Read();
        }

        public int? Offset { get; private set; }

        /// <summary>To how many digits behind the second's point the template rounds.</summary>
        public int FractionDigits { get; private set; } = MostFractionDigits;

        public long Days()
        {
            if (Field("J") is { } julian) return julian - 2_440_588;
            var year = Year();
            if (_isIsoDate) return IsoDays(year);
            var month = Field("MM") ?? 1;
            var day = Field("DD") ?? 1;
            if (Field("WW") is { } week) return Calendar.DaysFromCivil(year, 1, 1) + ((week - 1) * 7);
            if (Field("W") is { } weekOfMonth) day = ((weekOfMonth - 1) * 7) + 1;
            if (Field("DDD") is { } dayOfYear && Field("MM") is null)
            {
                if (dayOfYear < 1 || dayOfYear > (Calendar.IsLeapYear(year) ? 366 : 365)) throw OutOfRange();
                return Calendar.DaysFromCivil(year, 1, 1) + dayOfYear - 1;
            }

            if (month is < 1 or > 12 || day < 1 || day > Calendar.DaysInMonth(year, month)) throw OutOfRange();
            var days = Calendar.DaysFromCivil(year, month, day);
            return days is >= Calendar.FirstDay and <= Calendar.LastDay
                ? days
                : throw new SqlException(SqlState.DatetimeFieldOverflow, $"date out of range: \"{_text}\"");
        }

        public long TimeOfDay()
        {
            var hour = Field("HH24") ?? 0;
            if (Field("HH12") is { } twelve)
            {
                if (twelve is < 1 or > 12)
                    throw new SqlException(SqlState.InvalidDatetimeFormat, $"hour \"{twelve}\" is invalid for the 12-hour clock")
                    {
                        Hint = "Use the 24-hour clock, or give an hour between 1 and 12.",
                    };
                hour = (twelve % 12) + (Field("PM") == 1 ? 12 : 0);
            }

            var (minute, second) = (Field("MI") ?? 0, Field("SS") ?? 0);
            if (Field("SSSS") is { } seconds && seconds is < 0 or >= 86_400) throw OutOfRange();
            if (Field("SSSS") is { } secondsOfDay)
                (hour, minute, second) = (secondsOfDay / 3600, secondsOfDay / 60 % 60, secondsOfDay % 60);
            if (hour is < 0 or > 24 || minute is < 0 or > 59 || second is < 0 or > 59) throw OutOfRange();
            return (((hour * 3600L) + (minute * 60) + second) * Calendar.MicrosecondsPerSecond) + (Field("MS") ?? 0) * 1000L
                + (Field("US") ?? 0);
        }

        // Years before Christ are counted from 0, which is 1 BC (do_to_timestamp).
        private int Year()
        {
            var isBefore = Field("BC") == 1;
            var century = Field("CC") is { } cc ? isBefore ? -cc : cc : (int?)null;
            if (Field("Y") is not { } year || year == 0)
                return century is { } first ? (first >= 0 ? (first - 1) * 100 : first * 100) + 1 : 0;
            if (century is { } hundred && Field("YLength") <= 2)
            {
                year %= 100;
                if (year == 0) return (hundred * 100) + (hundred >= 0 ? 0 : 1);
                return hundred >= 0 ? year + ((hundred - 1) * 100) : ((hundred + 1) * 100) - year + 1;
            }

            if (isBefore) year = -year;
            return year < 0 ? year + 1 : year;
        }

        private long IsoDays(int year)
        {
            var fourth = Calendar.DaysFromCivil(year, 1, 4);
            var firstMonday = fourth - Calendar.FloorModulo(fourth + 3, 7);
            if (Field("IDDD") is { } day) return firstMonday + day - 1;
            return firstMonday + (((Field("IW") ?? 1) - 1) * 7) + (Field("ID") ?? 1) - 1;
        }

        private int? Field(string name) => _fields.TryGetValue(name, out var value) ? value : null;

        // As DCH_from_char does: blanks before a field are skipped, and count against literals of the template that follow.
        private void Read()
        {
            var items = _format.Items;
            for (var i = 0; i < items.Count && _position < _text.Length; i++)
            {
                var item = items[i];
                if (item.Keyword is null)
                {
                    SkipLiteral(item, isFirst: i == 0);
                    continue;
                }

                SkipBlanks();
                if (_position >= _text.Length) break;
                var isNextNumber = i + 1 < items.Count && items[i + 1].Keyword is { } next && IsNumber(next);
                ReadField(item, isNextNumber);
                if (item.Suffix.Length > 0) _position = Math.Min(_position + 2, _text.Length);
                _skipped = 0;
                SkipBlanks();
            }
        }

        // A separator of the template matches any one of the text, or none; other characters match whatever is there, or blanks that
        // were skipped before.
        private void SkipLiteral(DateTimeItem item, bool isFirst)
        {
            if (_format.IsExact)
            {
                _position = Math.Min(_position + item.Text.Length, _text.Length);
                return;
            }

            var isSeparator = !item.IsQuoted && item.Text.Length == 1 && (char.IsWhiteSpace(item.Text[0]) || IsSeparator(item.Text[0]));
            if (isFirst) SkipBlanks();
            if (isSeparator)
            {
                if (_position < _text.Length && (char.IsWhiteSpace(_text[_position]) || IsSeparator(_text[_position]))) _position++;
                else _skipped--;
                return;
            }

            for (var i = 0; i < item.Text.Length && _position < _text.Length; i++)
            {
                if (_skipped > 0) _skipped--;
                else _position++;
            }
        }

        private void SkipBlanks()
        {
            if (_format.IsExact) return;
            for (; _position < _text.Length && char.IsWhiteSpace(_text[_position]); _position++) _skipped++;
        }

        private static bool IsSeparator(char character) => character < 127 && character > ' ' && !char.IsAsciiLetterOrDigit(character);

        private static bool IsNumber(string keyword) =>
            keyword.ToUpperInvariant() is not ("A.D." or "A.M." or "AD" or "AM" or "B.C." or "BC" or "DAY" or "DY"
            or "MONTH" or "MON" or "P.M." or "PM" or "RM" or "TZ" or "OF" or "TZH");

        private void ReadField(DateTimeItem item, bool isNextNumber)
        {
            var keyword = item.Keyword!.ToUpperInvariant();
            RequireOneConvention(keyword);
            switch (keyword)
            {
                case "A.M." or "P.M.": Choose("PM", keyword, ["a.m.", "p.m."]); break;
                case "AM" or "PM": Choose("PM", keyword, ["am", "pm"]); break;
                case "A.D." or "B.C.": Choose("BC", keyword, ["a.d.", "b.c."]); break;
                case "AD" or "BC": Choose("BC", keyword, ["ad", "bc"]); break;
                case "MONTH": Set("MM", Name(item.Keyword!, s_months) + 1, keyword); break;
                case "MON": Set("MM", Name(item.Keyword!, [.. s_months.Select(month => month[..3])]) + 1, keyword); break;
                case "DAY": Name(item.Keyword!, s_days); break;
                case "DY": Name(item.Keyword!, [.. s_days.Select(day => day[..3])]); break;
                case "RM": Set("MM", s_romanMonths[Name(item.Keyword!, s_roman)], keyword); break;
                case "HH" or "HH12": Set("HH12", Integer(item, 2, isNextNumber), keyword); break;
                case "HH24" or "MI" or "SS" or "MM" or "DD": Set(keyword, Integer(item, 2, isNextNumber), keyword); break;
                case "SSSS" or "SSSSS": Set("SSSS", Integer(item, 5, isNextNumber), keyword); break;
                case "MS": Set("MS", Fraction(3, isNextNumber), keyword); break;
                case "US": Set("US", Fraction(6, isNextNumber), keyword); break;
                case ['F', 'F', var digits]:
                    FractionDigits = digits - '0';
                    Set("US", isNextNumber
                        ? Fraction(FractionDigits, isNextNumber) * (int)Math.Pow(10, MostFractionDigits - FractionDigits)
                        : Fraction(MostFractionDigits, isNextNumber), keyword);
                    break;
                case "DDD": Set("DDD", Integer(item, 3, isNextNumber), keyword); break;
                case "J": Set("J", Integer(item, 10, isNextNumber), keyword); break;
                case "CC" or "WW": Set(keyword, Integer(item, 2, isNextNumber), keyword); break;
                case "W": Set(keyword, Integer(item, 1, isNextNumber), keyword); break;
                case "Q" or "D": Integer(item, 1, isNextNumber); break;
                case "IW" or "ID" or "IDDD":
                    Set(keyword, Integer(item, keyword switch { "ID" => 1, "IW" => 2, _ => 3 }, isNextNumber), keyword);
                    break;
                case "Y,YYY": ReadYearWithComma(); break;
                case "YYYY" or "YYY" or "YY" or "Y" or "IYYY" or "IYY" or "IY" or "I": ReadYear(item, keyword, isNextNumber); break;
                case "TZH" or "TZM" or "OF" or "TZ": ReadZone(keyword, isNextNumber); break;
            }
        }

        private void RequireOneConvention(string keyword)
        {
            bool? isIso = keyword switch
            {
                "IW" or "ID" or "IDDD" or "IYYY" or "IYY" or "IY" or "I" => true,
                "D" or "DD" or "DDD" or "MM" or "MON" or "MONTH" or "RM" or "W" or "WW" => false,
                "Y,YYY" or "YYYY" or "YYY" or "YY" or "Y" => false,
                _ => null,
            };
            if (isIso is null) return;
            if (isIso == true ? _isGregorian : _isIsoDate)
                throw new SqlException(SqlState.InvalidDatetimeFormat, "invalid combination of date conventions")
                    { Hint = "Do not mix Gregorian and ISO week date conventions in a formatting template." };
            (_isIsoDate, _isGregorian) = (isIso == true, isIso == false);
        }

        private void ReadYear(DateTimeItem item, string keyword, bool isNextNumber)
        {
            var length = keyword.Length;
            var start = _position;
            var year = Integer(item, length, isNextNumber);
            var digits = _position - start;
            // Fewer than four digits mean the year nearest to 2020.
            if (length < 4 && digits < 4) year += year < 70 ? 2000 : year < 100 ? 1900 : year < 520 ? 2000 : year < 1000 ? 1000 : 0;
            Set("Y", year, keyword);
            _fields["YLength"] = Math.Min(length, digits);
        }

        private void ReadYearWithComma()
        {
            var thousands = Digits(10);
            if (_position < _text.Length && _text[_position] == ',') _position++;
            else throw InvalidValue("Y,YYY", "Y,YYY");
            Set("Y", (thousands * 1000) + Digits(3), "Y,YYY");
        }

        private void ReadZone(string keyword, bool isNextNumber)
        {
            if (keyword is "TZ" or "OF")
                throw new SqlException(SqlState.FeatureNotSupported, $"formatting field \"{keyword}\" is only supported in to_char");
            if (keyword == "TZM")
            {
                var minutes = ZoneDigits(59, isNextNumber) * 60;
                Offset = (Offset ?? 0) + (Offset < 0 ? -minutes : minutes);
                return;
            }

            // A minus may have been taken for a separator.
            var isWest = _text[_position] == '-' || (_skipped > 0 && char.IsAsciiDigit(_text[_position]) && _text[_position - 1] == '-');
            if (_text[_position] is '+' or '-' or ' ') _position++;
            var hours = ZoneDigits(15, isNextNumber) * 3600;
            Offset = isWest ? -hours : hours;
        }

        /// <summary>Two digits when others follow, else all that are there.</summary>
        private int ZoneDigits(int largest, bool isNextNumber) =>
            Digits(isNextNumber ? 2 : 9) is var value && value <= largest ? value : throw ValueErrors.ZoneDisplacement(_text);

        private void Choose(string field, string keyword, string[] names)
        {
            var index = Array.FindIndex(names, name => Rest().StartsWith(name, StringComparison.OrdinalIgnoreCase));
            if (index < 0) throw InvalidName(keyword);
            _position += names[index].Length;
            _fields[field] = index;
        }

        private int Name(string keyword, string[] names)
        {
            var best = -1;
            for (var i = 0; i < names.Length; i++)
                if (Rest().StartsWith(names[i], StringComparison.OrdinalIgnoreCase) && (best < 0 || names[i].Length > names[best].Length))
                    best = i;
            if (best < 0) throw InvalidName(keyword);
            _position += names[best].Length;
            return best;
        }

        private ReadOnlySpan<char> Rest() => _text.AsSpan(Math.Min(_position, _text.Length));

        /// <summary>As many digits as the field has, or all there are when no other number follows.</summary>
        private int Integer(DateTimeItem item, int length, bool isNextNumber)
        {
            var start = _position;
            var position = _position;
            if (isNextNumber && !item.IsFill && _text.Length - start < length)
            {
                throw new SqlException(SqlState.InvalidDatetimeFormat, $"source string too short for \"{item.Keyword}\" formatting field")
                {
                    Detail = $"Field requires {length} characters, but only {_text.Length - start} remain.",
                    Hint = "If your source string is not fixed-width, try using the \"FM\" modifier.",
                };
            }

            if (position < _text.Length && _text[position] is '-' or '+') position++;
            var limit = item.IsFill || !isNextNumber ? int.MaxValue : position + length;
            while (position < _text.Length && position < limit && char.IsAsciiDigit(_text[position])) position++;
            var piece = _text.AsSpan(start, position - start);
            if (isNextNumber && !item.IsFill && piece.Length < length && position < _text.Length && position - start > 0
                && char.IsAsciiLetter(_text[position]))
                throw InvalidValue(_text[start..Math.Min(start + length, _text.Length)], item.Keyword!);
            if (!int.TryParse(piece, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
            {
                if (piece.Length > 9)
                    throw new SqlException(SqlState.DatetimeFieldOverflow,
                        $"value for \"{item.Keyword}\" in source string is out of range");
                throw InvalidValue(_text[start..Math.Min(start + Math.Min(length, 4), _text.Length)], item.Keyword!);
            }

            _position = position;
            return value;
        }

        private int Digits(int most)
        {
            var start = _position;
            while (_position < _text.Length && _position - start < most && char.IsAsciiDigit(_text[_position])) _position++;
            return _position > start
                ? int.Parse(_text.AsSpan(start, _position - start), NumberStyles.None, CultureInfo.InvariantCulture)
                : 0;
        }

        /// <summary>Digits after a point: "5" of milliseconds is 500.</summary>
        private int Fraction(int digits, bool isNextNumber)
        {
            var start = _position;
            while (_position < _text.Length && char.IsAsciiDigit(_text[_position]) && (!isNextNumber || _position - start < digits))
                _position++;
            var piece = _text[start.._position];
            if (piece.Length > digits) throw OutOfRange();
            return piece.Length == 0 ? 0 : int.Parse(piece.PadRight(digits, '0'), NumberStyles.None, CultureInfo.InvariantCulture);
        }

        private void Set(string field, int value, string keyword)
        {
            if (_fields.TryGetValue(field, out var known) && known != value)
                throw new SqlException(SqlState.InvalidDatetimeFormat, $"conflicting values for \"{keyword}\" field in formatting string")
                {
                    Detail = "This value contradicts a previous setting for the same field type.",
                };
            _fields[field] = value;
        }

        private SqlException OutOfRange() => new(SqlState.DatetimeFieldOverflow, $"date/time field value out of range: \"{_text}\"");

        private static SqlException InvalidValue(string value, string keyword) =>
            new(SqlState.InvalidDatetimeFormat, $"invalid value \"{value}\" for \"{keyword}\"") { Detail = "Value must be an integer." };

        private SqlException InvalidName(string keyword)
        {
            var word = Rest();
            var end = word.IndexOf(' ');
            return new SqlException(SqlState.InvalidDatetimeFormat, $"invalid value \"{(end < 0 ? word : word[..end])}\" for \"{keyword}\"")
            {
                Detail = "The given value did not match any of the allowed values for this field.",
            };
        }
    }
}
