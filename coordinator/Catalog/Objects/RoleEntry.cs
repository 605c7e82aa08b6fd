using Federation.Core;
using Federation.Core.Security;
using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>A role. Names of other roles are kept as they are when this role is read; renaming a role changes all of them.</summary>
/// <param name="Verifier">Null for roles without password.</param>
public sealed record RoleEntry(Oid Oid, string Name, bool IsSuperuser, bool CanLogin, ScramVerifier? Verifier) : CatalogObject(Oid)
{
    /// <summary>Whether the role has the rights of the roles it is a member of without SET ROLE.</summary>
    public bool Inherits { get; init; } = true;

    public bool CanCreateRoles { get; init; }

    public bool CanCreateDatabases { get; init; }

    public bool CanReplicate { get; init; }

    public bool BypassesRowSecurity { get; init; }

    /// <summary>The most sessions of the role; -1 for no limit.</summary>
    public int ConnectionLimit { get; init; } = -1;

    /// <summary>When the password ends, in the microseconds of a timestamp; null when it does not.</summary>
    public long? ValidUntil { get; init; }

    /// <summary>The roles that this one is a member of.</summary>
    public EquatableArray<Membership> MemberOf { get; init; }

    protected override CatalogKey GetKey() => KeyOf(Name);

    public static CatalogKey KeyOf(string name) => new(ObjectKind.Role, "", name);
}

/// <param name="IsAdmin">The member may grant the role to others.</param>
public sealed record Membership(string Role, bool IsAdmin, string Grantor);
