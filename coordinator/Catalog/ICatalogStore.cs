using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Security;
using Federation.Core.Types;

namespace Federation.Catalog;

/// <summary>
/// The ACID catalog. Every commit moves the catalog to its next version; a snapshot is a version and never changes. Thread-safe; several processes may share one store.
/// What <see cref="CommitAsync"/> returned for survives a crash at any moment; what it did not return for is either wholly there or wholly absent.
/// </summary>
public interface ICatalogStore : IAsyncDisposable
{
    /// <summary>The newest committed version.</summary>
    ValueTask<ICatalogSnapshot> GetSnapshotAsync(CancellationToken cancellationToken);

    /// <summary>An older version, for <c>federation.as_of</c>. Raises 22023 when there was no such version.</summary>
    ValueTask<ICatalogSnapshot> GetSnapshotAsync(long version, CancellationToken cancellationToken);

    /// <summary>
    /// Commits changes made on top of <paramref name="baseVersion"/>, all or none, and returns the new version. Changes of different objects never conflict; when an object
    /// changed since the base version 40001 is raised, and for names that are taken or missing PostgreSQL's errors (42P06, 42P07, 42710, 3F000, 42P01, 42704, 2BP01).
    /// </summary>
    ValueTask<long> CommitAsync(long baseVersion, IReadOnlyList<CatalogChange> changes, CancellationToken cancellationToken);
}

/// <summary>The catalog at one version. Thread-safe; lookups may read the store.</summary>
public interface ICatalogSnapshot
{
    long Version { get; }

    DateTimeOffset CommittedAt { get; }

    ValueTask<IReadOnlyList<SchemaEntry>> ListSchemasAsync(CancellationToken cancellationToken);

    ValueTask<SchemaEntry?> FindSchemaAsync(string name, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<TableEntry>> ListTablesAsync(string schema, CancellationToken cancellationToken);

    ValueTask<TableEntry?> FindTableAsync(string schema, string name, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<ServerEntry>> ListServersAsync(CancellationToken cancellationToken);

    ValueTask<ServerEntry?> FindServerAsync(string name, CancellationToken cancellationToken);

    /// <summary>The mapping of this user, else of "public", else null.</summary>
    ValueTask<UserMappingEntry?> FindUserMappingAsync(string server, string user, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<UserMappingEntry>> ListUserMappingsAsync(string server, CancellationToken cancellationToken);

    ValueTask<RoleEntry?> FindRoleAsync(string name, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<RoleEntry>> ListRolesAsync(CancellationToken cancellationToken);

    /// <summary>What was granted on an object; null when nothing was.</summary>
    ValueTask<AccessEntry?> FindAccessAsync(AccessTarget target, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<AccessEntry>> ListAccessAsync(CancellationToken cancellationToken);
}

/// <summary>OIDs are given at creation, from 16384 on, and never reused.</summary>
public sealed record SchemaEntry(Oid Oid, string Name, string Owner);

public sealed record TableEntry(Oid Oid, string Schema, string Name, string Owner, TablePointer Pointer);

/// <param name="Options">Options in the order written.</param>
public sealed record ServerEntry(Oid Oid, string Name, string Wrapper, string Owner, EquatableArray<KeyValuePair<string, string>> Options)
{
    public string? Type { get; init; }

    public string? ServerVersion { get; init; }
}

public sealed record UserMappingEntry(Oid Oid, string Server, string User, EquatableArray<KeyValuePair<string, string>> Options)
{
    /// <summary>The mapping of everybody who has none of their own.</summary>
    public const string Everybody = "public";

    /// <summary>The address of the server that the secrets were given for; null when the mapping holds none.</summary>
    public string? SecretsFor { get; init; }
}

/// <summary>A role. Names of other roles are kept as they are when this role is read; renaming a role changes all of them.</summary>
/// <param name="Verifier">Null for roles without password.</param>
public sealed record RoleEntry(Oid Oid, string Name, bool IsSuperuser, bool CanLogin, ScramVerifier? Verifier)
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
}

/// <param name="IsAdmin">The member may grant the role to others.</param>
public sealed record Membership(string Role, bool IsAdmin, string Grantor);

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
public sealed record AccessEntry(Oid Oid, AccessTarget Target, EquatableArray<AccessGrant> Grants);

/// <param name="Grantee">A role, or <see cref="UserMappingEntry.Everybody"/>.</param>
/// <param name="MayGrant">The grantee may grant it to others.</param>
public sealed record AccessGrant(string Grantee, bool MayGrant, string Grantor);

/// <summary>One change of a commit.</summary>
public abstract record CatalogChange
{
    private CatalogChange() { }

    public sealed record CreateSchema(string Name, string Owner) : CatalogChange;

    /// <summary>2BP01 when it holds tables, unless <paramref name="Cascade"/>.</summary>
    public sealed record DropSchema(string Name, bool Cascade) : CatalogChange;

    public sealed record CreateTable(string Schema, string Name, string Owner, TablePointer Pointer) : CatalogChange;

    /// <summary>Moves a table to its next state.</summary>
    public sealed record SetPointer(string Schema, string Name, TablePointer Pointer) : CatalogChange;

    public sealed record DropTable(string Schema, string Name) : CatalogChange;

    public sealed record CreateServer(ServerEntry Server) : CatalogChange;

    public sealed record AlterSchema(string Name, string Owner) : CatalogChange;

    /// <summary>Replaces options, version and owner of an existing server.</summary>
    public sealed record AlterServer(ServerEntry Server) : CatalogChange;

    /// <summary>2BP01 when user mappings depend on it, unless <paramref name="Cascade"/>.</summary>
    public sealed record DropServer(string Name, bool Cascade) : CatalogChange;

    public sealed record PutUserMapping(UserMappingEntry Mapping, bool IsNew) : CatalogChange;

    public sealed record DropUserMapping(string Server, string User) : CatalogChange;

    public sealed record PutRole(RoleEntry Role, bool IsNew) : CatalogChange;

    /// <summary>Gives a role another name, here and wherever it is an owner, a member or a grantee.</summary>
    public sealed record RenameRole(string Name, string NewName) : CatalogChange;

    /// <summary>2BP01 when the role owns something or has rights on it; memberships end with it.</summary>
    public sealed record DropRole(string Name) : CatalogChange;

    /// <summary>Replaces what is granted on an object; an empty list ends the entry.</summary>
    public sealed record PutAccess(AccessTarget Target, EquatableArray<AccessGrant> Grants) : CatalogChange;
}
