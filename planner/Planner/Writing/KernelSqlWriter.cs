using System.Diagnostics;
using System.Globalization;
using Federation.Core.Execution;

namespace Federation.Planner.Writing;

/// <summary>An input that written SQL names: the scan or exchange it stands for and the identifiers its columns must have.</summary>
public sealed record WrittenInput(string Name, LeafPlan Source, EquatableArray<string> ColumnNames)
{
    /// <summary>Whether a recursive query reads it again and again.</summary>
    public bool IsRepeated { get; init; }
}

/// <summary>A fragment as kernel SQL.</summary>
public sealed record WrittenQuery(string Sql, IReadOnlyList<WrittenInput> Inputs, EquatableArray<RecordField> Columns)
{
    /// <summary>$2, $3, … of the text.</summary>
    public EquatableArray<Core.Values.LargeValue> Values { get; init; }

    /// <summary>
    /// The kernel has no rows without columns: what gives such rows gives this column, and who reads them counts it only.
    /// </summary>
    private static readonly EquatableArray<RecordField> s_rowMarker = [new RecordField("_", SqlType.Int4)];

    /// <summary>What the kernel gives for columns of a plan.</summary>
    public static EquatableArray<RecordField> Given(EquatableArray<RecordField> columns) => columns.Count == 0 ? s_rowMarker : columns;
}

/// <summary>
/// Writes a plan as one kernel statement over named inputs. Clauses are merged into one SELECT as long as SQL's order of evaluation allows,
/// so that the text stays readable; where it does not, the block becomes a derived table.
/// </summary>
public sealed partial class KernelSqlWriter
{
    private readonly KernelNames _names = new();
    private readonly KernelValues _values = new();
    private readonly KernelExpressionWriter _expressions;
    private readonly KernelWorkarounds _workarounds;
    private readonly List<WrittenInput> _inputs = [];
    private readonly HashSet<int> _summed = [];
    private readonly bool _keepsJoinOrder;

    private KernelSqlWriter(LogicalPlan plan)
    {
        _keepsJoinOrder = ReadsExchange(plan);
        _workarounds = KernelWorkarounds.Of(plan);
        _repeated = CteReads.Repeated(plan);
        _hoisted.Add(new HoistScope([], []));
        _expressions = new KernelExpressionWriter(_names, new SubqueryWriter(inner => Block(inner).Render(), Derived, Hoist), _values,
            LargeTexts.AreMadeBy(plan));
    }

    /// <summary>Writes a plan whose parameters are already replaced by constants.</summary>
    public static WrittenQuery Write(LogicalPlan plan)
    {
        var writer = new KernelSqlWriter(plan);
        var sql = writer.WithHoisted(writer.Listed(plan));
        var columns = plan.Columns.Select(column => new RecordField(writer._names.Plain(column), column.Type)).ToEquatableArray();
        return new WrittenQuery(sql, writer._inputs, WrittenQuery.Given(columns)) { Values = writer._values.Values };
    }

    /// <summary>
    /// Of an exchange the kernel knows the rows but not how many values a column has, and would join first what meets in a few-valued
    /// column. The distributor has ordered the joins knowing the tables that the rows come from; the kernel does not move a derived table.
    /// </summary>
    private static bool ReadsExchange(LogicalPlan plan) => plan is RemoteSource || plan.Inputs.Any(ReadsExchange);

    /// <summary>One SELECT under construction. A block without select items passes all columns of its source.</summary>
    private sealed class SelectBlock(string from)
    {
        public string With { get; set; } = "";

        public string From { get; } = from;

        public List<string> Where { get; } = [];

        /// <summary>The select list; null until something projects.</summary>
        public string? Items { get; set; }

        public string? GroupBy { get; set; }

        public bool IsDistinct { get; set; }

        public string? OrderBy { get; set; }

        public string? Limit { get; set; }

        /// <summary>A complete statement such as a set operation, to which only ORDER BY and LIMIT can be added.</summary>
        public string? Whole { get; set; }

        /// <summary>Whether LIMIT, OFFSET or DISTINCT ON choose rows here; see <see cref="KernelWorkarounds"/>.</summary>
        public bool IsCut { get; set; }

        public bool IsBareSource =>
            Items is null && Where.Count == 0 && OrderBy is null && Limit is null && Whole is null && With.Length == 0;

        public string Render()
        {
            var text = Whole ?? $"SELECT {(IsDistinct ? "DISTINCT " : "")}{Items ?? "*"} FROM {From}"
                + (Where.Count > 0 ? $" WHERE {string.Join(" AND ", Where)}" : "")
                + (GroupBy is { } group ? $" GROUP BY {group}" : "");
            return With + text + (OrderBy is { } order ? $" ORDER BY {order}" : "") + (Limit ?? "");
        }
    }

    private SelectBlock Block(LogicalPlan plan)
    {
        StatementGuard.EnterLevel();
        switch (plan)
        {
            case Scan or RemoteSource or Values or FunctionScan or CteScan or Join:
                return new SelectBlock(Source(plan));
            case Filter filter:
            {
                var block = Block(filter.Input);
                if (block.Items is not null || block.Limit is not null || block.OrderBy is not null || block.Whole is not null)
                    block = Wrap(block);
                foreach (var term in filter.Predicate is And and ? and.Terms : [filter.Predicate]) block.Where.Add(Condition(term));
                return block;
            }

            case Project project:
            {
                var block = Block(project.Input);
                if (block.Items is not null || block.Whole is not null || block.OrderBy is not null || block.Limit is not null)
                    block = Wrap(block);
                block.Items = Items(project.Assignments);
                return block;
            }

            case ProjectSet set:
            {
                var block = Wrap(Block(set.Input));
                var passed = set.Input.Columns.Select(column => _names.Of(column));
                var calls = set.Calls.Select(call => $"unnest({_expressions.Write(call.Expression)}) AS {_names.Of(call.Column)}");
                block.Items = string.Join(", ", passed.Concat(calls));
                return Wrap(block);
            }

            case Aggregate aggregate: return WriteAggregate(aggregate);
            case Window window:
            {
                var block = Block(window.Input);
                if (!block.IsBareSource) block = Wrap(block);
                block.Items = string.Join(", ", window.Input.Columns.Select(column => _names.Of(column)).Concat(window.Calls.Select(Item)));
                return Wrap(block);
            }

            case Distinct distinct: return WriteDistinct(distinct);
            case DistinctOn distinct: return WriteDistinctOn(distinct);
            case Sort sort:
            {
                var block = Block(sort.Input);
                if (block.OrderBy is not null || block.Limit is not null || block.Items is null || MayNotSort(block, sort))
                    block = Wrap(block);
                block.OrderBy = _expressions.SortKeys(sort.Keys);
                return block;
            }

            case Limit limit: return WriteLimit(limit);
            case SetOperation operation: return WriteSetOperation(operation);
            case With with: return WriteWith(with);
            default: throw new UnreachableException(plan.GetType().Name);
        }
    }

    /// <summary>
    /// The kernel refuses expressions of names in ORDER BY that stand for what has side effects, such as raising an error.
    /// </summary>
    private static bool MayNotSort(SelectBlock block, Sort sort) =>
        block.Items is { } items && sort.Keys.Any(key => KernelExpressionWriter.HasKey(key.Expression.Type))
            && (items.Contains("error(", StringComparison.Ordinal) || items.Contains("random()", StringComparison.Ordinal));

    private SelectBlock Wrap(SelectBlock block) => block.IsBareSource ? block : new SelectBlock(AsTable(block));

    private string AsTable(SelectBlock block)
    {
        if (!block.IsCut) return $"({block.Render()}) AS {_names.NewTable()}";
        var cut = _names.NewTable();
        return $"(WITH {cut} AS MATERIALIZED ({block.Render()}) SELECT * FROM {cut}) AS {_names.NewTable()}";
    }

    /// <summary>A condition that rows must meet.</summary>
    private string Condition(Expr term) =>
        _workarounds.NamesOuterInequality(term) ? $"({_expressions.Write(term)} IS TRUE)" : _expressions.Write(term);

    /// <summary>What stands in FROM for a plan.</summary>
    private string Source(LogicalPlan plan) => plan switch
    {
        Scan scan => AddInput(scan, scan.Source.Table),
        RemoteSource source => AddInput(source, $"fragment_{source.Fragment.ToString(CultureInfo.InvariantCulture)}"),
        Values values => WriteValues(values),
        FunctionScan functions => WriteFunctions(functions),
        CteScan scan => WriteCteScan(scan),
        Join join => WriteJoin(join),
        _ => Derived(plan),
    };

    private string Derived(LogicalPlan plan) => AsTable(Block(plan));

    private string AddInput(LeafPlan source, string wish)
    {
        var name = _names.NewRelation(wish);
        _inputs.Add(new WrittenInput(name, source, source.Columns.Select(column => _names.Plain(column)).ToEquatableArray())
            { IsRepeated = _repetitions > 0 });
        return KernelLiterals.Identifier(name);
    }

    private string WriteValues(Values values)
    {
        if (values.Rows.Count == 0)
        {
            var none = values.Outputs.Count == 0
                ? "1"
                : string.Join(", ", values.Outputs.Select(column => $"CAST(NULL AS {column.Type.KernelName}) AS {_names.Of(column)}"));
            return $"(SELECT {none} WHERE FALSE) AS {_names.NewTable()}";
        }

        if (values.Outputs.Count == 0)
            return values.Rows.Count == 1 ? $"(SELECT 1) AS {_names.NewTable()}" : $"range({values.Rows.Count}) AS {_names.NewTable()}";

        // Values of different shapes keep their own types only when each is cast to the column's.
        var rows = values.Rows
            .Select(row =>
                $"({string.Join(", ", row.Select((cell, i) => $"CAST({_expressions.Write(cell)} AS {values.Outputs[i].Type.KernelName})"))})");
        return $"(VALUES {string.Join(", ", rows)}) AS "
            + $"{_names.NewTable()}({string.Join(", ", values.Outputs.Select(column => _names.Of(column)))})";
    }

    private string WriteFunctions(FunctionScan scan)
    {
        if (scan is { Ordinality: null,
            Functions: [{ Call: SetCall { Function.Name: "generate_series", Arguments: var bounds } call, Outputs: [var output] }] }
            && bounds.All(bound => bound is Constant { Value: int or long } or Cast { Operand: Constant })
            && call.Type.Storage is Storage.Int32 or Storage.Int64)
        {
            // As a table function a long series streams; as a list it would be held whole.
            return $"(SELECT CAST(s AS {call.Type.KernelName}) AS {_names.Of(output)} FROM {SeriesFunction(bounds)} AS "
                + $"{_names.NewTable()}(s))";
        }

        var lists = scan.Functions
            .Select(item => item.Call is SetCall ? _expressions.Write(item.Call) : $"[{_expressions.Write(item.Call)}]").ToArray();
        var inner = new List<string>();
        var outer = new List<string>();
        for (var i = 0; i < lists.Length; i++)
        {
            var item = scan.Functions[i];
            if (item.Call.Type.IsRecord)
            {
                inner.Add($"unnest({lists[i]}) AS r{i}");
                outer.AddRange(item.Outputs.Select((column, field) =>
                    $"CAST(struct_extract(r{i}, {KernelLiterals.Text(item.Call.Type.KernelFieldName(field))}) AS "
                        + $"{column.Type.KernelName}) AS {_names.Of(column)}"));
            }
            else
            {
                inner.Add($"unnest({lists[i]}) AS {_names.Of(item.Outputs[0])}");
                outer.Add(_names.Of(item.Outputs[0]));
            }
        }

        if (scan.Ordinality is { } ordinality)
        {
            var longest = lists.Length == 1 ? $"len({lists[0]})" : $"greatest({string.Join(", ", lists.Select(list => $"len({list})"))})";
            inner.Add($"unnest(generate_series(CAST(1 AS BIGINT), {longest})) AS {_names.Of(ordinality)}");
            outer.Add(_names.Of(ordinality));
        }

        return $"(SELECT {string.Join(", ", outer)} FROM (SELECT {string.Join(", ", inner)}) AS {_names.NewTable()}) AS {_names.NewTable()}";
    }

    private string SeriesFunction(EquatableArray<Expr> bounds)
    {
        if (bounds.Count == 3 && bounds[2] is Constant { Value: 0 or 0L })
            throw new SqlException(SqlState.InvalidParameterValue, "step size cannot equal zero");
        return $"generate_series({string.Join(", ", bounds.Select(bound => $"CAST({_expressions.Write(bound)} AS BIGINT)"))})";
    }

    private string WriteJoin(Join join)
    {
        if (join is { IsLateral: true, Type: JoinType.Left } and not { Condition: Constant })
        {
            // The kernel takes only comparisons of the two sides as the condition of such a join; inside of the right side any condition
            // says the same.
            join = join with { Right = new Filter(join.Right, join.Condition), Condition = new Constant(true, SqlType.Bool) };
        }

        var left = Source(join.Type.DropsUnmatchedLeft ? Filtering(join.Left, join.Condition) : join.Left);
        var right = join.IsLateral
            ? $"LATERAL {Derived(join.Right)}"
            : Source(join.Type.DropsUnmatchedRight ? Filtering(join.Right, join.Condition) : join.Right);
        if (join.Left is Join) left = Nested(left);
        if (join.Right is Join && !join.IsLateral) right = Nested(right);
        if (join is { Type: JoinType.Inner, Condition: Constant { Value: true } }) return $"{left} CROSS JOIN {right}";
        var kind = join.Type switch
        {
            JoinType.Left => "LEFT JOIN",
            JoinType.Right => "RIGHT JOIN",
            JoinType.Full => "FULL JOIN",
            JoinType.Semi => "SEMI JOIN",
            JoinType.Anti => "ANTI JOIN",
            _ => "JOIN",
        };
        return $"{left} {kind} {right} ON "
            + $"{(join.Condition is And terms ? $"({string.Join(" AND ", terms.Terms.Select(Condition))})" : Condition(join.Condition))}";

        string Nested(string joined) => _keepsJoinOrder ? $"(SELECT * FROM {joined}) AS {_names.NewTable()}" : $"({joined})";
    }

    /// <summary>
    /// A side of a join whose unmatched rows are not kept. The kernel takes the keys of its hash table down to the scan of the other side
    /// as a Bloom filter, but only where it sees that something has filtered them; of an exchange it does not see that. A condition that
    /// every row of the join meets says it.
    /// </summary>
    private static LogicalPlan Filtering(LogicalPlan side, Expr condition)
    {
        if (side is not (RemoteSource or Project { Input: RemoteSource })) return side;
        var columns = side.Columns.Select(column => column.Id).ToHashSet();
        var key = Conjuncts.Of(condition).OfType<Call>().Where(call => call.Operator == "=").SelectMany(call => call.Arguments)
            .OfType<ColumnRef>().FirstOrDefault(reference => columns.Contains(reference.Column.Id));
        return key is null ? side : new Filter(side, new Not(new IsNull(key)));
    }

    private string Items(IEnumerable<Assignment> assignments)
    {
        var items = string.Join(", ", assignments.Select(Item));
        return items.Length == 0 ? "1 AS \"_\"" : items;
    }

    /// <summary>A computed column is cast to its type: the kernel narrows constants and widens sums by rules of its own.</summary>
    private string Item(Assignment assignment)
    {
        if (assignment.IsPassThrough) return _names.Of(assignment.Column);
        if (_summed.Contains(assignment.Column.Id))
            return $"{_expressions.WriteSummed(assignment.Expression)} AS {_names.Of(assignment.Column)}";
        var text = _expressions.Write(assignment.Expression);
        return assignment.Expression is Constant or ColumnRef
            ? $"{text} AS {_names.Of(assignment.Column)}"
            : $"CAST({text} AS {assignment.Column.Type.KernelName}) AS {_names.Of(assignment.Column)}";
    }

    private SelectBlock WriteAggregate(Aggregate aggregate)
    {
        _summed.UnionWith(SummedColumns.Of(aggregate));
        var block = Block(aggregate.Input);
        if (block.Items is not null || block.Whole is not null || block.OrderBy is not null || block.Limit is not null) block = Wrap(block);
        var keys = aggregate.Keys.Select(key => _expressions.GroupKey(key.Expression)).ToArray();
        var items = aggregate.Keys.Select((key, i) => KernelExpressionWriter.HasKey(key.Expression.Type)
                ? $"{Representative(key.Expression)} AS {_names.Of(key.Column)}"
                : key.IsPassThrough ? _names.Of(key.Column) : $"{keys[i]} AS {_names.Of(key.Column)}")
            .Concat(aggregate.Aggregates.Select(Item)).ToArray();
        block.Items = items.Length == 0 ? "1 AS \"_\"" : string.Join(", ", items);
        if (aggregate.Sets.Count > 0)
        {
            var sets = aggregate.Sets.Select(set => $"({string.Join(", ", set.Select(index => keys[index]))})");
            block.GroupBy = $"GROUPING SETS ({string.Join(", ", sets)})";
        }
        else if (keys.Length > 0)
        {
            block.GroupBy = string.Join(", ", keys);
        }
        else if (aggregate.Aggregates.Count == 0)
        {
            // One row whatever the input: HAVING or a bare GROUP BY () without aggregates.
            block.Items = "CAST(count(*) AS INTEGER) AS \"_\"";
        }

        return block;

        // A set without the key has NULL for it, not one of the values.
        string Representative(Expr key)
        {
            var value = $"any_value({_expressions.Write(key)})";
            return aggregate.Sets.Count == 0 ? value : $"CASE WHEN {_expressions.WriteGrouping([key])} = 0 THEN {value} END";
        }
    }

    private SelectBlock WriteDistinct(Distinct distinct)
    {
        var columns = distinct.Columns;
        if (!columns.Any(column => KernelExpressionWriter.HasKey(column.Type)))
        {
            var plain = Block(distinct.Input);
            if (plain.Items is null || plain.GroupBy is not null || plain.OrderBy is not null || plain.Limit is not null
                || plain.Whole is not null) plain = Wrap(plain);

            // Named, so that what stands above does not put its own items in their place.
            plain.Items ??= columns.Count == 0 ? "1 AS \"_\"" : string.Join(", ", columns.Select(column => _names.Of(column)));
            plain.IsDistinct = true;
            return plain;
        }

        var block = Wrap(Block(distinct.Input));
        block.Items =
            string.Join(", ",
                columns.Select(column => KernelExpressionWriter.HasKey(column.Type)
                    ? $"any_value({_names.Of(column)}) AS {_names.Of(column)}"
                    : _names.Of(column)));
        block.GroupBy = string.Join(", ", columns.Select(column => _expressions.Key(new ColumnRef(column))));
        return block;
    }

    private SelectBlock WriteDistinctOn(DistinctOn distinct)
    {
        var block = Wrap(Block(distinct.Input));
        block.Items =
            $"DISTINCT ON ({string.Join(", ", distinct.Keys.Select(key => _expressions.Key(key)))}) "
                + $"{string.Join(", ", distinct.Columns.Select(column => _names.Of(column)))}";
        if (distinct.OrderBy.Count > 0) block.OrderBy = _expressions.SortKeys(distinct.OrderBy);
        block.IsCut = _workarounds.KeepsFiltersAbove(distinct);
        return block;
    }

    private SelectBlock WriteLimit(Limit limit)
    {
        if (limit.WithTies) return WriteTies(limit);
        var block = Block(limit.Input);
        if (block.Limit is not null || (block.Items is null && block.Whole is null)) block = Wrap(block);
        block.Limit = (limit.Count is null or Constant { Value: null }
            ? ""
            : $" LIMIT {Count(limit.Count, "LIMIT", SqlState.InvalidRowCountInLimitClause)}")
            + (limit.Offset is null or Constant { Value: null }
                ? ""
                : $" OFFSET {Count(limit.Offset, "OFFSET", SqlState.InvalidRowCountInResultOffsetClause)}");
        block.IsCut = _workarounds.KeepsFiltersAbove(limit);
        return block;
    }

    private string Count(Expr count, string clause, SqlState state)
    {
        if (count is not Constant { Value: long number }) return $"({_expressions.Write(count)})";
        if (number < 0) throw new SqlException(state, $"{clause} must not be negative");
        return number.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Rows up to the offset are dropped by number; then all rows whose rank is within the count stay.</summary>
    private SelectBlock WriteTies(Limit limit)
    {
        if (limit.Input is not Sort sort)
            throw new SqlException(SqlState.SyntaxError, "WITH TIES cannot be specified without ORDER BY clause");
        var keys = _expressions.SortKeys(sort.Keys);
        var offset = limit.Offset is null or Constant { Value: null }
            ? "0"
            : Count(limit.Offset, "OFFSET", SqlState.InvalidRowCountInResultOffsetClause);
        var count = limit.Count is null or Constant { Value: null }
            ? "9223372036854775807"
            : Count(limit.Count, "LIMIT", SqlState.InvalidRowCountInLimitClause);
        var block = Wrap(Block(sort.Input));
        block.Items = $"*, rank() OVER (ORDER BY {keys}) AS \"_rank\", row_number() OVER (ORDER BY {keys}) AS \"_number\"";
        block = Wrap(block);
        block.Where.Add($"\"_number\" > {offset}");
        block.Where.Add($"\"_rank\" <= {offset} + {count}");
        block.Items = string.Join(", ", limit.Columns.Select(column => _names.Of(column)));
        block.OrderBy = keys;
        return block;
    }

    private SelectBlock WriteSetOperation(SetOperation operation)
    {
        var word = operation.Type.ToString().ToUpperInvariant() + (operation.IsAll ? " ALL" : "");
        if (operation is not { Type: SetOperationType.Union, IsAll: true }
            && operation.Outputs.Any(column => KernelExpressionWriter.HasKey(column.Type)))
        {
            if (operation.Type != SetOperationType.Union) return WriteKeyedOperation(operation);
            return WriteDistinct(new Distinct(operation with { IsAll = true }));
        }

        return new SelectBlock("") { Whole = string.Join($" {word} ", Arms(operation).Select(Arm)) };

        string Arm(LogicalPlan plan)
        {
            var source = Derived(plan);
            var items = string.Join(", ", operation.Outputs.Select((column, i) => $"{_names.Of(plan.Columns[i])} AS {_names.Of(column)}"));
            return $"SELECT {(items.Length == 0 ? "1 AS \"_\"" : items)} FROM {source}";
        }
    }

    /// <summary>What a set operation combines. UNION ALL of many is one list: hundreds of levels would take the kernel minutes.</summary>
    private static IEnumerable<LogicalPlan> Arms(SetOperation operation)
    {
        if (operation is not { Type: SetOperationType.Union, IsAll: true }) return [operation.Left, operation.Right];
        var arms = new List<LogicalPlan>();
        var pending = new Stack<LogicalPlan>([operation]);
        while (pending.TryPop(out var plan))
        {
            if (plan is SetOperation { Type: SetOperationType.Union, IsAll: true } union)
            {
                pending.Push(union.Right);
                pending.Push(union.Left);
            }
            else
            {
                arms.Add(plan);
            }
        }

        return arms;
    }

    /// <summary>
    /// INTERSECT and EXCEPT by keys, for columns whose equal values may be written differently: rows of both sides are grouped by key and
    /// counted by side; a result row is one of the left side's.
    /// </summary>
    private SelectBlock WriteKeyedOperation(SetOperation operation)
    {
        string Side(LogicalPlan plan, int side) =>
            $"SELECT {string.Join(", ", operation.Outputs.Select((column, i) => $"{_names.Of(plan.Columns[i])} AS {_names.Of(column)}"))}, {side} AS \"_side\" FROM {Derived(plan)}";
        var items = operation.Outputs
            .Select(column => $"any_value({_names.Of(column)}) FILTER (WHERE \"_side\" = 0) AS {_names.Of(column)}");
        var keys = operation.Outputs.Select(column => _expressions.Key(new ColumnRef(column)));
        var groups =
            $"SELECT {string.Join(", ", items)}, count(*) FILTER (WHERE \"_side\" = 0) AS \"_left\", count(*) FILTER (WHERE \"_side\" = "
                + "1) AS \"_right\" "
            + $"FROM ({Side(operation.Left, 0)} UNION ALL {Side(operation.Right, 1)}) AS {_names.NewTable()} GROUP BY "
            + $"{string.Join(", ", keys)}";
        var copies = (operation.Type, operation.IsAll) switch
        {
            (SetOperationType.Intersect, true) => "least(\"_left\", \"_right\")",
            (SetOperationType.Intersect, false) => "CASE WHEN \"_left\" > 0 AND \"_right\" > 0 THEN 1 ELSE 0 END",
            (_, true) => "greatest(\"_left\" - \"_right\", 0)",
            _ => "CASE WHEN \"_left\" > 0 AND \"_right\" = 0 THEN 1 ELSE 0 END",
        };
        var names = string.Join(", ", operation.Outputs.Select(column => _names.Of(column)));
        return new SelectBlock("")
        {
            Whole =
                $"SELECT {names} FROM (SELECT *, unnest(range({copies})) AS \"_copy\" FROM ({groups}) AS {_names.NewTable()}) AS "
                    + $"{_names.NewTable()}",
        };
    }

    /// <summary>The query with its columns in the plan's order, which a bare source need not have.</summary>
    private string Listed(LogicalPlan plan)
    {
        var block = Block(plan);
        if (block is { Items: null, Whole: null })
            block.Items = plan.Columns.Count == 0 ? "1 AS \"_\"" : string.Join(", ", plan.Columns.Select(column => _names.Of(column)));
        return block.Render();
    }
}
