using Amazon;
using Amazon.Runtime;
using Amazon.SecurityToken;
using Amazon.SecurityToken.Model;

namespace Federation.S3;

/// <summary>The credentials of a role, asked for when they are first needed and again before they end. Thread-safe.</summary>
/// <param name="options">Name the role.</param>
/// <param name="own">Who assumes it; null for the SDK's own chain.</param>
internal sealed class AssumedRole(S3Options options, AWSCredentials? own) : RefreshingAWSCredentials
{
    private const string SessionName = "federation";

    protected override CredentialsRefreshState GenerateNewCredentials() => GenerateNewCredentialsAsync().GetAwaiter().GetResult();

    protected override async Task<CredentialsRefreshState> GenerateNewCredentialsAsync()
    {
        var config = new AmazonSecurityTokenServiceConfig { Timeout = options.Timeout };
        if (options.TokenEndpoint is { } endpoint) (config.ServiceURL, config.AuthenticationRegion) = (endpoint, options.Region);
        else config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
        using var client = own is null ? new AmazonSecurityTokenServiceClient(config) : new AmazonSecurityTokenServiceClient(own, config);
        var answer =
            await client.AssumeRoleAsync(
                new AssumeRoleRequest { RoleArn = options.RoleArn, RoleSessionName = SessionName, ExternalId = options.ExternalId });
        var given = answer.Credentials;
        return new CredentialsRefreshState(
            new ImmutableCredentials(given.AccessKeyId, given.SecretAccessKey, given.SessionToken),
            given.Expiration?.ToUniversalTime() ?? DateTime.UtcNow.AddMinutes(15));
    }
}
