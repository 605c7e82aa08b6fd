namespace Federation.Planner.Writing;

/// <summary>Calls whose constant arguments allow a plainer form, which the kernel knows to make fast.</summary>
internal sealed partial class KernelExpressionWriter
{
    private const string LikeEscape = " ESCAPE '\\'";

    /// <summary>The plain form, or null.</summary>
    private string? WritePlain(FunctionEntry function, EquatableArray<Expr> arguments)
    {
        switch (function.Name)
        {
            // Without a backslash in the pattern the escape has no meaning; with the clause the kernel neither searches for the fixed parts
            // nor prunes by a prefix.
            case "textlike" or "textnlike"
                when arguments is [_, Constant { Value: string pattern }] && !pattern.Contains('\\', StringComparison.Ordinal)
                && KernelFunctions.Find(function) is { } template && template.Contains(LikeEscape, StringComparison.Ordinal):
                return FillTemplate(template.Replace(LikeEscape, "", StringComparison.Ordinal),
                    arguments.Select(argument => (Write(argument), argument.Type)).ToArray());

            // A start within the text and a length that is none of the errors.
            case "substring" or "substr"
                when arguments is [{ Type: { Storage: Storage.Text, IsNumeric: false } } text, Constant { Value: int and >= 1 } start,
                    Constant { Value: int and >= 0 } length]:
                return $"substring({Write(text)}, {Write(start)}, {Write(length)})";
            default: return null;
        }
    }
}
