using System.Text.Json.Serialization;
using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>The kinds of objects that the catalog holds. Stores know them by the names of <see cref="ObjectKinds"/>.</summary>
public enum ObjectKind
{
    Schema,
    Table,
    Server,
    UserMapping,
    Role,
    Access,
    View,
    Sequence,
    Tail,
}

/// <summary>Where an object stands; at one version no two objects share a key.</summary>
/// <param name="Parent">The schema of a table, a view or a sequence, a user mapping's server, the kind of object that access was granted
/// on, the OID of the table of a tail; empty for all others.</param>
public readonly record struct CatalogKey(ObjectKind Kind, string Parent, string Name)
{
    public CatalogList List => new(Kind, Parent);
}

/// <summary>All objects of one kind under one parent.</summary>
public readonly record struct CatalogList(ObjectKind Kind, string Parent = "");

/// <summary>An object of the catalog at one version. Immutable.</summary>
/// <param name="Oid">Given when the object is created, from 16384 on, and never reused.</param>
public abstract record CatalogObject(Oid Oid)
{
    [JsonIgnore]
    public CatalogKey Key => GetKey();

    /// <summary>The version whose commit wrote this state; zero for a state that is not committed yet.</summary>
    [JsonIgnore]
    public long ChangedAt { get; init; }

    protected abstract CatalogKey GetKey();
}
