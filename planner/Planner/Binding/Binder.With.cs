using Federation.Planner.Functions;
using Federation.Planner.Typing;
using Federation.Sql.Syntax;
using SetOperation = Federation.Sql.Syntax.SetOperation;

namespace Federation.Planner.Binding;

/// <summary>WITH and WITH RECURSIVE.</summary>
public sealed partial class Binder
{
    private List<CteDefinition> BindWith(WithClause with, BindScope scope)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var table in with.Tables)
        {
            if (!names.Add(table.Name))
                throw new SqlException(SqlState.DuplicateAlias, $"WITH query name \"{table.Name}\" specified more than once")
                    { Position = table.Span.Position };
            if (table.Statement is SelectStatement || _context.FindStep(table) is not null) continue;
            throw new SqlException(SqlState.FeatureNotSupported,
                "WITH clause containing a data-modifying statement must be at the top level") { Position = table.Span.Position };
        }

        var definitions = new List<CteDefinition>();
        foreach (var (table, isRecursive) in with.IsRecursive ? RecursiveQueries.Order(with) : with.Tables.Select(table => (table, false)))
        {
            if (_context.FindStep(table) is { } step)
            {
                definitions.Add(BindStep(table, step, scope));
                continue;
            }

            var query = ((SelectStatement)table.Statement).Query;
            if (isRecursive) BindRecursive(table, query, (SetOperation)query.Body, scope, definitions);
            else definitions.Add(BindPlainCte(table, query, scope));
        }

        return definitions;
    }

    /// <summary>A part that is run by itself: the query reads the rows that it has given.</summary>
    private CteDefinition BindStep(CommonTableExpression table, ResolvedTable step, BindScope scope)
    {
        _hasSteps = true;
        _tables[step.Source] = step;
        var scanned = step.Columns.Select(column => new ScanColumn(NewColumn(column.Name, column.Type), column.Name)).ToEquatableArray();
        var outputs = scanned.Select(item => new OutputColumn(item.Column.Name, item.Column)).ToList();
        var id = new CteId(++_nextCte, table.Name);
        scope.AddCte(table.Name, new CteBinding(id, RenameOutputs(table, outputs)) { HasNoRows = outputs.Count == 0 });
        return new CteDefinition(id, new Scan(step.Source, step.Handle, scanned), IsRecursive: false, IsMaterialized: null);
    }

    private CteDefinition BindPlainCte(CommonTableExpression table, Query query, BindScope scope)
    {
        if (table.Search is not null || table.Cycle is not null)
            throw new SqlException(SqlState.SyntaxError, "WITH query is not recursive") { Position = table.Span.Position };
        var bound = BindQuery(query, new BindScope(scope));
        var id = new CteId(++_nextCte, table.Name);
        scope.AddCte(table.Name, new CteBinding(id, RenameOutputs(table, bound.Outputs)));
        return new CteDefinition(id, bound.Plan, IsRecursive: false, table.IsMaterialized);
    }

    /// <summary>
    /// Binds the non-recursive term, which gives names and types, then the recursive term over it. What a WITH inside the query defines is
    /// put before it.
    /// </summary>
    private void BindRecursive(CommonTableExpression table, Query query, SetOperation union, BindScope scope,
        List<CteDefinition> definitions)
    {
        var inner = new BindScope(scope);
        if (query.With is not null) definitions.AddRange(BindWith(query.With, inner));
        var start = BindOperand(union.Left, inner);
        var places = Enumerable.Range(0, start.Outputs.Count).Select(i => PositionOf(PendingValue(start, i))).ToArray();
        start = start with { Plan = ResolveOutputs(start) };
        var names = RenameOutputs(table, start.Outputs).Select(output => output.Name).ToArray();
        var search = BindSearchColumns(table, union, names, start, scope);
        var startPlan = search.Extend(start.Plan);
        var outputs = names.Zip(startPlan.Columns, (name, column) => new OutputColumn(name, NewColumn(name, column.Type)))
            .Concat(search.Columns.Select(column => new OutputColumn(column.HiddenName, NewColumn(column.Name, column.Type)))).ToList();
        var id = new CteId(++_nextCte, table.Name);
        var binding = new CteBinding(id, outputs) { IsOpen = true };
        inner.AddCte(table.Name, binding);
        var step = BindOperand(search.Columns.Count > 0 ? search.Track(table, union.Right) : union.Right, inner);
        RequireSameWidth(start.Outputs.Count + search.Columns.Count, step.Outputs.Count, union);
        var assignments = new List<Assignment>();
        for (var i = 0; i < outputs.Count; i++)
            assignments.Add(new Assignment(NewColumn(search.NameOf(outputs[i].Name), outputs[i].Column.Type),
                StepValue(table, PendingValue(step, i), outputs[i].Column.Type, i, places.ElementAtOrDefault(i))));

        LogicalPlan right = new Project(PendingInput(step), assignments.ToEquatableArray());
        right = search.Advance(right, names.Length);
        var plan = new Federation.Plan.SetOperation(SetOperationType.Union, union.IsAll, startPlan, right,
            outputs.Select(output => output.Column).ToEquatableArray());
        scope.AddCte(table.Name, new CteBinding(id, outputs.Select(output => output with { Name = search.NameOf(output.Name) }).ToList()));
        definitions.Add(new CteDefinition(id, plan, IsRecursive: true, IsMaterialized: null));
    }

    private Expr StepValue(CommonTableExpression table, Expr value, SqlType wanted, int index, int position)
    {
        if (!value.Type.IsUnknown && (!value.Type.HasSameBase(wanted) || value.Type.Modifier != wanted.Modifier))
        {
            var overall = TypeRules.CommonType([wanted.AnnouncedOid, value.Type.AnnouncedOid]);
            // Modifiers that differ leave none.
            if (overall != wanted.AnnouncedOid || wanted.Modifier >= 0)
            {
                throw new SqlException(SqlState.DatatypeMismatch,
                    $"recursive query \"{table.Name}\" column {index + 1} has type {wanted} in non-recursive term but type "
                        + $"{(overall is { } oid ? SqlType.FromOid(oid) : value.Type)} overall")
                {
                    Position = position,
                    Hint = "Cast the output of the non-recursive term to the correct type.",
                };
            }
        }

        return Represent(Coerce(value, wanted, CastContext.Implicit, _spans.GetValueOrDefault(value)), wanted);
    }

    private static List<OutputColumn> RenameOutputs(CommonTableExpression table, List<OutputColumn> outputs)
    {
        if (table.Columns.Count > outputs.Count)
        {
            throw new SqlException(SqlState.InvalidColumnReference,
                $"WITH query \"{table.Name}\" has {outputs.Count} columns available but {table.Columns.Count} columns specified")
            {
                Position = table.Span.Position,
            };
        }

        return outputs.Select((output, i) => i < table.Columns.Count ? output with { Name = table.Columns[i] } : output).ToList();
    }
}
