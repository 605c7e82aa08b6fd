using System.Security.Cryptography;
using System.Text;
using Federation.Core.Errors;

namespace Federation.Catalog;

/// <summary>
/// The key that the catalog's secrets are encrypted with at rest (AES-256-GCM). It lies in a file beside the embedded catalog that only its
/// owner may read, or comes from the environment, where all gateways and workers on one catalog need the same. Thread-safe.
/// </summary>
public sealed class CatalogKeyring
{
    /// <summary>Holds 32 bytes in Base64.</summary>
    public const string Variable = "FEDERATION_CATALOG_KEY";

    private const string Prefix = "aes256gcm:";
    private const int KeySize = 32;
    private const int NonceSize = 12;
    private const int TagSize = 16;

    private readonly byte[] _key;
    private readonly string _source;

    private CatalogKeyring(byte[] key, string source)
    {
        _key = key;
        _source = source;
    }

    /// <summary>
    /// The key of the environment, else of the file, which is made when it is missing. Raises 58P01 or 58030 for a file that cannot be
    /// used.
    /// </summary>
    public static CatalogKeyring Open(string path)
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text)
            return new CatalogKeyring(Parse(text, Variable), Variable);
        try
        {
            if (!File.Exists(path)) Create(path);
            return new CatalogKeyring(Parse(File.ReadAllText(path), path), path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SqlException(SqlState.IoError, $"could not use the catalog's key file \"{path}\": {error.Message}", error);
        }
    }

    /// <summary>A key of its own, for tests and for catalogs that live as long as the process.</summary>
    public static CatalogKeyring Random() => new(RandomNumberGenerator.GetBytes(KeySize), "memory");

    /// <param name="value">The secret.</param>
    /// <param name="place">What the secret belongs to. It must be given again to read it.</param>
    public string Encrypt(string value, string place)
    {
        var plain = Encoding.UTF8.GetBytes(value);
        var sealedBytes = new byte[NonceSize + TagSize + plain.Length];
        var nonce = sealedBytes.AsSpan(0, NonceSize);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = new AesGcm(_key, TagSize);
        cipher.Encrypt(nonce, plain, sealedBytes.AsSpan(NonceSize + TagSize), sealedBytes.AsSpan(NonceSize, TagSize),
            Encoding.UTF8.GetBytes(place));
        return Prefix + Convert.ToBase64String(sealedBytes);
    }

    /// <summary>A value from before secrets were encrypted is what it says.</summary>
    public string Decrypt(string value, string place)
    {
        if (!value.StartsWith(Prefix, StringComparison.Ordinal)) return value;
        try
        {
            var sealedBytes = Convert.FromBase64String(value[Prefix.Length..]);
            var plain = new byte[sealedBytes.Length - NonceSize - TagSize];
            using var cipher = new AesGcm(_key, TagSize);
            cipher.Decrypt(
                sealedBytes.AsSpan(0, NonceSize), sealedBytes.AsSpan(NonceSize + TagSize), sealedBytes.AsSpan(NonceSize, TagSize), plain,
                Encoding.UTF8.GetBytes(place));
            return Encoding.UTF8.GetString(plain);
        }
        catch (Exception error) when (error is CryptographicException or FormatException or ArgumentException or OverflowException)
        {
            throw new SqlException(SqlState.InvalidAuthorizationSpecification,
                "a secret of the catalog cannot be read with this key", error)
            {
                Detail = $"The key comes from {_source}.",
                Hint =
                    $"Put back the key file that was beside the catalog, or set {Variable} to the key that the secrets were stored with.",
            };
        }
    }

    private static byte[] Parse(string text, string source)
    {
        var key = new byte[KeySize];
        return Convert.TryFromBase64String(text.Trim(), key, out var length) && length == KeySize
            ? key
            : throw new SqlException(SqlState.ConfigFileError, $"{source} does not hold a key")
                { Detail = $"A key is {KeySize} bytes in Base64." };
    }

    private static void Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        // Two processes may start at once: the one that comes second reads what the first has written, so the file appears whole.
        var draft = $"{path}.{Environment.ProcessId}";
        using (var file = new FileStream(draft, options))
        {
            file.Write(Encoding.ASCII.GetBytes(Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeySize)) + "\n"));
            file.Flush(flushToDisk: true);
        }

        try
        {
            File.Move(draft, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(draft);
        }
    }
}
