using Federation.Core;
using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>The kinds of objects on which rights can be granted; each has one right.</summary>
public enum AccessKind
{
    /// <summary>USAGE</summary>
    Server,

    /// <summary>USAGE</summary>
    Wrapper,

    /// <summary>CREATE</summary>
    Database,

    /// <summary>CREATE</summary>
    Schema,
}

public sealed record AccessTarget(AccessKind Kind, string Name);

/// <summary>To whom the right on an object was granted, besides its owner who always has it.</summary>
public sealed record AccessEntry(Oid Oid, AccessTarget Target, EquatableArray<AccessGrant> Grants) : CatalogObject(Oid)
{
    protected override CatalogKey GetKey() => KeyOf(Target);

    public static CatalogKey KeyOf(AccessTarget target) => new(ObjectKind.Access, target.Kind.ToString(), target.Name);
}

/// <param name="Grantee">A role, or <see cref="UserMappingEntry.Everybody"/>.</param>
/// <param name="MayGrant">The grantee may grant it to others.</param>
public sealed record AccessGrant(string Grantee, bool MayGrant, string Grantor);
