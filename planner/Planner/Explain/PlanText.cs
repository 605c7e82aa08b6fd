using System.Globalization;
using System.Text;
using Federation.Connectors.Spi;

namespace Federation.Planner.Explain;

/// <summary>What a scan's connector says about how it is read; comes from planning the scan.</summary>
public sealed record ScanNotes(string? RemoteSql, EquatableArray<string> Details);

/// <summary>Plans as trees of text.</summary>
public static class PlanText
{
    /// <param name="notes">Per scan what its source told; scans without notes are shown bare.</param>
    public static IEnumerable<string> Write(LogicalPlan plan, IReadOnlyDictionary<Scan, ScanNotes> notes)
    {
        var lines = new List<string>();
        Append(plan, "", "", notes, lines);
        return lines;
    }

    private static void Append(
        LogicalPlan plan, string first, string rest, IReadOnlyDictionary<Scan, ScanNotes> notes, List<string> lines)
    {
        // A projection that only passes columns on tells a reader nothing.
        while (plan is Project project && project.Assignments.All(assignment => assignment.Expression is ColumnRef)) plan = project.Input;
        var children = Children(plan).ToArray();
        lines.Add(first + Describe(plan));
        var detailIndent = rest + (children.Length > 0 ? "│    " : "     ");
        if (plan is Scan scan) lines.AddRange(ScanLines(scan, notes.GetValueOrDefault(scan)).Select(line => detailIndent + line));
        for (var i = 0; i < children.Length; i++)
        {
            var isLast = i == children.Length - 1;
            var (label, child) = children[i];
            if (label is null)
            {
                Append(child, rest + (isLast ? "└─ " : "├─ "), rest + (isLast ? "   " : "│  "), notes, lines);
            }
            else
            {
                lines.Add(rest + (isLast ? "└─ " : "├─ ") + label);
                Append(child, rest + (isLast ? "   └─ " : "│  └─ "), rest + (isLast ? "      " : "│     "), notes, lines);
            }
        }
    }

    private static IEnumerable<(string? Label, LogicalPlan Plan)> Children(LogicalPlan plan)
    {
        if (plan is With with)
        {
            foreach (var definition in with.Definitions)
                yield return ($"CTE {definition.Id.Name}{(definition.IsRecursive ? " (recursive)" : "")}", definition.Plan);
            yield return (null, with.Input);
        }
        else
        {
            foreach (var input in plan.Inputs) yield return (null, input);
        }

        foreach (var expression in PlanRewriter.ExpressionsOf(plan))
            foreach (var subquery in PlanRewriter.Subqueries(expression))
                yield return ("Subquery", subquery.Plan);
    }

    /// <summary>One line for a node, without its inputs.</summary>
    public static string Describe(LogicalPlan plan) => plan switch
    {
        Scan { Subtree: { } subtree } scan =>
            $"Remote query {scan.Source.Catalog}: {string.Join(", ", subtree.Tables.Select(table => $"{table.Schema}.{table.Table}"))}  "
                + $"columns ({string.Join(", ", scan.Outputs.Select(output => RowIdentity.Shown(output.SourceName)))}){Rows(scan.EstimatedRows)}",
        Scan scan =>
            $"{(scan.Source.Catalog == "lake" ? "Lakehouse scan" : "Remote scan")} "
                + $"{scan.Source}{(scan.Source.Pin is { } pin ? $"  {pin}" : "")}  columns "
                + $"({string.Join(", ", scan.Outputs.Select(output => RowIdentity.Shown(output.SourceName)))}){Rows(scan.Source.EstimatedRows)}",
        Values { Outputs.Count: 0 } => "One row",
        Values values => $"Values  {values.Rows.Count.ToString(CultureInfo.InvariantCulture)} rows ({Names(values.Outputs)})",
        FunctionScan functions =>
            $"Function {string.Join(", ", functions.Functions.Select(item => ExprPrinter.Print(item.Call)))}{(functions.Ordinality is null ? "" : " with ordinality")}",
        CteScan scan => $"CTE scan {scan.Cte.Name}",
        RemoteSource source =>
            "Exchange of fragment "
                + $"{source.Fragment.ToString(CultureInfo.InvariantCulture)}{Reading(source.Reading)}{Rows(source.EstimatedRows)}",
        Filter filter => $"Filter {ExprPrinter.Print(filter.Predicate)}",
        Project project => $"Project {string.Join(", ", project.Assignments.Select(Assigned))}",
        ProjectSet set => $"Unnest {string.Join(", ", set.Calls.Select(Assigned))}",
        Aggregate aggregate => DescribeAggregate(aggregate),
        Window window => $"Window {string.Join(", ", window.Calls.Select(Assigned))}",
        Join { Condition: Constant { Value: true } } join => $"{(join.IsLateral ? "Lateral join" : "Cross join")}",
        Join join =>
            $"{(join.IsLateral ? "Lateral join" : "Join")} {join.Type.ToString().ToLowerInvariant()}  {ExprPrinter.Print(join.Condition)}",
        SetOperation operation => $"{operation.Type}{(operation.IsAll ? " all" : "")}",
        Distinct => "Distinct",
        DistinctOn distinct => $"Distinct on {string.Join(", ", distinct.Keys.Select(ExprPrinter.Print))}",
        Sort sort => $"Sort {string.Join(", ", sort.Keys.Select(ExprPrinter.Print))}",
        Limit limit =>
            $"Limit{(limit.Count is null ? "" : $" {ExprPrinter.Print(limit.Count)}")}{(limit.WithTies ? " with ties" : "")}{(limit.Offset is null ? "" : $" offset {ExprPrinter.Print(limit.Offset)}")}",
        With => "With",
        _ => throw new System.Diagnostics.UnreachableException(plan.GetType().Name),
    };

    /// <summary>What is done with the rows of all tasks of a root.</summary>
    public static string Describe(RowMerge merge)
    {
        var bounds = (merge.Take is { } take ? $"  limit {take.ToString(CultureInfo.InvariantCulture)}" : "")
            + (merge.Skip > 0 ? $"  offset {merge.Skip.ToString(CultureInfo.InvariantCulture)}" : "");
        return $"Merge by {string.Join(", ", merge.Keys.Select(ExprPrinter.Print))}{bounds}";
    }

    private static IEnumerable<string> ScanLines(Scan scan, ScanNotes? notes)
    {
        if (notes?.RemoteSql is { } sql) yield return $"SQL: {sql}";
        foreach (var detail in notes?.Details ?? []) yield return detail;
        var pushed = new List<string> { "projection" };
        if (scan.Filters.Count > 0) pushed.Add($"filter (exact): {string.Join(" AND ", scan.Filters.Select(ExprPrinter.Print))}");
        if (scan.Hints.Count > 0) pushed.Add($"filter (by statistics): {string.Join(" AND ", scan.Hints.Select(ExprPrinter.Print))}");
        if (scan.Limit is { } limit) pushed.Add($"limit {limit.ToString(CultureInfo.InvariantCulture)}");
        pushed.AddRange(scan.Subtree?.Parts ?? []);
        yield return $"pushed: {string.Join("; ", pushed)}";
        foreach (var reason in scan.NotPushed) yield return $"not pushed: {reason}";
    }

    private static string DescribeAggregate(Aggregate aggregate)
    {
        var text = new StringBuilder("Aggregate");
        if (aggregate.Keys.Count > 0) text.Append(" by ").AppendJoin(", ", aggregate.Keys.Select(key => ExprPrinter.Print(key.Expression)));
        if (aggregate.Sets.Count > 0)
            text.Append(" in sets ").AppendJoin(", ",
                aggregate.Sets.Select(set => $"({string.Join(", ", set.Select(index => aggregate.Keys[index].Column.Name))})"));
        if (aggregate.Aggregates.Count > 0)
            text.Append(": ").AppendJoin(", ", aggregate.Aggregates.Select(item => ExprPrinter.Print(item.Expression)));
        return text.ToString();
    }

    private static string Assigned(Assignment assignment)
    {
        var text = ExprPrinter.Print(assignment.Expression);
        return text == assignment.Column.Name ? text : $"{assignment.Column.Name} := {text}";
    }

    private static string Reading(ExchangeReading reading) => reading switch
    {
        ExchangeReading.Whole => "",
        ExchangeReading.Share => "  (a share for each task)",
        _ => "  (a partition for each task)",
    };

    private static string Names(EquatableArray<Column> columns) => string.Join(", ", columns.Select(column => column.Name));

    private static string Rows(long rows) => rows < 0 ? "" : $"  rows ~{rows.ToString(CultureInfo.InvariantCulture)}";
}
