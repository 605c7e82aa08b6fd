using Federation.Planner.Functions;

namespace Federation.Planner.Writing;

/// <summary>Aggregates, windows and subqueries.</summary>
internal sealed partial class KernelExpressionWriter
{
    /// <summary>
    /// string_agg whose separator differs by row: the separator of a row stands before it, that of the first row is dropped, a NULL one is
    /// empty. Without a value there is none.
    /// </summary>
    private const string SeparatedByRow =
        "list_extract(list_transform([list_filter({list}, lambda p: struct_extract(p, 'v') IS NOT NULL)], lambda l: CASE WHEN len(l) > 0 "
            + "THEN array_to_string(list_transform(l, lambda q, i: CASE WHEN i = 1 THEN struct_extract(q, 'v') ELSE "
            + "coalesce(struct_extract(q, 's'), '') || struct_extract(q, 'v') END), '') END), 1)";

    private string WriteAggregate(AggregateCall call, WindowCall? window = null)
    {
        if (call.Function.Signature == "string_agg(bytea,bytea)") return $"unhex({WriteAggregate(OverDigits(call), window)})";

        // A separator that is NULL is none.
        if (call is { Function.Signature: "string_agg(text,text)", Arguments: [var joined, Constant { Value: null } separator] })
            call = call with { Arguments = [joined, separator with { Value = "" }] };
        var arguments = call.Arguments.Concat(call.Function.AggregateKind == 'n' ? [] : call.OrderBy.Select(key => key.Expression))
            .Select(argument => (Text: Write(argument), argument.Type)).ToArray();
        if (call.IsDistinct && call.Arguments.Any(argument => HasEqualForms(argument.Type)))
        {
            if (call.Function.Name == "array_agg" && window is null && !call.Arguments[0].Type.IsArray) return WriteDistinctItems(call);
            if (!IsListed(call)) RequireOneForm(call, arguments);
        }

        // A sum of numerics of any length has no shape: that is the second run, which must not overflow.
        var digits = call.Arguments is [{ Type: { IsNumeric: true, Decimal: { } declared } }] ? declared.Precision : (byte)0;
        if (window is null
            && call is { Function.Name: "sum", Type.Decimal: not null,
                Arguments: [{ Type: { IsNumeric: true, Decimal: not null } } summed] })
        {
            var (narrow, held) = WriteNarrow(summed);
            (arguments[0], digits) = ((narrow, summed.Type), held.Precision);
        }

        var template = AggregateTemplate(call, digits);
        var clauses = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["d"] = call.IsDistinct ? "DISTINCT " : "",
            ["o"] = AggregateOrder(call) is { Count: > 0 } order ? $" ORDER BY {SortKeys(order)}" : "",
            ["f"] = call.Filter is null ? "" : $" FILTER (WHERE {Write(call.Filter)})",
            ["w"] = window is null ? "" : Over(window, IsRegistered(template)),
        };
        return FillTemplate(template, arguments, clauses);
    }

    /// <summary>Bytes are joined in hexadecimal digits, whose order is theirs.</summary>
    private static AggregateCall OverDigits(AggregateCall call)
    {
        var encode = FunctionCatalog.Instance.Function("encode", SqlType.Bytea, SqlType.Text);
        Expr Digits(Expr bytes) => new Call(encode, [bytes, new Constant("hex", SqlType.Text)], SqlType.Text);
        return call with
        {
            Function = FunctionCatalog.Instance.Function("string_agg", SqlType.Text, SqlType.Text),
            Arguments = call.Arguments.Select(Digits).ToEquatableArray(),
            OrderBy = call.OrderBy
                .Select(key => key.Expression == call.Arguments[0] ? key with { Expression = Digits(key.Expression) } : key)
                .ToEquatableArray(),
            Type = SqlType.Text,
        };
    }

    private string AggregateTemplate(AggregateCall call, int digits)
    {
        if (call.Function.Name is "min" or "max" && call.Arguments is [var only] && HasKey(only.Type))
            return $"arg_{call.Function.Name}({{0}}, {Key(only)}){{f}}{{w}}";
        if (NumericAggregate(call, digits) is { } numeric) return numeric;
        // PostgreSQL sorts what is distinct, and so adds from the least on. In another order there may be an overflow, or none.
        if ((call.IsDistinct || call.OrderBy.Count > 0) && KernelFunctions.Find(call.Function) is { } deviation
            && deviation.IndexOf("({d}{0}){f}{w}", StringComparison.Ordinal) is > 0 and var end
            && (deviation.StartsWith("pg_var_", StringComparison.Ordinal) || deviation.StartsWith("pg_stddev_", StringComparison.Ordinal)))
            return $"{deviation[..end]}_of(list_filter(list({(call.IsDistinct
                ? "DISTINCT CAST({0} AS DOUBLE) ORDER BY CAST({0} AS DOUBLE)"
                : "CAST({0} AS DOUBLE){o}")}){{f}}, lambda e: e IS NOT NULL))";
        if (call.Function.Signature == "string_agg(text,text)" && call.Arguments[1] is not Constant { Value: string })
            return SeparatedByRow.Replace("{list}", ListOf(call, "{'s': {1}, 'v': {0}}"), StringComparison.Ordinal);
        return JsonAggregate(call) ?? HypotheticalAggregate(call)
            ?? OrderedSetAggregate(call) ?? KernelFunctions.Find(call.Function) ?? throw Unsupported(call.Function);
    }

    /// <summary>
    /// Whether the aggregate that stands before OVER in the template is not the kernel's own but one that is registered with it; those are
    /// named pg_ and something.
    /// </summary>
    private static bool IsRegistered(string template)
    {
        var end = template.IndexOf("{f}{w}", StringComparison.Ordinal);
        if (end < 0) return false;
        var depth = 0;
        var open = end - 1;
        for (; open >= 0; open--)
        {
            if (template[open] == ')') depth++;
            else if (template[open] == '(' && --depth == 0) break;
        }

        var start = open;
        while (start > 0 && (char.IsAsciiLetterOrDigit(template[start - 1]) || template[start - 1] == '_')) start--;
        return template.AsSpan(Math.Max(start, 0)).StartsWith("pg_", StringComparison.Ordinal);
    }

    /// <summary>
    /// Whether equal values may be held in different bytes: 1.5 and 1.50, 'a' and 'a '. Padded to one length the latter are the same.
    /// </summary>
    private static bool HasEqualForms(SqlType type) => type.Category != 'I' && HasKey(type) && !(type.Element ?? type).Base.IsEnum
        && type.Base != PgTypes.Xid8 && !IsSystemNumber(type.Base) && (type.IsArray || type.Base != PgTypes.Bpchar || type.Modifier < 0);

    /// <summary>The items in order, of those that are equal the first.</summary>
    private string WriteDistinctItems(AggregateCall call)
    {
        var item = call.Arguments[0];
        var type = item.Type;
        var filter = call.Filter is null ? "" : $" FILTER (WHERE {Write(call.Filter)})";
        return $"list_extract(list_transform([list({Write(item)} ORDER BY {SortKeys(AggregateOrder(call))}){filter}], "
            + $"lambda l: list_filter(l, lambda e, i: i = 1 OR {KeyOf("list_extract(l, i - 1)", type)} IS DISTINCT FROM "
            + $"{KeyOf("e", type)})), 1)";
    }

    /// <summary>Whether the aggregate is made of a list of its rows, see <see cref="ListOf"/>.</summary>
    private static bool IsListed(AggregateCall call) =>
        call.Function.Name is "json_agg" or "jsonb_agg" or "json_object_agg" or "jsonb_object_agg"
        || (call.Function.Signature == "string_agg(text,text)" && call.Arguments[1] is not Constant { Value: string });

    /// <summary>
    /// The template of a list with an item for each row of an aggregate. For DISTINCT the rows are sorted by ORDER BY and then by the other
    /// arguments, as PostgreSQL does, and of neighbours whose arguments are all equal the first stays.
    /// </summary>
    private string ListOf(AggregateCall call, string item)
    {
        if (!call.IsDistinct) return $"list({item}{{o}}){{f}}{{w}}";
        var others = call.Arguments.Where(argument => argument is not Constant && call.OrderBy.All(key => key.Expression != argument))
            .Select(argument => new SortKey(argument, IsDescending: false, NullsFirst: false));
        var order = call.OrderBy.Concat(others).ToArray() is { Length: > 0 } keys ? $" ORDER BY {SortKeys(keys)}" : "";
        var keyed = string.Join(", ", call.Arguments.Select((argument, i) => $"k{i} := {Key(argument)}"));
        return $"list_extract(list_transform([list(struct_pack(v := {item}, k := struct_pack({keyed})){order}){{f}}], lambda l: list_transform("
            + "list_filter(l, lambda e, i: i = 1 OR struct_extract(list_extract(l, i - 1), 'k') IS DISTINCT FROM struct_extract(e, 'k')), "
            + "lambda e: struct_extract(e, 'v'))), 1)";
    }

    /// <summary>
    /// The kernel's DISTINCT compares bytes. A count takes the keys instead of the values; what needs the values themselves is refused.
    /// </summary>
    private void RequireOneForm(AggregateCall call, (string Text, SqlType Type)[] arguments)
    {
        switch (call.Function.Name)
        {
            case "count": arguments[0].Text = Key(call.Arguments[0]); break;
            case "min" or "max": break;
            default:
                throw new SqlException(SqlState.FeatureNotSupported,
                    $"{call.Function.Name}(DISTINCT {call.Arguments[0].Type}) is not supported")
                {
                    Hint = call.Arguments[0].Type switch
                    {
                        { IsNumeric: true } => "Cast the argument to a numeric with precision and scale.",
                        { Base: var type } when type == PgTypes.Bpchar => "Cast the argument to text.",
                        _ => "Values that are equal may be written differently; use SELECT DISTINCT in a subquery.",
                    },
                };
        }
    }

    /// <summary>
    /// The order in which the aggregate takes its rows. For DISTINCT PostgreSQL sorts by all arguments, so that lists and joined texts come
    /// sorted; the kernel gives an order of its own, from run to run another.
    /// </summary>
    private static EquatableArray<SortKey> AggregateOrder(AggregateCall call)
    {
        if (!call.IsDistinct || call.Function.Name is not ("array_agg" or "string_agg") || call.Arguments[0] is Constant
            || call.OrderBy.Any(key => key.Expression == call.Arguments[0])) return call.OrderBy;
        if (IsListed(call)) return call.OrderBy;
        return call.OrderBy.Append(new SortKey(call.Arguments[0], IsDescending: false, NullsFirst: false)).ToEquatableArray();
    }

    /// <summary>Where a row with the direct arguments would stand among the aggregated rows.</summary>
    private string? HypotheticalAggregate(AggregateCall call)
    {
        if (call.Function.AggregateKind != 'h') return null;
        var same = new List<string>();
        var earlier = new List<string>();
        for (var i = 0; i < call.OrderBy.Count; i++)
        {
            var key = call.OrderBy[i];
            var (sorted, given) = (Key(key.Expression), Key(call.Arguments[i]));
            var lone = key.NullsFirst ? $"({sorted} IS NULL AND {given} IS NOT NULL)" : $"({sorted} IS NOT NULL AND {given} IS NULL)";
            var less = $"(coalesce({sorted} {(key.IsDescending ? ">" : "<")} {given}, FALSE) OR {lone})";
            earlier.Add(string.Join(" AND ", same.Append(less)));
            same.Add($"{sorted} IS NOT DISTINCT FROM {given}");
        }

        var before = $"({string.Join(" OR ", earlier)})";
        string Where(string condition) => $" FILTER (WHERE {(call.Filter is null ? "" : $"{Write(call.Filter)} AND ")}{condition})";
        var all = call.Filter is null ? "count(*)" : $"count(*) FILTER (WHERE {Write(call.Filter)})";
        return call.Function.Name switch
        {
            "rank" => $"(count(*){Where(before)} + 1)",
            "dense_rank" =>
                $"(count(DISTINCT struct_pack({string.Join(", ", call.OrderBy.Select((key, i) => $"k{i} := {Key(key.Expression)}"))})){Where(before)} + 1)",
            "percent_rank" => $"CASE WHEN {all} = 0 THEN 0.0::DOUBLE ELSE CAST(count(*){Where(before)} AS DOUBLE) / {all} END",
            "cume_dist" => $"(CAST(count(*){Where($"({before} OR {string.Join(" AND ", same)})")} + 1 AS DOUBLE) / ({all} + 1))",
            _ => null,
        };
    }

    /// <summary>Sums and averages of numerics: native on scaled integers, exact functions on text.</summary>
    /// <param name="digits">Digits of the decimals that the kernel adds up.</param>
    private static string? NumericAggregate(AggregateCall call, int digits)
    {
        if (call.Arguments is not [{ Type.IsNumeric: true } argument]) return null;
        switch (call.Function.Name)
        {
            case "sum" when call.Type.Decimal is { } shape: return CheckedSum(call, digits, shape.Scale);
            case "sum": return "pg_numeric_sum({d}{0#}){f}{w}";
            case "avg" when argument.Type.Decimal is { } shape && digits <= DigitsOfSafeSums:
                return "pg_numeric_div(CAST(sum({d}{0}){f}{w} AS VARCHAR), CAST(count({d}{0}){f}{w} AS VARCHAR))";
            case "avg": return "pg_numeric_avg({d}{0#}){f}{w}";
            default: return null;
        }
    }

    /// <summary>Sums of decimals so short stay below 38 digits over a million million rows.</summary>
    private const int DigitsOfSafeSums = 26;

    /// <summary>
    /// A sum of decimals as DECIMAL(38,s). The kernel (1.5.6) checks each addition of a row, but not where it adds the sums of threads,
    /// partitions or parts of a frame: those wrap around at 2^127. They wrap to the right result wherever that fits, so it is enough to
    /// know whether it does: a sum of doubles, exact to far less than the gap between 10^38 and 2^127, says so.
    /// </summary>
    private static string CheckedSum(AggregateCall call, int digits, int scale)
    {
        var (sum, type) = ("sum({d}{0}){f}{w}", new DecimalShape(DecimalShape.MaxPrecision, (byte)scale));
        if (digits <= DigitsOfSafeSums) return $"CAST({sum} AS {type})";

        // Distinct decimals may be one double.
        if (call.IsDistinct) return $"CAST(pg_numeric_sum({{d}}{{0#}}){{f}}{{w}} AS {type})";
        var limit = $"1e{(DecimalShape.MaxPrecision - scale).ToString(System.Globalization.CultureInfo.InvariantCulture)}";
        return $"CASE WHEN abs(sum(CAST({{0}} AS DOUBLE)){{f}}{{w}}) < {limit} THEN CAST({sum} AS {type}) WHEN count({{0}}){{f}}{{w}} > 0 "
            + "THEN error('22003+|numeric field overflow') END";
    }

    /// <summary>Further than this no frame reaches.</summary>
    private const long MostRows = long.MaxValue / 2;

    private string Over(WindowCall window, bool isRegistered)
    {
        var parts = new List<string>();
        // Each once: the kernel (1.5.6) takes PARTITION BY a, a and PARTITION BY a, b for the same windows. What is repeated says nothing
        // more.
        if (window.PartitionBy.Count > 0)
            parts.Add($"PARTITION BY {string.Join(", ", window.PartitionBy.Select(Ordered).Distinct(StringComparer.Ordinal))}");
        var isFramed = IsFramedByText(window);
        if (isFramed) parts.Add($"ORDER BY {FrameKey(window.OrderBy[0].Expression)} {Direction(window.OrderBy[0])}");
        else if (window.OrderBy.Count > 0) parts.Add($"ORDER BY {SortKeys(window.OrderBy.DistinctBy(key => key.Expression))}");
        var frame = isRegistered ? WindowFrames.ForRegistered(window.Frame, window.OrderBy.Count > 0) : window.Frame;
        if (frame is not null)
            parts.Add(WriteFrame(frame,
                isFramed ? FrameKey : window.OrderBy is [{ Expression.Type: var type }] && type.HasSameBase(SqlType.Interval)
                    ? Key
                    : Write));
        return $" OVER ({string.Join(' ', parts)})";
    }

    /// <summary>
    /// Whether values at a distance from numerics that are held as text are wanted: their keys sort but cannot be added to.
    /// </summary>
    private static bool IsFramedByText(WindowCall window) => window is
    {
        Frame: { Unit: FrameUnit.Range } frame,
        OrderBy: [{ Expression.Type: { IsNumeric: true, Decimal: null } }],
    } && (frame.StartOffset ?? frame.EndOffset) is not null;

    private string FrameKey(Expr expression) => $"pg_numeric_frame_key({NumericText(expression)})";

    private string WriteFrame(Frame frame, Func<Expr, string> writeOffset)
    {
        var exclusion = frame.Exclude switch
        {
            FrameExclude.CurrentRow => " EXCLUDE CURRENT ROW",
            FrameExclude.Group => " EXCLUDE GROUP",
            FrameExclude.Ties => " EXCLUDE TIES",
            _ => "",
        };
        return $"{frame.Unit.ToString().ToUpperInvariant()} BETWEEN {Edge(frame.Start, frame.StartOffset)} AND "
            + $"{Edge(frame.End, frame.EndOffset)}{exclusion}";

        string Edge(FrameEdge edge, Expr? offset) => edge switch
        {
            FrameEdge.UnboundedPreceding => "UNBOUNDED PRECEDING",
            FrameEdge.Preceding => $"{Distance(offset!)} PRECEDING",
            FrameEdge.CurrentRow => "CURRENT ROW",
            FrameEdge.Following => $"{Distance(offset!)} FOLLOWING",
            _ => "UNBOUNDED FOLLOWING",
        };

        // The kernel adds it to the key: in a wider type there is no overflow, and the infinities make NaN of each other.
        string Distance(Expr offset) => (frame.Unit, offset.Type.Base.Name) switch
        {
            // Counted from a row's place, a larger one would leave the kernel's 64 bits; there are never so many rows.
            (FrameUnit.Rows or FrameUnit.Groups, _) => offset is Constant { Value: long count }
                ? Math.Min(count, MostRows).ToString(System.Globalization.CultureInfo.InvariantCulture)
                : $"least({writeOffset(offset)}, {MostRows})",
            (FrameUnit.Range, "int2") => $"CAST({writeOffset(offset)} AS INTEGER)",
            (FrameUnit.Range, "int4") => $"CAST({writeOffset(offset)} AS BIGINT)",
            (FrameUnit.Range, "int8") => $"CAST({writeOffset(offset)} AS HUGEINT)",
            (FrameUnit.Range, "float4" or "float8") when offset is Constant { Value: double or float } constant
                && double.IsInfinity(constant.Value is double wide ? wide : (float)constant.Value) =>
                throw new SqlException(SqlState.FeatureNotSupported, "RANGE frames with infinite offsets are not supported"),
            _ => writeOffset(offset),
        };
    }

    private string WriteSubquery(Subquery subquery)
    {
        switch (subquery.Kind)
        {
            case SubqueryKind.Scalar: return subqueries.Hoisted(subquery) is { } value
                ? $"(SELECT * FROM {value})"
                : $"({subqueries.Query(subquery.Plan)})";
            case SubqueryKind.Exists:
                return $"EXISTS ({(subqueries.Hoisted(subquery) is { } first ? $"SELECT * FROM {first}" : subqueries.Query(subquery.Plan))})";
            case SubqueryKind.Array: return WriteArrayQuery(subquery);
        }

        var rows = subqueries.Hoisted(subquery) ?? subqueries.Source(subquery.Plan);
        if (subquery.Comparisons is [var only] && only.Operator is "=" or "<>" && IsPlainEquality(only.Function)
            && !only.Arguments[0].Type.HasSameBase(SqlType.Bytea)
            && (subquery.Kind == SubqueryKind.Any) == (subquery.Comparisons[0].Operator == "="))
        {
            var bothShaped = only.Arguments.All(argument => !argument.Type.IsNumeric || argument.Type.Decimal is not null);
            string Side(Expr side) => bothShaped ? Key(side) : $"pg_numeric_key({NumericText(side)})";
            return $"({Side(only.Arguments[0])} {(subquery.Kind == SubqueryKind.Any ? "IN" : "NOT IN")} (SELECT {Side(only.Arguments[1])} "
                + $"FROM {rows}))";
        }

        // Three-valued: one deciding row decides, else a row without an answer leaves it open. No row decides nothing.
        var comparisons = subquery.Comparisons.Select(Write).ToArray();
        var test = subquery.ComparesRowOrder
            ? RowOrder(comparisons)
            : string.Join(subquery.Operator == "<>" ? " OR " : " AND ", comparisons);
        var (decides, otherwise) = subquery.Kind == SubqueryKind.All ? ("bool_and", "TRUE") : ("bool_or", "FALSE");
        var answer = names.NewVariable();
        return $"(SELECT CASE WHEN {decides}({answer}) = {(otherwise == "TRUE" ? "FALSE" : "TRUE")} THEN "
            + $"{(otherwise == "TRUE" ? "FALSE" : "TRUE")} WHEN count(*) > count({answer}) THEN CAST(NULL AS BOOLEAN) ELSE {otherwise} END "
            + $"FROM (SELECT ({test}) AS {answer} FROM {rows}) AS {names.NewTable()})";
    }

    /// <summary>(a, b) &lt; (c, d) is a &lt; c, or a = c and b &lt; d.</summary>
    private static string RowOrder(string[] comparisons)
    {
        var test = comparisons[^1];
        for (var i = comparisons.Length - 3; i >= 0; i -= 2) test = $"({comparisons[i]} OR ({comparisons[i + 1]} AND {test}))";
        return test;
    }

    private string WriteArrayQuery(Subquery subquery)
    {
        // The list keeps the query's order only when the aggregate itself sorts.
        var plan = subquery.Plan;
        var item = names.Of(plan.Columns[0]);
        var sorted = plan is Project { Input: Sort } narrowing && narrowing.Assignments.All(assignment => assignment.IsPassThrough)
            ? narrowing.Input
            : plan;
        var order = sorted is Sort sort ? $" ORDER BY {SortKeys(sort.Keys)}" : "";
        var source = order.Length > 0 ? ((Sort)sorted).Input : plan;
        return $"coalesce((SELECT list({item}{order}) FROM {subqueries.Source(source)}), CAST([] AS {subquery.Type.KernelName}))";
    }
}
