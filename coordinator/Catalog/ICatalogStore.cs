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
}

/// <summary>OIDs are given at creation, from 16384 on, and never reused.</summary>
public sealed record SchemaEntry(Oid Oid, string Name, string Owner);

public sealed record TableEntry(Oid Oid, string Schema, string Name, string Owner, TablePointer Pointer);

/// <param name="Options">Options in the order written; secrets are stored encrypted or not shown, see <see cref="UserMappingEntry"/>.</param>
public sealed record ServerEntry(Oid Oid, string Name, string Wrapper, string Owner, EquatableArray<KeyValuePair<string, string>> Options)
{
    public string? Type { get; init; }

    public string? ServerVersion { get; init; }
}

public sealed record UserMappingEntry(Oid Oid, string Server, string User, EquatableArray<KeyValuePair<string, string>> Options);

/// <param name="Verifier">Null for roles without password.</param>
public sealed record RoleEntry(Oid Oid, string Name, bool IsSuperuser, bool CanLogin, ScramVerifier? Verifier);

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

    /// <summary>Replaces options and version of an existing server.</summary>
    public sealed record AlterServer(ServerEntry Server) : CatalogChange;

    /// <summary>2BP01 when user mappings depend on it, unless <paramref name="Cascade"/>.</summary>
    public sealed record DropServer(string Name, bool Cascade) : CatalogChange;

    public sealed record PutUserMapping(UserMappingEntry Mapping, bool IsNew) : CatalogChange;

    public sealed record DropUserMapping(string Server, string User) : CatalogChange;

    public sealed record PutRole(RoleEntry Role, bool IsNew) : CatalogChange;

    public sealed record DropRole(string Name) : CatalogChange;
}
