using System.Globalization;
using System.Text;
using Federation.Core.Execution;
using Federation.Core.Values;

namespace Federation.Planner.Writing;

// Comparisons with very long constant arrays.
internal sealed partial class KernelExpressionWriter
{
    /// <summary>
    /// From here on the kernel is given the items as one string, which it joins with: as many constants would take it gigabytes to read,
    /// and a list is searched anew for every row.
    /// </summary>
    private const int LeastSet = 10_000;

    /// <summary><c>operand = ANY (integers)</c> as a join with the set of them; null for everything else.</summary>
    private string? WriteInSet(Quantified quantified)
    {
        if (quantified is not { Operator: "=", IsAll: false,
            Array: Constant { Value: PgArray { Items.Count: >= LeastSet } array } constant }) return null;
        if (constant.Type.Element is not { Base.Name: "int2" or "int4" or "int8" } item || !item.HasSameBase(quantified.Operand.Type))
            return null;
        var text = new StringBuilder(array.Items.Count * 8).Append('[');
        foreach (var value in array.Items)
        {
            StatementGuard.Check();
            if (text.Length > 1) text.Append(',');
            text.Append(value is null ? "NULL" : Convert.ToString(value, CultureInfo.InvariantCulture));
        }

        return $"({Write(quantified.Operand)} IN (SELECT unnest(CAST('{text}]' AS {constant.Type.KernelName}))))";
    }
}
