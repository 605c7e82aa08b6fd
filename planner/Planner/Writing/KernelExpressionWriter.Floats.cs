namespace Federation.Planner.Writing;

/// <summary>Floating-point arithmetic that raises 22003 where PostgreSQL does instead of giving Infinity.</summary>
internal sealed partial class KernelExpressionWriter
{
    private static bool IsFloatArithmetic(FunctionEntry function) => function.Name is
        "float8mul" or "float8div" or "float8pl" or "float8mi" or "float4mul" or "float4div" or "float4pl" or "float4mi"
        or "float48mul" or "float48div" or "float48pl" or "float48mi" or "float84mul" or "float84div" or "float84pl" or "float84mi";

    /// <summary>
    /// A whole tree of arithmetic is checked once at its root: an infinite result of finite leaves has overflowed. Checking each operation would repeat its operands, and the
    /// text would grow with the power of the depth.
    /// </summary>
    private string WriteFloatArithmetic(FunctionEntry function, EquatableArray<Expr> arguments, SqlType result)
    {
        var leaves = new List<string>();
        var text = Plain(function, arguments, result);
        var open = leaves.Distinct().Select(leaf => $"isfinite({leaf})").ToArray();
        var guard = open.Length == 0 ? "" : $" AND {string.Join(" AND ", open)}";
        return $"CASE WHEN isinf({text}){guard} THEN error('22003|value out of range: overflow') {Underflow()}ELSE {text} END";

        // A product or quotient of two plain operands that are not zero must not become zero.
        string Underflow()
        {
            if (arguments.Any(argument => argument is Call call && IsFloatArithmetic(call.Function))) return "";
            var isProduct = function.Name.EndsWith("mul", StringComparison.Ordinal);
            if (!isProduct && !function.Name.EndsWith("div", StringComparison.Ordinal)) return "";
            var tests = new List<string>();
            if (arguments[0] is not Constant { Value: not (null or 0.0 or 0f) }) tests.Add($"{Write(arguments[0])} <> 0");
            if (isProduct && arguments[1] is not Constant { Value: not (null or 0.0 or 0f) }) tests.Add($"{Write(arguments[1])} <> 0");
            if (!isProduct && arguments[1] is not Constant) tests.Add($"isfinite({Write(arguments[1])})");
            return $"WHEN {string.Join(" AND ", tests.Prepend($"{text} = 0"))} THEN error('22003|value out of range: underflow') ";
        }

        string Plain(FunctionEntry operation, EquatableArray<Expr> operands, SqlType type) =>
            Fill(operation, operands.Select(operand => (Leaf(operand), operand.Type)).ToArray(), type);

        string Leaf(Expr operand)
        {
            if (operand is Call call && IsFloatArithmetic(call.Function)) return Plain(call.Function, call.Arguments, call.Type);
            var written = Write(operand);
            if (operand is not Constant) leaves.Add(written);
            return written;
        }
    }
}
