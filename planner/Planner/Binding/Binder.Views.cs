using Federation.Sql.Printing;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>
/// Views are bound in place of their names, as PostgreSQL's rewriter puts them there: their query sees none of the statement's names, and
/// the statement sees their columns alone.
/// </summary>
public sealed partial class Binder
{
    private readonly HashSet<TableSource> _views = [];

    /// <summary>What each star of a view that is made stands for, as SQL; null while no view is made.</summary>
    private Dictionary<Star, string>? _stars;

    /// <summary>Binds the query of a view that is to be made.</summary>
    /// <param name="stars">What each of its stars stands for, as SQL.</param>
    public static BoundQuery BindView(Query query, BindContext context, out IReadOnlyDictionary<Star, string> stars)
    {
        var binder = new Binder(context) { _statement = query, _stars = [] };
        var bound = binder.BindQuery(query, new BindScope(null));
        stars = binder._stars;
        return new BoundQuery(binder.AddSystemColumns(bound.Plan), bound.Outputs.ToEquatableArray(), binder._parameters.Resolve())
            { Tables = binder._tables, Views = binder._views };
    }

    /// <param name="resolved">Its columns are numbered as the query's.</param>
    private FromResult BindView(TableName table, ResolvedTable resolved, ResolvedView view)
    {
        if (table.Sample is not null)
            throw new SqlException(SqlState.FeatureNotSupported, "TABLESAMPLE clause can only be applied to tables and materialized views")
                { Position = table.Span.Position };
        _views.Add(resolved.Source);
        if (resolved.FollowsFolder) _tables[resolved.Source] = resolved;
        var bound = BindBody(view);
        if (resolved.Columns.Any(column => column.Number > bound.Outputs.Count
            || !bound.Outputs[column.Number - 1].Column.Type.HasSameBase(column.Type)))
        {
            throw new SqlException(SqlState.FeatureNotSupported, $"view \"{resolved.Source.Table}\" does not fit what it reads any more")
            {
                Position = table.Span.Position,
                Hint = "The tables of a server have changed. Create the view again.",
            };
        }

        var columns = resolved.Columns.Select((column, i) => new ScopeColumn(
            i < resolved.SeenAs.Count ? resolved.SeenAs[i] : column.Name, new ColumnRef(bound.Outputs[column.Number - 1].Column))
        {
            TableOid = resolved.Source.TableOid,
            AttributeNumber = column.Number,
        }).ToList();
        var entry = table.Alias?.Name is { } alias
            ? new RangeEntry(alias, null, null, columns)
            : new RangeEntry(resolved.Source.Table, table.Name.Qualifier ?? resolved.Source.Schema, resolved.Source.Catalog, columns);
        return Visible(bound.Plan, ApplyAlias(entry, table.Alias));
    }

    private QueryResult BindBody(ResolvedView view) => Within(view, () => BindQuery(view.Query, new BindScope(null)));

    /// <summary>Binds a part of a view's query, as the view's owner sees its names.</summary>
    private T Within<T>(ResolvedView view, Func<T> bind)
    {
        var (context, statement, mentioned, stars) = (_context, _statement, _mentioned, _stars);
        _context = context with { FindTable = view.FindTable, FindType = view.FindType, Values = view.Values, RefusesParameters = true };
        (_statement, _mentioned, _stars) = (view.Query, null, null);
        try
        {
            return bind();
        }
        catch (SqlException error)
        {
            // Positions are those of the view's own text.
            throw error.Moved(0);
        }
        finally
        {
            (_context, _statement, _mentioned, _stars) = (context, statement, mentioned, stars);
        }
    }

    private void NoteStar(Star star, BindScope scope, List<ScopeColumn> columns)
    {
        if (_stars is null) return;
        _stars[star] = string.Join(", ", columns.Select(column =>
        {
            var table = star.Qualifier.Count > 0
                ? star.Qualifier[star.Qualifier.Count - 1]
                : scope.Items.Find(item => item.IsTableVisible && item.Entry.Columns.Contains(column))?.Entry.Alias;
            var name = SqlPrinter.QuoteReserved(column.Name);
            return table is null ? name : $"{SqlPrinter.QuoteReserved(table)}.{name}";
        }));
    }
}
