using Federation.Connectors.Spi;

namespace Federation.Plan;

/// <summary>
/// A relational plan. Rows flow from the leaves to the root; columns are <see cref="Column"/>s, unique in the statement, never positions.
/// All cases stand in this file. A node may name columns of an outer query or, below a lateral join, of the join's left side.
/// </summary>
public abstract record LogicalPlan
{
    private protected LogicalPlan() { }

    /// <summary>The columns that each row has, in order.</summary>
    public abstract EquatableArray<Column> Columns { get; }

    public abstract EquatableArray<LogicalPlan> Inputs { get; }

    /// <summary>The same node over other inputs; the node itself when they are the same objects.</summary>
    public abstract LogicalPlan WithInputs(EquatableArray<LogicalPlan> inputs);
}

/// <summary>A node without inputs.</summary>
public abstract record LeafPlan : LogicalPlan
{
    private protected LeafPlan() { }

    public override EquatableArray<LogicalPlan> Inputs => [];

    public override LogicalPlan WithInputs(EquatableArray<LogicalPlan> inputs) => this;
}

/// <summary>A node with one input whose columns it passes on.</summary>
public abstract record PassingPlan(LogicalPlan Input) : LogicalPlan
{
    public override EquatableArray<Column> Columns => Input.Columns;

    public override EquatableArray<LogicalPlan> Inputs => [Input];

    public override LogicalPlan WithInputs(EquatableArray<LogicalPlan> inputs) =>
        ReferenceEquals(inputs[0], Input) ? this : this with { Input = inputs[0] };
}

/// <summary>
/// A table of a source, pinned. <paramref name="Outputs"/> names for each column the source's column. Reads the source once per execution.
/// <paramref name="Filters"/> were taken by the source exactly; <paramref name="Hints"/> inexactly, so they stand in a Filter above as
/// well.
/// </summary>
public sealed record Scan(TableSource Source, ITableHandle Handle, EquatableArray<ScanColumn> Outputs) : LeafPlan
{
    public EquatableArray<Expr> Filters { get; init; }

    public EquatableArray<Expr> Hints { get; init; }

    /// <summary>Why conjuncts were not taken, for EXPLAIN.</summary>
    public EquatableArray<string> NotPushed { get; init; }

    /// <summary>At most this many rows are needed; null for all.</summary>
    public long? Limit { get; init; }

    /// <summary>
    /// Set when the handle is a query over several tables or with groups; <see cref="Source"/> is then one of its tables.
    /// </summary>
    public ScanSubtree? Subtree { get; init; }

    /// <summary>Rows of what is read, before filters; negative when unknown.</summary>
    public long EstimatedRows => Subtree?.EstimatedRows ?? Source.EstimatedRows;

    public override EquatableArray<Column> Columns => Outputs.Select(output => output.Column).ToEquatableArray();
}

/// <summary>What a source took of a plan as one query.</summary>
/// <param name="Tables">The tables that it reads, each once.</param>
/// <param name="Parts">What it does besides reading, for EXPLAIN.</param>
public sealed record ScanSubtree(EquatableArray<TableSource> Tables, EquatableArray<string> Parts, long EstimatedRows);

public sealed record ScanColumn(Column Column, string SourceName);

/// <summary>Which table a scan reads, for people, for statistics and for finding the connector again.</summary>
/// <param name="Catalog">The server's name, or "lake" for managed tables.</param>
public sealed record TableSource(string Catalog, string Schema, string Table, long EstimatedRows)
{
    /// <summary>What RowDescription announces for its columns.</summary>
    public Oid TableOid { get; init; }

    /// <summary>What pins the table, for EXPLAIN, for instance "snapshot 4233…".</summary>
    public string? Pin { get; init; }

    public bool IsRowCountExact { get; init; }

    /// <summary>Set for a table about another one of the schema: who may read that whole may read this.</summary>
    public string? About { get; init; }

    /// <summary>The owner of the view in which it is named, whose rights count; null for the user of the statement.</summary>
    public string? ReadBy { get; init; }

    public override string ToString() => $"{Catalog}.{Schema}.{Table}";
}

/// <summary>Rows of expressions; no row and no column are both legal. One row without columns is a query without FROM.</summary>
public sealed record Values(EquatableArray<EquatableArray<Expr>> Rows, EquatableArray<Column> Outputs) : LeafPlan
{
    /// <summary>One row without columns.</summary>
    public static readonly Values OneRow = new([EquatableArray<Expr>.Empty], []);

    public override EquatableArray<Column> Columns => Outputs;
}

/// <summary>
/// A set-returning function as a table; several run in lockstep, the shorter padded with NULLs. <paramref name="Ordinality"/> numbers the
/// rows from 1.
/// </summary>
public sealed record FunctionScan(EquatableArray<FunctionScanItem> Functions, Column? Ordinality) : LeafPlan
{
    public override EquatableArray<Column> Columns =>
        Functions.SelectMany(item => item.Outputs).Concat(Ordinality is null ? [] : [Ordinality]).ToEquatableArray();
}

/// <param name="Outputs">One column for scalar results, the fields for records.</param>
public sealed record FunctionScanItem(Expr Call, EquatableArray<Column> Outputs);

/// <summary>
/// A use of a common table expression; <paramref name="Sources"/> are the columns of its plan in the order of <paramref name="Outputs"/>.
/// </summary>
public sealed record CteScan(CteId Cte, EquatableArray<Column> Outputs, EquatableArray<Column> Sources) : LeafPlan
{
    public override EquatableArray<Column> Columns => Outputs;
}

/// <summary>Names a common table expression uniquely within a statement.</summary>
public sealed record CteId(int Id, string Name);

/// <summary>How the tasks of a fragment share what another fragment spooled.</summary>
public enum ExchangeReading
{
    /// <summary>Each task reads everything.</summary>
    Whole,

    /// <summary>Each task reads the output of some of the tasks that made it.</summary>
    Share,

    /// <summary>Each task reads its partition of every task's output.</summary>
    Partition,
}

/// <summary>The rows that another fragment spooled. <paramref name="Outputs"/> are that fragment's columns in order.</summary>
/// <param name="BaseRows">Rows of the largest table that they come from, before filters: an estimate, too.</param>
public sealed record RemoteSource(int Fragment, ExchangeReading Reading, EquatableArray<Column> Outputs, long EstimatedRows,
    long BaseRows) : LeafPlan
{
    public override EquatableArray<Column> Columns => Outputs;
}

/// <summary>Keeps rows for which the predicate is true; false and NULL are dropped. Streams.</summary>
public sealed record Filter(LogicalPlan Input, Expr Predicate) : PassingPlan(Input);

/// <summary>Computes its columns from each row. Streams. An assignment of a ColumnRef to its own column passes it through.</summary>
public sealed record Project(LogicalPlan Input, EquatableArray<Assignment> Assignments) : LogicalPlan
{
    public override EquatableArray<Column> Columns => Assignments.Select(assignment => assignment.Column).ToEquatableArray();

    public override EquatableArray<LogicalPlan> Inputs => [Input];

    public override LogicalPlan WithInputs(EquatableArray<LogicalPlan> inputs) =>
        ReferenceEquals(inputs[0], Input) ? this : this with { Input = inputs[0] };
}

/// <summary>column := expression</summary>
public sealed record Assignment(Column Column, Expr Expression)
{
    public bool IsPassThrough => Expression is ColumnRef reference && reference.Column.Id == Column.Id;
}

/// <summary>
/// Keeps the input's columns and adds a column per set-returning call; the calls of a row run in lockstep, the shorter padded with NULLs. A
/// row whose calls all yield nothing is dropped.
/// </summary>
public sealed record ProjectSet(LogicalPlan Input, EquatableArray<Assignment> Calls) : LogicalPlan
{
    public override EquatableArray<Column> Columns => Input.Columns.Concat(Calls.Select(call => call.Column)).ToEquatableArray();

    public override EquatableArray<LogicalPlan> Inputs => [Input];

    public override LogicalPlan WithInputs(EquatableArray<LogicalPlan> inputs) =>
        ReferenceEquals(inputs[0], Input) ? this : this with { Input = inputs[0] };
}

/// <summary>
/// Groups by <paramref name="Keys"/> and computes aggregates; without keys there is exactly one row. <paramref name="Sets"/> lists for each
/// grouping set the indexes of its keys; empty means the one set of all keys. Holds one entry per group.
/// </summary>
public sealed record Aggregate(
    LogicalPlan Input,
    EquatableArray<Assignment> Keys,
    EquatableArray<EquatableArray<int>> Sets,
    EquatableArray<Assignment> Aggregates) : LogicalPlan
{
    public override EquatableArray<Column> Columns => Keys.Concat(Aggregates).Select(assignment => assignment.Column).ToEquatableArray();

    public override EquatableArray<LogicalPlan> Inputs => [Input];

    public override LogicalPlan WithInputs(EquatableArray<LogicalPlan> inputs) =>
        ReferenceEquals(inputs[0], Input) ? this : this with { Input = inputs[0] };
}

/// <summary>Adds a column per window call. Buffers its input.</summary>
public sealed record Window(LogicalPlan Input, EquatableArray<Assignment> Calls) : LogicalPlan
{
    public override EquatableArray<Column> Columns => Input.Columns.Concat(Calls.Select(call => call.Column)).ToEquatableArray();

    public override EquatableArray<LogicalPlan> Inputs => [Input];

    public override LogicalPlan WithInputs(EquatableArray<LogicalPlan> inputs) =>
        ReferenceEquals(inputs[0], Input) ? this : this with { Input = inputs[0] };
}

public enum JoinType
{
    Inner,
    Left,
    Right,
    Full,

    /// <summary>Rows of the left side that have a match; made by the planner from EXISTS and IN.</summary>
    Semi,

    /// <summary>Rows of the left side that have none; made by the planner from NOT EXISTS.</summary>
    Anti,
}

/// <summary>What a kind of join does with rows that meet none.</summary>
public static class JoinTypes
{
    extension(JoinType type)
    {
        /// <summary>A row of the left side that meets none of the right is not in the result.</summary>
        public bool DropsUnmatchedLeft => type is JoinType.Inner or JoinType.Right or JoinType.Semi;

        /// <summary>A row of the right side that meets none of the left is not in the result.</summary>
        public bool DropsUnmatchedRight => type is JoinType.Inner or JoinType.Left or JoinType.Semi or JoinType.Anti;
    }
}

/// <summary>
/// Joins by a condition; a true constant makes a cross join. When <paramref name="IsLateral"/> the right side names columns of the left and
/// is run for each of its rows.
/// </summary>
public sealed record Join(JoinType Type, LogicalPlan Left, LogicalPlan Right, Expr Condition, bool IsLateral = false) : LogicalPlan
{
    public override EquatableArray<Column> Columns =>
        Type is JoinType.Semi or JoinType.Anti ? Left.Columns : Left.Columns.Concat(Right.Columns).ToEquatableArray();

    public override EquatableArray<LogicalPlan> Inputs => [Left, Right];

    public override LogicalPlan WithInputs(EquatableArray<LogicalPlan> inputs) =>
        ReferenceEquals(inputs[0], Left) && ReferenceEquals(inputs[1], Right) ? this : this with { Left = inputs[0], Right = inputs[1] };
}

public enum SetOperationType
{
    Union,
    Intersect,
    Except,
}

/// <summary>Columns correspond by position and have equal types.</summary>
public sealed record SetOperation(SetOperationType Type, bool IsAll, LogicalPlan Left, LogicalPlan Right, EquatableArray<Column> Outputs)
    : LogicalPlan
{
    public override EquatableArray<Column> Columns => Outputs;

    public override EquatableArray<LogicalPlan> Inputs => [Left, Right];

    public override LogicalPlan WithInputs(EquatableArray<LogicalPlan> inputs) =>
        ReferenceEquals(inputs[0], Left) && ReferenceEquals(inputs[1], Right) ? this : this with { Left = inputs[0], Right = inputs[1] };
}

/// <summary>Drops duplicate rows.</summary>
public sealed record Distinct(LogicalPlan Input) : PassingPlan(Input);

/// <summary>
/// Keeps the first row, by <paramref name="OrderBy"/>, of each set of rows equal in <paramref name="Keys"/>; gives them in that order.
/// </summary>
public sealed record DistinctOn(LogicalPlan Input, EquatableArray<Expr> Keys, EquatableArray<SortKey> OrderBy) : PassingPlan(Input);

/// <summary>Orders the rows. Buffers its input.</summary>
public sealed record Sort(LogicalPlan Input, EquatableArray<SortKey> Keys) : PassingPlan(Input);

/// <summary>
/// Skips and stops. Above a Sort it keeps only the first rows. WITH TIES goes on while rows equal the last by the sort keys below.
/// </summary>
public sealed record Limit(LogicalPlan Input, Expr? Count, Expr? Offset, bool WithTies = false) : PassingPlan(Input);

/// <summary>Defines common table expressions for <paramref name="Input"/> and for each other in order.</summary>
public sealed record With(EquatableArray<CteDefinition> Definitions, LogicalPlan Input) : PassingPlan(Input)
{
    public override EquatableArray<LogicalPlan> Inputs =>
        Definitions.Select(definition => definition.Plan).Append(Input).ToEquatableArray();

    public override LogicalPlan WithInputs(EquatableArray<LogicalPlan> inputs) => this with
    {
        Definitions = Definitions.Select((definition, i) => definition with { Plan = inputs[i] }).ToEquatableArray(),
        Input = inputs[inputs.Count - 1],
    };
}

/// <summary>
/// A common table expression. A recursive one is a union whose right side scans it. <paramref name="IsMaterialized"/> null leaves it to the
/// kernel.
/// </summary>
public sealed record CteDefinition(CteId Id, LogicalPlan Plan, bool IsRecursive, bool? IsMaterialized);
