using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>What column names mean, with PostgreSQL's errors and hints (parse_relation.c).</summary>
internal static class NameResolution
{
    /// <summary>An unqualified column; null when no level has it.</summary>
    public static ScopeColumn? FindColumn(BindScope? scope, string name, SourceSpan span)
    {
        for (; scope is not null; scope = scope.Parent)
        {
            ScopeColumn? found = null;
            foreach (var item in scope.Items)
            {
                if (!item.AreColumnsVisible) continue;
                foreach (var column in item.Entry.Columns)
                {
                    if (column.Name != name) continue;
                    if (found is not null)
                        throw new SqlException(SqlState.AmbiguousColumn, $"column reference \"{name}\" is ambiguous")
                            { Position = span.Position };
                    RequireLateral(item, span);
                    found = column;
                }
            }

            if (found is not null) return found;
        }

        return null;
    }

    /// <summary>A table of FROM by alias, or by schema.table or catalog.schema.table; null when no level has it.</summary>
    public static RangeEntry? FindTable(BindScope? scope, ReadOnlySpan<string> qualifier, SourceSpan span)
    {
        var table = qualifier[^1];
        var schema = qualifier.Length > 1 ? qualifier[^2] : null;
        var catalog = qualifier.Length > 2 ? qualifier[^3] : null;
        for (; scope is not null; scope = scope.Parent)
        {
            NamespaceItem? found = null;
            foreach (var item in scope.Items)
            {
                if (!item.IsTableVisible || item.Entry.Alias != table) continue;
                if (schema is not null && item.Entry.Schema != schema) continue;
                if (catalog is not null && item.Entry.Catalog != catalog) continue;
                if (found is not null)
                    throw new SqlException(SqlState.AmbiguousAlias, $"table reference \"{table}\" is ambiguous")
                        { Position = span.Position };
                found = item;
            }

            if (found is null) continue;
            RequireLateral(found, span);
            return found.Entry;
        }

        return null;
    }

    public static SqlException ColumnMissing(BindScope scope, ReadOnlySpan<string> qualifier, string name, SourceSpan span) =>
        new(SqlState.UndefinedColumn,
            qualifier.IsEmpty ? $"column \"{name}\" does not exist" : $"column {qualifier[^1]}.{name} does not exist")
        {
            Position = span.Position,
            Hint = Suggest(scope, qualifier.IsEmpty ? null : qualifier[^1], name),
        };

    public static SqlException TableMissing(BindScope scope, string table, SourceSpan span)
    {
        for (var level = scope; level is not null; level = level.Parent)
        {
            var entries = level.Items.Concat(level.Hidden).Select(item => item.Entry).ToArray();
            if (Array.Find(entries, entry => entry.Alias == table || entry.HiddenName == table) is not { } found) continue;
            return new SqlException(SqlState.UndefinedTable, $"invalid reference to FROM-clause entry for table \"{table}\"")
            {
                Position = span.Position,
                Hint = Array.Exists(entries, entry => entry.Alias == table)
                    ? $"There is an entry for table \"{table}\", but it cannot be referenced from this part of the query."
                    : $"Perhaps you meant to reference the table alias \"{found.Alias}\".",
            };
        }

        return new SqlException(SqlState.UndefinedTable, $"missing FROM-clause entry for table \"{table}\"") { Position = span.Position };
    }

    private static void RequireLateral(NamespaceItem item, SourceSpan span)
    {
        if (item.IsLateralLegal) return;
        throw new SqlException(SqlState.InvalidColumnReference, $"invalid reference to FROM-clause entry for table \"{item.Entry.Alias}\"")
        {
            Position = span.Position,
            Detail = "The combining JOIN type must be INNER or LEFT for a LATERAL reference.",
        };
    }

    /// <summary>The nearest column name within PostgreSQL's edit distance limit, as its hint.</summary>
    private static string? Suggest(BindScope? scope, string? alias, string name)
    {
        var limit = Math.Max(3, name.Length / 2) - 1;
        var best = new List<string>();
        var bestDistance = limit + 1;
        for (; scope is not null; scope = scope.Parent)
        {
            foreach (var item in scope.Items.Where(item => item.Entry.Alias is not null))
            {
                var aliasPenalty = alias is null || alias == item.Entry.Alias ? 0 : EditDistance(alias, item.Entry.Alias!);
                foreach (var column in item.Entry.Columns.Where(column => !column.IsHidden))
                {
                    var distance = EditDistance(name, column.Name) + aliasPenalty;
                    if (distance > limit || distance > bestDistance) continue;
                    if (distance < bestDistance) best.Clear();
                    bestDistance = distance;
                    best.Add($"\"{item.Entry.Alias}.{column.Name}\"");
                }
            }
        }

        return best.Count switch
        {
            1 => $"Perhaps you meant to reference the column {best[0]}.",
            2 => $"Perhaps you meant to reference the column {best[0]} or the column {best[1]}.",
            _ => null,
        };
    }

    private static int EditDistance(string left, string right)
    {
        var previous = new int[right.Length + 1];
        var current = new int[right.Length + 1];
        for (var j = 0; j <= right.Length; j++) previous[j] = j;
        for (var i = 1; i <= left.Length; i++)
        {
            current[0] = i;
            for (var j = 1; j <= right.Length; j++)
                current[j] = Math.Min(Math.Min(previous[j], current[j - 1]) + 1, previous[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1));
            (previous, current) = (current, previous);
        }

        return previous[right.Length];
    }
}
