using Federation.CompatTests.Harness;
using Federation.CompatTests.Suite.Sessions;
using Federation.Host;
using Federation.S3;

namespace Federation.CompatTests.Suite.Stores;

/// <summary>The gateways of <see cref="TwoGateways"/> with their warehouses on S3.</summary>
public class S3Lake : TwoGateways
{
    public const string Bucket = "lake";

    private S3Options _store = new();

    internal S3Server Server { get; private set; } = null!;

    public override async Task InitializeAsync()
    {
        _store = await StartStoreAsync();
        await base.InitializeAsync();
    }

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await StopStoreAsync();
    }

    /// <summary>Starts a store with the bucket in it, and says how it is reached.</summary>
    private protected virtual async Task<S3Options> StartStoreAsync()
    {
        Server = await S3Server.StartAsync(Bucket, "private");
        return new S3Options { Endpoint = Server.Endpoint, Keys = new S3Keys(S3Server.AccessKey, S3Server.SecretKey),
            Timeout = TimeSpan.FromSeconds(2) };
    }

    private protected virtual async Task StopStoreAsync() => await Server.DisposeAsync();

    private protected override ServeOptions Options(bool isShared) => new()
    {
        MemoryLimitBytes = InProcess.MemoryLimitBytes, Warehouse = $"s3://{Bucket}/{(isShared ? "shared" : "embedded")}",
        AllowedRoots = [$"s3://{Bucket}/files", $"s3://{Bucket}/golden"], Storage = new StorageOptions { S3 = _store },
    };
}
