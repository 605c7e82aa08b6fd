using Federation.Core.Values;
using Federation.Planner.Binding;
using Federation.Planner.Distribution;
using Federation.Planner.Rules;

namespace Federation.Planner;

/// <summary>What one execution adds to a bound query.</summary>
/// <param name="Parameters">Values of $1, $2, … in their CLR forms.</param>
/// <param name="EvaluateSessionFunction">
/// The value of a function that depends on the session, not on data (now, current_user, current_setting, …), or null when the name is not
/// one. Arguments are constants. </param>
/// <param name="Names">Names behind the reg types, whose text only the session knows.</param>
public sealed record ExecutionContext(EquatableArray<object?> Parameters, Func<Call, Constant?> EvaluateSessionFunction,
    Core.Values.IObjectNames? Names = null)
{
    /// <summary>Sources may take more of a plan than one table's columns, filters and limit.</summary>
    public bool PushesSubtrees { get; init; } = true;
}

/// <summary>From a bound query to fragments: values in, rules, cut. Pure: no I/O, no clock.</summary>
public static class QueryPlanner
{
    public static FragmentedPlan Plan(BoundQuery query, ExecutionContext context, DistributionOptions options) =>
        Fragmenter.Cut(Optimize(query, context), query.Tables, options);

    /// <summary>
    /// A plan for all values of the parameters, none of them NULL: what sources have taken of the query names them. Null when something of
    /// the query is left to do that needs a value, or that may give another result at another time.
    /// </summary>
    public static FragmentedPlan? TryPlanGeneric(BoundQuery query, ExecutionContext context, DistributionOptions options)
    {
        if (Mentions(query.Plan,
            expression => expression is Call { Function.Volatility: not Volatility.Immutable }
                || expression.Type.Base.Name.StartsWith("reg", StringComparison.Ordinal))) return null;
        PlanChecker.Check(query.Plan, "binding");
        var plan = PlanRewriter.RewriteExpressions(query.Plan,
            expression => expression is Parameter ? expression : Substitute(expression, context));
        plan = Optimizer.Optimize(plan, new RuleContext(query.Tables) { PushesSubtrees = context.PushesSubtrees });
        // A scan keeps what its source has taken, for EXPLAIN.
        var left = PlanRewriter.Rewrite(plan, node => node is Scan scan ? scan with { Filters = [], Hints = [] } : node);
        return Mentions(left, expression => expression is Parameter) ? null : Fragmenter.Cut(plan, query.Tables, options);
    }

    public static LogicalPlan Optimize(BoundQuery query, ExecutionContext context)
    {
        PlanChecker.Check(query.Plan, "binding");
        var plan = PlanRewriter.RewriteExpressions(query.Plan, expression => Substitute(expression, context));
        return Optimizer.Optimize(plan, new RuleContext(query.Tables) { PushesSubtrees = context.PushesSubtrees });
    }

    private static bool Mentions(LogicalPlan plan, Func<Expr, bool> predicate)
    {
        var found = false;
        PlanRewriter.RewriteExpressions(plan, expression =>
        {
            found |= predicate(expression);
            return expression;
        });
        return found;
    }

    /// <summary>Replaces parameters and session functions of an expression, bottom-up.</summary>
    public static Expr Substitute(Expr expression, ExecutionContext context) => expression switch
    {
        Parameter parameter => OfParameter(parameter, context),
        Call call when call.Function.Volatility != Volatility.Immutable && call.Arguments.All(argument => argument is Constant) =>
            (Expr?)context.EvaluateSessionFunction(call) ?? call,
        Call call when call.Function.Volatility != Volatility.Immutable
            && call.Arguments.All(argument => argument is Constant or Parameter { Value: not null }) =>
            (Expr?)context.EvaluateSessionFunction(call with { Arguments = call.Arguments.Select(ToConstant).ToEquatableArray() }) ?? call,
        Cast { Operand: Constant { Value: long oid, Type: var source }, Type: { Category: 'S' } target }
            when source.Base.Name.StartsWith("reg", StringComparison.Ordinal) =>
            new Constant(context.Names?.Find(source.Base, new Oid((uint)oid))
                ?? oid.ToString(System.Globalization.CultureInfo.InvariantCulture), target),
        _ => FoldConstants.Fold(expression),
    };

    private static Expr ToConstant(Expr expression) =>
        expression is Parameter { Value: { } value } ? new Constant(value.ToValue(), expression.Type) : expression;

    private static Expr OfParameter(Parameter parameter, ExecutionContext context)
    {
        if (parameter.Number > context.Parameters.Count)
            throw new SqlException(SqlState.UndefinedParameter, $"there is no parameter ${parameter.Number}");

        // The plan was typed without knowing the value, so a numeric stays in text form whatever its scale.
        var value = context.Parameters[parameter.Number - 1];
        return value is LargeValue large ? parameter with { Value = large } : new Constant(value, parameter.Type);
    }
}
