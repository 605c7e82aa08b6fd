using Federation.Sql.Lexing;
using Federation.Sql.Syntax;

namespace Federation.Sql.Parsing;

/// <summary>VACUUM and ANALYZE.</summary>
internal sealed partial class Parser
{
    private static readonly string[] s_vacuumOptions =
    [
        "full", "freeze", "verbose", "analyze", "disable_page_skipping", "skip_locked", "index_cleanup", "process_toast", "truncate",
        "parallel",
    ];

    private static readonly string[] s_analyzeOptions = ["verbose", "skip_locked"];

    private VacuumStatement Vacuum()
    {
        var isVacuum = Current.Keyword == Keyword.Vacuum;
        Advance();
        var options = new List<string>();
        if (Is('('))
        {
            var known = isVacuum ? s_vacuumOptions : s_analyzeOptions;
            foreach (var option in ParenthesisedList(UtilityOption))
            {
                if (!known.Contains(option.Name))
                    throw ErrorAt(option.Span, $"unrecognized {(isVacuum ? "VACUUM" : "ANALYZE")} option \"{option.Name}\"");
                var isOff = option.Value is StringLiteral { Value: var word } && word.ToLowerInvariant() is "off" or "false" or "0" or "no";
                if (!isOff && option.Value is not NumberLiteral { Text: "0" }) options.Add(option.Name);
            }
        }
        else
        {
            if (isVacuum && Accept(Keyword.Full)) options.Add("full");
            if (isVacuum && Accept(Keyword.Freeze)) options.Add("freeze");
            if (Accept(Keyword.Verbose)) options.Add("verbose");
            if (isVacuum && (Accept(Keyword.Analyze) || Accept(Keyword.Analyse))) options.Add("analyze");
        }

        return new VacuumStatement(isVacuum, options.ToEquatableArray(), AtEnd || Is(';') ? default : CommaList(VacuumedTable));
    }

    private VacuumedTable VacuumedTable() => new(RelationName(), Is('(') ? ParenthesisedList(ColumnId) : default);
}
