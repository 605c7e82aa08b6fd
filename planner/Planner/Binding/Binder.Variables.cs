namespace Federation.Planner.Binding;

/// <summary>
/// Values that one construct uses several times but that are computed once: the operand of BETWEEN, of IN and of CASE, arguments of
/// functions written in SQL.
/// </summary>
public sealed partial class Binder
{
    /// <summary>
    /// What <paramref name="use"/> makes of a value. A value that is cheap and always the same is repeated, so that its comparisons can
    /// reach the sources one by one; any other is held in a variable.
    /// </summary>
    private static Expr Once(Expr value, Func<Expr, Expr> use)
    {
        if (value is RowOf row) return OnceEach(row.Items, items => use(row with { Items = items }));
        if (Repetition.IsCheap(value)) return use(value);
        var held = new Variable(0, value.Type);
        var body = use(held);
        var name = held with { Number = 1 + Math.Max(Highest(value), Highest(body)) };
        return new Let(name, value, PlanRewriter.Rewrite(body, inner => inner == held ? name : inner));
    }

    private static Expr OnceEach(EquatableArray<Expr> values, Func<EquatableArray<Expr>, Expr> use, int next = 0) =>
        next == values.Count ? use(values) : Once(values[next], value => OnceEach(values.With(next, value), use, next + 1));

    private static int Highest(Expr expression)
    {
        var highest = expression is Let let ? let.Name.Number : 0;
        foreach (var operand in expression.Operands) highest = Math.Max(highest, Highest(operand));
        return highest;
    }
}
