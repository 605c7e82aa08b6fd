using System.CommandLine;
using Federation.Core.Errors;
using Federation.ObjectStorage;
using Federation.S3;

namespace Federation.Host;

/// <summary>
/// What gateways and workers are told of S3 and of the cache. Keys come from the environment, the shared AWS files or the machine, never
/// from the command line, which others can see.
/// </summary>
public sealed record StorageOptions
{
    private const int DefaultCacheMegabytes = 10 << 10;

    private static readonly Option<string?> s_endpoint = new("--s3-endpoint")
        { Description = "URL of an S3 store that is not Amazon's; AWS_ENDPOINT_URL_S3 if not given." };
    private static readonly Option<string?> s_region = new("--s3-region") { Description = "Region of S3; AWS_REGION if not given." };
    private static readonly Option<string?> s_style = new("--s3-style")
        { Description = "Whether the bucket is in the \"path\" or the \"host\" of URLs; the path for stores that are not Amazon's." };
    private static readonly Option<string?> s_profile = new("--s3-profile")
        { Description = "Profile of the shared AWS files whose keys are used." };
    private static readonly Option<string?> s_role = new("--s3-role") { Description = "ARN of a role to assume." };
    private static readonly Option<string?> s_externalId = new("--s3-external-id") { Description = "External id for the role." };
    private static readonly Option<string?> s_tokens = new("--s3-token-endpoint")
        { Description = "URL of the token service that gives the role's keys, if not Amazon's." };
    private static readonly Option<int> s_cache = new("--cache-mb")
    {
        Description = "Megabytes of remote files that each process keeps on its disk.",
        DefaultValueFactory = _ => DefaultCacheMegabytes,
    };

    public S3Options S3 { get; init; } = new();

    public long CacheBytes { get; init; } = (long)DefaultCacheMegabytes << 20;

    public static IReadOnlyList<Option> All => [s_endpoint, s_region, s_style, s_profile, s_role, s_externalId, s_tokens, s_cache];

    /// <summary>Raises 22023 for a value that cannot be right.</summary>
    internal static StorageOptions Read(ParseResult parsed) => new()
    {
        S3 = new S3Options
        {
            Endpoint = parsed.GetValue(s_endpoint) ?? Variable("AWS_ENDPOINT_URL_S3") ?? Variable("AWS_ENDPOINT_URL"),
            Region = parsed.GetValue(s_region) ?? Variable("AWS_REGION") ?? Variable("AWS_DEFAULT_REGION") ?? new S3Options().Region,
            IsPathStyle = parsed.GetValue(s_style) switch
            {
                null => null,
                "path" => true,
                "host" => false,
                var other => throw new SqlException(SqlState.InvalidParameterValue, $"--s3-style must be path or host, not \"{other}\""),
            },
            Profile = parsed.GetValue(s_profile),
            RoleArn = parsed.GetValue(s_role),
            ExternalId = parsed.GetValue(s_externalId),
            TokenEndpoint = parsed.GetValue(s_tokens),
        },
        CacheBytes = (long)parsed.Within(s_cache, 1, int.MaxValue) << 20,
    };

    /// <summary>The command line that gives another process the same options.</summary>
    internal IReadOnlyList<string> Arguments() =>
    [
        .. Argument(s_endpoint, S3.Endpoint), .. Argument(s_region, S3.Region),
        .. Argument(s_style, S3.IsPathStyle is { } isPath ? isPath ? "path" : "host" : null), .. Argument(s_profile, S3.Profile),
        .. Argument(s_role, S3.RoleArn), .. Argument(s_externalId, S3.ExternalId), .. Argument(s_tokens, S3.TokenEndpoint),
        .. Argument(s_cache, FormattableString.Invariant($"{CacheBytes >> 20}")),
    ];

    /// <summary>The store of a process: local files, and S3 as these options say.</summary>
    internal IObjectStore Open() => new SchemeStore(new S3Store(S3));

    private static IEnumerable<string> Argument(Option option, string? value) => value is null ? [] : [option.Name, value];

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
