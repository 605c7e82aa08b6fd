using Federation.Core.Values;

namespace Federation.Planner.Binding;

/// <summary>
/// DateStyle, IntervalStyle, bytea_output and extra_float_digits are heeded where rows are sent. Inside of expressions values have the text
/// of the default settings, so that with others an expression that makes a text of such a value is refused.
/// </summary>
public static class TextStyles
{
    /// <summary>Functions whose result holds the text of their arguments, as casts do.</summary>
    private static readonly HashSet<string> s_texts =
    [
        "concat", "concat_ws", "format", "quote_literal", "quote_nullable", "textanycat", "anytextcat", "array_to_string",
    ];

    /// <summary>Raises 0A000 for a plan that makes a text of a value for which the settings have another one than the default's.</summary>
    public static void Require(LogicalPlan plan, TextFormat format)
    {
        if (format.HasDefaultStyles) return;
        foreach (var node in PlanRewriter.Nodes(plan))
            foreach (var expression in PlanRewriter.ExpressionsOf(node)) Require(expression, format);
    }

    private static void Require(Expr expression, TextFormat format)
    {
        PlanRewriter.Contains(expression, item =>
        {
            if (item is Subquery subquery) Require(subquery.Plan, format);
            var (isText, isJson) = item switch
            {
                Cast { To.Base.Category: 'S' } => (true, false),
                Call call => (s_texts.Contains(call.Function.Name), IsJson(call.Function.Name)),
                AggregateCall call => (false, IsJson(call.Function.Name)),
                _ => (false, false),
            };
            if (!isText && !isJson) return false;
            foreach (var operand in item.Operands)
            {
                if (Setting(operand.Type, format, isJson) is { } setting)
                    throw new SqlException(SqlState.FeatureNotSupported,
                        $"text of type {operand.Type} inside of an expression is not supported with this {setting}")
                    {
                        Hint = $"RESET {setting}, or select the value itself.",
                    };
            }

            return false;
        });
    }

    private static bool IsJson(string function) =>
        function.Contains("json", StringComparison.Ordinal) && (function.Contains("to_json", StringComparison.Ordinal)
            || function.Contains("_build_", StringComparison.Ordinal) || function.EndsWith("_agg", StringComparison.Ordinal));

    /// <summary>The setting that gives values of the type another text than the default's; JSON has dates in a form of its own.</summary>
    private static string? Setting(SqlType type, TextFormat format, bool isJson)
    {
        if (type.IsArray) return Setting(type.Element!, format, isJson);
        if (type.IsRecord)
            return type.Fields.Select(field => Setting(field.Type, format, isJson)).FirstOrDefault(found => found is not null);
        return type.Base.Name switch
        {
            "date" or "timestamp" or "timestamptz" when !isJson && format.DateFormat != DateFormat.Iso => "DateStyle",
            "interval" when format.IntervalStyle != IntervalStyle.Postgres => "IntervalStyle",
            "bytea" when format.ByteaOutput != ByteaOutput.Hex => "bytea_output",
            "float4" or "float8" when format.ExtraFloatDigits <= 0 => "extra_float_digits",
            _ => null,
        };
    }
}
