using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Security;
using Federation.Core.Types;
using Federation.Core.Values;

namespace Federation.SystemCatalog;

/// <summary>What the system tables of one database show.</summary>
public sealed record SystemState(string Database, string User)
{
    /// <summary>Who owns what comes with every gateway.</summary>
    public const string DefaultOwner = "federation";

    public IReadOnlyList<string> Databases { get; init; } = [];

    public IReadOnlyList<RoleState> Roles { get; init; } = [];

    public IReadOnlyList<SchemaState> Schemas { get; init; } = [];

    public IReadOnlyList<RelationState> Relations { get; init; } = [];

    /// <summary>When the transaction began.</summary>
    public PgTimestamp Now { get; init; }

    /// <summary>Types that attached servers define.</summary>
    public IReadOnlyList<TypeState> Types { get; init; } = [];

    public IReadOnlyList<SettingState> Settings { get; init; } = [];

    /// <summary>Schemas whose relations are named without them.</summary>
    public IReadOnlyList<string> SearchPath { get; init; } = [];

    public IReadOnlyList<ServerState> Servers { get; init; } = [];

    public IReadOnlyList<MappingState> Mappings { get; init; } = [];

    /// <summary>The sessions of this gateway, and of the others where the table shows those.</summary>
    public IReadOnlyList<SessionState> Sessions { get; init; } = [];

    /// <summary>Statements that the user may see.</summary>
    public IReadOnlyList<QueryState> Queries { get; init; } = [];

    /// <summary>The session's own cursors, and the named portals of the protocol.</summary>
    public IReadOnlyList<CursorState> Cursors { get; init; } = [];

    /// <summary>The advisory locks of this gateway's sessions.</summary>
    public IReadOnlyList<LockState> Locks { get; init; } = [];

    /// <summary>The session's own prepared statements.</summary>
    public IReadOnlyList<PreparedState> Prepared { get; init; } = [];

    /// <summary>What each role may do.</summary>
    public IReadOnlyList<RoleRights> Rights { get; init; } = [];

    /// <summary>Owners and grantors, who may be users without an entry in the catalog.</summary>
    public IReadOnlyList<string> Owners { get; init; } = [];

    /// <summary>The wrappers that servers can have.</summary>
    public IReadOnlyList<string> Wrappers { get; init; } = [];

    /// <summary>What was granted on the managed database, the first of the databases.</summary>
    public IReadOnlyList<AclItem> DatabaseGrants { get; init; } = [];

    /// <summary>What was granted on wrappers.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<AclItem>> WrapperGrants { get; init; } =
        new Dictionary<string, IReadOnlyList<AclItem>>();

    /// <summary>What objects of roles have from the beginning.</summary>
    public IReadOnlyList<DefaultAccessState> DefaultAccess { get; init; } = [];

    /// <summary>The OID of a role, or of a user without an entry in the catalog.</summary>
    internal long OidOf(string role) => (Roles.FirstOrDefault(item => item.Name == role)?.Oid ?? StableOids.OfRole(role)).Value;
}

/// <summary>A statement that runs or has run; times in milliseconds.</summary>
/// <param name="State">running, finished, failed or cancelled.</param>
public sealed record QueryState(string Id, int ProcessId, string User, string Database, string Text, string State)
{
    public string? Address { get; init; }

    public long? CatalogVersion { get; init; }

    public string? SqlState { get; init; }

    public PgTimestamp StartedAt { get; init; }

    public PgTimestamp? EndedAt { get; init; }

    public double Elapsed { get; init; }

    public double Queued { get; init; }

    public double Planning { get; init; }

    public long Rows { get; init; }

    public int Tasks { get; init; }

    public int Retries { get; init; }

    public long ExchangedBytes { get; init; }

    public IReadOnlyList<string> Sources { get; init; } = [];
}

/// <param name="State">active, idle, idle in transaction, or idle in transaction (aborted).</param>
public sealed record SessionState(int ProcessId, string Database, string User, string ApplicationName, string State, string Query)
{
    public string? Address { get; init; }

    public int? Port { get; init; }

    public bool IsEncrypted { get; init; }

    public PgTimestamp StartedAt { get; init; }

    public PgTimestamp? TransactionStart { get; init; }

    public PgTimestamp QueryStart { get; init; }

    public PgTimestamp StateChange { get; init; }

    /// <summary>Set while the session's statement is a COPY.</summary>
    public CopyState? Copy { get; init; }
}

/// <param name="Relation">The OID of the table; zero for a query.</param>
/// <param name="Rows">Null when it is not known which of the rows read are taken.</param>
public sealed record CopyState(bool IsFrom, bool IsFile, Oid Relation, long Bytes, long TotalBytes, long? Rows);

public sealed record CursorState(string Name, string Text, bool IsHeld, bool IsBinary, bool CanScroll, PgTimestamp CreatedAt);

/// <param name="IsGranted">False for one that is waited for.</param>
public sealed record LockState(int ProcessId, long ClassId, long ObjectId, short ObjectSubId, string Mode, bool IsGranted);

public sealed record PreparedState(string Name, string Text, PgTimestamp PreparedAt, IReadOnlyList<Oid> ParameterTypes, bool IsFromSql);

/// <param name="Verifier">The password in the form in which it is stored; null for none.</param>
/// <param name="ValidUntil">When the password ends, in the microseconds of a timestamp.</param>
public sealed record RoleState(
    Oid Oid, string Name, bool IsSuperuser, bool Inherits, bool CanCreateRoles, bool CanCreateDatabases, bool CanLogin, bool CanReplicate,
    bool BypassesRowSecurity, int ConnectionLimit, string? Verifier,
    long? ValidUntil, IReadOnlyList<MembershipState> MemberOf);

public sealed record MembershipState(string Role, bool IsAdmin, string Grantor);

/// <param name="Held">The roles whose rights it has without SET ROLE; an empty name among them for a superuser. So in the other
/// lists.</param>
/// <param name="Memberships">The roles that it may become.</param>
/// <param name="Administered">The roles that it may grant.</param>
public sealed record RoleRights(Oid Oid, string Name, IReadOnlyList<string> Held, IReadOnlyList<string> Memberships,
    IReadOnlyList<string> Administered);

/// <summary>Who may do what with a schema or a table.</summary>
/// <param name="Items">What everybody has, the owner too.</param>
/// <param name="Columns">What was granted on columns besides.</param>
public sealed record AccessState(IReadOnlyList<AclItem> Items, IReadOnlyDictionary<string, IReadOnlyList<AclItem>> Columns)
{
    /// <summary>Nothing was granted or taken away: catalogs show no list.</summary>
    public bool IsDefault { get; init; }
}

/// <param name="Schema">None for all schemas.</param>
/// <param name="Type">r, S, f, T or n.</param>
public sealed record DefaultAccessState(Oid Oid, string Role, Oid Schema, char Type, IReadOnlyList<AclItem> Items);

public sealed record SchemaState(Oid Oid, string Name)
{
    /// <summary>Set where rights can be granted one by one; else the owner has all, and others what <see cref="Grants"/> says.</summary>
    public AccessState? Access { get; init; }

    public string Owner { get; init; } = SystemState.DefaultOwner;

    /// <summary>What others than the owner may do.</summary>
    public IReadOnlyList<AclItem> Grants { get; init; } = [];

    /// <summary>Where its tables lie, when it has a place of its own.</summary>
    public string? Location { get; init; }
}

/// <param name="Schema">The schema's OID.</param>
public sealed record TypeState(PgType Type, Oid Schema)
{
    /// <summary>The schema's name here.</summary>
    public required string ShownSchema { get; init; }

    public required ListedType Listed { get; init; }

    internal Oid OidOf(ConstraintDetails check) => StableOids.OfPart(Type.Oid, 'd', check.Name);
}

/// <param name="Columns">Empty when the table asked for does not show columns, or when the relation could not be looked at.</param>
public sealed record RelationState(Oid Oid, string Schema, string Name, char Kind, long Rows, EquatableArray<ConnectorColumn> Columns)
{
    /// <summary>How many columns there are, where that is known without looking at the relation.</summary>
    public int ColumnCount { get; init; } = Columns.Count;

    /// <summary>The defaults of columns that have one, by name, as SQL.</summary>
    public EquatableArray<KeyValuePair<string, string>> Defaults { get; init; }

    /// <summary>The query of a view.</summary>
    public string? Definition { get; init; }

    /// <summary>The same as pg_get_viewdef(oid, true) prints it.</summary>
    public string? PrettyDefinition { get; init; }

    public RelationFlags Flags { get; init; }

    /// <summary>Which changes of its rows statements can make; null for none.</summary>
    public UpdateState? Updates { get; init; }

    /// <summary>WITH CHECK OPTION of a view: "cascaded" or "local".</summary>
    public string? CheckOption { get; init; }

    /// <summary>Keys, indexes, comments and the like, where the table asked for shows them.</summary>
    public RelationDetails Details { get; init; } = RelationDetails.None;

    /// <summary>The attached server and the schema there; null for tables of the gateway.</summary>
    public RelationSource? Source { get; init; }

    /// <summary>It is the session's alone.</summary>
    public bool IsTemporary => Schema.StartsWith("pg_temp_", StringComparison.Ordinal);

    /// <summary>Set for the relations of indexes.</summary>
    public IndexState? Index { get; init; }

    /// <summary>Whether it has rows of its own to read, in a query.</summary>
    public bool IsTable => Kind is 'r' or 'p' or 'v' or 'm' or 'f';

    internal Oid OidOf(RelationName? name) => name is null ? Oid.None
        : name.Known != Oid.None ? name.Known
        : Source is { } source ? StableOids.OfTable(source.Server, name.Schema, name.Name)
        : OidOfIndex(Oid, name.Name);

    /// <summary>The OID of an index of a table of the gateway, which has nothing else of its own that is a relation.</summary>
    public static Oid OidOfIndex(Oid table, string name) => StableOids.OfPart(table, 'i', name);

    internal Oid OidOf(ConstraintDetails constraint) => StableOids.OfPart(Oid, 'c', constraint.Name);

    /// <summary>The name that a schema of its server has here.</summary>
    internal string SchemaOf(RelationName name) => Source is null ? name.Schema : Schema[..^Source.Schema.Length] + name.Schema;

    internal string ColumnName(short number) =>
        Columns.Select((column, i) => (column.Name, Number: SystemRows.Number(column, i)))
            .FirstOrDefault(item => item.Number == number).Name ?? "";

    public string Owner { get; init; } = SystemState.DefaultOwner;

    /// <summary>Set where rights can be granted one by one; else the owner has all, and others what <see cref="Grants"/> says.</summary>
    public AccessState? Access { get; init; }

    /// <summary>What others than the owner may do.</summary>
    public IReadOnlyList<AclItem> Grants { get; init; } = [];
}

/// <summary>Where an attached relation is.</summary>
public sealed record RelationSource(string Server, string Schema);

/// <summary>Which changes the rows of a relation take; deletions always.</summary>
/// <param name="Writes">Rows can be inserted and updated.</param>
/// <param name="Columns">The columns that statements can give values.</param>
public sealed record UpdateState(bool Writes, IReadOnlySet<string> Columns);

/// <summary>An index and the table that it is of.</summary>
public sealed record IndexState(Oid Table, string TableName, IndexDetails Details);

public sealed record SettingState(string Name, string Setting, string? Unit, string Category, string Description, string Type,
    string Default)
{
    /// <summary>The value with its unit, as SHOW prints it.</summary>
    public string Shown { get; init; } = Setting;
}

/// <param name="Options">Options as PostgreSQL shows them, name=value; without secrets.</param>
public sealed record ServerState(Oid Oid, string Name, string Wrapper, IReadOnlyList<string> Options)
{
    public string Owner { get; init; } = SystemState.DefaultOwner;

    public string? Type { get; init; }

    public string? Version { get; init; }

    /// <summary>What was granted; null when nothing was.</summary>
    public IReadOnlyList<AclItem>? Grants { get; init; }
}

/// <param name="User">Null for the mapping of everybody.</param>
/// <param name="Options">Options without secrets; null for those whom they do not concern.</param>
public sealed record MappingState(Oid Oid, Oid Server, string ServerName, string? User, IReadOnlyList<string>? Options);
