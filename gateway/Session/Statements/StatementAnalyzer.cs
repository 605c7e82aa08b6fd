using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Core.Values;
using Federation.Planner;
using Federation.Planner.Binding;
using Federation.Planner.Rules;
using Federation.Plan;
using Federation.Session.Catalogs;
using Federation.SessionApi;
using Federation.Sql;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>Analyses statements: loads the tables they name and binds them. Nothing is run.</summary>
internal sealed class StatementAnalyzer(QuerySession session, SessionServices services)
{
    private static readonly ResultField s_text = new("", SqlType.Text, default, 0);

    public TableVersions Versions { get; } = new(session, services);

    /// <param name="declared">Types of parameters, null items to be inferred; null altogether when the statement may have none.</param>
    public async ValueTask<PreparedStatement> AnalyzeAsync(string text, Statement? syntax, IReadOnlyList<SqlType?>? declared,
        CancellationToken cancellationToken)
    {
        session.Transaction.BeginStatement();
        // Clients learn at Parse that a statement cannot be run, where PostgreSQL tells them what is wrong with it.
        if (StatementHandlers.Unsupported(syntax) is { } unsupported) throw unsupported;
        var prepared = new PreparedStatement(text, syntax) { DeclaredTypes = declared ?? [] };
        if (syntax is DeclareCursorStatement declare)
            StatementSteps.Refuse(declare.Query, "DECLARE CURSOR must not contain data-modifying statements in WITH");
        if (_steps.Count == 0 && StatementSteps.Of(syntax) is { } with)
            return await AnalyzeStepsAsync(text, syntax!, with, declared, cancellationToken);
        try
        {
            if (syntax is CallStatement call) return Shape(text, call, declared, null, default);
            if (InsertOf(syntax) is { } insert)
            {
                var (inserted, entry, at) = await BindInsertAsync(text.Length, insert, declared, isWide: false, cancellationToken);
                return Shape(text, syntax, declared, inserted.Source, at, inserted, entry);
            }

            if (ChangeOf(syntax) is { } change)
            {
                var (changed, entry, at) = await BindChangeAsync(text.Length, change, declared, isWide: false, cancellationToken);
                return Shape(text, syntax, declared, changed.Rows, at, entry: entry, change: changed);
            }

            if (syntax is CopyStatement { IsFrom: true, Table: { } table } copy)
                return await AnalyzeCopyAsync(prepared, copy, table, cancellationToken);
            if (syntax is CopyStatement { IsFrom: false, Table: { } copied } copying)
                await RequireTableAsync(copied, copying.Columns, cancellationToken);
            if (QueryOf(syntax) is not { } query) return Shape(text, syntax, declared, null, default);
            var (bound, version) = await BindAsync(text.Length, query, declared, isWide: false, cancellationToken);
            // Sequences are names of the catalog as well.
            if (bound.HasSessionCalls && version == default)
                version = (await session.Transaction.GetCatalogAsync(cancellationToken)).Id;
            return Shape(text, syntax, declared, bound, version);
        }
        catch (SqlException error) when (error.Position > 0)
        {
            throw InCharacters(error, prepared.Text);
        }
    }

    /// <summary>The rows of the parts of WITH that were analysed before.</summary>
    private Dictionary<CommonTableExpression, StepRows> _steps = [];

    /// <summary>A statement with parts that change rows: each part is a statement of its own.</summary>
    private async ValueTask<PreparedStatement> AnalyzeStepsAsync(string text, Statement syntax, WithClause with,
        IReadOnlyList<SqlType?>? declared, CancellationToken cancellationToken)
    {
        if (with.Tables.FirstOrDefault(table => table.Statement is MergeStatement) is { } merge)
            throw InCharacters(new SqlException(SqlState.FeatureNotSupported, "MERGE not supported in WITH query")
                { Position = merge.Span.Position }, text);
        var steps = new List<StatementStep>();
        var rest = WithoutWith(syntax);
        try
        {
            for (var i = 0; i < with.Tables.Count; i++)
            {
                var table = with.Tables[i];
                var statement = StatementSteps.Behind(table, with, i);
                _steps.TryAdd(NoTable, StepRows.Of("", []));
                var analyzed = await AnalyzeAsync(text, statement, declared, cancellationToken);
                declared = Merged(declared, analyzed.ParameterTypes);
                var rows = StepRows.Of(table.Name, analyzed.Fields ?? []);
                _steps[table] = rows;
                var isRun = table.Statement is not SelectStatement
                    || with.Tables.Skip(i + 1).Any(later => StatementSteps.Names(later, table.Name))
                    || StatementSteps.Names(rest, table.Name);
                steps.Add(new StatementStep(table, analyzed, rows, isRun));
            }

            var main = await AnalyzeAsync(text, syntax, declared, cancellationToken);
            var version = (await session.Transaction.GetCatalogAsync(cancellationToken)).Id;
            return main.WithSteps(steps, Known(Merged(declared, main.ParameterTypes) ?? []), version,
                session.User, session.Settings.Get("search_path"));
        }
        finally
        {
            _steps = [];
        }
    }

    /// <summary>Says that the parts of a WITH are being analysed, before the first of them has rows.</summary>
    private static readonly CommonTableExpression NoTable = new("", [], new UnsupportedStatement(""));

    /// <summary>What stands behind the WITH.</summary>
    private static Statement WithoutWith(Statement syntax) => syntax switch
    {
        SelectStatement select => select with { Query = select.Query with { With = null } },
        InsertStatement { Source: { } source } insert => insert with { Source = source with { With = null } },
        DataChangeStatement change => change with { With = null },
        CreateTableAsStatement create => create with { Query = create.Query with { With = null } },
        CopyStatement { Query: { } query } copy => copy with { Query = query with { With = null } },
        ExplainStatement explain => WithoutWith(explain.Statement),
        _ => syntax,
    };

    /// <summary>The types of parameters that are known now; those of parts that do not name them are not.</summary>
    private static SqlType?[]? Merged(IReadOnlyList<SqlType?>? declared, EquatableArray<SqlType> inferred)
    {
        if (declared is null && inferred.Count == 0) return null;
        var merged = new SqlType?[Math.Max(declared?.Count ?? 0, inferred.Count)];
        for (var i = 0; i < merged.Length; i++)
            merged[i] = (declared is not null && i < declared.Count ? declared[i] : null)
                ?? (i < inferred.Count && !inferred[i].IsUnknown ? inferred[i] : null);
        return merged;
    }

    private static EquatableArray<SqlType> Known(SqlType?[] types)
    {
        var missing = Array.IndexOf(types, null);
        return missing < 0 ? types.Select(type => type!).ToEquatableArray()
            : throw new SqlException(SqlState.IndeterminateDatatype, $"could not determine data type of parameter ${missing + 1}");
    }

    /// <summary>
    /// The statement bound against the present catalog; the one that was bound last when neither the catalog nor what names mean has moved.
    /// </summary>
    /// <param name="arguments">The values of the parameters, which may say versions of tables; null while it is not executed.</param>
    public ValueTask<PreparedStatement> RefreshAsync(PreparedStatement prepared, EquatableArray<object?>? arguments,
        CancellationToken cancellationToken) =>
        Versions.UseAsync(arguments, () => RefreshAsync(prepared, cancellationToken));

    private async ValueTask<PreparedStatement> RefreshAsync(PreparedStatement prepared, CancellationToken cancellationToken)
    {
        // A statement may have been prepared while other settings gave values their text.
        if (prepared.Query is { } bound) TextStyles.Require(bound.Plan, session.TextFormat);
        if (prepared.Query is null || prepared.CatalogVersion == default) return prepared;
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var latest = prepared.Latest ?? prepared;
        if (IsCurrent(latest, catalog))
            return latest.Query!.Tables.Values.Any(table => table.IsComputed) ? latest.Reading(Resolver(catalog).System) : latest;
        var fresh = await AnalyzeAsync(prepared.Text, prepared.Syntax, [.. prepared.ParameterTypes], cancellationToken);
        if (SameColumns(prepared, fresh)) return prepared.Latest = fresh.InPlaceOf(prepared);
        throw new SqlException(SqlState.FeatureNotSupported, "cached plan must not change result type")
            { Routine = "RevalidateCachedQuery" };
    }

    /// <summary>Whether binding a query again would give the same.</summary>
    public async ValueTask<bool> IsCurrentAsync(PreparedStatement prepared, CancellationToken cancellationToken) =>
        IsCurrent(prepared, await session.Transaction.GetCatalogAsync(cancellationToken));

    private bool IsCurrent(PreparedStatement prepared, ICatalogSnapshot catalog) =>
        catalog.Id == prepared.CatalogVersion && session.User == prepared.User
        && session.Settings.Get("search_path") == prepared.SearchPath && !prepared.Query!.Tables.Values.Any(table => table.FollowsFolder);

    /// <summary>The statement's query bound so that no numeric can overflow 38 digits.</summary>
    public async ValueTask<BoundQuery> BindWideAsync(PreparedStatement prepared, CancellationToken cancellationToken)
    {
        var before = _steps;
        _steps = new Dictionary<CommonTableExpression, StepRows>(prepared.KnownSteps);
        try
        {
            return await Versions.UseAsync(prepared.Arguments, () => BindWidelyAsync(prepared, cancellationToken));
        }
        finally
        {
            _steps = before;
        }
    }

    private async ValueTask<BoundQuery> BindWidelyAsync(PreparedStatement prepared, CancellationToken cancellationToken) =>
        InsertOf(prepared.Syntax) is { } insert
            ? (await BindInsertAsync(prepared.Text.Length, insert, [.. prepared.ParameterTypes], isWide: true,
                cancellationToken)).Insert.Source
            : ChangeOf(prepared.Syntax) is { } change
            ? (await BindChangeAsync(prepared.Text.Length, change, [.. prepared.ParameterTypes], isWide: true,
                cancellationToken)).Change.Rows
            : (await BindAsync(prepared.Text.Length, QueryOf(prepared.Syntax)!, [.. prepared.ParameterTypes], isWide: true,
                cancellationToken)).Query;

    /// <summary>The INSERT that COPY FROM is.</summary>
    /// <param name="rows">What the rows are read from: the only table of the source that has no schema.</param>
    public async ValueTask<BoundInsert> BindCopyAsync(PreparedStatement prepared, InsertStatement insert, ResolvedTable rows,
        CancellationToken cancellationToken)
    {
        var (bound, _, _) = await BindInsertAsync(prepared.Text.Length, insert, [], isWide: false, cancellationToken, rows);
        return bound;
    }

    private async ValueTask<PreparedStatement> AnalyzeCopyAsync(PreparedStatement prepared, CopyStatement copy, QualifiedName table,
        CancellationToken cancellationToken)
    {
        if (await session.FindRelationAsync(table, cancellationToken) is ViewEntry view)
            throw new SqlException(SqlState.WrongObjectType, $"cannot copy to view \"{view.Name}\"")
                { Hint = "To enable copying to a view, provide an INSTEAD OF INSERT trigger." };
        // An INSERT of no values finds the table and checks the names of the columns.
        var columns = copy.Columns.Select(name => new ColumnReference([name]) { Span = table.Span }).ToEquatableArray();
        var probe = new InsertStatement(table, null, columns, null, []) { Span = copy.Span };
        var (insert, entry) = await FindTargetAsync(prepared, probe, cancellationToken);
        foreach (var column in columns)
            if (insert.Target.Generated.Any(item => item.Column == column.Name))
                throw NotCopied(column.Name);
        var taken = columns.Count == 0
            ? insert.Target.Columns.Where(column => !column.IsGenerated).ToEquatableArray()
            : columns.Select(column => insert.Target.Columns.First(known => known.Name == column.Name)).ToEquatableArray();
        return new PreparedStatement(prepared.Text, copy)
        {
            Target = entry,
            CopyFields = taken.Select(column => new ResultField(column.Name, column.Type, default, 0)).ToEquatableArray(),
            PreparedAt = session.StatementTime,
        };
    }

    /// <summary>PostgreSQL says no position in COPY.</summary>
    private async ValueTask<(BoundInsert Insert, TableEntry Entry)> FindTargetAsync(PreparedStatement prepared, InsertStatement probe,
        CancellationToken cancellationToken)
    {
        try
        {
            var (insert, entry, _) = await BindInsertAsync(prepared.Text.Length, probe, [], isWide: false, cancellationToken);
            return (insert, entry);
        }
        catch (SqlException error)
        {
            throw error.Moved(0);
        }
    }

    /// <summary>RETURNING over the rows that an INSERT has added.</summary>
    /// <param name="added">The table, of which these rows alone are to be seen.</param>
    public async ValueTask<BoundQuery> BindReturningAsync(PreparedStatement prepared, ResolvedTable added,
        EquatableArray<object?> parameters, CancellationToken cancellationToken)
    {
        var query = Binder.ReturningQuery((InsertStatement)prepared.Syntax!);
        var (context, _) = await Versions.UseAsync(parameters,
            () => LoadAsync(prepared.Text.Length, [query], [.. prepared.ParameterTypes], isWide: false, cancellationToken));
        var (target, others) = (Target(query), context.FindTable);
        var rows = others(target) is { View: not null } view ? TargetViews.Over(view, added) : added;
        context = context with { FindTable = name => name == target ? rows : others(name) };
        return await BindAsync(prepared.Text.Length, () => Binder.Bind(query, context), cancellationToken);
    }

    /// <summary>A query that a statement makes for itself.</summary>
    public async ValueTask<BoundQuery> BindAsync(Query query, CancellationToken cancellationToken) =>
        (await BindAsync(0, query, [], isWide: false, cancellationToken)).Query;

    /// <summary>The rows of a table as ALTER TABLE writes them anew.</summary>
    public async ValueTask<BoundQuery> BindRewriteAsync(Query rows, IReadOnlyList<RewrittenColumn> columns,
        CancellationToken cancellationToken)
    {
        var (context, _) = await LoadAsync(0, [rows], [], isWide: false, cancellationToken);
        return await BindAsync(0, () => Binder.BindRewrite(rows, columns, context), cancellationToken);
    }

    /// <summary>
    /// The query of a view that is made, the relations behind the names in it, and what its stars stand for.
    /// </summary>
    public async ValueTask<(BoundQuery Query, IReadOnlyDictionary<TableName, ResolvedTable> Names, IReadOnlyDictionary<Star, string> Stars)>
        BindViewAsync(string text, Query query, CancellationToken cancellationToken)
    {
        try
        {
            var (context, _) = await LoadAsync(text.Length, [query], null, isWide: false, cancellationToken);
            var asked = new Dictionary<TableName, ResolvedTable>();
            var find = context.FindTable;
            context = context with
            {
                FindTable = name =>
                {
                    if (find(name) is not { } found) return null;
                    return asked[name] = found;
                },
            };
            IReadOnlyDictionary<Star, string> stars = new Dictionary<Star, string>();
            var bound = await BindAsync(text.Length, () => Binder.BindView(query, context, out stars), cancellationToken);
            return (bound, asked, stars);
        }
        catch (SqlException error) when (error.Position > 0)
        {
            throw InCharacters(error, text);
        }
    }

    /// <summary>The INSERT without ON CONFLICT that a statement is or explains, or null.</summary>
    private static InsertStatement? InsertOf(Statement? syntax) => syntax switch
    {
        InsertStatement { OnConflict: null } insert => insert,
        ExplainStatement explain => InsertOf(explain.Statement),
        _ => null,
    };

    /// <summary>The UPDATE, DELETE, MERGE or INSERT … ON CONFLICT that a statement is or explains, or null.</summary>
    private static Statement? ChangeOf(Statement? syntax) => syntax switch
    {
        DataChangeStatement or InsertStatement { OnConflict: not null } => syntax,
        ExplainStatement explain => ChangeOf(explain.Statement),
        _ => null,
    };

    /// <summary>The query inside a statement, or null.</summary>
    private static Query? QueryOf(Statement? syntax) => syntax switch
    {
        SelectStatement select => select.Query,
        ExplainStatement explain => QueryOf(explain.Statement),
        CreateTableAsStatement table => table.Query,
        DeclareCursorStatement declare => declare.Query,
        CopyStatement { IsFrom: false, Query: { } query } => query,
        CopyStatement { IsFrom: false, Table: { } table } copy => TableQuery(table, copy.Columns),
        _ => null,
    };

    private async ValueTask RequireTableAsync(QualifiedName name, EquatableArray<string> columns, CancellationToken cancellationToken)
    {
        var relation = await session.FindRelationAsync(name, cancellationToken);
        if (relation is TableEntry table
            && columns.FirstOrDefault(column => table.Generated.Any(item => item.Key == column)) is { } generated)
            throw NotCopied(generated);
        if (relation is SequenceEntry)
            throw new SqlException(SqlState.WrongObjectType, $"cannot copy from sequence \"{name.Name}\"");
        if (relation is ViewEntry)
            throw new SqlException(SqlState.WrongObjectType, $"cannot copy from view \"{name.Name}\"")
                { Hint = "Try the COPY (SELECT ...) TO variant." };
    }

    private static SqlException NotCopied(string column) =>
        new(SqlState.InvalidColumnReference, $"column \"{column}\" is a generated column")
            { Detail = "Generated columns cannot be used in COPY." };

    private static Query TableQuery(QualifiedName table, EquatableArray<string> columns)
    {
        var items = columns.Count == 0
            ? [new SelectItem(new Star([]) { Span = table.Span }, null)]
            : columns.Select(column => new SelectItem(new ColumnReference([column]) { Span = table.Span }, null)).ToEquatableArray();
        return new Query(new SelectBody(items) { From = [new TableName(table) { Span = table.Span, IsCopied = columns.Count == 0 }] });
    }

    private PreparedStatement Shape(
        string text, Statement? syntax, IReadOnlyList<SqlType?>? declared, BoundQuery? query, SnapshotId version,
        BoundInsert? insert = null, TableEntry? entry = null, BoundChange? change = null) => new(text, syntax)
    {
        Insert = insert,
        Change = change,
        KnownSteps = new Dictionary<CommonTableExpression, StepRows>(_steps),
        Target = entry,
        DeclaredTypes = declared ?? [],
        PreparedAt = session.StatementTime,
        Query = query,
        Arguments = query?.Tables.Values.Any(table => table.FollowsFolder) == true ? Versions.Arguments : null,
        CatalogVersion = version,
        User = version == default ? null : session.User,
        SearchPath = version == default ? null : session.Settings.Get("search_path"),
        ParameterTypes = query?.ParameterTypes ?? [],
        Fields = syntax switch
        {
            SelectStatement => PreparedStatement.FieldsOf(query!),
            InsertStatement { OnConflict: null } => insert!.Returning is { } returning ? PreparedStatement.FieldsOf(returning) : null,
            DataChangeStatement or InsertStatement => change!.ReturningCount is null ? null : PreparedStatement.FieldsOf(change.Returning),
            ExplainStatement explain =>
                [s_text with { Name = "QUERY PLAN", Type = ExplainStatements.IsJson(explain) ? SqlType.Json : SqlType.Text }],
            ShowStatement show => SettingStatements.FieldsOf(session, show),
            ExecuteStatement execute => session.FindStatement(execute.Name).Fields,
            CallStatement call => CallStatements.FieldsOf(call),
            FetchStatement { IsMove: false } fetch => CursorStatements.Find(session, fetch.Cursor).Fields,
            _ => null,
        },
    };

    /// <param name="length">How long the statement's text is.</param>
    private async ValueTask<(BoundQuery Query, SnapshotId Version)> BindAsync(
        int length, Query query, IReadOnlyList<SqlType?>? declared, bool isWide, CancellationToken cancellationToken)
    {
        var (context, version) = await LoadAsync(length, [query], declared, isWide, cancellationToken);
        return (await BindAsync(length, () => Binder.Bind(query, context), cancellationToken), version);
    }

    private async ValueTask<(BoundInsert Insert, TableEntry Entry, SnapshotId Version)> BindInsertAsync(
        int length, InsertStatement insert, IReadOnlyList<SqlType?>? declared, bool isWide, CancellationToken cancellationToken,
        ResolvedTable? clientRows = null)
    {
        var returning = Binder.ReturningQuery(insert);
        var target = await LoadTargetAsync(length, Target(returning), "insert into",
            insert.Source is null ? [returning] : [returning, insert.Source], declared, isWide, cancellationToken);
        var (context, find) = (target.Context, target.Context.FindTable);
        if (clientRows is not null)
            context = context with { FindTable = name => name.Name.Name == clientRows.Source.Table ? clientRows : find(name) };
        return (await BindAsync(length, () => Binder.BindInsert(insert, target.Table, target.Defaults, context), cancellationToken),
            target.Entry, target.Version);
    }

    private async ValueTask<(BoundChange Change, TableEntry Entry, SnapshotId Version)> BindChangeAsync(
        int length, Statement change, IReadOnlyList<SqlType?>? declared, bool isWide, CancellationToken cancellationToken)
    {
        var (name, verb) = change switch
        {
            InsertStatement insert => (Binder.TargetOf(insert), "insert into"),
            UpdateStatement update => (Binder.TargetOf(update), "update"),
            DeleteStatement delete => (Binder.TargetOf(delete), "delete from"),
            _ => (Binder.TargetOf((DataChangeStatement)change), "merge into"),
        };
        var target = await LoadTargetAsync(length, name, verb, [name, change], declared, isWide, cancellationToken);
        if (change is InsertStatement && target.Context.FindTable(name)?.View is not null)
            throw new SqlException(SqlState.FeatureNotSupported, "INSERT with ON CONFLICT through a view is not supported")
                { Position = name.Name.Span.Position };
        return (await BindAsync(length, () => change is InsertStatement insert
            ? Binder.BindConflict(insert, target.Defaults, target.Context)
            : Binder.BindChange((DataChangeStatement)change, target.Defaults, target.Context), cancellationToken),
            target.Entry, target.Version);
    }

    /// <summary>The managed table that a statement changes, with what binding needs to know.</summary>
    private sealed record TargetTable(ResolvedTable Table, TableEntry Entry, BindContext Context, SnapshotId Version)
    {
        public IReadOnlyDictionary<string, Expression> Defaults { get; } =
            Entry.Defaults.ToDictionary(item => item.Key, item => SqlParser.ParseExpression(item.Value), StringComparer.Ordinal);
    }

    /// <param name="verb">What the statement does to the table, for errors.</param>
    /// <param name="parts">What names tables and types, the target among them.</param>
    private async ValueTask<TargetTable> LoadTargetAsync(int length, TableName name, string verb, IReadOnlyList<SyntaxNode> parts,
        IReadOnlyList<SqlType?>? declared, bool isWide, CancellationToken cancellationToken)
    {
        var (context, version) = await LoadAsync(length, parts, declared, isWide, cancellationToken);
        var table = context.FindTable(name) ?? throw new SqlException(SqlState.UndefinedTable, $"relation \"{name.Name}\" does not exist")
            { Position = name.Name.Span.Position };
        var resolver = Resolver(await session.Transaction.GetCatalogAsync(cancellationToken));
        if (table.View is not null)
        {
            var below = TargetViews.BaseOf(table, verb);
            var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
            var found = TableResolver.IsManaged(below.Source.Catalog)
                ? await catalog.FindTableAsync(below.Source.Schema, below.Source.Table, cancellationToken)
                : null;
            return new TargetTable(below, found ?? throw NotManaged(verb, name.Name), context, version);
        }

        var entry = await resolver.FindTargetAsync(name.Name, cancellationToken) ?? throw NotManaged(verb, name.Name);
        return new TargetTable(table, entry, context, version);
    }

    internal static SqlException NotManaged(string what, QualifiedName table) =>
        new(SqlState.FeatureNotSupported, $"cannot {what} \"{table.Name}\"")
            { Detail = "Only tables of the managed catalog can be written.", Position = table.Span.Position };

    /// <summary>The name of the table that RETURNING is over; subqueries of it may name others.</summary>
    private static TableName Target(Query returning) => (TableName)((SelectBody)returning.Body).From[0];

    private ValueTask<T> BindAsync<T>(int length, Func<T> bind, CancellationToken cancellationToken) =>
        session.Names.ResolvingAsync(() => services.Planning.RunAsync(length, bind, cancellationToken), cancellationToken);

    /// <summary>
    /// What binding needs to know of the tables and types that parts of a statement name. Nothing of the catalog is read for parts that
    /// name none.
    /// </summary>
    private async ValueTask<(BindContext Context, SnapshotId Version)> LoadAsync(
        int length, IReadOnlyList<SyntaxNode> parts, IReadOnlyList<SqlType?>? declared, bool isWide, CancellationToken cancellationToken)
    {
        var (names, typeNames) = await services.Planning.RunAsync(
            length, () => (parts.SelectMany(TableNames.Of).ToArray(), parts.SelectMany(SourceTypeNames.Of).ToArray()), cancellationToken);
        declared = TableVersions.Declare(names, declared);
        var tables = new Dictionary<TableName, ResolvedTable?>();
        var types = new Dictionary<QualifiedName, PgType>();
        SnapshotId version = default;
        if (names.Length > 0 || typeNames.Length > 0)
        {
            var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
            var resolver = Resolver(catalog, isWide);
            version = catalog.Id;
            foreach (var name in names)
                if (!tables.ContainsKey(name))
                {
                    var point = await Versions.OfAsync(name, declared ?? [], cancellationToken);
                    var found = await resolver.ResolveAsync(name, point, cancellationToken);
                    tables[name] = found is not null && TableVersions.MayMove(name) ? found with { FollowsFolder = true } : found;
                }

            foreach (var name in typeNames)
                if (await resolver.FindTypeAsync(name, cancellationToken) is { } type)
                    types[name] = type;
        }

        var context = new BindContext(name => tables.GetValueOrDefault(name), declared ?? [], session.Values)
        {
            FindType = name => types.GetValueOrDefault(name), HoldsWideNumerics = isWide, RefusesParameters = declared is null,
            FindStep = table => _steps.GetValueOrDefault(table)?.Table, IgnoresUnused = _steps.Count > 0,
        };
        return (context, version);
    }

    internal TableResolver Resolver(ICatalogSnapshot catalog, bool isWide = false) =>
        new(services, catalog, session.CatalogName, session.User, session.RightsOf(catalog), session.Names.SearchPath,
            () => SettingStatements.Rows(session), Warn)
        {
            ShownDatabase = session.Database, Session = session, IsWide = isWide,
        };

    private void Warn(SqlException error, string consequence) =>
        session.NotifyOnce(NoticeSeverity.Warning, error.State, $"{consequence}: {error.Message}", error.Detail);

    private static bool SameColumns(PreparedStatement before, PreparedStatement after)
    {
        if (before.Fields is not { } old || after.Fields is not { } now) return before.Fields is null == after.Fields is null;
        return old.Count == now.Count
            && old.Zip(now).All(pair => pair.First.Name == pair.Second.Name && pair.First.Type.HasSameBase(pair.Second.Type));
    }

    /// <summary>Positions are counted in UTF-16 units while binding, in characters on the wire.</summary>
    private static SqlException InCharacters(SqlException error, string text)
    {
        var position = Sql.Lexing.SourcePosition.Of(text, Math.Min(error.Position - 1, text.Length));
        return position == error.Position ? error : error.Moved(position);
    }
}
