namespace Federation.Planner.Writing;

/// <summary>
/// Values that the written SQL needs several times but that are computed once. A text that names a value repeatedly becomes the body of a
/// lambda over a list of that one value; where the text names it once after all, the value simply stands there. The kernel has no other way
/// to name a value inside of an expression.
/// </summary>
internal sealed partial class KernelExpressionWriter
{
    /// <summary>Opens and closes a mark in written text. No text of a user holds it: it is half of a surrogate pair.</summary>
    private const char Mark = '\uDC00';

    /// <summary>What stands for each variable in the text around.</summary>
    private readonly Dictionary<int, string> _variables = [];

    private int _marks;

    private string WriteLet(Let let) => Hold([(let.Name, let.Value)], let.Body, Write);

    /// <summary>Writes an expression whose SQL may name operands repeatedly, so that costly ones are computed once.</summary>
    private string WriteOnce(Expr expression, Func<Expr, string> write)
    {
        if (!MayRepeat(expression)) return write(expression);
        var operands = expression.Operands;
        var held = new List<(Variable Name, Expr Value)>();
        for (var i = 0; i < operands.Count; i++)
        {
            // Arrays that are written out are compared item by item.
            if (IsShort(operands[i]) || (expression is Quantified && operands[i] is ArrayOf)) continue;
            var name = NewVariable(operands[i].Type);
            held.Add((name, operands[i]));
            operands = operands.With(i, name);
        }

        return held.Count == 0 ? write(expression) : Hold(held, expression.WithOperands(operands), write);
    }

    /// <summary>Characters of an operand that may be written repeatedly.</summary>
    private const int LongestRepeated = 120;

    /// <summary>Lengths of operands as they are written, so that they are not written for their length at every level above.</summary>
    private readonly Dictionary<Expr, int> _lengths = new(ReferenceEqualityComparer.Instance);

    /// <summary>Whether an operand may stand repeatedly. Few nodes may be a long text: their own templates repeat as well.</summary>
    private bool IsShort(Expr operand)
    {
        if (!Repetition.IsCheap(operand)) return false;
        if (operand is Constant or ColumnRef or Variable) return true;
        if (!_lengths.TryGetValue(operand, out var length)) _lengths[operand] = length = Write(operand).Length;
        return length <= LongestRepeated;
    }

    /// <summary>Kinds whose operands are all computed, whichever value they have. Others name each operand once.</summary>
    private static bool MayRepeat(Expr expression) =>
        expression is Call or SetCall or Cast or IsDistinct or Extreme or NullIf or InList or Quantified or FieldOf or ItemOf or SliceOf
        or IsNull { Operand: { Type.IsRecord: true } and not RowOf };

    private string Hold(List<(Variable Name, Expr Value)> held, Expr body, Func<Expr, string> write)
    {
        var given = held.Count;
        var own = held.Select(item => item.Name.Number).ToHashSet();
        var isQueried = false;
        body = PlanRewriter.Rewrite(body, inner =>
        {
            // A lambda's body can hold no query, and columns of outer queries it cannot name: it names its parameter alone.
            if (inner is not (Subquery or ColumnRef)) return inner;
            if (PlanRewriter.Contains(inner, item => item is Variable variable && own.Contains(variable.Number)))
            {
                isQueried = true;
                return inner;
            }

            var name = NewVariable(inner.Type);
            held.Add((name, inner));
            return name;
        });

        var marks = held.Select(_ => $"{Mark}{++_marks}{Mark}").ToArray();
        var hidden = held.Select(item => _variables.GetValueOrDefault(item.Name.Number)).ToArray();
        for (var i = 0; i < marks.Length; i++) _variables[held[i].Name.Number] = marks[i];
        var text = write(body);
        for (var i = 0; i < marks.Length; i++)
            if (hidden[i] is { } outer) _variables[held[i].Name.Number] = outer;
            else _variables.Remove(held[i].Name.Number);

        var values = held.Select(item => Write(item.Value)).ToArray();

        // The kernel turns IN into comparisons of its own.
        var isRepeated = Enumerable.Range(0, given)
            .Any(i => Occurrences(text, marks[i]) > 1 || (body is InList && PlanRewriter.IsVolatile(held[i].Value)));
        if (isRepeated && isQueried && held.Exists(item => PlanRewriter.IsVolatile(item.Value)))
            throw new SqlException(SqlState.FeatureNotSupported,
                "a volatile function as the operand of a comparison with a subquery is not supported");
        if (!isRepeated || isQueried)
        {
            for (var i = 0; i < marks.Length; i++) text = text.Replace(marks[i], values[i], StringComparison.Ordinal);
            return text;
        }

        return Lambda(text, [.. marks.Zip(values).Where(pair => text.Contains(pair.First, StringComparison.Ordinal))]);
    }

    private string Lambda(string body, (string Mark, string Value)[] held)
    {
        var parameter = names.NewVariable();
        if (held is [var only])
            return $"list_extract(list_transform([{only.Value}], lambda {parameter}: "
                + $"{body.Replace(only.Mark, parameter, StringComparison.Ordinal)}), 1)";
        for (var i = 0; i < held.Length; i++) body = body.Replace(held[i].Mark, $"{parameter}.f{i}", StringComparison.Ordinal);
        return $"list_extract(list_transform([struct_pack({string.Join(", ", held.Select((item, i) => $"f{i} := {item.Value}"))})], "
            + $"lambda {parameter}: {body}), 1)";
    }

    private Variable NewVariable(SqlType type) => new(--_lastVariable, type);

    /// <summary>Variables of the writer count downwards, those of the plan upwards.</summary>
    private int _lastVariable;

    private static int Occurrences(string text, string mark)
    {
        var count = 0;
        for (var i = text.IndexOf(mark, StringComparison.Ordinal); i >= 0;
            i = text.IndexOf(mark, i + mark.Length, StringComparison.Ordinal)) count++;
        return count;
    }
}
