using System.Numerics;
using Federation.Core.Values;

namespace Federation.Planner.Rules;

/// <summary>
/// Errors of calls over constants. PostgreSQL computes such calls while it plans, so that <c>CASE WHEN i &gt; 100 THEN 1 / 0 ELSE 0 END</c>
/// fails whatever i is, unless a constant condition before it decides. The kernel would compute them when a row gets there.
/// </summary>
public sealed class ConstantErrors : IRule
{
    public string Name => "errors of constants";

    public LogicalPlan Apply(LogicalPlan plan, RuleContext context)
    {
        // PostgreSQL puts the constants of a lone row in the place of its columns, which may decide what is computed at all.
        if (!PlanRewriter.Nodes(plan).Any(node => node is Values { Rows.Count: 1, Outputs.Count: > 0 }))
            new Run(CteReads.Count(plan)).CheckPlan(plan);
        return plan;
    }

    /// <param name="reads">How often names of WITH are read.</param>
    private sealed class Run(Dictionary<CteId, int> reads)
    {
        public void CheckPlan(LogicalPlan plan)
        {
            foreach (var expression in PlanRewriter.ExpressionsOf(plan)) Check(expression);

            // A query of WITH that nobody reads is not planned.
            var inputs = plan is With with
                ? with.Inputs.Where((_, i) => i >= with.Definitions.Count || reads.ContainsKey(with.Definitions[i].Id))
                : plan.Inputs.AsEnumerable();
            foreach (var input in inputs) CheckPlan(input);
        }

        private void Check(Expr expression)
        {
            switch (expression)
            {
                case Case conditional:
                    foreach (var when in conditional.Whens)
                    {
                        Check(when.Condition);
                        if (when.Condition is Constant { Value: not true }) continue;
                        Check(when.Result);
                        if (when.Condition is Constant) return;
                    }

                    Check(conditional.Else);
                    return;
                case Coalesce coalesce:
                    foreach (var argument in coalesce.Arguments)
                    {
                        Check(argument);
                        if (argument is Constant { Value: not null }) return;
                    }

                    return;
                case And and:
                    CheckUntil(and.Terms, false);
                    return;
                case Or or:
                    CheckUntil(or.Terms, true);
                    return;
            }

            if (expression is Subquery subquery) CheckPlan(subquery.Plan);
            foreach (var operand in expression.Operands) Check(operand);
            if (expression is Cast { Operand: Constant { Value: { } number } } cast) CheckCast(number, cast.Type);
            if (expression is Call { Arguments: [Constant { Value: { } left }, Constant { Value: { } right }] } call)
                CheckCall(call.Function.Name, left, right);
        }

        private void CheckUntil(EquatableArray<Expr> terms, bool decisive)
        {
            foreach (var term in terms)
            {
                Check(term);
                if (term is Constant { Value: bool value } && value == decisive) return;
            }
        }
    }

    private static void CheckCall(string function, object left, object right)
    {
        if (IsDivision(function) && IsZero(right) && left is not (PgNumeric { IsFinite: false } or double.NaN or float.NaN))
            throw new SqlException(SqlState.DivisionByZero, "division by zero");
        if (left is not (int or long) || left.GetType() != right.GetType()) return;
        var (a, b) = (ToInteger(left), ToInteger(right));
        BigInteger? result = function switch
        {
            "int4pl" or "int8pl" => a + b,
            "int4mi" or "int8mi" => a - b,
            "int4mul" or "int8mul" => a * b,
            _ => null,
        };
        if (result is not { } value) return;
        if (left is int ? value < int.MinValue || value > int.MaxValue : value < long.MinValue || value > long.MaxValue)
            throw new SqlException(SqlState.NumericValueOutOfRange, left is int ? "integer out of range" : "bigint out of range");
    }

    /// <summary>The kernel compares before it casts where a comparison's other side is constant too, and finds no error.</summary>
    private static void CheckCast(object value, SqlType target)
    {
        var exact = value switch
        {
            short number => number,
            int number => number,
            long number => number,
            PgNumeric { IsFinite: true } number => number.Round(0).Unscaled,
            double number when double.IsFinite(number) => new BigInteger(Math.Round(number, MidpointRounding.ToEven)),
            float number when float.IsFinite(number) => new BigInteger(Math.Round(number, MidpointRounding.ToEven)),
            _ => default(BigInteger?),
        };
        if (exact is not { } integer || target.IsArray) return;
        var (least, most, name) = target.Storage switch
        {
            Storage.Int16 => (short.MinValue, short.MaxValue, "smallint"),
            Storage.Int32 when ReferenceEquals(target.Base, PgTypes.Int4) => (int.MinValue, int.MaxValue, "integer"),
            Storage.Int64 when ReferenceEquals(target.Base, PgTypes.Int8) => (long.MinValue, long.MaxValue, "bigint"),
            _ => (0L, 0L, ""),
        };
        if (name.Length > 0 && (integer < least || integer > most))
            throw new SqlException(SqlState.NumericValueOutOfRange, $"{name} out of range");
    }

    private static bool IsDivision(string function) =>
        function is "numeric_div" or "numeric_mod" or "mod" or "float8div" or "float4div"
            || (function.StartsWith("int", StringComparison.Ordinal)
                && (function.EndsWith("div", StringComparison.Ordinal) || function.EndsWith("mod", StringComparison.Ordinal)));

    private static bool IsZero(object value) =>
        value is (short)0 or 0 or 0L or 0.0 or 0f or PgNumeric { IsFinite: true, Unscaled.IsZero: true };

    private static BigInteger ToInteger(object value) => value is int number ? number : (long)value;
}
