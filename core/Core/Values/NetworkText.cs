using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Federation.Core.Errors;

namespace Federation.Core.Values;

/// <summary>An IPv4 or IPv6 address with the length of its network prefix.</summary>
public readonly record struct PgNetwork(EquatableArray<byte> Address, byte PrefixBits)
{
    public bool IsV6 => Address.Count == 16;

    public int MaxBits => Address.Count * 8;
}

/// <summary>Text of inet, cidr, macaddr and macaddr8.</summary>
public static class NetworkText
{
    public static PgNetwork Parse(string text, bool isCidr)
    {
        var typeName = isCidr ? "cidr" : "inet";
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var host = slash < 0 ? text : text[..slash];
        var address = host.Contains(':', StringComparison.Ordinal) ? ParseV6(host) : ParseV4(host, isCidr, out _);
        if (address is null) throw ValueErrors.InvalidSyntax(typeName, text);
        var bits = address.Length * 8;
        if (slash >= 0)
        {
            if (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var prefix) || prefix > bits)
                throw ValueErrors.InvalidSyntax(typeName, text);
            bits = prefix;
        }
        else if (isCidr && address.Length == 4)
        {
            ParseV4(host, isCidr, out var given);
            bits = ClassfulBits(address, given);
        }

        if (isCidr && HasBitsBeyond(address, bits))
        {
            throw new SqlException(SqlState.InvalidTextRepresentation, $"invalid cidr value: \"{text}\"")
            {
                Detail = "Value has bits set to right of mask.",
            };
        }

        return new PgNetwork(new EquatableArray<byte>(address), (byte)bits);
    }

    /// <summary>inet leaves out the prefix of a single host, cidr never.</summary>
    public static string Format(PgNetwork value, bool isCidr)
    {
        var host = value.IsV6 ? FormatV6(value.Address.AsSpan()) : new IPAddress(value.Address.AsSpan()).ToString();
        return isCidr || value.PrefixBits < value.MaxBits ? $"{host}/{value.PrefixBits}" : host;
    }

    public static byte[] ParseMac(string text, int length)
    {
        if ((length == 6 ? ReadMac(text) : ReadMac8(text)) is not { } bytes)
            throw ValueErrors.InvalidSyntax(length == 6 ? "macaddr" : "macaddr8", text);
        // Six bytes in an eight-byte address: EUI-48 within EUI-64.
        return bytes.Length == length ? bytes : [bytes[0], bytes[1], bytes[2], 0xff, 0xfe, bytes[3], bytes[4], bytes[5]];
    }

    /// <summary>
    /// Six numbers with colons or hyphens between them, or twelve digits in one, two or three groups, of which three may have points.
    /// </summary>
    private static byte[]? ReadMac(string text)
    {
        var trimmed = text.Trim(s_blanks);
        var separator = trimmed.AsSpan().IndexOfAny(":-.") is >= 0 and var first ? trimmed[first] : ':';
        var groups = trimmed.Split(separator);
        if (groups.Any(group => group.Length == 0 || !group.All(char.IsAsciiHexDigit))) return null;
        if (groups.Length == 6 && separator != '.')
        {
            var numbers = groups.Select(group => group.TrimStart('0')).ToArray();
            return Array.TrueForAll(numbers, number => number.Length <= 2)
                ? [.. numbers.Select(number => number.Length == 0 ? (byte)0 : Convert.ToByte(number, 16))]
                : throw new SqlException(SqlState.NumericValueOutOfRange, $"invalid octet value in \"macaddr\" value: \"{text}\"");
        }

        var isGrouped = (groups.Length, separator) switch { (1, _) => true, (2, ':' or '-') => true, (3, '.' or '-') => true, _ => false };
        return isGrouped && Array.TrueForAll(groups, group => group.Length == 12 / groups.Length)
            ? Convert.FromHexString(string.Concat(groups))
            : null;
    }

    /// <summary>Six or eight pairs of digits, with one and the same separator behind any of them.</summary>
    private static byte[]? ReadMac8(string text)
    {
        var rest = text.AsSpan().Trim(s_blanks);
        var separator = '\0';
        var bytes = new List<byte>();
        while (rest.Length >= 2)
        {
            if (bytes.Count == 8 || !byte.TryParse(rest[..2], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
                return null;
            bytes.Add(value);
            rest = rest[2..];
            if (rest is not [':' or '-' or '.', ..]) continue;
            if (separator is not '\0' && separator != rest[0]) return null;
            separator = rest[0];
            rest = rest[1..];
        }

        return rest.IsEmpty && bytes.Count is 6 or 8 ? [.. bytes] : null;
    }

    private static readonly char[] s_blanks = [' ', '\t', '\n', '\r', '\v', '\f'];

    public static string FormatMac(ReadOnlySpan<byte> bytes)
    {
        var text = Convert.ToHexStringLower(bytes);
        return string.Join(':', Enumerable.Range(0, bytes.Length).Select(i => text.Substring(i * 2, 2)));
    }

    private static byte[]? ParseV4(string host, bool isCidr, out int given)
    {
        var parts = host.Split('.');
        given = parts.Length;
        if (parts.Length > 4 || (!isCidr && parts.Length != 4)) return null;
        var address = new byte[4];
        for (var i = 0; i < parts.Length; i++)
            if (parts[i].Length is 0 or > 3 || !byte.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out address[i]))
                return null;
        return address;
    }

    private static byte[]? ParseV6(string host) =>
        !host.Contains('%', StringComparison.Ordinal) && !host.StartsWith('[')
            && IPAddress.TryParse(host, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6
            ? address.GetAddressBytes()
            : null;

    /// <summary>Without a prefix, cidr takes the class of the network, but no less than the bytes that were given.</summary>
    private static int ClassfulBits(byte[] address, int given)
    {
        var classful = address[0] switch { >= 240 => 32, >= 224 => 8, >= 192 => 24, >= 128 => 16, _ => 8 };
        return Math.Max(classful, given * 8);
    }

    private static bool HasBitsBeyond(byte[] address, int bits)
    {
        for (var i = bits; i < address.Length * 8; i++)
            if ((address[i / 8] >> (7 - (i % 8)) & 1) != 0)
                return true;
        return false;
    }

    /// <summary>Lower case, the longest run of zeros shortened, IPv4 tails of mapped addresses in dotted form.</summary>
    private static string FormatV6(ReadOnlySpan<byte> bytes)
    {
        var groups = new int[8];
        for (var i = 0; i < 8; i++) groups[i] = (bytes[i * 2] << 8) | bytes[(i * 2) + 1];
        var (bestStart, bestLength) = (-1, 1);
        for (var i = 0; i < 8; i++)
        {
            var length = 0;
            while (i + length < 8 && groups[i + length] == 0) length++;
            if (length > bestLength) (bestStart, bestLength) = (i, length);
        }

        var text = new System.Text.StringBuilder();
        for (var i = 0; i < 8; i++)
        {
            if (i == bestStart)
            {
                text.Append(i == 0 ? "::" : ":");
                i += bestLength - 1;
                continue;
            }

            // ::1.2.3.4 and ::ffff:1.2.3.4
            if (i == 6 && bestStart == 0 && (bestLength == 6 || (bestLength == 5 && groups[5] == 0xffff)))
                return text.Append(CultureInfo.InvariantCulture, $"{bytes[12]}.{bytes[13]}.{bytes[14]}.{bytes[15]}").ToString();
            text.Append(groups[i].ToString("x", CultureInfo.InvariantCulture));
            if (i < 7) text.Append(':');
        }

        return text.ToString();
    }
}
