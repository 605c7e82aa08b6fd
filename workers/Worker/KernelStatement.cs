using System.Globalization;
using System.Text;
using Federation.Core;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Federation.DuckDb;

namespace Federation.Worker;

/// <summary>
/// Writes the statement of a task: a prelude of common table expressions, one for each input, and the task's SQL. When files are read or
/// values given, <see cref="KernelConnection.Unsettled"/> comes first.
/// <code>
/// WITH "l"("id") AS NOT MATERIALIZED (SELECT CAST((d."id") AS BIGINT) FROM read_parquet(['/lake/1.parquet']) AS d),
///      "f"("id") AS NOT MATERIALIZED (SELECT * FROM pages(17))
/// SELECT …
/// </code>
/// </summary>
internal static class KernelStatement
{
    /// <param name="pages">The handle of every input that arrives as pages, by input name.</param>
    public static string Build(TaskSpec task, IReadOnlyDictionary<string, long> pages)
    {
        if (task.Inputs.Count == 0 && task.Values.Count == 0) return task.Sql;
        var body = task.Sql.AsSpan().TrimStart();
        var text = new StringBuilder(task.Sql.Length + 1024).Append("WITH ");
        // The prelude joins a WITH clause that the task's SQL already has.
        var hasWith = TakeWord(ref body, "WITH");
        if (hasWith && TakeWord(ref body, "RECURSIVE")) text.Append("RECURSIVE ");
        var isUnsettled = task.Values.Count > 0 || task.Inputs.Any(input => input is FileScan);
        if (isUnsettled) text.Append(KernelConnection.Unsettled);
        for (var i = 0; i < task.Inputs.Count; i++)
        {
            if (i > 0 || isUnsettled) text.Append(",\n     ");
            AppendInput(text, task.Inputs[i], pages);
        }

        return text.Append(hasWith ? ",\n" : "\n").Append(body).ToString();
    }

    /// <summary>
    /// The passes that the task runs without. <c>common_subexpressions</c> compares each part of an expression with each other one to the
    /// bottom: 1,000 terms take it 20 seconds. Deep statements do without it, at the price of an instance of their own.
    /// <c>filter_pullup</c> makes conditions between all sides of a chain of joins from those between neighbours: 60 joins take it 10
    /// seconds. <c>common_subplan</c> compares every part of a plan with every other that is like it: 500 equal arms of UNION ALL take it
    /// half a minute.
    /// </summary>
    public static string DisabledOptimizers(TaskSpec task)
    {
        const int deep = 150;
        const int manyJoins = 24;
        const int manyQueries = 64;
        var passes = new List<string>();
        if (task.Settings.DisabledOptimizers.Length > 0) passes.Add(task.Settings.DisabledOptimizers);
        if (Nesting(task.Sql) >= deep) passes.Add("common_subexpressions");
        if (System.Text.RegularExpressions.Regex.Count(task.Sql, " JOIN ") > manyJoins) passes.Add("filter_pullup");
        if (System.Text.RegularExpressions.Regex.Count(task.Sql, "SELECT ") > manyQueries) passes.Add("common_subplan");
        return string.Join(",", passes);
    }

    /// <summary>
    /// Whether rows come a few at a time from a recursion, which may have no end: then no operator may wait for more of them before it
    /// passes on what it has, or LIMIT is never reached. A literal with these words costs a setting and nothing else.
    /// </summary>
    public static bool IsRecursive(TaskSpec task) => task.Sql.Contains("WITH RECURSIVE ", StringComparison.Ordinal);

    /// <summary>
    /// How many parentheses are open at once, at most; those in literals count too, which costs an instance and nothing else.
    /// </summary>
    private static int Nesting(string sql)
    {
        var (depth, most) = (0, 0);
        foreach (var character in sql)
        {
            if (character == '(') most = Math.Max(most, ++depth);
            else if (character == ')') depth--;
        }

        return most;
    }

    private static void AppendInput(StringBuilder text, TaskInput input, IReadOnlyDictionary<string, long> pages)
    {
        text.Append(SqlText.Identifier(input.Name)).Append('(');
        text.AppendJoin(", ", input.Columns.Select(column => SqlText.Identifier(column.Name)));
        if (input is FileScan scan)
        {
            // Files can be read again, and only an inlined scan gets filters and projections pushed into it.
            text.Append(") AS NOT MATERIALIZED (");
            FileScanSql.Append(text, scan);
        }
        else
        {
            text.Append(input.IsReadTwice ? ") AS MATERIALIZED (" : ") AS NOT MATERIALIZED (");
            text.Append("SELECT * FROM pages(").Append(pages[input.Name].ToString(CultureInfo.InvariantCulture)).Append(')');
        }

        text.Append(')');
    }

    private static bool TakeWord(ref ReadOnlySpan<char> sql, string word)
    {
        if (!sql.StartsWith(word, StringComparison.OrdinalIgnoreCase) || sql.Length <= word.Length || !char.IsWhiteSpace(sql[word.Length]))
            return false;
        sql = sql[word.Length..].TrimStart();
        return true;
    }
}
