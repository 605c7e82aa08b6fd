using Federation.Planner.Binding;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>Views that statements change rows through. Pure.</summary>
internal static class TargetViews
{
    /// <summary>What the statement does to a view's rows, for errors and their hints.</summary>
    private static readonly Dictionary<string, (string Doing, string Trigger)> s_verbs = new(StringComparer.Ordinal)
    {
        ["insert into"] = ("inserting into", "INSERT"),
        ["update"] = ("updating", "UPDATE"),
        ["delete from"] = ("deleting from", "DELETE"),
    };

    /// <summary>
    /// The table below a view. Raises 55000 for a view whose rows cannot be changed, or that reads such a view, as PostgreSQL says it.
    /// </summary>
    public static ResolvedTable BaseOf(ResolvedTable table, string verb)
    {
        if (!s_verbs.TryGetValue(verb, out var words))
            throw new SqlException(SqlState.FeatureNotSupported, $"cannot execute MERGE on relation \"{table.Source.Table}\"")
                { Detail = "This operation is not supported for views." };
        for (var view = table; view.View is { } below; view = below.FindTable(UpdatableViews.SourceOf(below.Query))!)
        {
            var reason = words.Trigger == "DELETE" ? UpdatableViews.WhyNot(below.Query) : UpdatableViews.WhyNotWritten(below.Query);
            if (reason is null) continue;
            throw new SqlException(SqlState.ObjectNotInPrerequisiteState, $"cannot {verb} view \"{view.Source.Table}\"")
            {
                Detail = reason,
                Hint = $"To enable {words.Doing} the view, provide an INSTEAD OF {words.Trigger} trigger or an unconditional "
                    + $"ON {words.Trigger} DO INSTEAD rule.",
            };
        }

        return UpdatableViews.BaseOf(table);
    }

    /// <summary>A view over other rows of its table, whether they fulfil its condition or not: what RETURNING of an INSERT sees.</summary>
    public static ResolvedTable Over(ResolvedTable view, ResolvedTable rows)
    {
        if (view.View is not { } known) return rows with { Columns = view.Columns, SeenAs = view.SeenAs };
        var source = UpdatableViews.SourceOf(known.Query);
        var below = Over(known.FindTable(source)!, rows);
        return view with
        {
            View = known with
            {
                Query = known.Query with { Body = (SelectBody)known.Query.Body with { Where = null }, OrderBy = default },
                FindTable = name => name == source ? below : known.FindTable(name),
            },
        };
    }
}
