using System.Text.Json.Serialization;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Types;

namespace Federation.Catalog;

public sealed record SchemaEntry(Oid Oid, string Name, string Owner) : CatalogObject(Oid)
{
    /// <summary>
    /// The folder, local or remote, of tables that are made without a location of their own; null for the gateway's warehouse.
    /// </summary>
    public string? Location { get; init; }

    /// <summary>
    /// Only grants let others in. False for the schema public, and for schemas of versions without such rights: everybody may use them.
    /// </summary>
    public bool IsClosed { get; init; }

    protected override CatalogKey GetKey() => KeyOf(Name);

    public static CatalogKey KeyOf(string name) => new(ObjectKind.Schema, "", name);
}

/// <param name="Options">Options in the order written.</param>
public sealed record ServerEntry(Oid Oid, string Name, string Wrapper, string Owner, EquatableArray<KeyValuePair<string, string>> Options)
    : CatalogObject(Oid)
{
    public string? Type { get; init; }

    public string? ServerVersion { get; init; }

    protected override CatalogKey GetKey() => KeyOf(Name);

    public static CatalogKey KeyOf(string name) => new(ObjectKind.Server, "", name);
}

public sealed record UserMappingEntry(Oid Oid, string Server, string User, EquatableArray<KeyValuePair<string, string>> Options)
    : CatalogObject(Oid)
{
    /// <summary>The mapping of everybody who has none of their own.</summary>
    public const string Everybody = "public";

    /// <summary>The address of the server that the secrets were given for; null when the mapping holds none.</summary>
    public string? SecretsFor { get; init; }

    protected override CatalogKey GetKey() => KeyOf(Server, User);

    public static CatalogKey KeyOf(string server, string user) => new(ObjectKind.UserMapping, server, user);
}
