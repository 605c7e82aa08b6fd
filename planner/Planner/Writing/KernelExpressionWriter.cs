using System.Diagnostics;
using System.Globalization;
using System.Text;
using Federation.Core.Execution;
using Federation.Core.Values;
using SortKey = Federation.Plan.SortKey;

namespace Federation.Planner.Writing;

/// <summary>Scalar expressions as kernel SQL of exactly the kernel type of the expression.</summary>
/// <param name="makesLargeTexts">Whether texts may grow beyond what tables hold; see <see cref="LargeTexts"/>.</param>
internal sealed partial class KernelExpressionWriter(KernelNames names, SubqueryWriter subqueries, KernelValues largeValues,
    bool makesLargeTexts)
{
    /// <summary>Longer arrays are compared by the kernel's list functions.</summary>
    private const int MostItems = 100;

    /// <summary>Longer statements take the kernel more memory and time to read than anybody means to spend on one.</summary>
    private const int LongestText = 16 << 20;

    /// <summary>
    /// Nested calls over constants alone are computed by the kernel's binder at every level anew, together with a power of the depth. Below
    /// this depth the innermost one hides that it is constant.
    /// </summary>
    private const int DeepestFolded = 30;

    private int _depth;

    /// <summary>An expression as kernel SQL, in which every operand that is not cheap to repeat stands once.</summary>
    public string Write(Expr expression)
    {
        StatementGuard.EnterLevel();
        _depth++;
        var text = WriteKind(expression);
        if (--_depth > DeepestFolded && expression is Call or Cast && expression.Operands.All(operand => operand is Constant))
            text = $"CASE WHEN random() < 2 THEN {text} END";
        return text.Length <= LongestText ? text : throw new SqlException(SqlState.StatementTooComplex, "statement is too complex")
        {
            Detail = $"An expression takes more than {LongestText.ToString(CultureInfo.InvariantCulture)} characters of the kernel's SQL.",
            Hint = "Split the statement, or nest its expressions less deeply.",
        };
    }

    private string WriteKind(Expr expression) => expression switch
    {
        Let let => WriteLet(let),
        Call call when KernelNumerics.WriteBound(call.Function, call.Arguments, Write) is { } bound => bound,
        _ => WriteOnce(expression, WriteNode),
    };

    private string WriteNode(Expr expression) => expression switch
    {
        Constant constant => largeValues.Write(constant),
        Parameter { Value: { } value } => largeValues.Write(value),
        Parameter parameter => throw new SqlException(SqlState.InternalError, $"parameter ${parameter.Number} has no value"),
        ColumnRef reference => names.Of(reference.Column),
        Variable variable => _variables[variable.Number],
        Call call => WriteCall(call.Function, call.Arguments, call.Type),
        Cast cast => KernelCasts.Write(Write(cast.Operand), cast.Operand.Type, cast.Type, cast.IsExplicit),
        And and => $"({string.Join(" AND ", and.Terms.Select(Write))})",
        Or or => $"({string.Join(" OR ", or.Terms.Select(Write))})",
        Not { Operand: IsNull { IsOfValue: false } test } => WriteIsNull(test.Operand, isNegated: true),
        Not not => $"(NOT {Write(not.Operand)})",
        IsNull { IsOfValue: true } test => test.Operand is RowOf ? "FALSE" : $"({Write(test.Operand)} IS NULL)",
        IsNull test => WriteIsNull(test.Operand, isNegated: false),
        IsBoolean test => $"({Write(test.Operand)} IS {(test.Value ? "TRUE" : "FALSE")})",
        IsDistinct distinct => WriteIsDistinct(distinct),
        Case conditional => WriteCase(conditional, Write),
        Coalesce coalesce => $"coalesce({Join(coalesce.Arguments)})",
        Extreme extreme => WriteExtreme(extreme),
        NullIf nullIf =>
            $"CASE WHEN {WriteCall(nullIf.Equality, [nullIf.Left, nullIf.Right], SqlType.Bool)} THEN CAST(NULL AS "
                + $"{nullIf.Type.KernelName}) ELSE {Write(nullIf.Left)} END",
        InList list => WriteInList(list),
        Quantified quantified => WriteQuantified(quantified),
        ArrayOf { Items.Count: 0 } array => $"CAST([] AS {array.Type.KernelName})",
        ArrayOf array => $"CAST([{Join(array.Items)}] AS {array.Type.KernelName})",
        RowOf row => WriteRow(row),
        FieldOf field => $"struct_extract({Write(field.Operand)}, {KernelLiterals.Text(field.Operand.Type.KernelFieldName(field.Index))})",
        ItemOf item => WriteItem(item),
        SliceOf slice => WriteSlice(slice),
        Subquery subquery => WriteSubquery(subquery),
        AggregateCall aggregate => WriteAggregate(aggregate),
        WindowCall window => WriteAggregate(window.Function, window),
        Grouping grouping => $"CAST({WriteGrouping(grouping.Arguments)} AS INTEGER)",
        OrderBytes order => WriteOrderBytes(order),
        SetCall set => WriteCall(set.Function, set.Arguments, set.Type),
        _ => throw new UnreachableException(expression.GetType().Name),
    };

    public string SortKeys(IEnumerable<SortKey> keys) =>
        string.Join(", ", keys.Select(key => $"{Ordered(key.Expression)} {Direction(key)}"));

    private static string Direction(SortKey key) => $"{(key.IsDescending ? "DESC" : "ASC")} NULLS {(key.NullsFirst ? "FIRST" : "LAST")}";

    /// <summary>
    /// What the kernel itself sorts by. ORDER BY compares times with a zone by a form that the function has to be given. A short key would
    /// come as an integer; the text at the end, the same in every row, makes it bytes.
    /// </summary>
    private string WriteOrderBytes(OrderBytes order)
    {
        return $"create_sort_key({string.Join(", ", order.Keys.Select(key => $"{Comparable(key.Expression)}, '{Direction(key)}'"))}, '', "
            + "'ASC NULLS LAST')";

        string Comparable(Expr expression) => expression.Type switch
        {
            { IsArray: false, Storage: Storage.TimeTz } => $"timetz_byte_comparable({Ordered(expression)})",
            _ => Ordered(expression),
        };
    }

    private string Ordered(Expr expression) => expression switch
    {
        // The kernel compares how many bits the last byte lacks before it compares bits.
        { Type: { IsArray: false, Storage: Storage.Bit } } => $"CAST({Write(expression)} AS VARCHAR)",

        // Held as its text.
        { Type: { IsArray: false, Base.Name: "money" } } => $"CAST(regexp_replace({Write(expression)}, '[$,]', '', 'g') AS DECIMAL(20,2))",

        // A bare number in ORDER BY is an ordinal.
        Constant => $"CAST({Key(expression)} AS {expression.Type.KernelName})",
        _ => Key(expression),
    };

    private string Join(IEnumerable<Expr> expressions) => string.Join(", ", expressions.Select(Write));

    private string WriteIsNull(Expr operand, bool isNegated)
    {
        if (operand is RowOf row)
        {
            if (row.Items.Count == 0) return isNegated ? "FALSE" : "TRUE";
            var all = $"({string.Join(" AND ", row.Items.Select(item => $"{Write(item)} IS NULL"))})";
            return isNegated ? $"(NOT {all})" : all;
        }

        if (operand.Type is { IsRecord: true, Fields.Count: > 0 } type)
        {
            // A row is NULL when all of its fields are; those of a NULL are.
            var all =
                $"({string.Join(" AND ", type.Fields.Select((_, i) => $"struct_extract({Write(operand)}, {KernelLiterals.Text(type.KernelFieldName(i))}) IS NULL"))})";
            return isNegated ? $"(NOT {all})" : all;
        }

        return $"({Write(operand)} IS {(isNegated ? "NOT " : "")}NULL)";
    }

    private string WriteIsDistinct(IsDistinct distinct)
    {
        // One side may be held as text and the other as a decimal.
        Expr[] sides = [distinct.Left, distinct.Right];
        var areTexts = Array.Exists(sides, side => side.Type is { IsNumeric: true, Decimal: null })
            || !KernelNumerics.FitTogether(sides[0].Type, sides[1].Type);
        return $"({string.Join(" IS DISTINCT FROM ", sides.Select(side => areTexts ? $"pg_numeric_key({NumericText(side)})" : Key(side)))})";
    }

    /// <summary>Names grouping keys as GROUP BY does; see <see cref="GroupKey"/>.</summary>
    public string WriteGrouping(IEnumerable<Expr> keys) => $"GROUPING({string.Join(", ", keys.Select(GroupKey))})";

    /// <summary>A key in GROUP BY, where a bare number is an ordinal.</summary>
    public string GroupKey(Expr key) => key is Constant ? $"CAST({Key(key)} AS {key.Type.KernelName})" : Key(key);

    private string WriteCase(Case conditional, Func<Expr, string> writeResult)
    {
        var text = new StringBuilder("CASE");
        foreach (var when in conditional.Whens)
            text.Append(" WHEN ").Append(Write(when.Condition)).Append(" THEN ").Append(writeResult(when.Result));
        return text.Append(" ELSE ").Append(writeResult(conditional.Else)).Append(" END").ToString();
    }

    private string WriteExtreme(Extreme extreme)
    {
        if (!HasKey(extreme.Type)) return $"{(extreme.IsGreatest ? "greatest" : "least")}({Join(extreme.Arguments)})";

        // Compared by key, returned as it is; of equal ones the first.
        var pairs = string.Join(", ",
            extreme.Arguments.Select((argument, i) => $"{{k: {Key(argument)}, i: {(extreme.IsGreatest ? -i : i)}, v: {Write(argument)}}}"));
        var order = extreme.IsGreatest ? "list_reverse_sort" : "list_sort";
        return $"list_extract({order}(list_filter([{pairs}], lambda p: struct_extract(p, 'k') IS NOT NULL)), 1).v";
    }

    private string WriteInList(InList list)
    {
        var items = list.Items.ToArray();
        var isBytea = list.Operand.Type.HasSameBase(SqlType.Bytea);
        if (list.Equality.Name == "numeric_eq"
            && (list.Operand.Type.Decimal is null
                || Array.Exists(items, item => item.Type.Decimal is null || !KernelNumerics.FitTogether(list.Operand.Type, item.Type))))
            return $"(pg_numeric_key({NumericText(list.Operand)}) IN "
                + $"({string.Join(", ", items.Select(item => $"pg_numeric_key({NumericText(item)})"))}))";
        if (!isBytea && IsPlainEquality(list.Equality) && (!list.Operand.Type.IsArray || !HasKey(list.Operand.Type)))
            return $"({Key(list.Operand)} IN ({string.Join(", ", items.Select(Key))}))";
        return $"({string.Join(" OR ", items.Select(item => WriteCall(list.Equality, [list.Operand, item], SqlType.Bool)))})";
    }

    /// <summary>Equality that is the kernel's own = on keys.</summary>
    private static bool IsPlainEquality(FunctionEntry equality) =>
        KernelFunctions.Find(equality) is "({0} = {1})" or "(rtrim({0}, ' ') = rtrim({1}, ' '))"
            or "(pg_interval_span({0}) = pg_interval_span({1}))"
        || equality.Name is "numeric_eq" or "enum_eq" or "range_eq" or "cash_eq" or "pg_lsn_eq" or "tideq";

    private string WriteQuantified(Quantified quantified)
    {
        var itemType = quantified.Array.Type.Element!;
        if (Items(quantified.Array) is { Count: > 0 } items)
        {
            // Without a lambda, which can name neither a subquery nor a column of an outer query.
            if (quantified is { Operator: "=", IsAll: false })
                return WriteInList(new InList(quantified.Function, quantified.Operand, items));
            return $"({string.Join(quantified.IsAll ? " AND " : " OR ", items.Select(item => WriteCall(quantified.Function, [quantified.Operand, item], SqlType.Bool)))})";
        }

        if (WriteInSet(quantified) is { } set) return set;
        if (quantified is { Operator: "=", IsAll: false } or { Operator: "<>", IsAll: true } && IsKernelEquality(itemType))
        {
            // Without a lambda, which could not name columns of an outer query.
            var array = Flattened(quantified.Array);
            var operand = Write(quantified.Operand);
            var (found, absent) = quantified.IsAll ? ("FALSE", "TRUE") : ("TRUE", "FALSE");
            return $"CASE WHEN {array} IS NULL THEN CAST(NULL AS BOOLEAN) WHEN list_contains({array}, {operand}) THEN {found} "
                + $"WHEN len({array}) = 0 THEN {absent} WHEN {operand} IS NULL OR len(list_filter({array}, lambda z: z IS NULL)) > 0 THEN "
                + $"CAST(NULL AS BOOLEAN) ELSE {absent} END";
        }

        var comparison = Fill(quantified.Function, [(Write(quantified.Operand), quantified.Operand.Type), ("q", itemType)], SqlType.Bool);
        var list = $"list_transform({Flattened(quantified.Array)}, lambda q: {comparison})";
        var (stop, otherwise) = quantified.IsAll ? ("FALSE", "TRUE") : ("TRUE", "FALSE");

        // list_contains finds the deciding value; a NULL among the rest leaves the answer open.
        return $"CASE WHEN {Flattened(quantified.Array)} IS NULL THEN CAST(NULL AS BOOLEAN) WHEN list_contains({list}, {stop}) THEN {stop} "
            + $"WHEN len(list_filter({list}, lambda z: z IS NULL)) > 0 THEN CAST(NULL AS BOOLEAN) ELSE {otherwise} END";
    }

    /// <summary>The items of an array of one dimension that is written out; null for any other, and for constants that are long.</summary>
    private static EquatableArray<Expr>? Items(Expr array) => array switch
    {
        ArrayOf written when !written.Type.Element!.IsArray => written.Items,
        Constant { Value: PgArray { Lengths.Count: 1, Items.Count: <= MostItems } constant } =>
            constant.Items.Select(item => (Expr)new Constant(item, array.Type.Element!)).ToEquatableArray(),
        _ => null,
    };

    /// <summary>Types whose items list_contains compares as PostgreSQL does.</summary>
    private static bool IsKernelEquality(SqlType type) =>
        !type.IsArray && !HasKey(type) && type.Storage is not (Storage.Struct or Storage.Decimal) && type.Base.Name != "json";

    private string WriteRow(RowOf row) => row.Items.Count == 0
        ? "struct_pack(\"_\" := 0)"
        : $"struct_pack({string.Join(", ", row.Items.Select((item, i) => $"{KernelLiterals.Identifier(row.Type.KernelFieldName(i))} := {Write(item)}"))})";

    private string WriteItem(ItemOf item)
    {
        var index = Write(item.Index);
        if (item.Operand.Type.IsVector) index = $"({index} + 1)";
        return item.Index is Constant { Value: int and > 0 } && !item.Operand.Type.IsVector
            ? $"list_extract({Write(item.Operand)}, {index})"
            : $"CASE WHEN {index} >= 1 THEN list_extract({Write(item.Operand)}, {index}) END";
    }

    /// <summary>A slice that has no place in one dimension is an empty array.</summary>
    private string WriteSlice(SliceOf slice)
    {
        var operand = Write(slice.Operand);
        var bounds = slice.Bounds.SelectMany(item => new[] { item.Low, item.High })
            .Where(bound => bound is not (null or Constant { Value: not null }));
        var nulls = bounds.Select(bound => $"{Write(bound!)} IS NULL").ToArray();
        var empty = $"CAST([] AS {slice.Type.KernelName})";
        var isEmpty = slice.Bounds.Select((item, i) => $"{High(item, LengthAt(slice.Operand, i + 1))} < {Low(item)}"
            + (slice.Bounds.Count == 1 ? "" : $" OR {Low(item)} > {LengthAt(slice.Operand, i + 1)}"));
        var body = slice.Bounds.Count > Depth(slice.Type)
            ? $"CASE WHEN {operand} IS NOT NULL THEN {empty} END"
            : $"CASE WHEN {string.Join(" OR ", isEmpty)} THEN {empty} ELSE {Part(operand, 0)} END";
        return nulls.Length == 0
            ? body
            : $"CASE WHEN {string.Join(" OR ", nulls)} THEN CAST(NULL AS {slice.Type.KernelName}) ELSE {body} END";

        string Part(string list, int level)
        {
            var part = $"list_slice({list}, {Low(slice.Bounds[level])}, {High(slice.Bounds[level], $"len({list})")})";
            return level + 1 == slice.Bounds.Count ? part : $"list_transform({part}, lambda s{level}: {Part($"s{level}", level + 1)})";
        }

        string Low(SliceBounds item) => item.Low is null ? "1" : $"greatest({Write(item.Low)}, 1)";

        string High(SliceBounds item, string length) => item.High is null ? length : Write(item.High);
    }

    private string WriteCall(FunctionEntry function, EquatableArray<Expr> arguments, SqlType result)
    {
        if (WritePlain(function, arguments) is { } plain) return plain;
        if (function.Name.StartsWith("array_", StringComparison.Ordinal)) arguments = WithTexts(arguments);
        else if (s_pathReaders.Contains(function.Name) || s_pathWriters.Contains(function.Name))
            arguments = WithFlatPaths(function, arguments);
        if (EnumFunction(function, arguments) is { } ofEnum) return ofEnum;
        if ((WriteLike(function, arguments)
            ?? WriteSpecial(function, arguments, result) ?? WriteJsonBuilder(function, arguments)) is { } special) return special;
        return Fill(function, arguments.Select(argument => (Write(argument), argument.Type)).ToArray(), result);
    }

    private static readonly HashSet<string> s_pathReaders =
        ["jsonb_exists_any", "jsonb_exists_all", "jsonb_extract_path", "jsonb_extract_path_text", "json_extract_path",
            "json_extract_path_text"];

    private static readonly HashSet<string> s_pathWriters = ["jsonb_set", "jsonb_set_lax", "jsonb_insert", "jsonb_delete_path"];

    /// <summary>
    /// A path of several dimensions is its items one after the other, except where the value is changed: there it is an error.
    /// </summary>
    private static EquatableArray<Expr> WithFlatPaths(FunctionEntry function, EquatableArray<Expr> arguments)
    {
        var i = arguments.ToList()
            .FindIndex(argument => argument.Type is { Base: var item, Element.IsArray: true } && ReferenceEquals(item, PgTypes.Text));
        if (i < 0) return arguments;
        if (s_pathWriters.Contains(function.Name))
            throw new SqlException(SqlState.ArraySubscriptError, "wrong number of array subscripts");
        var flat = SqlType.Array(SqlType.Text);
        return arguments.With(i, arguments[i] switch
        {
            Constant { Value: null } => new Constant(null, flat),
            Constant { Value: PgArray array } => new Constant(new PgArray(array.Items, [array.Items.Count], [1]), flat),
            ArrayOf array =>
                new ArrayOf(array.Items.SelectMany(row => row is ArrayOf inner ? inner.Items.AsEnumerable() : [row]).ToEquatableArray(),
                    flat),
            _ => throw new SqlException(SqlState.FeatureNotSupported, "a path that is an array of several dimensions is not supported"),
        });
    }

    /// <summary>Numerics beside an array whose items are held as texts, as texts.</summary>
    private static EquatableArray<Expr> WithTexts(EquatableArray<Expr> arguments) =>
        arguments.Any(argument => argument.Type.Element is { IsNumeric: true, Decimal: null })
            && arguments.Any(argument => argument.Type is { IsArray: false, IsNumeric: true, Decimal: not null })
            ? arguments.Select(argument => argument.Type is { IsArray: false, IsNumeric: true, Decimal: not null }
                ? new Cast(argument, SqlType.Numeric)
                : argument).ToEquatableArray()
            : arguments;

    private static string Fill(FunctionEntry function, (string Text, SqlType Type)[] arguments, SqlType result)
    {
        if (KernelNumerics.Write(function, arguments, result) is { } numeric) return numeric;
        if (ByKeys(function, arguments) is { } keyed) return keyed;
        if (KeyComparison(function, arguments) is { } compared) return compared;
        if (RecordComparison(function, arguments) is { } records) return records;
        var template = KernelFunctions.Find(function) ?? throw Unsupported(function);
        var text = FillTemplate(template, arguments);

        // A strict function of a NULL raises no error about its other arguments.
        return function.IsStrict && arguments.Length > 1 && template.Contains("error('", StringComparison.Ordinal)
            ? $"CASE WHEN {string.Join(" AND ", arguments.Select(argument => $"{argument.Text} IS NOT NULL"))} THEN {text} END"
            : text;
    }

    public static SqlException Unsupported(FunctionEntry function) =>
        new(SqlState.FeatureNotSupported, $"function {function.Signature.Replace(",", ", ", StringComparison.Ordinal)} is not supported")
        {
            Detail = "The function exists in PostgreSQL, but no exact equal of it is known here.",
        };

    internal static string FillTemplate(string template, (string Text, SqlType Type)[] arguments,
        IReadOnlyDictionary<string, string>? clauses = null)
    {
        var text = new StringBuilder();
        for (var i = 0; i < template.Length; i++)
        {
            var end = template[i] == '{' ? template.IndexOf('}', i) : -1;
            var hole = end < 0 ? "" : template[(i + 1)..end];
            if (hole == "*")
            {
                text.AppendJoin(", ", arguments.Select(argument => argument.Text));
            }
            else if (clauses is not null && clauses.TryGetValue(hole, out var clause))
            {
                text.Append(clause);
            }
            else if (hole.Length > 0 && char.IsAsciiDigit(hole[0]))
            {
                var asText = hole.EndsWith('#');
                var argument = arguments[int.Parse(asText ? hole[..^1] : hole, CultureInfo.InvariantCulture)];
                text.Append(asText ? KernelNumerics.AsText(argument.Text, argument.Type) : argument.Text);
            }
            else
            {
                // A brace of the kernel's own syntax.
                text.Append(template[i]);
                continue;
            }

            i = end;
        }

        return text.ToString();
    }

    private string NumericText(Expr expression) => KernelNumerics.AsText(Write(expression), expression.Type);
}
