using Federation.Connectors.Spi;
using Federation.Core.Values;
using Federation.Planner;
using Federation.Planner.Binding;
using Federation.Planner.Rules;
using Federation.Plan;
using Federation.Session.Catalogs;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>Analyses statements: loads the tables they name and binds them. Nothing is run.</summary>
internal sealed class StatementAnalyzer(QuerySession session, SessionServices services)
{
    private static readonly ResultField s_text = new("", SqlType.Text, default, 0);

    /// <param name="declared">Types of parameters, null items to be inferred; null altogether when the statement may have none.</param>
    public async ValueTask<PreparedStatement> AnalyzeAsync(string text, Statement? syntax, IReadOnlyList<SqlType?>? declared, CancellationToken cancellationToken)
    {
        session.Transaction.BeginStatement();
        // Clients learn at Parse that a statement cannot be run, where PostgreSQL tells them what is wrong with it.
        if (syntax is UnsupportedStatement unsupported) throw StatementHandlers.Unsupported(unsupported);
        var prepared = new PreparedStatement(text, syntax) { DeclaredTypes = declared ?? [] };
        try
        {
            if (syntax is CallStatement call) return Shape(text, call, declared, null, 0);
            if (QueryOf(syntax) is not { } query) return Shape(text, syntax, declared, null, 0);
            var (bound, version) = await BindAsync(text.Length, query, declared, isWide: false, cancellationToken);
            return Shape(text, syntax, declared, bound, version);
        }
        catch (SqlException error) when (error.Position > 0)
        {
            throw InCharacters(error, prepared.Text);
        }
    }

    /// <summary>The statement bound against the present catalog; the same when the catalog has not moved.</summary>
    public async ValueTask<PreparedStatement> RefreshAsync(PreparedStatement prepared, CancellationToken cancellationToken)
    {
        if (prepared.Query is null || prepared.CatalogVersion == 0) return prepared;
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        if (catalog.Version == prepared.CatalogVersion && session.User == prepared.User && !prepared.Query.Tables.Values.Any(table => table.InlineRows is not null || table.FollowsFolder)) return prepared;
        var fresh = await AnalyzeAsync(prepared.Text, prepared.Syntax, [.. prepared.ParameterTypes], cancellationToken);
        if (SameColumns(prepared, fresh)) return fresh;
        throw new SqlException(SqlState.FeatureNotSupported, "cached plan must not change result type") { Routine = "RevalidateCachedQuery" };
    }

    /// <summary>The statement's query bound so that no numeric can overflow 38 digits.</summary>
    public async ValueTask<BoundQuery> BindWideAsync(PreparedStatement prepared, CancellationToken cancellationToken) =>
        (await BindAsync(prepared.Text.Length, QueryOf(prepared.Syntax)!, [.. prepared.ParameterTypes], isWide: true, cancellationToken)).Query;

    /// <summary>The query inside a statement, or null.</summary>
    private static Query? QueryOf(Statement? syntax) => syntax switch
    {
        SelectStatement select => select.Query,
        ExplainStatement explain => QueryOf(explain.Statement),
        DeclareCursorStatement declare => declare.Query,
        CopyStatement { IsFrom: false, Query: { } query } => query,
        CopyStatement { IsFrom: false, Table: { } table } copy => TableQuery(table, copy.Columns),
        _ => null,
    };

    private static Query TableQuery(QualifiedName table, EquatableArray<string> columns)
    {
        var items = columns.Count == 0
            ? [new SelectItem(new Star([]) { Span = table.Span }, null)]
            : columns.Select(column => new SelectItem(new ColumnReference([column]) { Span = table.Span }, null)).ToEquatableArray();
        return new Query(new SelectBody(items) { From = [new TableName(table) { Span = table.Span, IsCopied = columns.Count == 0 }] });
    }

    private PreparedStatement Shape(string text, Statement? syntax, IReadOnlyList<SqlType?>? declared, BoundQuery? query, long version) => new(text, syntax)
    {
        DeclaredTypes = declared ?? [],
        PreparedAt = session.StatementTime,
        Query = query,
        CatalogVersion = version,
        User = version == 0 ? null : session.User,
        ParameterTypes = query?.ParameterTypes ?? [],
        Fields = syntax switch
        {
            SelectStatement => PreparedStatement.FieldsOf(query!),
            ExplainStatement explain => [s_text with { Name = "QUERY PLAN", Type = ExplainStatements.IsJson(explain) ? SqlType.Json : SqlType.Text }],
            ShowStatement show => SettingStatements.FieldsOf(session, show),
            ExecuteStatement execute => session.FindStatement(execute.Name).Fields,
            FetchStatement { IsMove: false } fetch => session.FindPortal(fetch.Cursor)?.Fields
                ?? throw new SqlException(SqlState.UndefinedCursor, $"cursor \"{fetch.Cursor}\" does not exist"),
            _ => null,
        },
    };

    /// <param name="length">How long the statement's text is.</param>
    private async ValueTask<(BoundQuery Query, long Version)> BindAsync(
        int length, Query query, IReadOnlyList<SqlType?>? declared, bool isWide, CancellationToken cancellationToken)
    {
        // A query without tables reads no catalog.
        var (names, typeNames) = await services.Planning.RunAsync(length, () => (TableNames.Of(query), SourceTypeNames.Of(query)), cancellationToken);
        if (names.Count == 0 && typeNames.Count == 0) return (await BindAsync(_ => null, _ => null), 0);
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var resolver = Resolver(catalog);
        var tables = new Dictionary<TableName, ResolvedTable?>();
        foreach (var name in names)
        {
            if (tables.ContainsKey(name)) continue;
            tables[name] = await resolver.ResolveAsync(name, VersionOf(name), cancellationToken);
        }

        var types = new Dictionary<QualifiedName, PgType>();
        foreach (var name in typeNames)
            if (await resolver.FindTypeAsync(name, cancellationToken) is { } type)
                types[name] = type;
        return (await BindAsync(name => tables.GetValueOrDefault(name), name => types.GetValueOrDefault(name)), catalog.Version);

        ValueTask<BoundQuery> BindAsync(Func<TableName, ResolvedTable?> findTable, Func<QualifiedName, PgType?> findType) => session.WithNamesAsync(
            () => services.Planning.RunAsync(
                length,
                () => Binder.Bind(query, new BindContext(findTable, declared ?? [], session.Values) { FindType = findType, HoldsWideNumerics = isWide, RefusesParameters = declared is null }),
                cancellationToken),
            cancellationToken);
    }

    internal TableResolver Resolver(Federation.Catalog.ICatalogSnapshot catalog) =>
        new(services, catalog, session.CatalogName, session.User, session.RightsOf(catalog), session.SearchPath, () => SettingStatements.Rows(session), Warn) { ShownDatabase = session.Database, Session = session };

    private void Warn(SqlException error, string consequence) => session.NotifyOnce(NoticeSeverity.Warning, error.State, $"{consequence}: {error.Message}", error.Detail);

    private TableVersion? VersionOf(TableName name)
    {
        if (name.Version is { } version)
        {
            var value = Evaluate(version, null);
            return new TableVersion.Named(value is string text ? text : Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture)!);
        }

        return name.Timestamp is { } time && Evaluate(time, SqlType.Timestamptz) is PgTimestamp instant ? new TableVersion.AsOf(instant.Microseconds) : null;
    }

    private object? Evaluate(Expression expression, SqlType? target) => Constants.Evaluate(session, expression, target);

    private static bool SameColumns(PreparedStatement before, PreparedStatement after)
    {
        if (before.Fields is not { } old || after.Fields is not { } now) return before.Fields is null == after.Fields is null;
        return old.Count == now.Count && old.Zip(now).All(pair => pair.First.Name == pair.Second.Name && pair.First.Type.HasSameBase(pair.Second.Type));
    }

    /// <summary>Positions are counted in UTF-16 units while binding, in characters on the wire.</summary>
    private static SqlException InCharacters(SqlException error, string text)
    {
        var position = Sql.Lexing.SourcePosition.Of(text, Math.Min(error.Position - 1, text.Length));
        return position == error.Position ? error : error.Moved(position);
    }
}
