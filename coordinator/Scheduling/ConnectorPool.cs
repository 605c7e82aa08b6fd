using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Core.Errors;

namespace Federation.Scheduling;

/// <summary>
/// The live connectors of attached servers, made when first used and shared by all sessions that reach a server with the same options. A
/// changed server gets a new connector; the old one goes when it has not been asked for in a while. Thread-safe.
/// </summary>
public sealed class ConnectorPool : IConnectorResolver, IAsyncDisposable
{
    /// <summary>Connectors kept besides those in use; enough for every server of an ordinary catalog.</summary>
    private const int MaxConnectors = 256;

    private readonly Dictionary<string, IConnectorFactory> _factories;
    private readonly ConcurrentDictionary<string, Lazy<IConnector>> _connectors = new(StringComparer.Ordinal);
    private readonly IReadOnlyList<string> _allowedRoots;

    public ConnectorPool(IEnumerable<IConnectorFactory> factories, IReadOnlyList<string> allowedRoots)
    {
        _factories = factories.ToDictionary(factory => factory.WrapperName, StringComparer.Ordinal);
        _allowedRoots = allowedRoots;
    }

    public IReadOnlyCollection<IConnectorFactory> Factories => _factories.Values;

    /// <summary>Raises 42704 for a foreign-data wrapper that does not exist.</summary>
    public IConnectorFactory FindFactory(string wrapper) => _factories.GetValueOrDefault(wrapper)
        ?? throw new SqlException(SqlState.UndefinedObject, $"foreign-data wrapper \"{wrapper}\" does not exist")
        {
            Hint = $"Available wrappers: {string.Join(", ", _factories.Keys.Order())}.",
        };

    /// <summary>The connector for a server as one user reaches it. Its key holds no secret: it is a digest of the options.</summary>
    public IConnector Get(ServerEntry server, UserMappingEntry? mapping)
    {
        RequireSecretsFor(server, mapping);
        var options = Merge(server, mapping);
        var key = KeyOf(server, options);
        var definition = new ConnectorDefinition(server.Name, server.Wrapper, options) { Key = key, AllowedRoots = _allowedRoots };
        var factory = FindFactory(server.Wrapper);
        if (_connectors.Count > MaxConnectors) Forget(key);
        var connector = _connectors.GetOrAdd(key, _ => new Lazy<IConnector>(() => factory.Create(definition)));
        try
        {
            return connector.Value;
        }
        catch (SqlException)
        {
            // A failed creation is not kept: the next attempt may find repaired options.
            _connectors.TryRemove(key, out _);
            throw;
        }
    }

    /// <summary>Whether an option of a server's user mappings is nobody's to see.</summary>
    public bool IsSecret(ServerEntry server, string option) =>
        FindFactory(server.Wrapper).Options.Any(known => known.IsSecret && known.Name == option);

    public bool HoldsSecret(ServerEntry server, UserMappingEntry mapping) => mapping.Options.Any(option => IsSecret(server, option.Key));

    /// <summary>Where a server is, by those of its options that say so. A secret given for one address is never sent to another.</summary>
    public string AddressOf(ServerEntry server) => string.Join(", ", FindFactory(server.Wrapper).Options.Where(option => option.IsAddress)
        .Select(option => $"{option.Name} \"{server.Options.FirstOrDefault(given => given.Key == option.Name).Value}\""));

    /// <summary>The key under which <see cref="Get"/> would give a connector; makes none.</summary>
    public static string KeyOf(ServerEntry server, UserMappingEntry? mapping) => KeyOf(server, Merge(server, mapping));

    /// <summary>Whether a connector of this key has been made.</summary>
    public bool Contains(string key) => _connectors.ContainsKey(key);

    /// <summary>Lets tasks of this process find a connector that no server stands for, until it is removed.</summary>
    public void Add(string key, IConnector connector) => _connectors[key] = new Lazy<IConnector>(connector);

    /// <summary>Forgets a connector that was added. It belongs to who added it.</summary>
    public void Remove(string key) => _connectors.TryRemove(key, out _);

    public ValueTask<IConnector> ResolveAsync(string key, CancellationToken cancellationToken) => ValueTask.FromResult(Resolve(key));

    internal IConnector Resolve(string key) => _connectors.TryGetValue(key, out var connector)
        ? connector.Value
        : throw new SqlException(SqlState.SqlclientUnableToEstablishSqlconnection, $"server \"{key.Split('#')[0]}\" is not attached here");

    public async ValueTask DisposeAsync()
    {
        foreach (var connector in _connectors.Values)
            if (connector.IsValueCreated)
                await connector.Value.DisposeAsync();
        _connectors.Clear();
    }

    /// <summary>Who may change a server must not learn the passwords of those who use it by leading them elsewhere.</summary>
    private void RequireSecretsFor(ServerEntry server, UserMappingEntry? mapping)
    {
        if (mapping?.SecretsFor is not { } address || AddressOf(server) is var present && present == address) return;
        throw new SqlException(SqlState.InvalidAuthorizationSpecification,
            $"the password in the user mapping for \"{mapping.User}\" was given for another address of server \"{server.Name}\"")
        {
            Detail = $"It was given for {address}; the server now has {present}.",
            Hint =
                "If it is meant for that address too, give it again: ALTER USER MAPPING FOR "
                    + $"{(mapping.User == UserMappingEntry.Everybody ? "PUBLIC" : $"\"{mapping.User}\"")} SERVER \"{server.Name}\" "
                    + "OPTIONS (SET password '…').",
        };
    }

    private static Dictionary<string, string> Merge(ServerEntry server, UserMappingEntry? mapping)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in server.Options) options[name] = value;
        foreach (var (name, value) in mapping?.Options ?? []) options[name] = value;
        return options;
    }

    private static string KeyOf(ServerEntry server, Dictionary<string, string> options)
    {
        var digest = new StringBuilder(server.Wrapper);
        foreach (var (name, value) in options.OrderBy(option => option.Key, StringComparer.Ordinal))
            digest.Append('\n').Append(name).Append('=').Append(value);
        return $"{server.Name}#{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(digest.ToString())).AsSpan(0, 8))}";
    }

    /// <summary>Drops connectors of the same server under other options.</summary>
    private void Forget(string key)
    {
        var server = key.Split('#')[0] + "#";
        foreach (var other in _connectors.Keys.Where(other => other != key && other.StartsWith(server, StringComparison.Ordinal)))
        {
            if (_connectors.TryRemove(other, out var removed) && removed.IsValueCreated) _ = removed.Value.DisposeAsync().AsTask();
        }
    }
}
