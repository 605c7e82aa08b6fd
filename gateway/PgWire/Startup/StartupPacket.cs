using System.Buffers.Binary;
using System.Text;
using Federation.Core.Errors;
using Federation.PgWire.Protocol;

namespace Federation.PgWire.Startup;

/// <summary>What the first packet of a connection asks for.</summary>
internal abstract record StartupRequest
{
    private StartupRequest() { }

    public sealed record Ssl : StartupRequest;

    public sealed record GssEncryption : StartupRequest;

    public sealed record Cancel(int ProcessId, byte[] Secret) : StartupRequest;

    /// <summary>The start of a session. Parameters are in the order sent, protocol options (<c>_pq_.</c>) apart.</summary>
    public sealed record Session(
        int MajorVersion, int MinorVersion, List<KeyValuePair<string, string>> Parameters, List<string> ProtocolOptions) : StartupRequest;
}

/// <summary>Reads start-up packets: int32 code or version, then a body that depends on it.</summary>
internal static class StartupPacket
{
    private const int CancelCode = 80877102;
    private const int SslCode = 80877103;
    private const int GssCode = 80877104;
    private const int MaxSecretBytes = 256;

    public static StartupRequest Read(ReadOnlySpan<byte> body)
    {
        var code = BinaryPrimitives.ReadInt32BigEndian(body);
        var rest = body[sizeof(int)..];
        switch (code)
        {
            case SslCode: return new StartupRequest.Ssl();
            case GssCode: return new StartupRequest.GssEncryption();
            case CancelCode:
                if (rest.Length is < sizeof(int) * 2 or > sizeof(int) + MaxSecretBytes)
                    throw ProtocolErrors.Fatal("invalid length of startup packet");
                return new StartupRequest.Cancel(BinaryPrimitives.ReadInt32BigEndian(rest), rest[sizeof(int)..].ToArray());
        }

        var major = code >>> 16;
        var minor = code & 0xffff;
        if (major != ProtocolVersion.Major)
        {
            throw new SqlException(
                SqlState.FeatureNotSupported,
                $"unsupported frontend protocol {major}.{minor}: server supports {ProtocolVersion.Major}.0 to "
                    + $"{ProtocolVersion.Major}.{ProtocolVersion.NewestMinor}") { IsFatal = true };
        }

        var parameters = new List<KeyValuePair<string, string>>();
        var protocolOptions = new List<string>();
        while (true)
        {
            var name = ReadText(ref rest);
            if (name.Length == 0) break;
            var value = ReadText(ref rest);
            if (name.StartsWith("_pq_.", StringComparison.Ordinal)) protocolOptions.Add(name);
            else parameters.Add(new KeyValuePair<string, string>(name, value));
        }

        if (!rest.IsEmpty) throw InvalidLayout();
        return new StartupRequest.Session(major, minor, parameters, protocolOptions);
    }

    private static string ReadText(ref ReadOnlySpan<byte> rest)
    {
        var end = rest.IndexOf((byte)0);
        if (end < 0) throw InvalidLayout();
        var text = Encoding.UTF8.GetString(rest[..end]);
        rest = rest[(end + 1)..];
        return text;
    }

    private static SqlException InvalidLayout() => ProtocolErrors.Fatal("invalid startup packet layout: expected terminator as last byte");
}

/// <summary>Protocol versions spoken here: 3.0 and 3.2. There never was a 3.1; a client that asks for it is served as 3.0.</summary>
internal static class ProtocolVersion
{
    public const int Major = 3;
    public const int NewestMinor = 2;

    /// <summary>The first minor version whose cancel keys may be longer than four bytes.</summary>
    public const int LongKeysMinor = 2;
}
