using Federation.Arrow;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Federation.ObjectStorage;

namespace Federation.Connectors.Spi;

/// <summary>
/// Makes connectors of one kind. Registered by the composition root under <see cref="WrapperName"/>, which users write in
/// <c>CREATE SERVER … FOREIGN DATA WRAPPER name</c>. Stateless and thread-safe.
/// </summary>
public interface IConnectorFactory
{
    string WrapperName { get; }

    /// <summary>Every option that CREATE SERVER and CREATE USER MAPPING accept; others are refused with HV00D.</summary>
    IReadOnlyList<ConnectorOption> Options { get; }

    /// <summary>
    /// Makes a connector without touching the network. Called when the server is first used and after each ALTER.
    /// Throws <c>SqlException</c> HV00C/HV024 for option values that cannot be right.
    /// </summary>
    IConnector Create(ConnectorDefinition definition);
}

public enum OptionScope
{
    Server,
    UserMapping,
}

/// <param name="IsSecret">Never shown back, never logged.</param>
public sealed record ConnectorOption(string Name, OptionScope Scope, string Description, bool IsRequired = false, bool IsSecret = false)
{
    /// <summary>The option says where the server is: secrets are given for one address, and not sent to another.</summary>
    public bool IsAddress { get; init; }
}

/// <summary>An attached server: its name in SQL (a catalog name) and the merged options of server and user mapping.</summary>
public sealed record ConnectorDefinition(string ServerName, string WrapperName, IReadOnlyDictionary<string, string> Options)
{
    /// <summary>Names the connector in tasks; see <see cref="IConnector.Key"/>.</summary>
    public string Key { get; init; } = ServerName;

    /// <summary>Folders that local paths in options must lie in.</summary>
    public IReadOnlyList<string> AllowedRoots { get; init; } = [];

    /// <summary>The option, or null.</summary>
    public string? Option(string name) => Options.GetValueOrDefault(name);
}

/// <summary>
/// One attached source. What it can do is found by <c>is</c> on the small interfaces of this assembly. All members are thread-safe;
/// disposal waits for nothing and makes running reads fail with 08006.
/// </summary>
public interface IConnector : IAsyncDisposable
{
    string ServerName { get; }

    /// <summary>
    /// Names the connector in the splits that it plans, so that workers find it: users of one server have connectors of their own.
    /// <see cref="ConnectorDefinition.Key"/>.
    /// </summary>
    string Key { get; }
}

/// <summary>
/// A connector's own description of a table and of what was pushed into it. Immutable; a record with structural equality.
/// </summary>
public interface ITableHandle;

/// <summary>Plan time: what tables there are. May do I/O; results are cached by the caller for one statement at most.</summary>
public interface IConnectorMetadata
{
    ValueTask<IReadOnlyList<string>> ListSchemasAsync(CancellationToken cancellationToken);

    /// <summary>Every table whose name is known, also one that cannot be read: that error comes when the table is looked at.</summary>
    ValueTask<IReadOnlyList<ListedTable>> ListTablesAsync(string schema, CancellationToken cancellationToken);

    /// <summary>The table, or null when there is none. Names are matched exactly.</summary>
    ValueTask<ConnectorTable?> FindTableAsync(string schema, string table, TableVersion? version, CancellationToken cancellationToken);
}

/// <summary>What a source tells of a table without looking at it.</summary>
/// <param name="Kind">pg_class.relkind: r, p, v, m or f.</param>
public sealed record ListedTable(string Name, char Kind = 'r')
{
    /// <summary>pg_class.relnatts, which counts dropped columns; negative when only a look at the table tells.</summary>
    public int ColumnCount { get; init; } = -1;

    /// <summary>Negative when unknown.</summary>
    public long EstimatedRows { get; init; } = -1;

    /// <summary>The query of a view as the source prints it.</summary>
    public string? Definition { get; init; }

    /// <summary>The same with fewer parentheses, as pg_get_viewdef(oid, true) gives it.</summary>
    public string? PrettyDefinition { get; init; }

    /// <summary>The names of its indexes, which lie in its schema.</summary>
    public EquatableArray<string> Indexes { get; init; }

    public RelationFlags Flags { get; init; }
}

/// <summary>What pg_class tells of a relation.</summary>
[Flags]
public enum RelationFlags
{
    None = 0,
    HasIndexes = 1,
    HasTriggers = 2,
    HasRules = 4,
    HasChildren = 8,
    IsPartition = 16,
    IsUnlogged = 32,
    HasRowSecurity = 64,
    IsUnpopulated = 128,
}

/// <summary>
/// Plan time: a source that tells of many tables at once, in a number of round trips that does not grow with the number of tables. May do
/// I/O.
/// </summary>
public interface IBulkMetadata
{
    /// <summary>The tables of a selection. A name without a table is left out.</summary>
    ValueTask<IReadOnlyList<DescribedTable>> DescribeTablesAsync(TableSelection selection, CancellationToken cancellationToken);
}

/// <summary>
/// Plan time: a source that tells keys, indexes, comments and the like of many relations at once, as <see cref="IBulkMetadata"/> tells
/// columns.
/// </summary>
public interface IRelationDetails
{
    /// <summary>The relations of a selection that have details.</summary>
    ValueTask<IReadOnlyDictionary<RelationName, RelationDetails>> DescribeRelationsAsync(TableSelection selection,
        CancellationToken cancellationToken);
}

/// <param name="Schemas">Null for every schema that <see cref="IConnectorMetadata.ListSchemasAsync"/> gives.</param>
/// <param name="Tables">Null for every table of the schemas. A table is also meant by the name of one of its indexes.</param>
/// <param name="WithColumns">Whether the columns are wanted too.</param>
public sealed record TableSelection(EquatableArray<string>? Schemas, EquatableArray<string>? Tables, bool WithColumns)
{
    /// <summary>Whether sequences and composite types are wanted too, whose kinds are S and c.</summary>
    public bool OfAllKinds { get; init; }

    /// <summary>Whether columns come with their default and identity, for who does not ask for the tables' other details.</summary>
    public bool WithDefaults { get; init; }

    /// <summary>The schemas whose objects stand without their schema in definitions.</summary>
    public EquatableArray<string> SearchPath { get; init; }
}

/// <summary>A table of a schema.</summary>
public sealed record DescribedTable(string Schema, ListedTable Listed)
{
    /// <summary>Empty when the columns were not asked for, or could not be had.</summary>
    public EquatableArray<ConnectorColumn> Columns { get; init; } = [];

    /// <summary>Why the columns of this one table could not be had.</summary>
    public SqlException? Failure { get; init; }
}

/// <summary>Plan time: a source that defines types of its own. As <see cref="IConnectorMetadata"/> it may do I/O.</summary>
public interface ISourceTypes
{
    /// <summary>
    /// The types of a schema, or of all that the server shows when it is null. Those of its columns are found without asking for them here.
    /// </summary>
    ValueTask<IReadOnlyList<ListedType>> ListTypesAsync(string? schema, CancellationToken cancellationToken);
}

/// <summary>A type with what only catalogs show of it.</summary>
public sealed record ListedType(PgType Type)
{
    public string? Comment { get; init; }

    /// <summary>For domains, so with the others.</summary>
    public bool IsNotNull { get; init; }

    public string? Default { get; init; }

    public IReadOnlyList<ConstraintDetails> Checks { get; init; } = [];
}

/// <summary>Plan time: a source whose tables may hold values that the usual types of their columns do not.</summary>
public interface IWideTables
{
    /// <summary>
    /// As <see cref="IConnectorMetadata.FindTableAsync"/>, with types that hold all values: numerics of any length, arrays of as many
    /// dimensions as they have. May read the whole table.
    /// </summary>
    ValueTask<ConnectorTable?> FindWideTableAsync(string schema, string table, CancellationToken cancellationToken);
}

/// <summary>Plan time, no I/O: a source whose tables have children.</summary>
public interface IChildTables
{
    /// <summary>The handle that reads the rows of the table itself: FROM ONLY.</summary>
    ITableHandle WithoutChildren(ITableHandle handle);
}

/// <summary>FOR VERSION | TIMESTAMP AS OF of one table.</summary>
public abstract record TableVersion
{
    private TableVersion() { }

    /// <summary>A snapshot id or version number, or the name of a branch or tag.</summary>
    public sealed record Named(string Version) : TableVersion;

    /// <summary>Microseconds since 1970-01-01 UTC; the state that was current then.</summary>
    public sealed record AsOf(long Microseconds) : TableVersion;
}

/// <param name="EstimatedRows">Negative when unknown.</param>
/// <param name="IsRowCountExact">The row count is exact for the pinned version, so that count(*) may be answered from it.</param>
public sealed record ConnectorTable(ITableHandle Handle, EquatableArray<ConnectorColumn> Columns, long EstimatedRows = -1,
    bool IsRowCountExact = false)
{
    /// <summary>
    /// Its rows are kept with it alone, so that one number names the table of each. False for views, and for tables with children.
    /// </summary>
    public bool OwnsRows { get; init; } = true;
}

public sealed record ConnectorColumn(string Name, SqlType Type, bool IsNullable = true)
{
    /// <summary>Between what the values lie; null when the source does not know it without reading.</summary>
    public ColumnStatistics? Statistics { get; init; }

    /// <summary>pg_attribute.attnum at the source, which counts dropped columns; zero for the position.</summary>
    public short Number { get; init; }

    /// <summary>The domain that the column is declared with; <see cref="Type"/> is what it is over.</summary>
    public PgType? Domain { get; init; }

    /// <summary>Computed from other columns: COPY of the whole table leaves it out.</summary>
    public bool IsGenerated { get; init; }

    /// <summary>The <see cref="Domain"/> takes no NULL, as far as the source has told.</summary>
    public bool IsDomainNotNull { get; init; }

    /// <summary>
    /// Default and identity; null when there is none, or when <see cref="TableSelection.WithDefaults"/> did not ask for them.
    /// </summary>
    public ColumnDetails? Details { get; init; }
}

/// <summary>Schedule time: how a (pushed-down) table handle is read.</summary>
public interface IScanPlanner
{
    /// <summary>What reading a row costs, as rows that the kernel reads from a local file in that time.</summary>
    double RowCost => 1;

    /// <summary>
    /// Plans a scan of <paramref name="columns"/> in this order as task inputs named <paramref name="inputName"/>; several inputs are
    /// splits whose rows are united. No column at all is legal (count(*)): inputs then carry one column of any type.
    /// </summary>
    ValueTask<ScanPlan> PlanScanAsync(ITableHandle handle, EquatableArray<string> columns, string inputName,
        CancellationToken cancellationToken);
}

/// <summary>A scan planner whose scans can be divided further than they come by themselves.</summary>
public interface IPartitionedScanPlanner
{
    /// <summary>
    /// As <see cref="IScanPlanner"/>, in about <paramref name="parts"/> splits of like size that together read one state of the table.
    /// </summary>
    ValueTask<ScanPlan> PlanScanAsync(ITableHandle handle, EquatableArray<string> columns, string inputName, int parts,
        CancellationToken cancellationToken);
}

/// <param name="Splits">At least one; empty tables give an input without files or rows.</param>
/// <param name="RemoteSql">The statement sent to the source, for EXPLAIN.</param>
/// <param name="Details">Further lines for EXPLAIN, for instance "1 of 20 files, 51,793 rows".</param>
public sealed record ScanPlan(EquatableArray<TaskInput> Splits, string? RemoteSql = null, EquatableArray<string> Details = default)
{
    /// <summary>
    /// What must stay open while the splits are read, for instance the transaction that exported their snapshot; disposed when the query
    /// has ended.
    /// </summary>
    public IAsyncDisposable? Hold { get; init; }
}

/// <summary>Run time, on a worker: reads the splits that this connector planned.</summary>
public interface IPageSource
{
    /// <summary>
    /// Streams the rows of a split as batches of about 2,048 to 65,536 rows with the split's columns in order. Called once per split on any
    /// thread; the consumer owns each batch. Cancelling stops the source within a second. Source errors carry the server's name.
    /// </summary>
    IAsyncEnumerable<Batch> ReadAsync(ConnectorSplit split, CancellationToken cancellationToken);
}

/// <summary>
/// Run time, on a worker: a connector whose scans name files that lie in a store of its own. The scheduler tells the worker which server
/// that is (<see cref="FileScan.Server"/>).
/// </summary>
public interface IStoredFiles
{
    IObjectStore Store { get; }

    /// <summary>The folder that all of its files lie in.</summary>
    string Root { get; }
}

/// <summary>Run time: a source that can show one state of itself to any number of scans.</summary>
public interface ISnapshotSource
{
    /// <summary>The state as it is now.</summary>
    ValueTask<ISourceSnapshot> OpenSnapshotAsync(CancellationToken cancellationToken);
}

/// <summary>A state of a source, which can be read until it is disposed. Scans that have begun by then go on.</summary>
public interface ISourceSnapshot : IAsyncDisposable
{
    /// <summary>The handle whose scans read this state.</summary>
    ITableHandle At(ITableHandle handle);
}

/// <summary>
/// Run time: a page source whose splits may leave values open until they are read; see <see cref="ConnectorExpression.Parameter"/>.
/// Thread-safe.
/// </summary>
public interface IPreparedReads
{
    /// <summary>What reading the split again and again has in common; null for a split that cannot be read so.</summary>
    /// <param name="parameterTypes">The types of all parameters of the query, in order.</param>
    IPreparedRead? TryPrepare(ConnectorSplit split, EquatableArray<SqlType> parameterTypes);
}

/// <summary>A split with values left open. Thread-safe; valid as long as its connector.</summary>
public interface IPreparedRead
{
    /// <summary>
    /// The rows for these values, as <see cref="IPageSource.ReadAsync"/> gives them. Null when one of the values is NULL or has no form at
    /// the source, or when the source reads the rows better by a query that is planned for the values.
    /// </summary>
    IAsyncEnumerable<Batch>? TryReadAsync(EquatableArray<object?> parameters, CancellationToken cancellationToken);
}

/// <summary>Finds the connectors that splits name, in the process that reads them. Thread-safe.</summary>
public interface IConnectorResolver
{
    /// <summary>May ask the catalog. Raises 08001 when there is no connector of this key.</summary>
    ValueTask<IConnector> ResolveAsync(string key, CancellationToken cancellationToken);
}
