using System.Collections.Frozen;
using Federation.Planner.Functions;

namespace Federation.Planner.Writing;

/// <summary>
/// How the kernel computes PostgreSQL's functions, read once from the embedded table. A function that is not in the table is refused:
/// nothing is computed by a kernel function that merely has the same name.
/// <para>
/// A line is <c>name</c> or <c>name(types)</c>, a tab, and a template. In templates <c>{0}</c> is an argument as the kernel holds it,
/// <c>{0#}</c> a numeric argument in text form, <c>{*}</c> all arguments; in aggregates <c>{d}</c> is DISTINCT, <c>{o}</c> ORDER BY,
/// <c>{f}</c> FILTER and <c>{w}</c> OVER. A template gives exactly the kernel type of the function's result type. Lines of set-returning
/// functions give a list of the rows.
/// </para>
/// </summary>
public static class KernelFunctions
{
    private static readonly FrozenDictionary<string, string> s_templates = EmbeddedTable.Texts("kernel_functions.tsv")
        .ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The names and signatures that the table holds.</summary>
    public static IEnumerable<string> Keys => s_templates.Keys;

    /// <summary>The template for a function, or null when the kernel has no exact equal.</summary>
    public static string? Find(FunctionEntry function) =>
        s_templates.GetValueOrDefault(function.Signature) ?? s_templates.GetValueOrDefault(function.Name);
}
