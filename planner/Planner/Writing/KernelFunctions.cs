using System.Collections.Frozen;

namespace Federation.Planner.Writing;

/// <summary>
/// How the kernel computes PostgreSQL's functions, read once from the embedded table. A function that is not in the table is refused: nothing
/// is computed by a kernel function that merely has the same name.
/// <para>
/// A line is <c>name</c> or <c>name(types)</c>, a tab, and a template. In templates <c>{0}</c> is an argument as the kernel holds it, <c>{0#}</c> a numeric argument in
/// text form, <c>{*}</c> all arguments; in aggregates <c>{d}</c> is DISTINCT, <c>{o}</c> ORDER BY, <c>{f}</c> FILTER and <c>{w}</c> OVER. A template gives exactly the kernel type of
/// the function's result type. Lines of set-returning functions give a list of the rows.
/// </para>
/// </summary>
public static class KernelFunctions
{
    private static readonly FrozenDictionary<string, string> s_templates = Load();

    /// <summary>The names and signatures that the table holds.</summary>
    public static IEnumerable<string> Keys => s_templates.Keys;

    /// <summary>The template for a function, or null when the kernel has no exact equal.</summary>
    public static string? Find(FunctionEntry function) =>
        s_templates.GetValueOrDefault(function.Signature) ?? s_templates.GetValueOrDefault(function.Name);

    private static FrozenDictionary<string, string> Load()
    {
        var templates = new Dictionary<string, string>(StringComparer.Ordinal);
        using var stream = typeof(KernelFunctions).Assembly.GetManifestResourceStream("kernel_functions.tsv")
            ?? throw new InvalidOperationException("the embedded table kernel_functions.tsv is missing");
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0 || line[0] == '#') continue;
            var tab = line.IndexOf('\t', StringComparison.Ordinal);
            if (tab < 0) throw new InvalidOperationException($"kernel_functions.tsv: no template in \"{line}\"");
            if (!templates.TryAdd(line[..tab].Trim(), line[(tab + 1)..].Trim()))
                throw new InvalidOperationException($"kernel_functions.tsv: \"{line[..tab]}\" stands twice");
        }

        return templates.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
