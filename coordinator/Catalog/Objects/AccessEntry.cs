using System.Text.Json.Serialization;
using Federation.Core;
using Federation.Core.Security;
using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>The kinds of objects on which rights can be granted. Stores know them by their names.</summary>
public enum AccessKind
{
    /// <summary>USAGE</summary>
    Server,

    /// <summary>USAGE</summary>
    Wrapper,

    /// <summary>CREATE</summary>
    Database,

    /// <summary>USAGE and CREATE</summary>
    Schema,

    /// <summary>What tables have, and their columns. The target's name is the table's OID.</summary>
    Table,

    /// <summary>What objects of a role have from the beginning; see <see cref="DefaultScope"/>.</summary>
    Default,
}

public sealed record AccessTarget(AccessKind Kind, string Name);

/// <summary>
/// To whom rights on an object were granted: on a schema or a table everything that anybody has, on others what was granted besides the
/// owner, who always has it.
/// </summary>
public sealed record AccessEntry(Oid Oid, AccessTarget Target, EquatableArray<AccessGrant> Grants) : CatalogObject(Oid)
{
    /// <summary>
    /// Whether the items of the object itself are all there are. False for tables of which only columns were granted, and for schemas whose
    /// grants were written when CREATE was all that could be granted: then what such objects have from the beginning comes to it.
    /// </summary>
    public bool IsWhole { get; init; }

    /// <summary>The table's name when something was granted on it, for errors.</summary>
    public string? Shown { get; init; }

    /// <summary>Set for default rights.</summary>
    public DefaultScope? Scope { get; init; }

    /// <summary>The items of the object itself, or of one of its columns.</summary>
    public IReadOnlyList<AclItem> ItemsOf(string? column) =>
        [.. Grants.Where(grant => grant.Column == column).Select(grant => grant.ToItem(Target.Kind))];

    /// <summary>The columns that something was granted on.</summary>
    [JsonIgnore]
    public IEnumerable<string> Columns => Grants.Select(grant => grant.Column).OfType<string>().Distinct(StringComparer.Ordinal);

    public AccessEntry With(string? column, IReadOnlyList<AclItem> items) => this with
    {
        IsWhole = IsWhole || column is null,
        Grants = Grants.Where(grant => grant.Column != column).Concat(items.Select(item => AccessGrant.Of(item, column)))
            .ToEquatableArray(),
    };

    protected override CatalogKey GetKey() => KeyOf(Target);

    public static CatalogKey KeyOf(AccessTarget target) => new(ObjectKind.Access, target.Kind.ToString(), target.Name);
}

/// <summary>Whose objects, of what type, in which schema default rights are for.</summary>
/// <param name="Role">Who makes the objects.</param>
/// <param name="Schema">Null for all schemas.</param>
/// <param name="SchemaOid">None for all schemas.</param>
/// <param name="Type">The letter of pg_default_acl: r, S, f, T or n.</param>
public sealed record DefaultScope(string Role, string? Schema, Oid SchemaOid, char Type)
{
    [JsonIgnore]
    public AccessTarget Target => new(AccessKind.Default, $"{Type}{SchemaOid.Value}:{Role}");
}

/// <param name="Grantee">A role, or <see cref="UserMappingEntry.Everybody"/>.</param>
/// <param name="MayGrant">The grantee may grant the one right that the object has to others.</param>
public sealed record AccessGrant(string Grantee, bool MayGrant, string Grantor)
{
    /// <summary>The letters of what was granted, with a star behind what may be granted on; null where the object has one right.</summary>
    public string? Privileges { get; init; }

    /// <summary>The column of a table; null for the whole object.</summary>
    public string? Column { get; init; }

    public static AccessGrant Of(AclItem item, string? column) =>
        new(item.Grantee.Length == 0 ? UserMappingEntry.Everybody : item.Grantee, MayGrant: false, item.Grantor)
            { Privileges = item.Privileges, Column = column };

    public AclItem ToItem(AccessKind kind) =>
        new(Grantee == UserMappingEntry.Everybody ? "" : Grantee,
            Privileges ?? (kind is AccessKind.Database or AccessKind.Schema ? 'C' : 'U') + (MayGrant ? "*" : ""), Grantor);
}
