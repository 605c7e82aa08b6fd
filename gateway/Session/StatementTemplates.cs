using Federation.Execution;
using Federation.Session.Statements;
using Federation.SessionApi;
using Federation.Sql;
using Federation.Sql.Syntax;

namespace Federation.Session;

/// <summary>
/// Statements of the simple protocol that differ in nothing but their values, for one session. One whose template comes again is analysed
/// once with parameters in the places of the values, and when it then is one statement of a source, later ones are neither parsed, bound
/// nor planned. Every other statement goes the ordinary way. Used by the session's thread alone.
/// </summary>
internal sealed class StatementTemplates(QuerySession session, SessionServices services, StatementAnalyzer analyzer)
{
    private const int MostTemplates = 500;

    private readonly Dictionary<string, Template> _templates = new(StringComparer.Ordinal);

    /// <summary>
    /// The statement as a use of a template that came before and is of use, as far as that is known; null for every other text.
    /// </summary>
    public TemplateUse? Find(string sql)
    {
        if (SqlTemplate.TryMake(sql) is not { } made) return null;
        if (_templates.TryGetValue(made.Key, out var known)) return known.IsUseless ? null : new TemplateUse(known, sql, made);
        if (_templates.Count >= MostTemplates) _templates.Clear();
        _templates.Add(made.Key, new Template());
        return null;
    }

    /// <summary>The analysed statement with its values; null when the text has to be analysed by itself.</summary>
    public async ValueTask<PreparedStatement?> TryPrepareAsync(TemplateUse use, CancellationToken cancellationToken)
    {
        var template = use.Template;
        if (template.IsUseless) return null;
        if (template.Statement is not { } statement || !await analyzer.IsCurrentAsync(statement, cancellationToken))
        {
            template.Statement = statement = await TryAnalyzeAsync(use.Made, cancellationToken);
            template.IsUseless = statement is null;
            if (statement is null) return null;
        }

        try
        {
            var literals = use.Made.Literals;
            var values = new object?[literals.Count];
            for (var i = 0; i < values.Length; i++)
                values[i] = ValueText.Parse(literals[i].Text, statement.ParameterTypes[i], session.Values);
            return statement.Fill(new FilledTemplate(use, new EquatableArray<object?>(values)));
        }
        catch (SqlException)
        {
            // The ordinary way finds the same error, and says where in the text it is.
            return null;
        }
    }

    private async ValueTask<PreparedStatement?> TryAnalyzeAsync(SqlTemplate made, CancellationToken cancellationToken)
    {
        try
        {
            var text = made.Text;
            var parsed = await services.Planning.RunAsync(text.Length, () => SqlParser.Parse(text), cancellationToken);
            if (parsed is not [{ Statement: SelectStatement select }]) return null;
            var statement =
                await analyzer.AnalyzeAsync(text, select, [.. made.Literals.Select(literal => literal.Type)], cancellationToken);
            if (statement.ParameterTypes.Count != made.Literals.Count || statement.CatalogVersion == default) return null;
            var request = QueryStatements.Request(session, services, statement, default) with
            {
                Shortcut = statement.Shortcut,
                Record = null,
            };
            return await services.Runner.HasGenericReadAsync(request, cancellationToken) ? statement : null;
        }
        catch (Exception error) when (error is SqlException { State.Class: not "57" } or UnresolvedNameException)
        {
            // What is wrong with a template may be right with its values in it.
            return null;
        }
    }
}

/// <summary>What is known of a template.</summary>
internal sealed class Template
{
    /// <summary>Null until it was analysed.</summary>
    public PreparedStatement? Statement { get; set; }

    /// <summary>It has no statement, and gets none in this session.</summary>
    public bool IsUseless { get; set; }
}

/// <summary>A text of the simple protocol as a template and its literals.</summary>
internal sealed record TemplateUse(Template Template, string Sql, SqlTemplate Made);

/// <param name="Values">Those of the literals, in the types of the template's parameters.</param>
internal sealed record FilledTemplate(TemplateUse Use, EquatableArray<object?> Values);
