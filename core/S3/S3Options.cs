using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Federation.Core.Errors;

namespace Federation.S3;

/// <summary>How one S3, or another store that speaks its protocol, is reached.</summary>
public sealed record S3Options
{
    /// <summary>The URL of a store that is not Amazon's; null for Amazon's own of the region.</summary>
    public string? Endpoint { get; init; }

    public string Region { get; init; } = "us-east-1";

    /// <summary>
    /// Whether the bucket is part of the path rather than of the host's name; when null, it is for stores that are not Amazon's.
    /// </summary>
    public bool? IsPathStyle { get; init; }

    /// <summary>
    /// Null for the credentials of <see cref="Profile"/> or, without one, of the environment: variables, the default profile, the
    /// container, the machine.
    /// </summary>
    public S3Keys? Keys { get; init; }

    /// <summary>A profile of the shared AWS files.</summary>
    public string? Profile { get; init; }

    /// <summary>A role that the credentials above assume; its credentials are renewed before they end.</summary>
    public string? RoleArn { get; init; }

    /// <summary>What the role's owner asks of those who assume it.</summary>
    public string? ExternalId { get; init; }

    /// <summary>The URL of the token service that gives a role's credentials; null for Amazon's own of the region.</summary>
    public string? TokenEndpoint { get; init; }

    /// <summary>Whether requests are not signed: public buckets.</summary>
    public bool IsAnonymous { get; init; }

    /// <summary>How long a request may stay without any answer, and an answer without any byte.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a request is sent again that failed for reasons that may pass.</summary>
    public int Retries { get; init; } = 7;

    /// <summary>Null for the SDK's own chain, which ends at the machine's credentials.</summary>
    internal AWSCredentials? Credentials()
    {
        var own = IsAnonymous
            ? new AnonymousAWSCredentials()
            : Keys is { } keys ? keys.ToCredentials() : Profile is { } profile ? OfProfile(profile) : null;
        return RoleArn is null ? own : new AssumedRole(this, own);
    }

    private static AWSCredentials OfProfile(string profile) =>
        new CredentialProfileStoreChain().TryGetAWSCredentials(profile, out var credentials)
        ? credentials
        : throw new SqlException(SqlState.ConfigFileError, $"the shared AWS files have no profile \"{profile}\" with credentials");
}

/// <summary>Long-lived keys, or those of a session with its token.</summary>
public sealed record S3Keys(string AccessKeyId, string SecretAccessKey, string? SessionToken = null)
{
    public override string ToString() => $"S3Keys {{ AccessKeyId = {AccessKeyId} }}";

    internal AWSCredentials ToCredentials() => SessionToken is { } token
        ? new SessionAWSCredentials(AccessKeyId, SecretAccessKey, token)
        : new BasicAWSCredentials(AccessKeyId, SecretAccessKey);
}
