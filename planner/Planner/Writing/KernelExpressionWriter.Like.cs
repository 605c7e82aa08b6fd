using Federation.Planner.Functions;

namespace Federation.Planner.Writing;

// LIKE and ILIKE whose pattern the kernel's own should not be given.
internal sealed partial class KernelExpressionWriter
{
    /// <summary>A pattern with more has the kernel try too many ways.</summary>
    private const int MostWildcards = 4;

    /// <summary>The call of our own LIKE; null for other functions, and for patterns that the kernel matches well.</summary>
    private string? WriteLike(FunctionEntry function, EquatableArray<Expr> arguments)
    {
        if (function.Name is not ("textlike" or "textnlike" or "texticlike" or "texticnlike" or "bpcharlike" or "bpcharnlike"
            or "bpchariclike" or "bpcharicnlike"
            or "namelike" or "namenlike" or "nameiclike" or "nameicnlike")) return null;
        if (arguments.Count != 2 || arguments[1] is Constant { Value: string pattern } && IsPlain(pattern)
            || arguments[1] is Constant { Value: null }) return null;
        var ignoresCase = function.Name.Contains("ic", StringComparison.Ordinal);
        var (left, right) = (Write(arguments[0]), Write(arguments[1]));
        var match = ignoresCase ? $"pg_like(lower({left}), lower({right}))" : $"pg_like({left}, {right})";
        return function.Name.Contains("nlike", StringComparison.Ordinal) ? $"(NOT {match})" : match;
    }

    private static bool IsPlain(string pattern)
    {
        var wildcards = 0;
        for (var i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] == '%') wildcards++;
            else if (pattern[i] == '\\' && ++i == pattern.Length) return false;
        }

        return wildcards <= MostWildcards;
    }
}
