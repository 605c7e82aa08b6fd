using Federation.CompatTests.Harness;
using Federation.ObjectStorage;

namespace Federation.S3.Tests;

/// <summary>A local folder and a bucket of the test server, so that a test runs on both.</summary>
public sealed class StorePair : IAsyncLifetime
{
    public const string Bucket = "lake";

    private readonly string _folder = Directory.CreateTempSubdirectory("federation-store-").FullName;

    public S3Server Server { get; private set; } = null!;

    public S3Store S3 { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Server = await S3Server.StartAsync(Bucket);
        S3 = new S3Store(Options);
    }

    /// <summary>How the test server is reached, with a time-out that tests can wait for.</summary>
    public S3Options Options =>
        new() { Endpoint = Server.Endpoint, Keys = new S3Keys(S3Server.AccessKey, S3Server.SecretKey), Timeout = TimeSpan.FromSeconds(2) };

    public async Task DisposeAsync()
    {
        S3.Dispose();
        await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A store by name, and an empty folder in it.</summary>
    public (IObjectStore Store, string Folder) Empty(string store)
    {
        var name = Guid.NewGuid().ToString("N");
        return store == "local"
            ? (LocalStore.Instance, Directory.CreateDirectory(Path.Combine(_folder, name)).FullName)
            : (S3, $"s3://{Bucket}/{name}");
    }

    /// <summary>A local file of random bytes.</summary>
    public (string Path, byte[] Bytes) LocalFile(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        var path = Path.Combine(_folder, Guid.NewGuid().ToString("N"));
        File.WriteAllBytes(path, bytes);
        return (path, bytes);
    }
}
