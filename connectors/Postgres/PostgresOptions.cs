using System.Globalization;
using Federation.Connectors.Spi;
using Federation.Core.Errors;
using Federation.Core.Execution;
using Npgsql;

namespace Federation.Connectors.Postgres;

/// <summary>The options of a server and its user mapping, named as those of postgres_fdw, and the driver settings they lead to.</summary>
internal static class PostgresOptions
{
    private const int DefaultPort = 5432;
    private const int DefaultTimeoutSeconds = 10;
    private const int MaxConnections = 32;
    private const int MaxPrepared = 100;
    private const int ReadBufferBytes = 64 << 10;

    /// <summary>
    /// Fixed for every session so that literals and text casts mean one thing whatever the source's defaults are. The search path makes the
    /// source resolve built-in names only, and qualify all others.
    /// </summary>
    private const string SessionSettings =
        "-c DateStyle=ISO -c IntervalStyle=postgres -c TimeZone=UTC -c extra_float_digits=3 -c bytea_output=hex -c search_path=pg_catalog";

    public static readonly IReadOnlyList<ConnectorOption> All =
    [
        new("host", OptionScope.Server, "Name or address of the server; localhost by default.") { IsAddress = true },
        new("port", OptionScope.Server, "Port of the server; 5432 by default.") { IsAddress = true },
        new("dbname", OptionScope.Server, "Database; the user's name by default."),
        new("sslmode", OptionScope.Server, "disable, allow, prefer (default), require, verify-ca or verify-full."),
        new("sslrootcert", OptionScope.Server, "File with the certificates of trusted authorities."),
        new("application_name", OptionScope.Server, "Shown in the source's pg_stat_activity; federation by default."),
        new("connect_timeout", OptionScope.Server, "Seconds to wait for a connection; 10 by default."),
        new("fetch_size", OptionScope.Server, "Accepted for compatibility; rows are streamed."),
        new("use_remote_estimate", OptionScope.Server, "Accepted for compatibility; the source's statistics are always used."),
        new("schemas", OptionScope.Server, "Comma-separated schemas to show; all by default."),
        new("user", OptionScope.UserMapping, "User at the source."),
        new("password", OptionScope.UserMapping, "Password at the source.", IsSecret: true),
    ];

    public static NpgsqlDataSource CreateSource(ConnectorDefinition definition)
    {
        // Without a user the driver would take the one who runs the gateway.
        if (definition.Option("user") is not { Length: > 0 } user)
        {
            throw new SqlException(SqlState.UndefinedObject, $"user mapping not found for server \"{definition.ServerName}\"")
            {
                Hint = $"CREATE USER MAPPING FOR CURRENT_USER SERVER {definition.ServerName} OPTIONS (user '…', password '…').",
            };
        }

        var connection = new NpgsqlConnectionStringBuilder
        {
            Host = ReadHosts(definition),
            Port = ReadNumber(definition, "port", DefaultPort, 65535),
            Username = user,
            Password = definition.Option("password"),
            Database = definition.Option("dbname") ?? user,
            SslMode = ReadSslMode(definition),
            RootCertificate = definition.Option("sslrootcert") is { } path ? CheckPath(definition, "sslrootcert", path) : null,
            ApplicationName = definition.Option("application_name") ?? "federation",
            Timeout = ReadNumber(definition, "connect_timeout", DefaultTimeoutSeconds, 1024),
            CommandTimeout = 0,
            MaxPoolSize = MaxConnections,
            // A statement that comes again is prepared on the connection, and planned by the source once.
            MaxAutoPrepare = MaxPrepared,
            AutoPrepareMinUsages = 2,
            ConnectionIdleLifetime = 60,
            ReadBufferSize = ReadBufferBytes,
            Options = SessionSettings,
            // The settings are the session's defaults, and nothing here changes them: there is nothing to reset.
            NoResetOnClose = true,
            GssEncryptionMode = GssEncryptionMode.Disable,
            // The password file of the user who runs the gateway is not for those who define servers.
            Passfile = "/dev/null",
            TcpKeepAlive = true,
            IncludeErrorDetail = true,
        };
        _ = ReadNumber(definition, "fetch_size", 100, int.MaxValue);
        var builder = new NpgsqlDataSourceBuilder(connection.ConnectionString);
        // Only catalog queries go through the driver's types; loading all types of the source would cost a round trip per pool.
        builder.ConfigureTypeLoading(loading => loading.EnableTypeLoading(enable: false));
        return builder.Build();
    }

    /// <summary>The schemas to show, or null for all.</summary>
    public static IReadOnlySet<string>? Schemas(ConnectorDefinition definition) =>
        definition.Option("schemas")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .ToHashSet(StringComparer.Ordinal);

    /// <summary>The hosts, each of them checked: the driver takes a list, and tries one after the other.</summary>
    private static string ReadHosts(ConnectorDefinition definition)
    {
        var hosts = (definition.Option("host") ?? "localhost").Split(',', StringSplitOptions.TrimEntries);
        return string.Join(',', hosts.Select(host => ReadHost(definition, host)));
    }

    private static string ReadHost(ConnectorDefinition definition, string host)
    {
        if (host.Length == 0) throw InvalidHost(definition);
        // Names in the abstract namespace have no folder that could be allowed.
        if (host.StartsWith('@')) throw Outside("host", host);
        if (!Path.IsPathRooted(host)) return host.Contains('/', StringComparison.Ordinal) ? throw InvalidHost(definition) : host;

        // A folder means a Unix socket, over which a server may trust whoever runs the gateway. The socket itself may be a link too.
        var folder = CheckPath(definition, "host", host);
        CheckPath(definition, "host",
            Path.Combine(folder,
                string.Create(CultureInfo.InvariantCulture, $".s.PGSQL.{ReadNumber(definition, "port", DefaultPort, 65535)}")));
        return folder;
    }

    private static SqlException InvalidHost(ConnectorDefinition definition) =>
        new(SqlState.FdwInvalidAttributeValue, $"invalid value for option \"host\": \"{definition.Option("host")}\"")
    {
        Hint = "Names, addresses or folders of Unix sockets are expected, with commas between them.",
    };

    /// <summary>Where the path leads; 42501 when that is outside the allowed folders.</summary>
    private static string CheckPath(ConnectorDefinition definition, string option, string path)
    {
        var real = RealPaths.Of(path);
        return definition.AllowedRoots.Any(root => RealPaths.IsWithin(real, RealPaths.Of(root))) ? real : throw Outside(option, path);
    }

    private static SqlException Outside(string option, string path) =>
        new(SqlState.InsufficientPrivilege, $"option \"{option}\" names a path outside the allowed folders: \"{path}\"")
    {
        Hint = "Start the gateway with --allow DIR to allow another folder.",
    };

    private static int ReadNumber(ConnectorDefinition definition, string name, int @default, int most)
    {
        if (definition.Option(name) is not { } text) return @default;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most)
            return number;
        throw new SqlException(SqlState.FdwInvalidAttributeValue, $"invalid value for option \"{name}\": \"{text}\"")
        {
            Hint = $"A number from 1 to {most} is expected.",
        };
    }

    private static SslMode ReadSslMode(ConnectorDefinition definition) => definition.Option("sslmode") switch
    {
        null or "prefer" => SslMode.Prefer,
        "disable" => SslMode.Disable,
        "allow" => SslMode.Allow,
        "require" => SslMode.Require,
        "verify-ca" => SslMode.VerifyCA,
        "verify-full" => SslMode.VerifyFull,
        var other => throw new SqlException(SqlState.FdwInvalidAttributeValue, $"invalid value for option \"sslmode\": \"{other}\"")
        {
            Hint = "Valid values are disable, allow, prefer, require, verify-ca and verify-full.",
        },
    };
}
