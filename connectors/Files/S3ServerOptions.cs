using Federation.Connectors.Spi;
using Federation.Core.Errors;
using Federation.ObjectStorage;
using Federation.S3;

namespace Federation.Connectors.Files;

/// <summary>
/// How a server whose root is on S3 reaches it. With keys of a user mapping, or without any for a public bucket, the server has a store of
/// its own. Without both it uses that of the process, and the operator must have allowed its root: SQL cannot lend the process's keys to
/// another place.
/// </summary>
internal static class S3ServerOptions
{
    private const string Endpoint = "endpoint", Region = "region", Style = "style", Anonymous = "anonymous", Role = "role_arn",
        ExternalId = "external_id", TokenEndpoint = "token_endpoint",
        AccessKey = "access_key_id", SecretKey = "secret_access_key", SessionToken = "session_token";

    private static readonly string[] s_own = [Endpoint, Region, Style, Role, ExternalId, TokenEndpoint];

    public static readonly IReadOnlyList<ConnectorOption> All =
    [
        new(Endpoint, OptionScope.Server, "S3: URL of a store that is not Amazon's") { IsAddress = true },
        new(Region, OptionScope.Server, "S3: region of the bucket") { IsAddress = true },
        new(Style, OptionScope.Server, "S3: whether the bucket is in the path or the host of URLs"),
        new(Anonymous, OptionScope.Server, "S3: whether requests are not signed, for public buckets"),
        new(Role, OptionScope.Server, "S3: ARN of a role that the keys of the user mapping assume"),
        new(ExternalId, OptionScope.Server, "S3: external id for the role"),
        new(TokenEndpoint, OptionScope.Server, "S3: URL of the token service that gives the role's keys") { IsAddress = true },
        new(AccessKey, OptionScope.UserMapping, "S3: id of the key"),
        new(SecretKey, OptionScope.UserMapping, "S3: the key", IsSecret: true),
        new(SessionToken, OptionScope.UserMapping, "S3: token of keys that end", IsSecret: true),
    ];

    /// <summary>
    /// The server's own store; null for that of the process. Raises HV024 for options that do not go together; keys may be missing until
    /// the server is used.
    /// </summary>
    public static IObjectStore? Open(ConnectorDefinition definition, string root) => Read(definition, root) is not { } own ? null
        : own.Keys is null && !own.IsAnonymous ? new SchemeStore(null, () => KeysMissing(definition))
        : new SchemeStore(new S3Store(own));

    private static S3Options? Read(ConnectorDefinition definition, string root)
    {
        var given = All.FirstOrDefault(option => definition.Option(option.Name) is not null);
        if (!StoragePath.IsRemote(root)) return given is null ? null : throw Useless(given.Name, "The root is a local folder.");
        var isAnonymous = FileOptions.Boolean(definition, Anonymous) ?? false;
        var keys = Keys(definition);
        if (keys is null && !isAnonymous && !Array.Exists(s_own, name => definition.Option(name) is not null)) return null;
        if (keys is not null && isAnonymous) throw Useless(AccessKey, "Requests of the server are not signed.");
        return new S3Options
        {
            Endpoint = definition.Option(Endpoint) is not { } url || IsUrl(url)
                ? definition.Option(Endpoint)
                : throw FileOptions.Invalid(Endpoint, url, "an http or https URL"),
            Region = definition.Option(Region) ?? new S3Options().Region,
            IsPathStyle = definition.Option(Style) switch
            {
                null => null,
                "path" => true,
                "host" => false,
                var other => throw FileOptions.Invalid(Style, other, "path or host"),
            },
            Keys = keys,
            RoleArn = definition.Option(Role),
            ExternalId = definition.Option(ExternalId),
            TokenEndpoint = definition.Option(TokenEndpoint),
            IsAnonymous = isAnonymous,
        };
    }

    private static S3Keys? Keys(ConnectorDefinition definition) => (definition.Option(AccessKey), definition.Option(SecretKey)) switch
    {
        ({ } id, { } secret) => new S3Keys(id, secret, definition.Option(SessionToken)),
        (null, null) when definition.Option(SessionToken) is null => null,
        _ => throw KeysMissing(definition),
    };

    private static SqlException KeysMissing(ConnectorDefinition definition) =>
        new(SqlState.FdwDynamicParameterValueNeeded,
            $"server \"{definition.ServerName}\" needs the options {AccessKey} and {SecretKey} of a user mapping");

    private static bool IsUrl(string text) => Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https";

    private static SqlException Useless(string option, string detail) =>
        new(SqlState.FdwInvalidAttributeValue, $"option \"{option}\" cannot be used here") { Detail = detail };
}
