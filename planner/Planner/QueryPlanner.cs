using Federation.Core.Values;
using Federation.Planner.Binding;
using Federation.Planner.Distribution;
using Federation.Planner.Rules;

namespace Federation.Planner;

/// <summary>What one execution adds to a bound query.</summary>
/// <param name="Parameters">Values of $1, $2, … in their CLR forms.</param>
/// <param name="EvaluateSessionFunction">
/// The value of a function that depends on the session, not on data (now, current_user, current_setting, …), or null when the name is not one. Arguments are constants.
/// </param>
/// <param name="Names">Names behind the reg types, whose text only the session knows.</param>
public sealed record ExecutionContext(EquatableArray<object?> Parameters, Func<Call, Constant?> EvaluateSessionFunction, Core.Values.IObjectNames? Names = null)
{
    /// <summary>Sources may take more of a plan than one table's columns, filters and limit.</summary>
    public bool PushesSubtrees { get; init; } = true;
}

/// <summary>From a bound query to fragments: values in, rules, cut. Pure: no I/O, no clock.</summary>
public static class QueryPlanner
{
    public static FragmentedPlan Plan(BoundQuery query, ExecutionContext context, DistributionOptions options) => Fragmenter.Cut(Optimize(query, context), query.Tables, options);

    public static LogicalPlan Optimize(BoundQuery query, ExecutionContext context)
    {
        PlanChecker.Check(query.Plan, "binding");
        var plan = PlanRewriter.RewriteExpressions(query.Plan, expression => Substitute(expression, context));
        return Optimizer.Optimize(plan, new RuleContext(query.Tables) { PushesSubtrees = context.PushesSubtrees });
    }

    /// <summary>Replaces parameters and session functions of an expression, bottom-up.</summary>
    public static Expr Substitute(Expr expression, ExecutionContext context) => expression switch
    {
        Parameter parameter => OfParameter(parameter, context),
        Call call when call.Function.Volatility != Volatility.Immutable && call.Arguments.All(argument => argument is Constant) =>
            (Expr?)context.EvaluateSessionFunction(call) ?? call,
        Call call when call.Function.Volatility != Volatility.Immutable && call.Arguments.All(argument => argument is Constant or Parameter { Value: not null }) =>
            (Expr?)context.EvaluateSessionFunction(call with { Arguments = call.Arguments.Select(ToConstant).ToEquatableArray() }) ?? call,
        Cast { Operand: Constant { Value: long oid, Type: var source }, Type: { Category: 'S' } target } when source.Base.Name.StartsWith("reg", StringComparison.Ordinal) =>
            new Constant(context.Names?.Find(source.Base, new Oid((uint)oid)) ?? oid.ToString(System.Globalization.CultureInfo.InvariantCulture), target),
        _ => FoldConstants.Fold(expression),
    };

    private static Expr ToConstant(Expr expression) => expression is Parameter { Value: { } value } ? new Constant(value.ToValue(), expression.Type) : expression;

    private static Expr OfParameter(Parameter parameter, ExecutionContext context)
    {
        if (parameter.Number > context.Parameters.Count)
            throw new SqlException(SqlState.UndefinedParameter, $"there is no parameter ${parameter.Number}");

        // The plan was typed without knowing the value, so a numeric stays in text form whatever its scale.
        var value = context.Parameters[parameter.Number - 1];
        return value is LargeValue large ? parameter with { Value = large } : new Constant(value, parameter.Type);
    }
}
