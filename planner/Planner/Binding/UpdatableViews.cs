using Federation.Plan;
using Federation.Planner.Functions;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>
/// Which views rows can be changed through, by the form of their queries (view_query_is_auto_updatable in rewriteHandler.c). Pure.
/// </summary>
public static class UpdatableViews
{
    /// <summary>Why no row can be changed through a view of this query; null when rows can.</summary>
    public static string? WhyNot(Query query)
    {
        if (query.Body is not SelectBody body)
            return query.Body is ValuesBody
                ? NotOneSource
                : "Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable.";
        if (body.IsDistinct || body.DistinctOn.Count > 0) return "Views containing DISTINCT are not automatically updatable.";
        if (body.GroupBy.Count > 0) return "Views containing GROUP BY are not automatically updatable.";
        if (body.Having is not null) return "Views containing HAVING are not automatically updatable.";
        if (query.With is not null) return "Views containing WITH are not automatically updatable.";
        if (query.Limit is not null || query.Offset is not null)
            return "Views containing LIMIT or OFFSET are not automatically updatable.";
        if (Calls(body, call => call.Over is null && IsAggregate(call)))
            return "Views that return aggregate functions are not automatically updatable.";
        if (Calls(body, call => call.Over is not null))
            return "Views that return window functions are not automatically updatable.";
        if (Calls(body, ReturnsSet)) return "Views that return set-returning functions are not automatically updatable.";
        if (body.From is not [TableName source]) return NotOneSource;
        return source.Sample is null ? null : "Views containing TABLESAMPLE are not automatically updatable.";
    }

    /// <summary>Why no row can be inserted or updated through a view; null when rows can.</summary>
    public static string? WhyNotWritten(Query query) => WhyNot(query) ?? (((SelectBody)query.Body).Items.Any(IsPlain)
        ? null
        : "Views that have no updatable columns are not automatically updatable.");

    /// <summary>The only relation that the query of an updatable view reads.</summary>
    public static TableName SourceOf(Query query) => (TableName)((SelectBody)query.Body).From[0];

    /// <summary>The relation below a view and the views below it. Only for views that rows can be changed through.</summary>
    public static ResolvedTable BaseOf(ResolvedTable table)
    {
        while (table.View is { } view) table = view.FindTable(SourceOf(view.Query))!;
        return table.Whole ?? table;
    }

    /// <summary>
    /// The columns of an updatable view that are columns of what it reads, by what they are called there; null for others.
    /// </summary>
    /// <param name="sourceColumns">The columns that a star stands for.</param>
    public static IReadOnlyList<string?> PlainColumns(Query query, IEnumerable<string> sourceColumns) =>
        [.. ((SelectBody)query.Body).Items.SelectMany(IEnumerable<string?> (item) => item.Expression switch
        {
            Star => sourceColumns,
            ColumnReference column => [column.Name],
            _ => (IEnumerable<string?>)[null],
        })];

    private const string NotOneSource = "Views that do not select from a single table or view are not automatically updatable.";

    private static bool IsPlain(SelectItem item) => item.Expression is ColumnReference or Star;

    private static bool Calls(SelectBody body, Predicate<FunctionCall> isWanted) =>
        body.Items.Any(item => Finds(item, node => node is FunctionCall call && isWanted(call)));

    /// <summary>Subqueries are other queries.</summary>
    private static bool Finds(SyntaxNode node, Predicate<SyntaxNode> isWanted) =>
        node is not Query && (isWanted(node) || SyntaxTree.Children(node).Any(child => Finds(child, isWanted)));

    private static bool IsAggregate(FunctionCall call) => Any(call, function => function.Kind == FunctionKind.Aggregate);

    private static bool ReturnsSet(FunctionCall call) => Any(call, function => function.ReturnsSet);

    private static bool Any(FunctionCall call, Predicate<FunctionEntry> isWanted)
    {
        foreach (var function in FunctionCatalog.Instance.FunctionsNamed(call.Name.Name))
            if (isWanted(function))
                return true;
        return false;
    }
}
