using System.Buffers;
using System.Text;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker.Functions;

/// <summary>Text that is made longer: repeat, lpad, rpad and chr (oracle_compat.c). Lengths are checked before anything is built.</summary>
internal static class PaddingFunctions
{
    /// <summary>The most bytes of a value: a gigabyte less the header that PostgreSQL keeps in front of it.</summary>
    private const long MostBytes = 0x3fffffff - 4;

    /// <summary>PostgreSQL reserves four bytes for each character of padded text.</summary>
    private const int MostCharacters = (int)(MostBytes / 4);

    private static readonly SqlType s_text = SqlType.Text;
    private static readonly SqlType s_int = SqlType.Int4;

    public static readonly ScalarFunction[] All =
    [
        new("pg_repeat", [s_text, s_int], s_text, static (ref FunctionRow row) => Repeat(ref row)),
        new("pg_lpad", [s_text, s_int, s_text], s_text, static (ref FunctionRow row) => Pad(ref row, isLeft: true)),
        new("pg_rpad", [s_text, s_int, s_text], s_text, static (ref FunctionRow row) => Pad(ref row, isLeft: false)),
        new("pg_chr", [s_int], s_text, static (ref FunctionRow row) => row.Set(Character(row.GetInt32(0)))),
    ];

    private static void Repeat(ref FunctionRow row)
    {
        var text = row.GetBytes(0);
        var count = Math.Max(row.GetInt32(1), 0);
        if ((long)text.Length * count > MostBytes) throw TooLarge();
        var buffer = ArrayPool<byte>.Shared.Rent(text.Length * count);
        var result = buffer.AsSpan(0, text.Length * count);
        Fill(result, text);
        row.Set(result);
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private static void Pad(ref FunctionRow row, bool isLeft)
    {
        var text = row.GetBytes(0);
        var length = Math.Max(row.GetInt32(1), 0);
        var fill = row.GetBytes(2);
        if (length > MostCharacters) throw TooLarge();
        var missing = length - Utf8Text.CharacterCount(text);
        if (missing <= 0 || fill.IsEmpty)
        {
            row.Set(text[..Utf8Text.OffsetOf(text, length)]);
            return;
        }

        var (whole, rest) = Math.DivRem(missing, Utf8Text.CharacterCount(fill));
        var added = (whole * fill.Length) + Utf8Text.OffsetOf(fill, rest);
        var buffer = ArrayPool<byte>.Shared.Rent(text.Length + added);
        var result = buffer.AsSpan(0, text.Length + added);
        Fill(isLeft ? result[..added] : result[text.Length..], fill);
        text.CopyTo(isLeft ? result[added..] : result);
        row.Set(result);
        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>Fills by doubling what is there already.</summary>
    private static void Fill(Span<byte> target, ReadOnlySpan<byte> pattern)
    {
        if (target.IsEmpty) return;
        var filled = Math.Min(pattern.Length, target.Length);
        pattern[..filled].CopyTo(target);
        while (filled < target.Length)
        {
            var next = Math.Min(filled, target.Length - filled);
            target[..next].CopyTo(target[filled..]);
            filled += next;
        }
    }

    private static string Character(int code) => code switch
    {
        < 0 => throw new SqlException(SqlState.InvalidParameterValue, "character number must be positive"),
        0 => throw new SqlException(SqlState.ProgramLimitExceeded, "null character not permitted"),
        > 0x10FFFF => throw new SqlException(SqlState.ProgramLimitExceeded, $"requested character too large for encoding: {code}"),
        >= 0xD800 and <= 0xDFFF =>
            throw new SqlException(SqlState.ProgramLimitExceeded, $"requested character not valid for encoding: {code}"),
        _ => new Rune(code).ToString(),
    };

    private static SqlException TooLarge() => new(SqlState.ProgramLimitExceeded, "requested length too large");
}
