using Federation.Arrow;
using Federation.Catalog;
using Federation.Plan;
using Federation.Planner;
using Federation.Planner.Binding;
using Federation.Session.Statements;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session;

/// <summary>An analysed statement: its syntax, and for queries the plan bound against one catalog version.</summary>
internal sealed class PreparedStatement(string text, Statement? syntax) : IPreparedStatement
{
    private string _text = text;
    private bool? _mayAnswer;

    /// <summary>The whole query string that positions count from.</summary>
    public string Text => _text;

    /// <summary>Null for an empty query.</summary>
    public Statement? Syntax { get; } = syntax;

    /// <summary>Types declared by the client, kept for binding again after the catalog changed.</summary>
    public IReadOnlyList<SqlType?> DeclaredTypes { get; init; } = [];

    public EquatableArray<SqlType> ParameterTypes { get; init; }

    public EquatableArray<ResultField>? Fields { get; init; }

    /// <summary>Set for statements that hold a query: SELECT, COPY (query), EXPLAIN, DECLARE.</summary>
    public BoundQuery? Query { get => _query; init => _query = value; }

    private BoundQuery? _query;

    /// <summary>The state of the catalog that the query was bound against; none for a query that reads no catalog.</summary>
    public SnapshotId CatalogVersion { get; init; }

    /// <summary>Set for INSERT; its source is <see cref="Query"/>.</summary>
    public BoundInsert? Insert { get; init; }

    /// <summary>The parts of its WITH that are run by themselves before it, in order; none for most statements.</summary>
    public IReadOnlyList<StatementStep> Steps { get; init; } = [];

    /// <summary>What stands for the parts of WITH that it may read.</summary>
    public IReadOnlyDictionary<CommonTableExpression, StepRows> KnownSteps { get; init; } =
        new Dictionary<CommonTableExpression, StepRows>();

    /// <summary>
    /// The values of the parameters for which it was bound, where they may say which versions of tables it reads; null for all values.
    /// </summary>
    public EquatableArray<object?>? Arguments { get; init; }

    /// <summary>The statement with what is run before it, bound against a state of the catalog even if it names no table itself.</summary>
    public PreparedStatement WithSteps(IReadOnlyList<StatementStep> steps, EquatableArray<SqlType> parameterTypes, SnapshotId version,
        string user, string searchPath) => new(_text, Syntax)
    {
        Steps = steps, ParameterTypes = parameterTypes, CatalogVersion = version, User = user, SearchPath = searchPath,
        DeclaredTypes = DeclaredTypes, Fields = Fields, Query = Query, Insert = Insert, Change = Change, Target = Target,
        CopyFields = CopyFields, PreparedAt = PreparedAt, KnownSteps = KnownSteps, Arguments = Arguments,
    };

    /// <summary>Set for UPDATE, DELETE and MERGE; its rows are <see cref="Query"/>.</summary>
    public BoundChange? Change { get; init; }

    /// <summary>The table that the statement changes, as the catalog had it.</summary>
    public TableEntry? Target { get; init; }

    /// <summary>Set for COPY FROM: the columns that come, in order.</summary>
    public EquatableArray<ResultField>? CopyFields { get; init; }

    /// <summary>The user whose rights and mappings the query was bound with.</summary>
    public string? User { get; init; }

    /// <summary>The search path that the query's names were looked up in.</summary>
    public string? SearchPath { get; init; }

    /// <summary>
    /// The statement as it was bound last, after the catalog or the session had changed; null while it is as it was prepared. Used by the
    /// session that prepared it alone.
    /// </summary>
    public PreparedStatement? Latest { get; set; }

    public bool IsEmpty => Syntax is null;

    /// <summary>What executions of the query have in common.</summary>
    public Federation.Execution.ReadShortcut Shortcut { get; } = new();

    /// <summary>
    /// The query's only row, once it is known and the same for every execution in every session. Threads may set it at the same time, all
    /// to the same values.
    /// </summary>
    public Constant[]? Answer { get; set; }

    /// <summary>The columns of <see cref="Answer"/>, made by the first execution.</summary>
    public BatchSchema? AnswerSchema { get; set; }

    /// <summary>
    /// Whether the row of the query, one over constants, follows from its parameters alone: it calls only immutable functions, and names no
    /// object of the catalog.
    /// </summary>
    public bool MayAnswer =>
        _mayAnswer ??= Syntax is SelectStatement && Query?.Plan is Project project
            && project.Assignments.All(assignment => !PlanRewriter.Contains(
        assignment.Expression,
        item => item is Subquery || (item is Call call && call.Function.Volatility != Volatility.Immutable)
            || item.Type.Base.Name.StartsWith("reg", StringComparison.Ordinal)));

    /// <summary>When it was prepared.</summary>
    public PgTimestamp PreparedAt { get => _preparedAt; init => _preparedAt = value; }

    private PgTimestamp _preparedAt;

    /// <summary>What pg_prepared_statements shows; a statement of PREPARE is shown with that.</summary>
    public SystemCatalog.PreparedState Describe(string name) =>
        new(name, Text, PreparedAt, [.. ParameterTypes.Select(type => type.AnnouncedOid)], IsFromSql);

    /// <summary>Made by PREPARE.</summary>
    public bool IsFromSql { get; private set; }

    public PreparedStatement FromSql()
    {
        var copy = (PreparedStatement)MemberwiseClone();
        copy.IsFromSql = true;
        return copy;
    }

    /// <summary>The text whose values the parameters have; null for a statement whose client sends the values.</summary>
    public FilledTemplate? Filled { get; private set; }

    /// <summary>The statement of a template for one text.</summary>
    public PreparedStatement Fill(FilledTemplate filled)
    {
        var copy = (PreparedStatement)MemberwiseClone();
        (copy._text, copy.Filled) = (filled.Use.Sql, filled);
        return copy;
    }

    /// <summary>The statement bound again: it is still the one that was prepared then.</summary>
    public PreparedStatement InPlaceOf(PreparedStatement before)
    {
        var copy = (PreparedStatement)MemberwiseClone();
        (copy._preparedAt, copy.IsFromSql) = (before.PreparedAt, before.IsFromSql);
        return copy;
    }

    /// <summary>The statement for one execution, whose system tables are read through a provider of its own.</summary>
    public PreparedStatement Reading(Catalogs.SystemProvider provider)
    {
        var copy = (PreparedStatement)MemberwiseClone();
        copy._query =
            Query! with
            {
                Tables = Query.Tables.ToDictionary(table => table.Key,
                    table => table.Value.IsComputed ? table.Value with { Provider = provider } : table.Value),
            };
        return copy;
    }

    private IReadOnlyDictionary<TableSource, IReadOnlySet<string>>? _reads;

    /// <summary>The columns that the query names, and RETURNING.</summary>
    public IReadOnlyDictionary<TableSource, IReadOnlySet<string>> Reads =>
        _reads ??= Change?.Rights.Reads
            ?? (Query is null ? new Dictionary<TableSource, IReadOnlySet<string>>() : ReadColumns.Of(Query.Plan));

    private bool? _showsSchemas;
    private HashSet<PgType>? _namedTypes;

    /// <summary>Whether the query asks which schemas of search_path there are.</summary>
    public bool ShowsSchemas => _showsSchemas ??= Mentions(item => item is Call { Function.Name: "current_schema" or "current_schemas" });

    /// <summary>The reg types whose values the query, or its rows as text, show by names that only the catalog tells.</summary>
    public IReadOnlySet<PgType> NamedTypes => _namedTypes ??= FindNamedTypes();

    private HashSet<PgType> FindNamedTypes()
    {
        var found = new HashSet<PgType>();
        foreach (var field in Fields ?? []) AddNamed(field.Type, found);
        _ = Mentions(item =>
        {
            if (item is Cast { Operand: Constant or Parameter, Type: { IsArray: false, Category: 'S' } } cast)
                AddNamed(cast.Operand.Type, found);
            return false;
        });
        return found;
    }

    private bool Mentions(Func<Expr, bool> predicate)
    {
        if (Query is null) return false;
        var found = false;
        PlanRewriter.RewriteExpressions(Query.Plan, expression =>
        {
            found |= predicate(expression);
            return expression;
        });
        return found;
    }

    private static void AddNamed(SqlType type, HashSet<PgType> found)
    {
        if (type.Base == PgTypes.Regclass || type.Base == PgTypes.Regtype || type.Base == PgTypes.Regnamespace
            || type.Base == PgTypes.Regrole) found.Add(type.Base);
        if (!type.IsRecord) return;
        foreach (var field in type.Fields) AddNamed(field.Type, found);
    }

    public static EquatableArray<ResultField> FieldsOf(BoundQuery query) => FieldsOf(query.Outputs);

    public static EquatableArray<ResultField> FieldsOf(IEnumerable<OutputColumn> outputs) => outputs
        .Select(output => new ResultField(output.Name, output.Column.Type, output.TableOid, output.AttributeNumber)).ToEquatableArray();
}
