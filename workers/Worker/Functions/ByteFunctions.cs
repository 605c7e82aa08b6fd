using System.Globalization;
using System.Text;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>Functions over bytea and between bytea and text.</summary>
internal static class ByteFunctions
{
    private static readonly SqlType s_text = SqlType.Text;
    private static readonly SqlType s_bytes = SqlType.Bytea;
    private static readonly SqlType s_int = SqlType.Int4;

    public static readonly ScalarFunction[] All =
    [
        // name, argument types, result type, implementation
        new("pg_get_bit", [s_bytes, SqlType.Int8], s_int, static (ref FunctionRow row) =>
        {
            var bytes = row.GetBytes(0);
            var index = InRange(row.Get<long>(1), bytes.Length * 8L);
            row.Set((bytes[(int)(index / 8)] >> (int)(index % 8)) & 1);
        }),
        new("pg_set_bit", [s_bytes, SqlType.Int8, s_int], s_bytes, static (ref FunctionRow row) =>
        {
            var bytes = row.GetBytes(0).ToArray();
            var index = InRange(row.Get<long>(1), bytes.Length * 8L);
            if (row.GetInt32(2) is not (0 or 1)) throw new SqlException(SqlState.InvalidParameterValue, "new bit must be 0 or 1");
            var mask = (byte)(1 << (int)(index % 8));
            bytes[index / 8] = (byte)(row.GetInt32(2) == 1 ? bytes[index / 8] | mask : bytes[index / 8] & ~mask);
            row.Set(bytes.AsSpan());
        }),
        new("pg_set_byte", [s_bytes, s_int, s_int], s_bytes, static (ref FunctionRow row) =>
        {
            var bytes = row.GetBytes(0).ToArray();
            bytes[InRange(row.GetInt32(1), bytes.Length)] = unchecked((byte)row.GetInt32(2));
            row.Set(bytes.AsSpan());
        }),
        new("pg_bytea_position", [s_bytes, s_bytes], s_int,
            static (ref FunctionRow row) => row.Set(row.GetBytes(0).IndexOf(row.GetBytes(1)) + 1)),
        new("pg_bytea_trim", [s_bytes, s_bytes, SqlType.Bool, SqlType.Bool], s_bytes, static (ref FunctionRow row) =>
        {
            var bytes = row.GetBytes(0);
            var removed = row.GetBytes(1);
            if (row.GetBoolean(2))
                while (bytes.Length > 0 && removed.Contains(bytes[0])) bytes = bytes[1..];
            if (row.GetBoolean(3))
                while (bytes.Length > 0 && removed.Contains(bytes[^1])) bytes = bytes[..^1];
            row.Set(bytes);
        }),
        new("pg_bytea_overlay", [s_bytes, s_bytes, s_int, s_int], s_bytes, Overlay),
        new("pg_convert_from", [s_bytes, s_text], s_text, static (ref FunctionRow row) =>
            row.Set(Characters.Decode(row.GetBytes(0), Characters.Find(row.GetText(1), "source")))),
        new("pg_convert_to", [s_text, s_text], s_bytes, static (ref FunctionRow row) =>
            row.Set(Characters.Encode(row.GetText(0), Characters.Find(row.GetText(1), "destination")).AsSpan())),
        new("pg_convert", [s_bytes, s_text, s_text], s_bytes, static (ref FunctionRow row) =>
        {
            var (source, target) = (Characters.Find(row.GetText(1), "source"), Characters.Find(row.GetText(2), "destination"));
            var bytes = row.GetBytes(0);
            // PostgreSQL looks at the bytes first, and for a conversion only if there are any.
            var text = Characters.Decode(bytes, source);
            if (bytes.Length > 0) Characters.RequireConversion(source, target);
            row.Set(Characters.Encode(text, target).AsSpan());
        }),
        new("pg_hashtext", [s_text], s_int, static (ref FunctionRow row) => row.Set(unchecked((int)JenkinsHash.Compute(row.GetBytes(0))))),
        new("pg_unistr", [s_text], s_text, static (ref FunctionRow row) => row.Set(UnicodeEscapes.Decode(row.GetText(0)))),
    ];

    /// <summary>The first argument with the second in the place of so many of its items, counted from 1.</summary>
    public static void Overlay(ref FunctionRow row)
    {
        var items = row.GetBytes(0);
        var (start, length) = (row.GetInt32(2), row.GetInt32(3));
        if (start <= 0) throw new SqlException(SqlState.SubstringError, "negative substring length not allowed");
        var end = Math.Clamp((long)start + length - 1, 0, items.Length);
        row.Set([.. items[..Math.Min(start - 1, items.Length)], .. row.GetBytes(1), .. items[(int)end..]]);
    }

    private static long InRange(long index, long length) => index >= 0 && index < length
        ? index
        : throw new SqlException(SqlState.ArraySubscriptError,
            $"index {index.ToString(CultureInfo.InvariantCulture)} out of valid range, 0..{length - 1}");
}

/// <summary>Character sets by PostgreSQL's names.</summary>
internal static class Characters
{
    /// <summary>A character set; text is kept in UTF-8, so that one is the identity.</summary>
    public sealed record Set(string Name, Encoding Encoding);

    private static readonly Dictionary<string, Set> s_sets = Load();

    /// <summary>Names are compared without case, hyphens and underscores, as pg_char_to_encoding does.</summary>
    public static Set Find(string name, string role) => s_sets.GetValueOrDefault(Normal(name))
        ?? throw (Array.IndexOf(s_unsupported, Normal(name)) >= 0
            ? new SqlException(SqlState.FeatureNotSupported, $"conversions of the encoding \"{name}\" are not supported")
            : new SqlException(SqlState.InvalidParameterValue, $"invalid {role} encoding name \"{name}\""));

    /// <summary>Encodings that PostgreSQL has and that are not converted here.</summary>
    private static readonly string[] s_unsupported =
        ["sqlascii", "eucjp", "euccn", "euckr", "euctw", "eucjis2004", "muleinternal", "latin6", "latin8", "latin10", "iso885910",
            "iso885914", "iso885916", "iso88595", "iso88596", "iso88597", "iso88598",
         "win866", "win874", "koi8r", "koi8u", "koi8", "sjis", "shiftjis", "big5", "gbk", "uhc", "gb18030", "johab", "shiftjis2004"];

    /// <summary>
    /// PostgreSQL converts between UTF8 and the others; between two others only for a few pairs of Cyrillic and Central European sets,
    /// whose answers go through UTF8 as well.
    /// </summary>
    public static void RequireConversion(Set source, Set target)
    {
        if (source == target || source.Name == "UTF8" || target.Name == "UTF8" || IsPair("LATIN2", "WIN1250")) return;
        throw new SqlException(SqlState.UndefinedFunction,
            $"default conversion function for encoding \"{source.Name}\" to \"{target.Name}\" does not exist");

        bool IsPair(string first, string second) =>
            (source.Name == first && target.Name == second) || (source.Name == second && target.Name == first);
    }

    public static string Decode(ReadOnlySpan<byte> bytes, Set set)
    {
        try
        {
            return set.Encoding.GetString(bytes) is var text && text.Contains('\0', StringComparison.Ordinal)
                ? throw new SqlException(SqlState.CharacterNotInRepertoire, $"invalid byte sequence for encoding \"{set.Name}\": 0x00")
                : text;
        }
        catch (DecoderFallbackException error)
        {
            throw new SqlException(SqlState.CharacterNotInRepertoire,
                $"invalid byte sequence for encoding \"{set.Name}\": {Hex(error.BytesUnknown ?? [])}");
        }
    }

    public static byte[] Encode(string text, Set set)
    {
        try
        {
            return set.Encoding.GetBytes(text);
        }
        catch (EncoderFallbackException error)
        {
            var unknown = error.IsUnknownSurrogate() ? $"{error.CharUnknownHigh}{error.CharUnknownLow}" : error.CharUnknown.ToString();
            throw new SqlException(SqlState.UntranslatableCharacter,
                $"character with byte sequence {Hex(Encoding.UTF8.GetBytes(unknown))} in encoding \"UTF8\" has no equivalent in encoding "
                    + $"\"{set.Name}\"");
        }
    }

    private static string Hex(byte[] bytes) => string.Join(' ', bytes.Select(value => $"0x{value:x2}"));

    private static string Normal(string name) => string.Concat(name.Where(char.IsLetterOrDigit)).ToLowerInvariant();

    private static Dictionary<string, Set> Load()
    {
        var sets = new Dictionary<string, Set>(StringComparer.Ordinal);
        void Add(string name, Encoding encoding, params ReadOnlySpan<string> aliases)
        {
            var strict = (Encoding)encoding.Clone();
            strict.DecoderFallback = DecoderFallback.ExceptionFallback;
            strict.EncoderFallback = EncoderFallback.ExceptionFallback;
            var set = new Set(name, strict);
            sets[Normal(name)] = set;
            foreach (var alias in aliases) sets[alias] = set;
        }

        Add("UTF8", Encoding.UTF8, "unicode", "utf8");
        Add("LATIN1", Encoding.Latin1, "iso88591");
        var pages = CodePagesEncodingProvider.Instance;
        foreach (var number in (ReadOnlySpan<int>)[1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258])
            Add($"WIN{number}", pages.GetEncoding(number)!, $"windows{number}");
        foreach (var (latin, iso) in (ReadOnlySpan<(int, int)>)[(2, 2), (3, 3), (4, 4), (5, 9), (7, 13), (9, 15)])
            Add($"LATIN{latin}", pages.GetEncoding(28590 + iso)!, $"iso8859{iso}");
        return sets;
    }
}

/// <summary>unistr(): \XXXX, \+XXXXXX, \uXXXX, \UXXXXXXXX and \\.</summary>
internal static class UnicodeEscapes
{
    public static string Decode(string text)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length;)
        {
            if (text[i] != '\\')
            {
                result.Append(text[i++]);
                continue;
            }

            if (i + 1 < text.Length && text[i + 1] == '\\')
            {
                result.Append('\\');
                i += 2;
                continue;
            }

            var (skip, digits) = i + 1 == text.Length
                ? (1, 4)
                : text[i + 1] switch { '+' => (2, 6), 'u' => (2, 4), 'U' => (2, 8), _ => (1, 4) };
            if (i + skip + digits > text.Length
                || !uint.TryParse(text.AsSpan(i + skip, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                    out var code))
            {
                throw new SqlException(SqlState.SyntaxError, "invalid Unicode escape")
                {
                    Hint = "Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.",
                };
            }

            i += skip + digits;
            if (code is 0 or > 0x10ffff) throw new SqlException(SqlState.InvalidParameterValue, $"invalid Unicode code point: {code:X4}");
            if (code is >= 0xd800 and < 0xe000) result.Append((char)code);
            else result.Append(char.ConvertFromUtf32((int)code));
        }

        var decoded = result.ToString();
        for (var i = 0; i < decoded.Length; i++)
        {
            if (!char.IsSurrogate(decoded[i])) continue;
            if (i + 1 == decoded.Length || !char.IsSurrogatePair(decoded[i], decoded[i + 1]))
                throw new SqlException(SqlState.SyntaxError, "invalid Unicode surrogate pair");
            i++;
        }

        return decoded;
    }
}

/// <summary>
/// Bob Jenkins's lookup3 as PostgreSQL runs it on little-endian machines (hash_bytes in hashfn.c): what hashtext() gives.
/// </summary>
internal static class JenkinsHash
{
    public static uint Compute(ReadOnlySpan<byte> key)
    {
        unchecked
        {
            uint a, b, c;
            a = b = c = 0x9e3779b9 + (uint)key.Length + 3923095;
            while (key.Length >= 12)
            {
                a += BitConverter.ToUInt32(key);
                b += BitConverter.ToUInt32(key[4..]);
                c += BitConverter.ToUInt32(key[8..]);
                a -= c; a ^= uint.RotateLeft(c, 4); c += b;
                b -= a; b ^= uint.RotateLeft(a, 6); a += c;
                c -= b; c ^= uint.RotateLeft(b, 8); b += a;
                a -= c; a ^= uint.RotateLeft(c, 16); c += b;
                b -= a; b ^= uint.RotateLeft(a, 19); a += c;
                c -= b; c ^= uint.RotateLeft(b, 4); b += a;
                key = key[12..];
            }

            // The lowest byte of c is kept for the length.
            for (var i = 0; i < key.Length; i++)
            {
                if (i < 4) a += (uint)key[i] << (8 * i);
                else if (i < 8) b += (uint)key[i] << (8 * (i - 4));
                else c += (uint)key[i] << (8 * (i - 7));
            }

            c ^= b; c -= uint.RotateLeft(b, 14);
            a ^= c; a -= uint.RotateLeft(c, 11);
            b ^= a; b -= uint.RotateLeft(a, 25);
            c ^= b; c -= uint.RotateLeft(b, 16);
            a ^= c; a -= uint.RotateLeft(c, 4);
            b ^= a; b -= uint.RotateLeft(a, 14);
            c ^= b; c -= uint.RotateLeft(b, 24);
            return c;
        }
    }
}
