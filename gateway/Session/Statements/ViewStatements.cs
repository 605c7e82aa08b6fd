using Federation.Catalog;
using Federation.Plan;
using Federation.Planner;
using Federation.Planner.Binding;
using Federation.Session.Catalogs;
using Federation.Session.Settings;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>CREATE VIEW.</summary>
internal static class ViewStatements
{
    /// <summary>The settings by which literals are read.</summary>
    private static readonly string[] s_settings = ["DateStyle", "IntervalStyle", "TimeZone"];

    /// <param name="text">The text that the statement's spans are of.</param>
    public static async ValueTask<string> CreateAsync(QuerySession session, string text, CreateViewStatement create,
        CancellationToken cancellationToken)
    {
        session.Transaction.RequireWritable("CREATE VIEW");
        if (create.CheckOption is not null && UpdatableViews.WhyNotWritten(create.Query) is { } reason)
            throw new SqlException(SqlState.FeatureNotSupported,
                "WITH CHECK OPTION is supported only on automatically updatable views") { Hint = reason };
        StatementSteps.Refuse(create.Query, "views must not contain data-modifying statements in WITH");
        var (query, names, stars) = await session.Analyzer.BindViewAsync(text, create.Query, cancellationToken);
        if (!create.IsTemporary && names.Values.Any(table => table.Source.Catalog == TableResolver.ManagedCatalog
            && session.Temporary.Is(table.Source.Schema)))
        {
            session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion,
                $"view \"{create.Name.Name}\" will be a temporary view");
            create = create with { IsTemporary = true };
        }

        var (schema, present) = await PlaceAsync(session, create, cancellationToken);
        var columns = Columns(create, query);
        RequireFixedNames(query);
        var view = new ViewEntry(present?.Oid ?? Oid.None, schema.Name, create.Name.Name, present?.Owner ?? session.User,
            await WriteAsync(session, text, create.Query, query, names, stars, cancellationToken))
        {
            IsClosed = true,
            CheckOption = create.CheckOption,
            Columns = columns,
            NamesColumns = !columns.Select(column => column.Name).SequenceEqual(query.Outputs.Select(output => output.Name)),
            Sources = await SourcesAsync(session, query, names, cancellationToken),
            Settings = s_settings.Select(name => KeyValuePair.Create(name, session.Settings.Get(name))).ToEquatableArray(),
            MadeAt = session.TransactionTime.Microseconds,
            Comment = present?.Comment,
            ColumnComments = present?.ColumnComments ?? [],
        };
        if (present is not null)
        {
            RequireReplaceable(present, columns);
            await RequireNoCycleAsync(session, view, cancellationToken);
            await session.Transaction.ChangeAsync(new CatalogChange.Redefine(present, view), cancellationToken);
            return "CREATE VIEW";
        }

        await session.Transaction.ChangeAsync(new CatalogChange.Create(view), cancellationToken);
        var made = (await (await session.Transaction.GetCatalogAsync(cancellationToken)).FindViewAsync(view.Schema, view.Name,
            cancellationToken))!;
        await TableRights.StartAsync(session, made, cancellationToken);
        return "CREATE VIEW";
    }

    /// <summary>How the literals of a view are read.</summary>
    public static Core.Values.ValueContext ValuesOf(ViewEntry view, Core.Values.TextFormat session)
    {
        var settings = new SessionSettings();
        foreach (var (name, value) in view.Settings) settings.Set(name, value, isLocal: false);
        return new Core.Values.ValueContext(settings.TextFormat with { ObjectNames = session.ObjectNames }, new PgTimestamp(view.MadeAt));
    }

    private static async ValueTask<(SchemaEntry Schema, ViewEntry? Present)> PlaceAsync(QuerySession session, CreateViewStatement create,
        CancellationToken cancellationToken)
    {
        if (create.IsReplace && await session.FindRelationAsync(create.Name, cancellationToken) is { } relation
            && create.IsTemporary == session.Temporary.Is(relation.Schema)
            && (create.IsTemporary || create.Name.Parts.Count > 1
                || relation.Schema == (await CurrentSchemaAsync(session, cancellationToken))?.Name))
        {
            AlterTableStatements.RequireKind(relation, DropKind.View);
            var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
            var schema = (await catalog.FindSchemaAsync(relation.Schema, cancellationToken))!;
            await (await session.RightsAsync(cancellationToken)).RequireAsync(session.User, schema, 'C', cancellationToken);
            await AlterTableStatements.RequireOwnerAsync(session, relation, cancellationToken);
            return (schema, (ViewEntry)relation);
        }

        try
        {
            return ((await TableStatements.PlaceAsync(session, create.Name, ifNotExists: false, cancellationToken,
                create.IsTemporary))!, null);
        }
        catch (SqlException error)
        {
            // PostgreSQL says no position here.
            throw error.Moved(0);
        }
    }

    private static async ValueTask<SchemaEntry?> CurrentSchemaAsync(QuerySession session, CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        foreach (var name in session.Names.CreationPath())
            if (await catalog.FindSchemaAsync(name, cancellationToken) is { } schema)
                return schema;
        return null;
    }

    private static EquatableArray<ViewColumn> Columns(CreateViewStatement create, BoundQuery query)
    {
        if (create.Columns.Count > query.Outputs.Count)
            throw new SqlException(SqlState.SyntaxError, "CREATE VIEW specifies more column names than columns");
        if (query.Outputs.Count == 0) throw new SqlException(SqlState.FeatureNotSupported, "views without columns are not supported");
        var columns = query.Outputs.Select((output, i) =>
        {
            var (name, type) = (i < create.Columns.Count ? create.Columns[i] : output.Name, output.Column.Type);
            return SqlType.FromOid(type.AnnouncedOid, type.Modifier) is { Base.Source: null }
                ? new ViewColumn(name, type.AnnouncedOid.Value, type.Modifier)
                : throw new SqlException(SqlState.FeatureNotSupported, $"column \"{name}\" of a view cannot have type {type}");
        }).ToEquatableArray();
        return columns.GroupBy(column => column.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice
            ? throw new SqlException(SqlState.DuplicateColumn, $"column \"{twice.Key}\" specified more than once")
            : columns;
    }

    /// <summary>PostgreSQL keeps the object that a name meant when the view was made; here the name would be looked up again.</summary>
    private static void RequireFixedNames(BoundQuery query)
    {
        PlanRewriter.RewriteExpressions(query.Plan, expression => PlanRewriter.Contains(expression, item =>
            item is Constant { Value: not null } or Cast { Operand: Constant }
                && item.Type.Base.Name.StartsWith("reg", StringComparison.Ordinal))
            ? throw new SqlException(SqlState.FeatureNotSupported, "views with names of objects as values are not supported")
            : expression);
    }

    /// <summary>The query's text. Stars stay as they are if no text means the same; new columns do not get in there either.</summary>
    private static async ValueTask<string> WriteAsync(
        QuerySession session, string text, Query syntax, BoundQuery query, IReadOnlyDictionary<TableName, ResolvedTable> names,
        IReadOnlyDictionary<Star, string> stars, CancellationToken cancellationToken)
    {
        var tables = ViewTexts.TableNames(syntax).Where(names.ContainsKey).Select(table =>
        {
            var name = SourceOf(names[table]);
            return (table.Name.Span, ViewTexts.NameOf(name.Server, name.Schema, name.Name));
        }).ToArray();
        var spelled = ViewTexts.Replaced(text, syntax.Span, tables.Concat(stars.Select(star => (star.Key.Span, star.Value))));
        try
        {
            var (again, _, _) = await session.Analyzer.BindViewAsync(spelled, ViewTexts.Parse(spelled), cancellationToken);
            if (again.Outputs.Select(output => (output.Name, output.Column.Type))
                .SequenceEqual(query.Outputs.Select(output => (output.Name, output.Column.Type)))) return spelled;
        }
        catch (SqlException error) when (error.State.Class == "42")
        {
            // A name that stands for two columns.
        }

        return ViewTexts.Replaced(text, syntax.Span, tables);
    }

    private static async ValueTask<EquatableArray<ViewSource>> SourcesAsync(QuerySession session, BoundQuery query,
        IReadOnlyDictionary<TableName, ResolvedTable> names, CancellationToken cancellationToken)
    {
        var reads = ReadColumns.Of(query.Plan);
        var sources = new Dictionary<(string, string, string), ViewSource>();
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        foreach (var table in names.Values)
        {
            var (server, schema, name) = SourceOf(table);
            var relation = server.Length > 0 || table.IsComputed
                ? Oid.None
                : (await catalog.FindRelationAsync(schema, name, cancellationToken))?.Oid ?? Oid.None;
            var used = reads.GetValueOrDefault(table.Source)?.Order(StringComparer.Ordinal) ?? Enumerable.Empty<string>();
            sources[(server, schema, name)] = new ViewSource(server, schema, name, relation,
                table.Columns.Select(column => column.Name).ToEquatableArray()) { Used = used.ToEquatableArray() };
        }

        return sources.Values.ToEquatableArray();
    }

    /// <summary>The server, empty for this catalog, and the names there.</summary>
    private static (string Server, string Schema, string Name) SourceOf(ResolvedTable table) =>
        (table.IsComputed || TableResolver.IsManaged(table.Source.Catalog) ? "" : table.Source.Catalog, table.Source.Schema,
            table.Source.Table);

    private static void RequireReplaceable(ViewEntry present, EquatableArray<ViewColumn> columns)
    {
        if (columns.Count < present.Columns.Count)
            throw new SqlException(SqlState.InvalidTableDefinition, "cannot drop columns from view");
        for (var i = 0; i < present.Columns.Count; i++)
        {
            var (old, now) = (present.Columns[i], columns[i]);
            if (old.Name != now.Name)
            {
                throw new SqlException(SqlState.InvalidTableDefinition,
                    $"cannot change name of view column \"{old.Name}\" to \"{now.Name}\"")
                {
                    Hint = "Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.",
                };
            }

            if ((old.Type, old.Modifier) != (now.Type, now.Modifier))
            {
                throw new SqlException(SqlState.InvalidTableDefinition,
                    $"cannot change data type of view column \"{old.Name}\" from {TypeOf(old)} to {TypeOf(now)}");
            }
        }
    }

    private static SqlType? TypeOf(ViewColumn column) => SqlType.FromOid(new Oid(column.Type), column.Modifier);

    /// <summary>A view may not come to read itself through another.</summary>
    private static async ValueTask RequireNoCycleAsync(QuerySession session, ViewEntry view, CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var open = new Stack<ViewSource>(view.Sources);
        while (open.TryPop(out var source))
        {
            if (source.Relation == view.Oid)
                throw new SqlException(SqlState.InvalidObjectDefinition,
                    $"infinite recursion detected in rules for relation \"{view.Name}\"");
            if (source.Relation != Oid.None && await catalog.FindViewAsync(source.Schema, source.Name, cancellationToken) is { } inner)
                foreach (var below in inner.Sources)
                    open.Push(below);
        }
    }
}
