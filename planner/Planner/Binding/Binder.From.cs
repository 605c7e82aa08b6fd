using Federation.Connectors.Spi;
using Federation.Planner.Functions;
using Federation.Planner.Typing;
using Federation.Sql.Syntax;

namespace Federation.Planner.Binding;

/// <summary>FROM: tables, subqueries, functions and joins, and the names they bring (parse_clause.c).</summary>
public sealed partial class Binder
{
    /// <summary>A bound item of FROM with the names it brings.</summary>
    private sealed record FromResult(LogicalPlan Plan, List<NamespaceItem> Items);

    /// <summary>Binds the FROM list into <paramref name="scope"/>; without one there is a single row without columns.</summary>
    private LogicalPlan BindFrom(EquatableArray<TableReference> from, BindScope scope)
    {
        LogicalPlan? plan = null;
        var items = new List<NamespaceItem>();
        foreach (var reference in from)
        {
            scope.Items = items;
            var bound = BindTable(reference, scope);
            RequireDistinctAliases(items, bound.Items);
            items = [.. items, .. bound.Items];
            plan = plan is null ? bound.Plan : MakeJoin(JoinType.Inner, plan, bound.Plan, new Constant(true, SqlType.Bool));
        }

        scope.Items = items;
        return plan ?? Federation.Plan.Values.OneRow;
    }

    private static Join MakeJoin(JoinType type, LogicalPlan left, LogicalPlan right, Expr condition) =>
        new(type, left, right, condition, PlanColumns.FreeOf(right).Overlaps(left.Columns.Select(column => column.Id)));

    private static void RequireDistinctAliases(List<NamespaceItem> present, List<NamespaceItem> added)
    {
        foreach (var item in added)
        {
            if (!item.IsTableVisible || item.Entry.Alias is not { } alias) continue;
            var clash = present.Exists(other => other.IsTableVisible && other.Entry.Alias == alias
                && (other.Entry.Schema is null || item.Entry.Schema is null
                    || (other.Entry.Schema == item.Entry.Schema && other.Entry.Catalog == item.Entry.Catalog)));
            if (clash)
                throw new SqlException(SqlState.DuplicateAlias, $"table name \"{alias}\" specified more than once");
        }
    }

    /// <summary>Binds one item; <paramref name="scope"/>'s items are what stands left of it, for lateral references.</summary>
    private FromResult BindTable(TableReference reference, BindScope scope) => reference switch
    {
        TableName table => BindTableName(table, scope),
        QueryTable query => BindQueryTable(query, scope),
        FunctionTable functions => BindFunctionTable(functions, scope),
        JoinTable join => BindJoin(join, scope),
        _ => throw new System.Diagnostics.UnreachableException(reference.GetType().Name),
    };

    private FromResult BindTableName(TableName table, BindScope scope)
    {
        if (table.Name.Parts.Count == 1 && scope.FindCte(table.Name.Name) is { } cte)
        {
            if (cte.HasNoRows)
                throw new SqlException(SqlState.FeatureNotSupported, $"WITH query \"{table.Name.Name}\" does not have a RETURNING clause")
                    { Position = table.Span.Position };
            return table.Sample is null ? BindCteScan(table, cte, scope)
                : throw new SqlException(SqlState.FeatureNotSupported,
                    "TABLESAMPLE clause can only be applied to tables and materialized views") { Position = table.Span.Position };
        }

        var resolved = _context.FindTable(table)
            ?? throw new SqlException(SqlState.UndefinedTable, $"relation \"{table.Name}\" does not exist")
        {
            Position = table.Name.Span == default ? table.Span.Position : table.Name.Span.Position,
        };
        if (resolved.View is { } view) return BindView(table, resolved, view);
        _tables[resolved.Source] = resolved;
        var outputs = resolved.Columns.Select(column => new ScanColumn(NewColumn(column.Name, column.Type), column.Name))
            .ToEquatableArray();
        var columns = outputs.Select((output, i) => new ScopeColumn(
            i < resolved.SeenAs.Count ? resolved.SeenAs[i] : output.SourceName, new ColumnRef(output.Column))
        {
            TableOid = resolved.Source.TableOid,
            AttributeNumber = resolved.Columns[i].Number is > 0 and var number ? number : (short)(i + 1),
        }).Where((_, i) => !table.IsCopied || !resolved.Columns[i].IsGenerated).ToList();
        for (var i = 0; i < outputs.Count; i++)
            if (resolved.Columns[i].Domain is { } domain)
                _domains.Add(outputs[i].Column.Id, domain);
        columns.AddRange(SystemColumns(resolved, outputs, table.IsOnly));
        var entry = table.Alias?.Name is { } alias
            ? new RangeEntry(alias, null, null, columns) { HiddenName = table.Name.Name }
            : new RangeEntry(resolved.Source.Table, resolved.Source.Schema, resolved.Source.Catalog, columns);
        if (table.Alias?.Name is null && table.Name.Parts.Count > 1) entry = entry with { Schema = table.Name.Qualifier };
        entry = entry with { FieldNames = columns.ConvertAll(column => column.Name) };
        var handle = table.IsOnly && resolved.Provider is IChildTables parents ? parents.WithoutChildren(resolved.Handle) : resolved.Handle;
        LogicalPlan plan = new Scan(resolved.Source, handle, outputs);
        if (table.Sample is { } sample) plan = BindSample(plan, sample, scope);
        return Visible(plan, ApplyAlias(entry, table.Alias));
    }

    private FromResult BindCteScan(TableName table, CteBinding cte, BindScope scope)
    {
        if (cte.IsOpen) scope.HasRecursiveReference = true;
        var outputs = cte.Columns.Select(column => NewColumn(column.Name.TrimStart(SearchColumns.HiddenMark), column.Column.Type))
            .ToEquatableArray();
        for (var i = 0; i < outputs.Count; i++) PassDomain(new ColumnRef(cte.Columns[i].Column), outputs[i]);
        var plan = new CteScan(cte.Id, outputs, cte.Columns.Select(column => column.Column).ToEquatableArray());
        var columns = cte.Columns.Select((column, i) => new ScopeColumn(column.Name, new ColumnRef(outputs[i]))).ToList();
        return Visible(plan, ApplyAlias(new RangeEntry(table.Alias?.Name ?? table.Name.Name, null, null, columns), table.Alias));
    }

    private FromResult BindQueryTable(QueryTable table, BindScope scope)
    {
        var bound = WithItems(scope, table.IsLateral ? scope.Items : [],
            () => BindSubquery(table.Query, scope, ExpressionContext.FromQuery));
        var columns = bound.Outputs.Select(output => new ScopeColumn(output.Name, new ColumnRef(output.Column))
        {
            TableOid = output.TableOid,
            AttributeNumber = output.AttributeNumber,
        }).ToList();
        return Visible(bound.Plan, ApplyAlias(new RangeEntry(table.Alias?.Name, null, null, columns), table.Alias));
    }

    private FromResult BindFunctionTable(FunctionTable table, BindScope scope)
    {
        if (BodyOf(table) is { } rows) return BindQueryTable(rows, scope);
        var items = new List<FunctionScanItem>();
        var columns = new List<ScopeColumn>();
        var isScalar = false;
        foreach (var item in table.Functions.SelectMany(SpreadUnnest))
        {
            var call = BindExpression(item.Call, scope, ExpressionContext.FromFunction);
            if (call.Operands.Any(operand => PlanRewriter.Contains(operand, inner => inner is SetCall)))
                throw new SqlException(SqlState.FeatureNotSupported, "set-returning functions must appear at top level of FROM")
                    { Position = PositionOf(call.Operands.First(operand => PlanRewriter.Contains(operand, inner => inner is SetCall))) };
            var definitions = item.Definitions.Count > 0
                ? item.Definitions
                : table.Functions.Count == 1 && table.Alias is { } alias ? alias.Definitions : [];
            var fields = FunctionFields(call, definitions, item, table);
            isScalar = fields.Count == 1 && !call.Type.IsRecord;
            var outputs = fields.Select(field => NewColumn(field.Name, field.Type)).ToEquatableArray();
            if (definitions.Count > 0) call = call with { Type = SqlType.Record(fields.ToArray()) };
            items.Add(new FunctionScanItem(call, outputs));
            columns.AddRange(outputs.Select((output, i) => new ScopeColumn(fields[i].Name, new ColumnRef(output))));
        }

        var ordinality = table.WithOrdinality ? NewColumn("ordinality", SqlType.Int8) : null;
        if (ordinality is not null) columns.Add(new ScopeColumn("ordinality", new ColumnRef(ordinality)));
        var name = table.Alias?.Name ?? (table.IsRowsFrom ? null : FunctionName(table.Functions[0].Call));
        var entry = new RangeEntry(name, null, null, columns) { IsScalarFunction = isScalar && columns.Count == 1 };
        return Visible(new FunctionScan(items.ToEquatableArray(), ordinality), ApplyAlias(entry, table.Alias));
    }

    /// <summary>unnest(a, b) in FROM is ROWS FROM (unnest(a), unnest(b)).</summary>
    private static IEnumerable<FunctionTableItem> SpreadUnnest(FunctionTableItem item) =>
        item.Call is FunctionCall { Name.Name: "unnest", Arguments.Count: > 1 } call
            ? call.Arguments.Select(argument => item with { Call = call with { Arguments = [argument] } })
            : [item];

    private static string FunctionName(Expression call) => call is FunctionCall function ? function.Name.Name : OutputNames.Of(call);

    private List<RecordField> FunctionFields(
        Expr call, EquatableArray<ColumnDefinition> definitions, FunctionTableItem item, FunctionTable table)
    {
        if (definitions.Count > 0)
        {
            if (!call.Type.IsRecord || call.Type.Fields.Count > 0)
            {
                throw new SqlException(SqlState.SyntaxError, call.Type.IsRecord
                    ? "a column definition list is redundant for a function with OUT parameters"
                    : "a column definition list is only allowed for functions returning \"record\"")
                {
                    Position = definitions[0].Span.Position,
                };
            }

            return definitions.Select(definition => new RecordField(definition.Name, BindType(definition.Type))).ToList();
        }

        if (!call.Type.IsRecord)
        {
            // A lone function of one scalar column lends its alias to the column.
            var isLone =
                table is { IsRowsFrom: false, Functions: [{ Call: not FunctionCall { Name.Name: "unnest", Arguments.Count: > 1 } }] };
            var function = call switch { SetCall set => set.Function, Call plain => plain.Function, _ => null };
            var name = function is { OutputFields: [{ Name: var output }] } ? output
                : isLone && table.Alias?.Name is { } alias ? alias
                : FunctionName(item.Call);
            return [new RecordField(name, call.Type)];
        }

        if (call.Type.Fields.Count > 0) return [.. call.Type.Fields];
        throw new SqlException(SqlState.SyntaxError, "a column definition list is required for functions returning \"record\"")
        {
            Position = item.Span.Position,
        };
    }

    /// <summary>The query of a function without arguments that shows the rows of a system view; null for every other item.</summary>
    private QueryTable? BodyOf(FunctionTable table)
    {
        if (table is not { WithOrdinality: false, IsRowsFrom: false,
            Functions: [{ Definitions.Count: 0,
                Call: FunctionCall { Arguments.Count: 0, Name: { Qualifier: null or "pg_catalog" } name } }] }) return null;
        foreach (var function in _catalog.FunctionsNamed(name.Name))
            if (function is { ReturnsSet: true, ArgumentTypes.Count: 0 } && SqlFunctions.Find(function) is ScalarQueryExpression body)
                return new QueryTable(body.Query, IsLateral: false)
                    { Alias = table.Alias ?? new TableAlias(name.Name, [], []), Span = table.Span };
        return null;
    }

    private FromResult BindJoin(JoinTable join, BindScope scope)
    {
        var outer = scope.Items;
        var left = BindTable(join.Left, scope);
        var lateralIsLegal = join.Kind is JoinKind.Inner or JoinKind.Cross or JoinKind.Left;
        var leftItems = left.Items.Select(item => item with { IsLateralLegal = item.IsLateralLegal && lateralIsLegal });
        var right = WithItems(scope, [.. outer, .. leftItems], () => BindTable(join.Right, scope));
        RequireDistinctAliases(left.Items, right.Items);
        var type = join.Kind switch
        {
            JoinKind.Left => JoinType.Left,
            JoinKind.Right => JoinType.Right,
            JoinKind.Full => JoinType.Full,
            _ => JoinType.Inner,
        };
        if (type is JoinType.Right or JoinType.Full) left = Optional(left);
        if (type is JoinType.Left or JoinType.Full) right = Optional(right);
        var merged = join.IsNatural ? CommonColumns(left, right) : join.Using.ToArray();
        if (merged.Length > 0 || join.Using.Count > 0) return BindUsing(join, type, left, right, merged);

        List<NamespaceItem> both = [.. left.Items, .. right.Items];
        Expr condition = new Constant(true, SqlType.Bool);
        if (join.On is { } on)
            condition = WithItems(scope, both,
                () => CoerceToBoolean(BindExpression(on, scope, ExpressionContext.JoinCondition), "JOIN/ON", on.Span));
        if (type == JoinType.Full) RequireEquality(condition, left.Plan, right.Plan);
        var plan = MakeJoin(type, left.Plan, right.Plan, condition);
        if (join.Alias is null) return new FromResult(plan, both);
        var columns = both.Where(item => item.AreColumnsVisible).SelectMany(item => item.Entry.Columns)
            .Where(column => !column.IsSystem).ToList();
        return Visible(plan, ApplyAlias(new RangeEntry(join.Alias.Name, null, null, columns), join.Alias));
    }

    /// <summary>
    /// A full join needs an equality of the two sides to find the rows without a partner by; constants it takes as they are.
    /// </summary>
    private static void RequireEquality(Expr condition, LogicalPlan left, LogicalPlan right)
    {
        var (first, second) = (Ids(left), Ids(right));
        var terms = Conjuncts.Of(condition).ToArray();
        if (Array.TrueForAll(terms, term => term is Constant) || Array.Exists(terms, IsEquality)) return;
        throw new SqlException(SqlState.FeatureNotSupported,
            "FULL JOIN is only supported with merge-joinable or hash-joinable join conditions");

        bool IsEquality(Expr term) => term is Call { Operator: "=", Arguments: [var a, var b] }
            && ((IsOf(a, first) && IsOf(b, second)) || (IsOf(a, second) && IsOf(b, first)));
        static bool IsOf(Expr side, HashSet<int> columns) => PlanColumns.Of(side) is { Count: > 0 } named && named.IsSubsetOf(columns);
        static HashSet<int> Ids(LogicalPlan plan) => plan.Columns.Select(column => column.Id).ToHashSet();
    }

    private static string[] CommonColumns(FromResult left, FromResult right)
    {
        var names = right.Items.Where(item => item.AreColumnsVisible).SelectMany(item => item.Entry.Columns)
            .Where(column => !column.IsHidden).Select(column => column.Name).ToHashSet(StringComparer.Ordinal);
        return left.Items.Where(item => item.AreColumnsVisible).SelectMany(item => item.Entry.Columns).Select(column => column.Name)
            .Where(names.Contains).Distinct().ToArray();
    }

    private FromResult BindUsing(JoinTable join, JoinType type, FromResult left, FromResult right, string[] names)
    {
        var columns = new List<ScopeColumn>();
        var terms = new List<Expr>();
        foreach (var name in names)
        {
            var first = UsingColumn(left, name, "left");
            var second = UsingColumn(right, name, "right");
            var (_, unified) = Unify("JOIN/USING", [first.Value, second.Value]);
            terms.Add(Equals(Touch(first.Value), Touch(second.Value), join.Span));
            var value = type switch
            {
                JoinType.Right => unified[1],
                JoinType.Full => new Coalesce(unified.ToEquatableArray(), unified[0].Type),
                _ => unified[0],
            };
            var origin = type == JoinType.Right ? second : first;
            columns.Add(new ScopeColumn(name, value) { TableOid = origin.TableOid, AttributeNumber = origin.AttributeNumber });
        }

        var mergedOnly = columns.ToList();
        columns.AddRange(left.Items.Concat(right.Items).Where(item => item.AreColumnsVisible).SelectMany(item => item.Entry.Columns)
            .Where(column => !names.Contains(column.Name) && !(join.Alias is not null && column.IsSystem)));
        var plan = MakeJoin(type, left.Plan, right.Plan, Conjunction(terms));
        if (join.Alias is not null) return Visible(plan, ApplyAlias(new RangeEntry(join.Alias.Name, null, null, columns), join.Alias));
        List<NamespaceItem> items =
        [
            new(new RangeEntry(null, null, null, columns), IsTableVisible: false, AreColumnsVisible: true),
            .. left.Items.Concat(right.Items).Select(item => item with { AreColumnsVisible = false }),
        ];
        if (join.UsingAlias is { } usingAlias)
        {
            var item = new NamespaceItem(new RangeEntry(usingAlias, null, null, mergedOnly), IsTableVisible: true,
                AreColumnsVisible: false);
            RequireDistinctAliases(items, [item]);
            items.Add(item);
        }

        return new FromResult(plan, items);
    }

    private static ScopeColumn UsingColumn(FromResult side, string name, string which)
    {
        var matches = side.Items.Where(item => item.AreColumnsVisible).SelectMany(item => item.Entry.Columns)
            .Where(column => column.Name == name).ToArray();
        return matches.Length switch
        {
            1 => matches[0],
            0 => throw new SqlException(SqlState.UndefinedColumn,
                $"column \"{name}\" specified in USING clause does not exist in {which} table"),
            _ => throw new SqlException(SqlState.AmbiguousColumn, $"common column name \"{name}\" appears more than once in {which} table"),
        };
    }

    private static FromResult Visible(LogicalPlan plan, RangeEntry entry) =>
        new(plan, [new NamespaceItem(entry, entry.Alias is not null, true)]);

    private static RangeEntry ApplyAlias(RangeEntry entry, TableAlias? alias)
    {
        if (alias is null || alias.Columns.Count == 0) return entry;
        if (alias.Columns.Count > entry.Columns.Count(column => !column.IsSystem))
        {
            throw new SqlException(SqlState.InvalidColumnReference,
                $"table \"{entry.Alias}\" has {entry.Columns.Count(column => !column.IsSystem)} columns available but "
                    + $"{alias.Columns.Count} columns specified");
        }

        var columns = entry.Columns
            .Select((column, i) => i < alias.Columns.Count ? column with { Name = alias.Columns[i] } : column).ToList();
        return entry with { Columns = columns };
    }

    /// <summary>Runs a binding step with other names visible.</summary>
    private static T WithItems<T>(BindScope scope, List<NamespaceItem> items, Func<T> bind)
    {
        var (saved, hidden) = (scope.Items, scope.Hidden);
        scope.Items = items;
        scope.Hidden = [.. hidden, .. saved.Except(items)];
        try
        {
            return bind();
        }
        finally
        {
            (scope.Items, scope.Hidden) = (saved, hidden);
        }
    }
}
