namespace Federation.Planner.Binding;

/// <summary>
/// The system columns that every table has. Catalog queries of psql and of drivers join on tableoid, and tools follow changes of the
/// catalog by xmin; a scan gives one only where it is named. Only rows of the catalog have the other columns: where a source's rows lie,
/// and which transaction wrote them, is not known.
/// </summary>
public sealed partial class Binder
{
    private const string TableOidName = "tableoid";

    /// <summary>Names, PostgreSQL's numbers and types, and what a row of the catalog has: all were there from the beginning.</summary>
    private static readonly (string Name, short Number, SqlType Type, object? Value)[] s_systemColumns =
    [
        ("ctid", -1, SqlType.Of(PgTypes.Tid), "(0,1)"), ("xmin", -2, SqlType.Of(PgTypes.Xid), 1L),
        ("cmin", -3, SqlType.Of(PgTypes.Cid), 0L), ("xmax", -4, SqlType.Of(PgTypes.Xid), 0L),
        ("cmax", -5, SqlType.Of(PgTypes.Cid), 0L), (TableOidName, -6, SqlType.Oid, null),
    ];

    /// <summary>The system columns of each scan, by the scan's first column.</summary>
    private readonly Dictionary<int, List<Assignment>> _systemColumns = [];
    private readonly HashSet<int> _mentionedSystemColumns = [];

    /// <summary>Those that a source alone could tell.</summary>
    private readonly HashSet<int> _unknownColumns = [];

    private IEnumerable<ScopeColumn> SystemColumns(ResolvedTable table, EquatableArray<ScanColumn> outputs, bool isOnly)
    {
        if (outputs.Count == 0) yield break;
        var assignments = _systemColumns[outputs[0].Column.Id] = [];
        foreach (var (name, number, type, value) in s_systemColumns)
        {
            // A source's table may have a column of that name.
            if (outputs.Any(output => output.SourceName == name)) continue;
            var column = NewColumn(name, type);
            assignments.Add(new Assignment(column, new Constant(name == TableOidName ? (long)table.Source.TableOid.Value : value, type)));
            // The rows of a view, or of a table with children, are of several tables.
            if (name == TableOidName ? !table.OwnsRows && !isOnly : !table.IsComputed) _unknownColumns.Add(column.Id);
            yield return new ScopeColumn(name, new ColumnRef(column))
                { IsSystem = true, TableOid = table.Source.TableOid, AttributeNumber = number };
        }
    }

    private Expr Mention(ScopeColumn column)
    {
        if (column is { IsSystem: true, Value: ColumnRef reference })
        {
            if (_unknownColumns.Contains(reference.Column.Id))
                throw new SqlException(SqlState.FeatureNotSupported,
                    column.Name == TableOidName ? "tableoid of a view, or of a table with children, is not supported"
                        : $"the system column {column.Name} of a source's table is not supported");
            _mentionedSystemColumns.Add(reference.Column.Id);
        }

        return Touch(column.Value);
    }

    /// <summary>
    /// Puts the constants beside the columns of the scans whose system columns are named. A projection that passes columns on passes these
    /// too.
    /// </summary>
    private LogicalPlan AddSystemColumns(LogicalPlan plan) => _mentionedSystemColumns.Count == 0 ? plan : PlanRewriter.Rewrite(plan, node =>
    {
        var mapped = PlanRewriter.MapOwnExpressions(node, expression => PlanRewriter.Rewrite(expression, inner => inner, AddSystemColumns));
        if (mapped is Project extended && extended.Assignments.Any(assignment => assignment.IsPassThrough))
        {
            var passed = extended.Input.Columns
                .Where(column => _mentionedSystemColumns.Contains(column.Id) && !extended.Columns.Contains(column))
                .Select(column => new Assignment(column, new ColumnRef(column))).ToArray();
            return passed.Length == 0 ? extended : extended with { Assignments = [.. extended.Assignments, .. passed] };
        }

        if (mapped is not Scan { Outputs.Count: > 0 } scan || !_systemColumns.TryGetValue(scan.Outputs[0].Column.Id, out var system))
            return mapped;
        var mentioned = system.Where(assignment => _mentionedSystemColumns.Contains(assignment.Column.Id)).ToList();
        return mentioned.Count == 0
            ? mapped
            : new Project(scan,
                scan.Columns.Select(column => new Assignment(column, new ColumnRef(column))).Concat(mentioned).ToEquatableArray());
    });
}
