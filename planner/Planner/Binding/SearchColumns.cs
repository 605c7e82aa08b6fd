using Federation.Sql.Syntax;
using SetOperation = Federation.Sql.Syntax.SetOperation;

namespace Federation.Planner.Binding;

/// <summary>
/// The columns that SEARCH and CYCLE add to a recursive query (rewriteSearchCycle.c). While the recursive term is bound they have hidden
/// names, by which the term passes them on; what they become in the next row is computed above the term.
/// </summary>
internal sealed class SearchColumns(IReadOnlyList<SearchColumns.Added> columns, Expression? cycleValue)
{
    /// <summary>No identifier of a statement can begin with it.</summary>
    public const char HiddenMark = '\0';

    public static readonly SearchColumns None = new([], null);

    /// <param name="Start">The value in rows of the non-recursive term.</param>
    /// <param name="Next">The value in a row of the recursive term, from the row's own columns, the hidden ones holding the values of the
    /// row it came from.</param>
    public sealed record Added(string Name, Column StartColumn, Expr Start,
        Func<IReadOnlyList<Column>, IReadOnlyDictionary<string, Column>, Expr> Next)
    {
        public string HiddenName => HiddenMark + Name;

        public SqlType Type => Start.Type;
    }

    public IReadOnlyList<Added> Columns => columns;

    /// <summary>Makes columns for <see cref="Advance"/>; set by the binder.</summary>
    public Func<string, SqlType, Column>? NewColumn { get; init; }

    /// <summary>The column whose rows the recursive term leaves out; null without CYCLE.</summary>
    public string? MarkName { get; init; }

    public string NameOf(string name) => name.TrimStart(HiddenMark);

    /// <summary>The non-recursive term with the columns.</summary>
    public LogicalPlan Extend(LogicalPlan plan) => columns.Count == 0 ? plan : new Project(
        plan,
        plan.Columns.Select(column => new Assignment(column, new ColumnRef(column)))
            .Concat(columns.Select(column => new Assignment(column.StartColumn, column.Start))).ToEquatableArray());

    /// <summary>The recursive term passing the columns on, and leaving out what grows from rows that closed a cycle.</summary>
    public QueryBody Track(CommonTableExpression table, QueryBody right)
    {
        var select = Unnest(right) as SelectBody ?? throw Refused("right side of the UNION must be a SELECT");
        var alias = select.From.Select(item => FindReference(item, table.Name)).FirstOrDefault(found => found is not null)
            ?? throw Refused($"recursive reference to WITH query \"{table.Name}\" must be at the top level of its right-hand SELECT");
        ColumnReference Hidden(string name) => new([alias, HiddenMark + name]) { Span = table.Span };
        var items = select.Items.Concat(columns.Select(column => new SelectItem(Hidden(column.Name), column.Name) { Span = table.Span }))
            .ToEquatableArray();
        if (MarkName is not { } mark) return select with { Items = items };
        var isOpen = new OperatorExpression(new OperatorName(null, "<>"), Hidden(mark), cycleValue ?? new BooleanLiteral(true))
            { Span = table.Span };
        return select with
        {
            Items = items,
            Where = select.Where is null ? isOpen : new LogicalExpression(LogicalOperator.And, [select.Where, isOpen])
                { Span = select.Where.Span },
        };
    }

    /// <summary>The recursive term with the values of its own rows in the columns.</summary>
    public LogicalPlan Advance(LogicalPlan right, int width)
    {
        if (columns.Count == 0) return right;
        var own = right.Columns.Take(width).ToArray();
        var hidden = columns.Select((column, i) => (column.Name, Column: right.Columns[width + i]))
            .ToDictionary(pair => pair.Name, pair => pair.Column, StringComparer.Ordinal);
        return new Project(right, own.Select(column => new Assignment(column, new ColumnRef(column)))
            .Concat(columns.Select(column => new Assignment(NewColumn!(column.Name, column.Type), column.Next(own, hidden))))
            .ToEquatableArray());
    }

    /// <summary>Parentheses that hold a lone body.</summary>
    public static QueryBody Unnest(QueryBody body) =>
        body is NestedQuery { Query: { With: null, Limit: null, Offset: null, OrderBy.Count: 0 } inner } ? Unnest(inner.Body) : body;

    public static SqlException Refused(string reason) => new(SqlState.FeatureNotSupported, $"with a SEARCH or CYCLE clause, the {reason}");

    private static string? FindReference(TableReference reference, string name) => reference switch
    {
        TableName { Name: { Parts.Count: 1, Name: var table } } item when table == name => item.Alias?.Name ?? table,
        JoinTable join => FindReference(join.Left, name) ?? FindReference(join.Right, name),
        _ => null,
    };
}
