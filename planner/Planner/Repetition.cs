namespace Federation.Planner;

/// <summary>Which expressions may stand several times where the value is wanted once.</summary>
public static class Repetition
{
    /// <summary>
    /// The kernel computes equal expressions of a SELECT once, so that repeating a short one costs nothing. Long ones would make the text
    /// grow with a power of the nesting.
    /// </summary>
    private const int MostNodes = 8;

    /// <summary>Whether the expression is short, gives the same value each time and holds no subquery.</summary>
    public static bool IsCheap(Expr expression)
    {
        var nodes = 0;
        return Count(expression, ref nodes);
    }

    private static bool Count(Expr expression, ref int nodes)
    {
        if (++nodes > MostNodes || expression is Subquery or Let or Call { Function.Volatility: Volatility.Volatile }) return false;
        foreach (var operand in expression.Operands)
            if (!Count(operand, ref nodes))
                return false;
        return true;
    }
}
