using Federation.Connectors.Spi;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>
/// MERGE: source and target joined, and for each pair the first WHEN whose condition is true (parse_merge.c). The pairs become the rows of
/// a change: each is numbered by its WHEN, and its new values follow from the number.
/// </summary>
public sealed partial class Binder
{
    private ChangeParts BindMerge(MergeStatement merge,
        IReadOnlyDictionary<string, Expression> defaults, BindScope scope)
    {
        RequireReachable(merge.Clauses);
        var target = BindTarget(TargetOf(merge));
        scope.Hidden = [target.Item];
        scope.Items = [];
        var source = BindTable(merge.Source, scope);
        scope.Hidden = [];
        RequireOtherName(target.Item, source.Items);

        scope.Items = [target.Item, .. source.Items];
        var condition = CoerceToBoolean(BindExpression(merge.On, scope, ExpressionContext.JoinCondition), "JOIN/ON", merge.On.Span);
        return BindPairs(merge.Clauses, target, source, condition, merge.Returning, source.Items, defaults, scope);
    }

    /// <summary>The changes that follow from the pairs of rows of source and target.</summary>
    /// <param name="condition">Which rows are a pair.</param>
    /// <param name="returnable">What RETURNING can name besides the target.</param>
    /// <param name="isProposed">The rows are those that an INSERT proposes.</param>
    private ChangeParts BindPairs(EquatableArray<MergeClause> clauses, ChangedTable target, FromResult source, Expr condition,
        EquatableArray<SelectItem> returned, List<NamespaceItem> returnable, IReadOnlyDictionary<string, Expression> defaults,
        BindScope scope, bool isProposed = false)
    {
        var inSource = NewColumn("in_source", SqlType.Bool);
        var sourcePlan = Extended(source.Plan, [new Assignment(inSource, new Constant(true, SqlType.Bool))]);
        var keepsSource = clauses.Any(clause => clause.Match == MergeMatch.NotMatchedByTarget);
        var keepsTarget = clauses.Any(clause => clause.Match == MergeMatch.NotMatchedBySource);
        var type = (keepsSource, keepsTarget) switch
        {
            (true, true) => JoinType.Full,
            (true, false) => JoinType.Left,
            (false, true) => JoinType.Right,
            _ => JoinType.Inner,
        };
        if (type == JoinType.Full) RequireEquality(condition, sourcePlan, target.Plan);
        LogicalPlan plan = MakeJoin(type, sourcePlan, target.Plan, condition);

        var isInTarget = new Not(new IsNull(new ColumnRef(target.File)));
        var isInSource = new Not(new IsNull(new ColumnRef(inSource)));
        var which = NewColumn("clause", SqlType.Int4);
        plan = Extended(plan, [new Assignment(which, new Case(clauses.Select((clause, i) =>
            new CaseWhen(Applies(clause), Number(i))).ToEquatableArray(), Number(-1), SqlType.Int4))]);
        var acting = Enumerable.Range(0, clauses.Count).Where(i => clauses[i].Action is not MergeDoNothing).ToArray();
        plan = new Filter(plan, Conjuncts.Either([.. acting.Select(Is)]));

        var input = new ChangeInput(plan, target, source.Items);
        var given = new Dictionary<int, IReadOnlyDictionary<string, Expr>>();
        foreach (var i in acting)
        {
            SetVisible(clauses[i].Match);
            given[i] = clauses[i].Action switch
            {
                MergeUpdate update => BindSet(update.Set, target.Table, defaults, scope, ref input),
                MergeInsert insert => BindMergeInsert(insert, target.Table, defaults, scope, isProposed),
                _ => new Dictionary<string, Expr>(),
            };
        }

        var values = target.Table.Columns.Zip(target.Columns, (column, old) => (Expr)new Case(
            acting.Where(i => clauses[i].Action is MergeInsert || given[i].ContainsKey(column.Name)).Select(i => new CaseWhen(Is(i),
                given[i].TryGetValue(column.Name, out var value) ? value : Default(column, defaults))).ToEquatableArray(),
            new ColumnRef(old), column.Type)).Select(value => value is Case { Whens.Count: 0 } unchanged ? unchanged.Else : value);
        var (computed, columns) = Computed(input.Plan, target.Table, values);
        var action = new Case(acting.Select(i => new CaseWhen(Is(i), new Constant((short)ActionOf(clauses[i].Action), SqlType.Int2)))
            .ToEquatableArray(), new Constant(null, SqlType.Int2), SqlType.Int2);
        var returning = BindReturning(returned, WithValues(target, columns), returnable, scope);
        var isWritten = Conjuncts.Either([.. acting.Where(i => clauses[i].Action is not MergeDelete).Select(Is)]);
        var rows = ChangedRows(
            computed, target, acting.Length == 0 ? new Constant(null, SqlType.Int2) : action, columns, returning, isWritten);
        return new ChangeParts(target, rows, Named(input.Plan, target, given.Values.SelectMany(item => item.Values), columns, returning))
        {
            Updated = Given<MergeUpdate>(),
            Inserted = Given<MergeInsert>(),
            Deletes = clauses.Any(clause => clause.Action is MergeDelete),
        };

        EquatableArray<string>? Given<TAction>() => clauses.Any(clause => clause.Action is TAction)
            ? acting.Where(i => clauses[i].Action is TAction).SelectMany(i => given[i].Keys).Distinct().ToEquatableArray()
            : null;

        Expr Applies(MergeClause clause)
        {
            Expr matches = clause.Match switch
            {
                MergeMatch.Matched => new And([isInTarget, isInSource]),
                MergeMatch.NotMatchedByTarget => new IsNull(new ColumnRef(target.File)),
                _ => new IsNull(new ColumnRef(inSource)),
            };
            if (clause.Condition is not { } syntax) return matches;
            SetVisible(clause.Match);
            return new And([matches,
                CoerceToBoolean(BindExpression(syntax, scope, ExpressionContext.MergeWhen), "WHEN", syntax.Span)]);
        }

        // Only what a WHEN has a row of can be named there.
        void SetVisible(MergeMatch match)
        {
            List<NamespaceItem> both = [target.Item, .. source.Items];
            scope.Items = match switch
            {
                MergeMatch.NotMatchedByTarget => source.Items,
                MergeMatch.NotMatchedBySource => [target.Item],
                _ => both,
            };
            scope.Hidden = [.. both.Except(scope.Items)];
        }

        Expr Is(int clause) => Equals(new ColumnRef(which), Number(clause), default);
    }

    private static Constant Number(int clause) => new(clause, SqlType.Int4);

    private static RowAction ActionOf(MergeAction action) => action switch
    {
        MergeUpdate => RowAction.Update,
        MergeInsert => RowAction.Insert,
        _ => RowAction.Delete,
    };

    /// <param name="isProposed">The values are those of rows that an INSERT proposes, and have passed its rules.</param>
    private Dictionary<string, Expr> BindMergeInsert(MergeInsert insert, ResolvedTable table,
        IReadOnlyDictionary<string, Expression> defaults, BindScope scope, bool isProposed)
    {
        var columns = insert.Columns.Count == 0 ? [.. table.Columns] : insert.Columns.Select(name => SetColumn(name, table)).ToArray();
        for (var i = 0; i < insert.Columns.Count; i++)
            if (columns.Take(i).Contains(columns[i]))
                throw new SqlException(SqlState.DuplicateColumn, $"column \"{columns[i].Name}\" specified more than once")
                    { Position = insert.Columns[i].Span.Position };
        if (insert.Values.Count > columns.Length)
            throw new SqlException(SqlState.SyntaxError, "INSERT has more expressions than target columns")
                { Position = insert.Values[columns.Length].Span.Position };
        if (insert.Values.Count > 0 && insert.Values.Count < insert.Columns.Count)
            throw new SqlException(SqlState.SyntaxError, "INSERT has more target columns than expressions")
                { Position = insert.Columns[insert.Values.Count].Span.Position };
        var given = new Dictionary<string, Expr>(StringComparer.Ordinal);
        for (var i = 0; i < insert.Values.Count; i++)
            given.Add(columns[i].Name, insert.Values[i] is DefaultValue
                ? Default(columns[i], defaults)
                : MergedValue(BindExpression(insert.Values[i], scope, ExpressionContext.Values), columns[i], insert.Values[i].Span));
        return given;

        Expr MergedValue(Expr value, ConnectorColumn column, SourceSpan span)
        {
            var fitting = ForColumn(value, column, span);
            if (!isProposed) RequireInsertable(column, insert.Overriding);
            return IsOverridden(column, insert.Overriding) ? Default(column, defaults) : fitting;
        }
    }

    private static void RequireReachable(EquatableArray<MergeClause> clauses)
    {
        var final = new HashSet<MergeMatch>();
        foreach (var clause in clauses)
        {
            if (final.Contains(clause.Match))
                throw new SqlException(SqlState.SyntaxError, "unreachable WHEN clause specified after unconditional WHEN clause");
            if (clause.Condition is null) final.Add(clause.Match);
        }
    }

    private static void RequireOtherName(NamespaceItem target, List<NamespaceItem> source)
    {
        if (target.Entry.Alias is { } alias && source.Exists(item => item.IsTableVisible && item.Entry.Alias == alias))
            throw new SqlException(SqlState.DuplicateAlias, $"name \"{alias}\" specified more than once")
                { Detail = "The name is used both as MERGE target table and data source." };
    }
}
