using System.Text;
using Federation.Core.Errors;
using Federation.Core.Execution;

namespace Federation.Worker.Functions;

/// <summary>
/// LIKE by PostgreSQL's rules (like_match.c) with the backslash as escape. The kernel's own is quicker, but takes time that grows with a
/// power of the number of percent signs, and does not know the error of a pattern that ends with its escape; so it gets only patterns that
/// are known to be plain.
/// </summary>
internal static class LikeMatch
{
    /// <summary>
    /// Over bytes of UTF-8. Only the last percent sign can ever have to take more, so the work is at most the product of both lengths.
    /// </summary>
    public static bool IsMatch(ReadOnlySpan<byte> text, ReadOnlySpan<byte> pattern)
    {
        int at = 0, place = 0, restartText = 0, restartPattern = -1, steps = 0;
        while (at < text.Length)
        {
            if ((++steps & 0xffff) == 0) StatementGuard.Check();
            if (place < pattern.Length)
            {
                switch (pattern[place])
                {
                    case (byte)'%':
                        restartPattern = ++place;
                        restartText = at;
                        if (place == pattern.Length) return true;
                        // PostgreSQL looks at the next character before it goes on.
                        LookAhead(text, at, pattern, place);
                        continue;
                    case (byte)'_':
                        at = Next(text, at);
                        place++;
                        continue;
                    case (byte)'\\' when Escaped(pattern, place) == text[at]:
                        at++;
                        place += 2;
                        continue;
                    case var character when character != '\\' && character == text[at]:
                        at++;
                        place++;
                        continue;
                }
            }

            if (restartPattern < 0) return false;
            restartText = Next(text, restartText);
            (at, place) = (restartText, restartPattern);
        }

        while (place < pattern.Length && pattern[place] == '%') place++;
        return place == pattern.Length;
    }

    /// <summary>Over bytes of their own; as characters of one byte each they are a text.</summary>
    public static bool IsByteMatch(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> pattern) => IsMatch(AsText(bytes), AsText(pattern));

    private static byte[] AsText(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetBytes(Encoding.Latin1.GetString(bytes));

    /// <summary>Behind a percent sign: others, and characters that are skipped, come before the one that is looked at.</summary>
    private static void LookAhead(ReadOnlySpan<byte> text, int at, ReadOnlySpan<byte> pattern, int place)
    {
        for (; place < pattern.Length && pattern[place] is (byte)'%' or (byte)'_'; place++)
        {
            if (pattern[place] == '%') continue;
            if (at >= text.Length) return;
            at = Next(text, at);
        }

        if (place < pattern.Length && pattern[place] == '\\') Escaped(pattern, place);
    }

    private static byte Escaped(ReadOnlySpan<byte> pattern, int place) => place + 1 < pattern.Length
        ? pattern[place + 1]
        : throw new SqlException(SqlState.InvalidEscapeSequence, "LIKE pattern must not end with escape character");

    private static int Next(ReadOnlySpan<byte> text, int at)
    {
        at++;
        while (at < text.Length && (text[at] & 0xc0) == 0x80) at++;
        return at;
    }
}
