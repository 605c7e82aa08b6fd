using Federation.Connectors.Spi;
using Federation.Core.Values;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>A table that a name in the statement means, pinned by the statement's snapshot.</summary>
public sealed record ResolvedTable(TableSource Source, ITableHandle Handle, EquatableArray<ConnectorColumn> Columns)
{
    /// <summary>What splits and pushdown are asked of; the connector or table format that made the handle.</summary>
    public required object Provider { get; init; }

    /// <summary>The name by which tasks find the connector on a worker; null for tables that no connector reads.</summary>
    public string? ProviderKey { get; init; }

    /// <summary>False for views and for tables with children, whose rows are of several tables.</summary>
    public bool OwnsRows { get; init; } = true;

    /// <summary>Its state may be another one each time it is looked up, in the same version of the catalog.</summary>
    public bool FollowsFolder { get; init; }

    /// <summary>What the table's columns are called here, if its provider calls some otherwise; none for the same names.</summary>
    public EquatableArray<string> SeenAs { get; init; }

    /// <summary>What every row must fulfil that is written into the table.</summary>
    public EquatableArray<RowCheck> Checks { get; init; }

    /// <summary>No two rows have the same values, none of them NULL, in the columns of a key.</summary>
    public EquatableArray<RowKey> Keys { get; init; }

    /// <summary>The identity columns.</summary>
    public EquatableArray<ColumnIdentity> Identities { get; init; }

    /// <summary>The columns that are computed from others.</summary>
    public EquatableArray<GeneratedColumn> Generated { get; init; }

    /// <summary>The table as it is, where a view sees less of it; null where this is all.</summary>
    public ResolvedTable? Whole { get; init; }

    /// <summary>Set for a view of this gateway: what stands for its name.</summary>
    public ResolvedView? View { get; init; }

    /// <summary>The gateway computes its rows when a scan of it is planned, as for pg_catalog; every task gets all of them.</summary>
    public bool IsComputed { get; init; }
}

/// <summary>A CHECK constraint.</summary>
/// <param name="Condition">SQL text over the table's columns; a row for which it is false is refused.</param>
public sealed record RowCheck(string Name, string Condition);

/// <summary>A PRIMARY KEY or UNIQUE constraint.</summary>
public sealed record RowKey(string Name, EquatableArray<string> Columns);

/// <summary>A column that gets its values from a sequence.</summary>
/// <param name="IsAlways">A statement gives it a value of its own only by OVERRIDING SYSTEM VALUE.</param>
public sealed record ColumnIdentity(string Column, bool IsAlways, Oid Sequence);

/// <summary>A column GENERATED ALWAYS AS … STORED.</summary>
/// <param name="Expression">SQL text over the table's columns.</param>
public sealed record GeneratedColumn(string Column, string Expression);

/// <summary>The query of a view.</summary>
/// <param name="FindTable">The relations that it names, as its owner may read them.</param>
/// <param name="Values">How its literals are read: as in the session that made it.</param>
public sealed record ResolvedView(Query Query, Func<TableName, ResolvedTable?> FindTable, Func<QualifiedName, PgType?> FindType,
    ValueContext Values)
{
    /// <summary>WITH CHECK OPTION: "cascaded" or "local"; null without it.</summary>
    public string? CheckOption { get; init; }
}

/// <summary>What binding needs to know besides the statement; no I/O happens behind it.</summary>
/// <param name="FindTable">The tables of the statement, loaded before binding; null when there is no such table.</param>
/// <param name="ParameterTypes">Types declared by the client; null items and missing ones are inferred.</param>
/// <param name="Values">How literals are read: time zone, date order, the transaction's time.</param>
public sealed record BindContext(Func<TableName, ResolvedTable?> FindTable, IReadOnlyList<SqlType?> ParameterTypes, ValueContext Values)
{
    /// <summary>
    /// Arithmetic of numerics is held as text where 38 digits might not be enough. Slower and never wrong: for the second run of a query
    /// whose values did overflow.
    /// </summary>
    public bool HoldsWideNumerics { get; init; }

    /// <summary>The types of attached servers that the statement names, loaded before binding.</summary>
    public Func<QualifiedName, PgType?> FindType { get; init; } = _ => null;

    /// <summary>
    /// The rows of a part of WITH that is run by itself, before the rest of the statement; null for one that is a part of the query. A part
    /// that gives no rows has no columns.
    /// </summary>
    public Func<CommonTableExpression, ResolvedTable?> FindStep { get; init; } = _ => null;

    /// <summary>Parameters that nothing says the type of are those of other parts of the statement.</summary>
    public bool IgnoresUnused { get; init; }

    /// <summary>The statement came as a simple query, where $1 stands for nothing.</summary>
    public bool RefusesParameters { get; init; }
}

/// <summary>A query with its names and types settled.</summary>
public sealed record BoundQuery(LogicalPlan Plan, EquatableArray<OutputColumn> Outputs, EquatableArray<SqlType> ParameterTypes)
{
    /// <summary>The pinned tables that the plan's scans read, by source.</summary>
    public IReadOnlyDictionary<TableSource, ResolvedTable> Tables { get; init; } = new Dictionary<TableSource, ResolvedTable>();

    /// <summary>
    /// Whether it reads, or has to wait for, parts of WITH that are run by themselves; see <see cref="BindContext.FindStep"/>.
    /// </summary>
    public bool HasSteps { get; init; }

    /// <summary>Whether it calls functions of sequences; see <see cref="SessionCalls"/>.</summary>
    public bool HasSessionCalls { get; init; }

    /// <summary>The views that the query, or one of these views, names.</summary>
    public IReadOnlySet<TableSource> Views { get; init; } = new HashSet<TableSource>();

    /// <summary>The tables that FOR UPDATE or one of its kin is about, each with the strength that it says: <c>KEY SHARE</c>.</summary>
    public IReadOnlyDictionary<TableSource, string> Locked { get; init; } = new Dictionary<TableSource, string>();
}
