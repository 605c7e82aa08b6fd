using Federation.Planner.Functions;

namespace Federation.Planner.Distribution;

/// <summary>
/// An aggregation as two: the first over any part of the rows, the second over the first's results, and a projection that makes the
/// aggregate's own columns of them.
/// </summary>
internal static class PartialAggregates
{
    private static readonly HashSet<string> s_sameTwice =
        new(["min", "max", "bool_and", "bool_or", "every", "bit_and", "bit_or", "bit_xor"], StringComparer.Ordinal);

    /// <param name="Final">Reads the columns of <paramref name="Partial"/>; its input is to be set.</param>
    /// <param name="Results">Reads the columns of <paramref name="Final"/>; its input is to be set.</param>
    public sealed record Split(Aggregate Partial, Aggregate Final, Project Results);

    /// <summary>Null when an aggregate needs all rows of a group at once.</summary>
    public static Split? TrySplit(Aggregate aggregate, Func<string, SqlType, Column> newColumn)
    {
        var keys = aggregate.Keys.Select(key => new Assignment(key.Column, new ColumnRef(key.Column))).ToEquatableArray();
        if (TryDeduplicate(aggregate, keys, newColumn) is { } deduplicated) return deduplicated;
        var partial = new List<Assignment>();
        var final = new List<Assignment>();
        var results = new List<Assignment>(keys);
        var totals = new Dictionary<Expr, Column>();
        foreach (var item in aggregate.Aggregates)
        {
            if (item.Expression is Grouping grouping)
            {
                final.Add(item with { Expression = OverKeys(grouping, aggregate) });
                results.Add(new Assignment(item.Column, new ColumnRef(item.Column)));
                continue;
            }

            if (item.Expression is not AggregateCall { IsDistinct: false, OrderBy.Count: 0, Function.AggregateKind: 'n' } call
                || Steps(call) is not { } steps) return null;
            var found = new List<Expr>();
            foreach (var step in steps.First)
            {
                // A sum and an average of the same thing share their first steps.
                if (totals.TryGetValue(step, out var known))
                {
                    found.Add(new ColumnRef(known));
                    continue;
                }

                var column = newColumn(item.Column.Name, step.Type);
                partial.Add(new Assignment(column, step));
                var second = Second(call.Function.Name, step, column);
                var total = newColumn(item.Column.Name, second.Type);
                totals.Add(step, total);
                final.Add(new Assignment(total, second));
                found.Add(new ColumnRef(total));
            }

            var result = steps.Result(found);

            // Over no rows there are no first results to add up, and the set of all rows has a row still.
            if (call.Function.Name == "count" && aggregate.Sets.Any(set => set.Count == 0))
                result = new Coalesce([result, new Constant(0L, SqlType.Int8)], SqlType.Int8);
            results.Add(new Assignment(item.Column, result));
        }

        return new Split(
            aggregate with { Aggregates = partial.ToEquatableArray(), Sets = default },
            new Aggregate(aggregate.Input, keys, aggregate.Sets, final.ToEquatableArray()),
            new Project(aggregate.Input, results.ToEquatableArray()));
    }

    /// <summary>Aggregates of distinct values of one expression: the first step drops repeated values.</summary>
    private static Split? TryDeduplicate(Aggregate aggregate, EquatableArray<Assignment> keys, Func<string, SqlType, Column> newColumn)
    {
        if (aggregate.Sets.Count > 0 || aggregate.Aggregates.Count == 0) return null;
        Expr? value = null;
        foreach (var item in aggregate.Aggregates)
        {
            if (item.Expression is not AggregateCall { IsDistinct: true, Filter: null, OrderBy.Count: 0, Arguments: [var argument] }
                || (value is not null && !value.Equals(argument))) return null;
            value = argument;
        }

        var column = newColumn("value", value!.Type);
        var reference = new ColumnRef(column);
        var final = aggregate.Aggregates
            .Select(item => item with { Expression = ((AggregateCall)item.Expression).WithOperands([reference]) }).ToEquatableArray();
        return new Split(
            new Aggregate(aggregate.Input, aggregate.Keys.Append(new Assignment(column, value)).ToEquatableArray(), default, default),
            new Aggregate(aggregate.Input, keys, default, final),
            new Project(aggregate.Input,
                keys.Concat(aggregate.Aggregates.Select(item => new Assignment(item.Column, new ColumnRef(item.Column))))
                    .ToEquatableArray()));
    }

    private static Grouping OverKeys(Grouping grouping, Aggregate aggregate) => new(grouping.Arguments
        .Select(argument =>
            (Expr)new ColumnRef(
                aggregate.Keys
                    .First(key => key.Expression.Equals(argument) || (argument is ColumnRef own && own.Column.Id == key.Column.Id)).Column))
        .ToEquatableArray());

    /// <summary>What the first step computes for a call, and the call's value from the totals of those.</summary>
    private static (AggregateCall[] First, Func<IReadOnlyList<Expr>, Expr> Result)? Steps(AggregateCall call)
    {
        var name = call.Function.Name;
        if (s_sameTwice.Contains(name) || name is "count") return ([call], totals => Converted(totals[0], call.Type));
        if (call.Arguments is not [var argument]) return null;
        return name switch
        {
            // Sums of intervals and money have no second step here.
            "sum" when IsNumber(argument.Type) => ([call], totals => Converted(totals[0], call.Type)),
            // The sum of longer numerics might not fit 38 digits, which the whole average does not care about.
            "avg" when IsNumber(argument.Type) && argument.Type.Decimal is not { Precision: > 28 } =>
                ([Sum(argument) with { Filter = call.Filter }, Count(argument) with { Filter = call.Filter }],
                    totals => Average(totals[0], totals[1], call.Type)),
            _ => null,
        };
    }

    private static bool IsNumber(SqlType type) =>
        type.Category == 'N' && type.Base.Name is "int2" or "int4" or "int8" or "float4" or "float8" or "numeric";

    private static AggregateCall Second(string name, AggregateCall first, Column column) => s_sameTwice.Contains(name)
        ? new AggregateCall(first.Function, [new ColumnRef(column)], first.Type)
        : Sum(new ColumnRef(column));

    /// <summary>The sum of which an average is made.</summary>
    internal static AggregateCall Sum(Expr argument)
    {
        var function = FunctionCatalog.Instance.Function("sum", argument.Type.WithoutModifier());
        var type = SqlType.FromOid(function.ResultType)!;
        if (type.IsNumeric)
        {
            type = argument.Type switch
            {
                { IsNumeric: true, Decimal: { } shape } => SqlType.NumericOf(DecimalShape.MaxPrecision, shape.Scale),
                { IsNumeric: true } => SqlType.Numeric,
                _ => SqlType.NumericOf(DecimalShape.MaxPrecision, 0),
            };
        }

        return new AggregateCall(function, [argument], type);
    }

    /// <summary>The count of which an average is made.</summary>
    internal static AggregateCall Count(Expr argument) =>
        new(FunctionCatalog.Instance.FunctionsNamed("count").ToArray().First(function => function.ArgumentTypes.Count == 1), [argument],
            SqlType.Int8);

    private static Expr Converted(Expr value, SqlType type) => value.Type.Equals(type) ? value : new Cast(value, type);

    /// <summary>PostgreSQL's own last step: the sum divided by the count, as numerics or as floats; NULL for no rows.</summary>
    internal static Expr Average(Expr sum, Expr count, SqlType type)
    {
        var isFloat = type.Storage is Storage.Float32 or Storage.Float64;
        var operand = isFloat ? SqlType.Float8 : SqlType.Numeric;
        var divide = FunctionCatalog.Instance.Operator("/", operand.AnnouncedOid, operand.AnnouncedOid)!;
        var total = sum.Type.IsNumeric ? sum : new Cast(sum, operand);
        var rows = new Cast(count, operand);
        var quotient = Converted(new Call(divide.Function, [total, rows], operand, "/"), type);
        return new Case([new CaseWhen(new IsNull(sum), new Constant(null, type))], quotient, type);
    }
}
