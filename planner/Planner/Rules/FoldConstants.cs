using System.Numerics;
using Federation.Core.Values;
using Federation.Planner.Typing;

namespace Federation.Planner.Rules;

/// <summary>
/// Computes casts of constants, arithmetic of dates with constant intervals, and boolean connectives of constants. An expression that would
/// raise an error is left for the kernel, since it may stand in a branch that is never taken.
/// </summary>
public sealed class FoldConstants : IRule
{
    public string Name => "fold constants";

    public LogicalPlan Apply(LogicalPlan plan, RuleContext context) =>
        PlanRewriter.Rewrite(PlanRewriter.RewriteExpressions(plan, Fold), RemoveTrueFilter);

    public static Expr Fold(Expr expression) => expression switch
    {
        Cast { Operand: Constant constant } cast => FoldCast(cast, constant) ?? expression,
        Call { Arguments: [Constant { Value: not null } left, Constant { Value: not null } right] } call =>
            FoldCall(call, left, right) ?? expression,
        Call { Arguments: [_, Constant { Value: PgTimestamp }] or [Constant { Value: PgTimestamp }, _] } call =>
            DateComparison.Narrow(call) ?? expression,
        ArrayOf array when !array.Type.Element!.IsArray && array.Items.All(item => item is Constant) && array.Items.Count > 0 =>
            new Constant(PgArray.Vector([.. array.Items.Select(item => ((Constant)item).Value)]), array.Type),
        And and => FoldAnd(and),
        Or or => FoldOr(or),
        Not { Operand: Constant constant } =>
            constant.Value is bool value ? new Constant(!value, SqlType.Bool) : new Constant(null, SqlType.Bool),
        Let { Value: Constant constant } let => PlanRewriter.Rewrite(let.Body, inner => inner == let.Name ? constant : Fold(inner)),
        IsNull { Operand: Constant constant } => new Constant(constant.Value is null, SqlType.Bool),
        _ => expression,
    };

    private static LogicalPlan RemoveTrueFilter(LogicalPlan plan) =>
        plan is Filter { Predicate: Constant { Value: true } } filter ? filter.Input : plan;

    private static Constant? FoldCast(Cast cast, Constant constant)
    {
        if (constant.Value is null) return new Constant(null, cast.Type);
        var target = cast.Type;
        if (target.IsArray || constant.Type.IsArray || target.Base == PgTypes.Timestamptz || constant.Type.Base == PgTypes.Timestamptz)
            return null;
        return (constant.Value, target.Base.Name) switch
        {
            (int value, "int8") => new Constant((long)value, target),
            (short value, "int4") => new Constant((int)value, target),
            (short value, "int8") => new Constant((long)value, target),
            (int value, "int2") when value is >= short.MinValue and <= short.MaxValue => new Constant((short)value, target),
            (long value, "int4") when constant.Type.Base == PgTypes.OidType => new Constant(unchecked((int)value), target),
            (long value, "int4") when value is >= int.MinValue and <= int.MaxValue => new Constant((int)value, target),
            (int value, "float8") => new Constant((double)value, target),
            (long value, "float8") => new Constant((double)value, target),
            (int value, "oid") => new Constant((long)unchecked((uint)value), target),
            (int value, "numeric") => OfNumeric(new PgNumeric(value, 0), target),
            (long value, "numeric") => OfNumeric(new PgNumeric(value, 0), target),
            (PgNumeric value, "numeric") => OfNumeric(value, target),
            (PgNumeric { IsFinite: true } value, "float8")
                when double.Parse(value.ToString(), System.Globalization.CultureInfo.InvariantCulture) is var real
                    && double.IsFinite(real) =>
                new Constant(real, target),
            (PgDate { IsFinite: true } value, "timestamp") when Math.Abs((long)value.Days) < 100_000_000 =>
                new Constant(new PgTimestamp(value.Days * DateArithmetic.MicrosecondsPerDay), target),
            (string, "text") when constant.Type.Base.Name is "text" or "name" or "varchar" => new Constant(constant.Value, target),
            (string, "varchar") when target.Modifier < 0 && constant.Type.Base.Name is "text" or "name" =>
                new Constant(constant.Value, target),
            // Not longer than the type allows, whatever the characters.
            (string text, "varchar") when constant.Type.Base.Name is "text" or "varchar" && text.Length <= target.Modifier - 4 =>
                new Constant(text, target),
            _ => null,
        };
    }

    private static Constant? OfNumeric(PgNumeric value, SqlType target)
    {
        if (target.Decimal is not { } shape) return target.Modifier < 0 ? new Constant(value, target) : null;
        if (!value.IsFinite || value.Scale > shape.Scale) return null;
        var scaled = new PgNumeric(value.Unscaled * BigInteger.Pow(10, shape.Scale - value.Scale), shape.Scale);
        return NumericShapes.OfConstant(scaled) is { } least && least.Precision <= shape.Precision ? new Constant(scaled, target) : null;
    }

    private static Constant? FoldCall(Call call, Constant left, Constant right) => (call.Function.Name, left.Value, right.Value) switch
    {
        (_, int a, int b) when Compare(call.Operator, a.CompareTo(b)) is { } result => new Constant(result, call.Type),
        (_, long a, long b) when Compare(call.Operator, a.CompareTo(b)) is { } result => new Constant(result, call.Type),
        (_, PgNumeric { IsFinite: true } a, PgNumeric { IsFinite: true } b) when Compare(call.Operator, a.CompareTo(b)) is { } result =>
            new Constant(result, call.Type),
        ("int4pl", int a, int b) when (int)((long)a + b) == (long)a + b => new Constant(a + b, call.Type),
        ("int4mi", int a, int b) when (int)((long)a - b) == (long)a - b => new Constant(a - b, call.Type),
        ("int4mul", int a, int b) when (int)((long)a * b) == (long)a * b => new Constant(a * b, call.Type),
        ("date_pl_interval", PgDate date, PgInterval interval) =>
            DateArithmetic.Add(date, interval, 1) is { } sum ? new Constant(sum, call.Type) : null,
        ("date_mi_interval", PgDate date, PgInterval interval) =>
            DateArithmetic.Add(date, interval, -1) is { } sum ? new Constant(sum, call.Type) : null,
        ("timestamp_pl_interval", PgTimestamp time, PgInterval interval) =>
            DateArithmetic.Add(time, interval, 1) is { } sum ? new Constant(sum, call.Type) : null,
        ("timestamp_mi_interval", PgTimestamp time, PgInterval interval) =>
            DateArithmetic.Add(time, interval, -1) is { } sum ? new Constant(sum, call.Type) : null,
        ("date_pli", PgDate { IsFinite: true } date, int days) when IsDate((long)date.Days + days) =>
            new Constant(new PgDate(date.Days + days), call.Type),
        ("date_mii", PgDate { IsFinite: true } date, int days) when IsDate((long)date.Days - days) =>
            new Constant(new PgDate(date.Days - days), call.Type),
        _ => null,
    };

    /// <summary>4714-11-24 BC to 5874897-12-31, in days since 1970.</summary>
    private static bool IsDate(long days) => days is >= -2440588 and <= 2145042905;

    private static bool? Compare(string? comparison, int sign) => comparison switch
    {
        "=" => sign == 0,
        "<>" => sign != 0,
        "<" => sign < 0,
        "<=" => sign <= 0,
        ">" => sign > 0,
        ">=" => sign >= 0,
        _ => null,
    };

    private static Expr FoldAnd(And and)
    {
        if (and.Terms.Any(term => term is Constant { Value: false })) return new Constant(false, SqlType.Bool);
        var terms = and.Terms.Where(term => term is not Constant { Value: true }).ToArray();
        return terms.Length == and.Terms.Count ? and
            : terms.Length == 0 ? new Constant(true, SqlType.Bool)
            : terms.Length == 1 ? terms[0]
            : new And(terms.ToEquatableArray());
    }

    private static Expr FoldOr(Or or)
    {
        if (or.Terms.Any(term => term is Constant { Value: true })) return new Constant(true, SqlType.Bool);
        var terms = or.Terms.Where(term => term is not Constant { Value: false }).ToArray();
        return terms.Length == or.Terms.Count ? or
            : terms.Length == 0 ? new Constant(false, SqlType.Bool)
            : terms.Length == 1 ? terms[0]
            : new Or(terms.ToEquatableArray());
    }
}
