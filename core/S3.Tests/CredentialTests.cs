using Federation.CompatTests.Harness;
using Federation.Core.Errors;

namespace Federation.S3.Tests;

/// <summary>Who a store's requests come from.</summary>
public sealed class CredentialTests(StorePair stores) : IClassFixture<StorePair>
{
    [Fact]
    public async Task A_role_is_assumed()
    {
        stores.Server.ForgetRequests();
        using var store =
            new S3Store(stores.Options with
            {
                RoleArn = "arn:aws:iam::123456789012:role/reader",
                TokenEndpoint = stores.Server.Endpoint,
                ExternalId = "x",
            });
        Assert.Null(await store.StatAsync("s3://lake/f", default));
        Assert.Null(await store.StatAsync("s3://lake/g", default));
        Assert.Equal(["assume-role", "head", "head"], stores.Server.Requests.Select(request => request.Kind));
    }

    [Fact]
    public async Task Nobody_reads_public_buckets()
    {
        using var store = new S3Store(stores.Options with { Keys = null, IsAnonymous = true });
        Assert.Equal(SqlState.InsufficientPrivilege,
            (await Assert.ThrowsAsync<SqlException>(() => store.StatAsync("s3://lake/f", default).AsTask())).State);
        stores.Server.IsPublic = true;
        try
        {
            Assert.Null(await store.StatAsync("s3://lake/f", default));
        }
        finally
        {
            stores.Server.IsPublic = false;
        }
    }

    [Fact]
    public async Task A_profile_that_is_missing_is_told()
    {
        using var store = new S3Store(stores.Options with { Keys = null, Profile = "no such profile" });
        Assert.Equal(SqlState.ConfigFileError,
            (await Assert.ThrowsAsync<SqlException>(() => store.StatAsync("s3://lake/f", default).AsTask())).State);
    }

    [Fact]
    public void Keys_are_not_printed() =>
        Assert.DoesNotContain("hidden", $"{new S3Options { Keys = new S3Keys("id", "hidden", "hidden too") }}", StringComparison.Ordinal);
}
