using System.Text;

namespace Federation.Core.Security;

/// <summary>
/// SASLprep (RFC 4013) of passwords: spaces of other scripts become spaces, invisible characters go, the rest is brought to normal form KC.
/// A password that may not be prepared is used as it is, as PostgreSQL does on both sides.
/// </summary>
public static class SaslPrep
{
    public static string Prepare(string password)
    {
        if (Ascii.IsValid(password)) return password;
        var mapped = new StringBuilder(password.Length);
        foreach (var c in password)
        {
            if (IsMappedToNothing(c)) continue;
            mapped.Append(IsOtherSpace(c) ? ' ' : c);
        }

        var text = mapped.ToString();
        if (text.Length == 0 || HasLoneSurrogate(text)) return password;
        var prepared = text.Normalize(NormalizationForm.FormKC);
        foreach (var rune in prepared.EnumerateRunes())
            if (IsProhibited(rune.Value))
                return password;
        return prepared;
    }

    /// <summary>RFC 3454, table C.1.2.</summary>
    private static bool IsOtherSpace(char c) =>
        c is '\u00a0' or '\u1680' or (>= '\u2000' and <= '\u200b') or '\u202f' or '\u205f' or '\u3000';

    /// <summary>RFC 3454, table B.1.</summary>
    private static bool IsMappedToNothing(char c) =>
        c is '\u00ad' or '\u034f' or '\u1806' or (>= '\u180b' and <= '\u180d') or '\u200c' or '\u200d' or '\u2060'
            or (>= '\ufe00' and <= '\ufe0f') or '\ufeff';

    /// <summary>RFC 3454, tables C.2.1 to C.9.</summary>
    private static bool IsProhibited(int value) => value switch
    {
        < 0x20 or (>= 0x7f and <= 0x9f) => true,
        0x06dd or 0x070f or 0x180e or 0x0340 or 0x0341 or 0x200e or 0x200f => true,
        >= 0x2028 and <= 0x202e => true,
        >= 0x2060 and <= 0x2063 => true,
        >= 0x206a and <= 0x206f => true,
        >= 0x2ff0 and <= 0x2ffb => true,
        >= 0xe000 and <= 0xf8ff => true,
        >= 0xfdd0 and <= 0xfdef => true,
        >= 0xfff9 and <= 0xfffd => true,
        >= 0x1d173 and <= 0x1d17a => true,
        >= 0xe0000 and <= 0xe007f => true,
        >= 0xf0000 => true,
        _ => (value & 0xfffe) == 0xfffe,
    };

    private static bool HasLoneSurrogate(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 >= text.Length || !char.IsSurrogatePair(text[i], text[i + 1])) return true;
            i++;
        }

        return false;
    }
}
