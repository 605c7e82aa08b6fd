namespace Federation.Planner.Binding;

/// <summary>tableoid, which every table has. Catalog queries of psql and of drivers join on it; a scan gives it only where it is named.</summary>
public sealed partial class Binder
{
    private const string TableOidName = "tableoid";

    // PostgreSQL's number of the column.
    private const short TableOidNumber = -6;

    /// <summary>The system column of each scan, by the scan's first column.</summary>
    private readonly Dictionary<int, (Column Column, Oid TableOid)> _systemColumns = [];
    private readonly HashSet<int> _mentionedSystemColumns = [];

    /// <summary>Those whose rows are of several tables, which the source alone can tell apart.</summary>
    private readonly HashSet<int> _sharedTables = [];

    private ScopeColumn? SystemColumn(ResolvedTable table, EquatableArray<ScanColumn> outputs, bool isOnly)
    {
        // A source's table may have a column of that name.
        if (outputs.Count == 0 || outputs.Any(output => output.SourceName == TableOidName)) return null;
        var column = NewColumn(TableOidName, SqlType.Oid);
        _systemColumns.Add(outputs[0].Column.Id, (column, table.Source.TableOid));
        if (!table.OwnsRows && !isOnly) _sharedTables.Add(column.Id);
        return new ScopeColumn(TableOidName, new ColumnRef(column)) { IsSystem = true, TableOid = table.Source.TableOid, AttributeNumber = TableOidNumber };
    }

    private Expr Mention(ScopeColumn column)
    {
        if (column is { IsSystem: true, Value: ColumnRef reference })
        {
            if (_sharedTables.Contains(reference.Column.Id)) throw new SqlException(SqlState.FeatureNotSupported, "tableoid of a view, or of a table with children, is not supported");
            _mentionedSystemColumns.Add(reference.Column.Id);
        }

        return Touch(column.Value);
    }

    /// <summary>Puts the constant beside the columns of the scans whose tableoid is named.</summary>
    private LogicalPlan AddSystemColumns(LogicalPlan plan) => _mentionedSystemColumns.Count == 0 ? plan : PlanRewriter.Rewrite(plan, node =>
    {
        var mapped = PlanRewriter.MapOwnExpressions(node, expression => PlanRewriter.Rewrite(expression, inner => inner, AddSystemColumns));
        if (mapped is not Scan { Outputs.Count: > 0 } scan || !_systemColumns.TryGetValue(scan.Outputs[0].Column.Id, out var system) || !_mentionedSystemColumns.Contains(system.Column.Id)) return mapped;
        return new Project(scan, scan.Columns.Select(column => new Assignment(column, new ColumnRef(column))).Append(new Assignment(system.Column, new Constant((long)system.TableOid.Value, SqlType.Oid))).ToEquatableArray());
    });
}
