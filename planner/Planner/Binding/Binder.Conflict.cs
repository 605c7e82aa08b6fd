using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>
/// INSERT … ON CONFLICT: the proposed rows, called "excluded", meet the rows of the table that have one of the keys, as in MERGE
/// (transformOnConflictClause in analyze.c).
/// </summary>
public sealed partial class Binder
{
    private const string ExcludedName = "excluded";

    /// <summary>Binds an INSERT with ON CONFLICT.</summary>
    /// <param name="defaults">What columns get that the statement does not name.</param>
    public static BoundChange BindConflict(InsertStatement insert, IReadOnlyDictionary<string, Expression> defaults, BindContext context)
    {
        var conflict = insert.OnConflict!;
        var binder = new Binder(context) { _statement = insert };
        var target = binder.BindTarget(TargetOf(insert));
        if (conflict is { Target: null, IsUpdate: true })
            throw new SqlException(SqlState.SyntaxError, "ON CONFLICT DO UPDATE requires inference specification or constraint name")
                { Position = conflict.Span.Position, Hint = "For example, ON CONFLICT (column_name)." };
        var keys = conflict.Target is { } wanted ? [KeyOf(wanted, target.Table)] : target.Table.Keys.ToArray();
        var proposed = binder.WithPresence(
            binder.WithChecks(binder.WithGenerated(binder.BindInsertSource(insert, target.Table, defaults), target.Table), target.Table),
            target.Table);
        var source = new FromResult(proposed.Plan,
            [new NamespaceItem(new RangeEntry(ExcludedName, null, null,
                [.. proposed.Outputs.Select(output => new ScopeColumn(output.Name, new ColumnRef(output.Column)))]), true, true)]);

        var scope = new BindScope(null);
        var columns = target.Table.Columns;
        var old = target.Columns.ToArray();
        var positions = keys.Select(key => key.Columns.Select(name => columns.ToList().FindIndex(column => column.Name == name))
            .ToEquatableArray()).ToEquatableArray();
        var same = positions.Select(key => Conjuncts.Combine([.. key.Select(index =>
            binder.Equals(new ColumnRef(proposed.Outputs[index].Column), new ColumnRef(old[index]), conflict.Span))]));
        var clauses = new List<MergeClause>();
        if (conflict.IsUpdate) clauses.Add(new MergeClause(MergeMatch.Matched, conflict.Where, new MergeUpdate(conflict.Set)));
        var values = columns.Select(column => (Expression)new ColumnReference([ExcludedName, column.Name])).ToEquatableArray();
        clauses.Add(new MergeClause(MergeMatch.NotMatchedByTarget, null, new MergeInsert([], values)));
        var bound = binder.BindPairs(
            clauses.ToEquatableArray(), target, source, Conjuncts.Either([.. same]), insert.Returning, [], defaults, scope,
            isProposed: true);

        var inserted = insert.Columns.Count > 0 ? insert.Columns.Select(column => column.Name)
            : insert.Source is null ? [] : columns.Select(column => column.Name);
        // Who reads a proposed value has to be allowed to read the column that it is for.
        var named = NamedAsExcluded(conflict).ToHashSet(StringComparer.Ordinal);
        var reads = (Project)bound.Reads;
        reads = reads with
        {
            Assignments = reads.Assignments.Concat(old.Zip(columns).Where(pair => named.Contains(pair.Second.Name))
                .Select(pair => new Assignment(binder.NewColumn("named", pair.First.Type), new ColumnRef(pair.First)))).ToEquatableArray(),
        };
        return binder.Finished(bound with { Inserted = inserted.ToEquatableArray(), Reads = reads }, [], hasNewRows: true,
            insert.Returning.Count) with { Conflict = new ConflictRule(positions, conflict.IsUpdate) };
    }

    private static List<string> NamedAsExcluded(OnConflictClause conflict)
    {
        var names = new List<string>();
        SyntaxTree.Find(conflict, node =>
        {
            if (node is ColumnReference { Parts: [ExcludedName, var name] }) names.Add(name);
            return false;
        });
        return names;
    }

    /// <summary>The table that a statement inserts into, as it stands in FROM.</summary>
    public static TableName TargetOf(InsertStatement insert) => new(insert.Table)
    {
        Span = insert.Table.Span,
        Alias = insert.Alias is null ? null : new TableAlias(insert.Alias, [], []),
    };

    /// <summary>The key that a target of ON CONFLICT means: the one of that name, or of exactly these columns.</summary>
    private static RowKey KeyOf(ConflictTarget wanted, ResolvedTable table)
    {
        if (wanted.Constraint is { } constraint)
            return table.Keys.FirstOrDefault(key => key.Name == constraint) ?? throw new SqlException(SqlState.UndefinedObject,
                $"constraint \"{constraint}\" for table \"{table.Source.Table}\" does not exist");
        foreach (var element in wanted.Elements)
            if (element is ColumnReference { Parts: [var name] } && table.Columns.All(column => column.Name != name))
                throw new SqlException(SqlState.UndefinedColumn, $"column \"{name}\" does not exist") { Position = wanted.Span.Position };
        var columns = wanted.Elements.Select(element => (element as ColumnReference)?.Name).ToHashSet();
        return (wanted.Where is null ? table.Keys.FirstOrDefault(key => columns.SetEquals(key.Columns)) : null)
            ?? throw new SqlException(SqlState.InvalidColumnReference,
                "there is no unique or exclusion constraint matching the ON CONFLICT specification");
    }
}
