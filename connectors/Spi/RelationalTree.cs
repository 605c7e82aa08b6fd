using Federation.Core;
using Federation.Core.Types;

namespace Federation.Connectors.Spi;

/// <summary>
/// A query over tables of one server, as connectors see it. Rows flow from the leaves to the root. Columns have names that are unique in
/// the whole tree, subqueries included; one that is passed on keeps its name. A <see cref="ConnectorExpression.Column"/> names a column
/// of the node's inputs or, in a subquery, of the rows around it. Compares by content.
/// </summary>
public abstract record RelationalTree
{
    private RelationalTree() { }

    /// <summary>The columns that each row has, in order.</summary>
    public abstract EquatableArray<TreeColumn> Columns { get; }

    /// <summary>The rows of a handle with what was pushed into it before: filters hold, a limit ends it.</summary>
    public sealed record Table(ITableHandle Handle, EquatableArray<TableOutput> Outputs) : RelationalTree
    {
        public override EquatableArray<TreeColumn> Columns => Outputs.Select(output => output.Column).ToEquatableArray();
    }

    /// <summary>Keeps rows for which every conjunct is true.</summary>
    public sealed record Filter(RelationalTree Input, EquatableArray<ConnectorExpression> Conjuncts) : RelationalTree
    {
        public override EquatableArray<TreeColumn> Columns => Input.Columns;
    }

    /// <summary>Computes its columns from each row.</summary>
    public sealed record Project(RelationalTree Input, EquatableArray<TreeValue> Values) : RelationalTree
    {
        public override EquatableArray<TreeColumn> Columns => Values.Select(value => value.Column).ToEquatableArray();
    }

    /// <summary>One row per combination of the keys, equal as GROUP BY has it; without keys exactly one row.</summary>
    public sealed record Aggregate(RelationalTree Input, EquatableArray<TreeValue> Keys, EquatableArray<TreeAggregate> Calls)
        : RelationalTree
    {
        public override EquatableArray<TreeColumn> Columns =>
            Keys.Select(key => key.Column).Concat(Calls.Select(call => call.Column)).ToEquatableArray();
    }

    /// <summary>
    /// The rows after the first <paramref name="Offset"/> in the order of the keys, at most <paramref name="Count"/>; any rows without
    /// keys.
    /// </summary>
    /// <param name="Count">Null for all.</param>
    public sealed record TopRows(RelationalTree Input, EquatableArray<TreeOrder> Keys, long? Count, long Offset) : RelationalTree
    {
        public override EquatableArray<TreeColumn> Columns => Input.Columns;
    }

    /// <summary>
    /// Rows of both sides for which every conjunct is true. The right side of a semi or anti join may name columns of the left.
    /// </summary>
    public sealed record Join(TreeJoin Kind, RelationalTree Left, RelationalTree Right, EquatableArray<ConnectorExpression> Conjuncts)
        : RelationalTree
    {
        public override EquatableArray<TreeColumn> Columns =>
            Kind is TreeJoin.Semi or TreeJoin.Anti ? Left.Columns : Left.Columns.Concat(Right.Columns).ToEquatableArray();
    }
}

public enum TreeJoin
{
    Inner,
    Left,

    /// <summary>Rows of the left side that have a match.</summary>
    Semi,

    /// <summary>Rows of the left side that have none.</summary>
    Anti,
}

public sealed record TreeColumn(string Name, SqlType Type);

/// <param name="SourceName">The table's column.</param>
public sealed record TableOutput(TreeColumn Column, string SourceName);

/// <summary>column := expression</summary>
public sealed record TreeValue(TreeColumn Column, ConnectorExpression Expression);

/// <summary>column := aggregate. <paramref name="Arguments"/> is empty for count(*).</summary>
/// <param name="Name">The name in PostgreSQL's pg_proc; the argument types say which overload is meant.</param>
/// <param name="Condition">FILTER; null for all rows.</param>
public sealed record TreeAggregate(
    TreeColumn Column, string Name, EquatableArray<ConnectorExpression> Arguments, bool IsDistinct, ConnectorExpression? Condition);

/// <summary>Text is ordered by the bytes of its UTF-8 form.</summary>
public sealed record TreeOrder(ConnectorExpression Expression, bool IsDescending, bool NullsFirst);
