using System.Security.Cryptography;
using System.Text;

namespace Federation.Core.Security;

/// <summary>Makes and checks SCRAM-SHA-256 verifiers (RFC 5802, RFC 7677).</summary>
public static class ScramVerifiers
{
    public const int DefaultIterations = 4096;

    private const int SaltBytes = 16;
    private const string Prefix = "SCRAM-SHA-256$";

    public static ScramVerifier Create(string password) => Create(password, RandomNumberGenerator.GetBytes(SaltBytes), DefaultIterations);

    public static ScramVerifier Create(string password, byte[] salt, int iterations)
    {
        var salted = SaltedPassword(password, salt, iterations);
        var clientKey = HMACSHA256.HashData(salted, "Client Key"u8);
        return new ScramVerifier(
            iterations,
            new EquatableArray<byte>(salt),
            new EquatableArray<byte>(SHA256.HashData(clientKey)),
            new EquatableArray<byte>(HMACSHA256.HashData(salted, "Server Key"u8)));
    }

    /// <summary>True when the password is the verifier's.</summary>
    public static bool Matches(ScramVerifier verifier, string password)
    {
        var candidate = Create(password, verifier.Salt.AsSpan().ToArray(), verifier.Iterations);
        return CryptographicOperations.FixedTimeEquals(candidate.StoredKey.AsSpan(), verifier.StoredKey.AsSpan());
    }

    /// <summary>PostgreSQL's rolpassword form: <c>SCRAM-SHA-256$iterations:salt$storedKey:serverKey</c>.</summary>
    public static string Format(ScramVerifier verifier) =>
        $"{Prefix}{verifier.Iterations}:{Base64(verifier.Salt)}${Base64(verifier.StoredKey)}:{Base64(verifier.ServerKey)}";

    /// <summary>Null when the text is not a verifier.</summary>
    public static ScramVerifier? TryParse(string text)
    {
        if (!text.StartsWith(Prefix, StringComparison.Ordinal)) return null;
        var parts = text[Prefix.Length..].Split('$', ':');
        if (parts.Length != 4 || !int.TryParse(parts[0], System.Globalization.CultureInfo.InvariantCulture, out var iterations)
            || iterations < 1)
            return null;
        if (FromBase64(parts[1]) is not { } salt || FromBase64(parts[2]) is not { Length: SHA256.HashSizeInBytes } storedKey
            || FromBase64(parts[3]) is not { Length: SHA256.HashSizeInBytes } serverKey)
        {
            return null;
        }

        return new ScramVerifier(
            iterations, new EquatableArray<byte>(salt), new EquatableArray<byte>(storedKey), new EquatableArray<byte>(serverKey));
    }

    private static byte[] SaltedPassword(string password, byte[] salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(
            Encoding.UTF8.GetBytes(SaslPrep.Prepare(password)), salt, iterations, HashAlgorithmName.SHA256, SHA256.HashSizeInBytes);

    private static string Base64(EquatableArray<byte> bytes) => Convert.ToBase64String(bytes.AsSpan());

    private static byte[]? FromBase64(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : null;
    }
}
