using System.Globalization;
using System.Numerics;
using Federation.Core.Errors;
using Federation.Core.Execution;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>Byte counts for people (dbsize.c), series of numerics, and identifiers taken apart (misc.c).</summary>
internal static class SizeFunctions
{
    private static readonly SqlType s_text = SqlType.Text;

    /// <summary>
    /// Unit, the least absolute value (in that unit) that is shown in the next one, whether halves are rounded, and its size as a power of
    /// two.
    /// </summary>
    private static readonly (string Name, int Limit, bool IsRounded, int Bits)[] s_units =
        [("bytes", 10 * 1024, false, 0), ("kB", (20 * 1024) - 1, true, 10), ("MB", (20 * 1024) - 1, true, 20),
            ("GB", (20 * 1024) - 1, true, 30), ("TB", (20 * 1024) - 1, true, 40), ("PB", (20 * 1024) - 1, true, 50)];

    public static readonly ScalarFunction[] All =
    [
        // name, argument types, result type, implementation
        new("pg_size_pretty", [SqlType.Int8], s_text, static (ref FunctionRow row) => row.Set(Pretty(row.Get<long>(0)))),
        new("pg_size_pretty", [s_text], s_text, static (ref FunctionRow row) => row.Set(Pretty(PgNumeric.Parse(row.GetBytes(0))))),
        new("pg_size_bytes", [s_text], SqlType.Int8, static (ref FunctionRow row) => row.Set(Bytes(row.GetText(0)))),
        new("pg_numeric_series", [s_text, s_text, s_text], SqlType.Array(s_text), static (ref FunctionRow row) =>
            row.Set(Series(PgNumeric.Parse(row.GetBytes(0)), PgNumeric.Parse(row.GetBytes(1)), PgNumeric.Parse(row.GetBytes(2))))),
        new("pg_parse_ident", [s_text, SqlType.Bool], SqlType.Array(s_text),
            static (ref FunctionRow row) => row.Set(ParseIdentifier(row.GetText(0), row.GetBoolean(1)))),
    ];

    /// <summary>A series counts its memory in pieces of this size.</summary>
    private const long CountedBytes = 16 << 20;

    private static string Pretty(long size)
    {
        for (var i = 0; ; i++)
        {
            var (name, limit, isRounded, _) = s_units[i];
            if (i == s_units.Length - 1 || (size > -limit && size < limit))
            {
                if (isRounded) size = (size + (size > 0 ? 1 : -1)) / 2;
                return $"{size.ToString(CultureInfo.InvariantCulture)} {name}";
            }

            // One bit more than the unit's factor is kept for rounding, so units after the first are shown in halves until the end.
            size /= 1L << (s_units[i + 1].Bits - s_units[i].Bits - (s_units[i + 1].IsRounded ? 1 : 0) + (isRounded ? 1 : 0));
        }
    }

    private static string Pretty(PgNumeric size)
    {
        if (!size.IsFinite)
            throw new SqlException(SqlState.FeatureNotSupported, "pg_size_pretty of a value that is not finite is not supported");
        for (var i = 0; ; i++)
        {
            var (name, limit, isRounded, _) = s_units[i];
            if (i == s_units.Length - 1 || size.Abs().CompareTo(new PgNumeric(limit, 0)) < 0)
            {
                if (isRounded) size = PgNumeric.Quotient(size + new PgNumeric(size.Sign >= 0 ? 1 : -1, 0), new PgNumeric(2, 0));
                return $"{size} {name}";
            }

            var bits = s_units[i + 1].Bits - s_units[i].Bits - (s_units[i + 1].IsRounded ? 1 : 0) + (isRounded ? 1 : 0);
            size = PgNumeric.Quotient(size, new PgNumeric(BigInteger.One << bits, 0));
        }
    }

    private static long Bytes(string text)
    {
        var trimmed = text.Trim();
        var end = 0;
        if (end < trimmed.Length && trimmed[end] is '+' or '-') end++;
        var digits = end;
        while (end < trimmed.Length && char.IsAsciiDigit(trimmed[end])) end++;
        if (end < trimmed.Length && trimmed[end] == '.')
        {
            end++;
            digits++;
            while (end < trimmed.Length && char.IsAsciiDigit(trimmed[end])) end++;
        }

        if (end == digits) throw Invalid();
        if (end < trimmed.Length && trimmed[end] is 'e' or 'E')
        {
            var exponent = end + 1;
            if (exponent < trimmed.Length && trimmed[exponent] is '+' or '-') exponent++;
            if (exponent < trimmed.Length && char.IsAsciiDigit(trimmed[exponent]))
            {
                while (exponent < trimmed.Length && char.IsAsciiDigit(trimmed[exponent])) exponent++;
                end = exponent;
            }
        }

        var number = PgNumeric.Parse(trimmed.AsSpan(0, end));
        var unit = trimmed[end..].Trim();
        if (unit.Length > 0)
        {
            var bits = Array.FindIndex(s_units, candidate => candidate.Name.Equals(unit, StringComparison.OrdinalIgnoreCase)) is >= 0
                and var found ? s_units[found].Bits
                : throw new SqlException(SqlState.InvalidParameterValue, $"invalid size: \"{text}\"")
                {
                    Detail = $"Invalid size unit: \"{unit}\".",
                    Hint = "Valid units are \"bytes\", \"kB\", \"MB\", \"GB\", \"TB\", and \"PB\".",
                };
            number *= new PgNumeric(BigInteger.One << bits, 0);
        }

        return number.ToInt64();

        SqlException Invalid() => new(SqlState.InvalidParameterValue, $"invalid size: \"{text}\"");
    }

    private static ReadOnlySpan<string?> Series(PgNumeric start, PgNumeric stop, PgNumeric step)
    {
        Demand(start, "start value");
        Demand(stop, "stop value");
        Demand(step, "step size");
        if (step.Sign == 0) throw new SqlException(SqlState.InvalidParameterValue, "step size cannot equal zero");
        var values = new List<string?>();
        var bytes = 0L;
        for (var value = start; step.Sign > 0 ? value.CompareTo(stop) <= 0 : value.CompareTo(stop) >= 0;)
        {
            StatementGuard.Check();
            values.Add(value.ToString());
            bytes += 64 + (values[^1]!.Length * 2);
            if (bytes > CountedBytes)
            {
                ValueMemory.Reserve(bytes);
                bytes = 0;
            }

            try
            {
                value += step;
            }
            catch (SqlException error) when (error.State == SqlState.NumericValueOutOfRange)
            {
                // Beyond the largest numeric, and so beyond the end.
                break;
            }
        }

        return values.ToArray();

        static void Demand(PgNumeric value, string what)
        {
            if (value.IsFinite) return;
            throw new SqlException(SqlState.InvalidParameterValue,
                $"{what} cannot be {(value.Kind == NumericKind.NaN ? "NaN" : "infinity")}");
        }
    }

    private static ReadOnlySpan<string?> ParseIdentifier(string text, bool isStrict)
    {
        var parts = new List<string?>();
        var next = 0;
        var isAfterDot = false;
        SkipBlanks();
        while (true)
        {
            if (next < text.Length && text[next] == '"')
            {
                var name = new System.Text.StringBuilder();
                var isClosed = false;
                for (next++; next < text.Length; next++)
                {
                    if (text[next] != '"') name.Append(text[next]);
                    else if (next + 1 < text.Length && text[next + 1] == '"') name.Append(text[next++]);
                    else
                    {
                        isClosed = true;
                        next++;
                        break;
                    }
                }

                if (!isClosed) throw Invalid("String has unclosed double quotes.");
                if (name.Length == 0) throw Invalid("Quoted identifier must not be empty.");
                parts.Add(name.ToString());
            }
            else if (next < text.Length && (char.IsAsciiLetter(text[next]) || text[next] == '_' || text[next] >= 0x80))
            {
                var start = next;
                while (next < text.Length && (char.IsAsciiLetterOrDigit(text[next]) || text[next] is '_' or '$' || text[next] >= 0x80))
                    next++;
                parts.Add(string.Concat(
                    text[start..next]
                        .Select(character => char.IsAsciiLetterUpper(character) ? char.ToLowerInvariant(character) : character)));
            }
            else
            {
                if (next < text.Length && text[next] == '.') throw Invalid("No valid identifier before \".\".");
                throw isAfterDot ? Invalid("No valid identifier after \".\".") : Invalid(null);
            }

            SkipBlanks();
            if (next < text.Length && text[next] == '.')
            {
                isAfterDot = true;
                next++;
                SkipBlanks();
                continue;
            }

            if (next == text.Length || !isStrict) return parts.ToArray();
            throw Invalid(null);
        }

        void SkipBlanks()
        {
            while (next < text.Length && text[next] is ' ' or '\t' or '\n' or '\r' or '\f') next++;
        }

        SqlException Invalid(string? detail) =>
            new(SqlState.InvalidParameterValue, $"string is not a valid identifier: \"{text}\"") { Detail = detail };
    }
}
