using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.ObjectStorage;
using Federation.Planner.Binding;
using Federation.Session.Catalogs;
using Federation.Sql;
using Federation.Sql.Printing;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>CREATE TABLE and CREATE TABLE AS of managed tables.</summary>
internal static class TableStatements
{
    public static async ValueTask<string> CreateAsync(QuerySession session, SessionServices services, CreateTableStatement create,
        CancellationToken cancellationToken)
    {
        session.Transaction.RequireWritable("CREATE TABLE");
        if (await PlaceAsync(session, create.Name, create.IfNotExists, cancellationToken, create.Temporary is not null) is not { } schema)
            return "CREATE TABLE";
        var columns = create.Columns.Select(Column).ToArray();
        RequireDistinct(columns);
        var declared = await DeclareAsync(session, services, schema, create, columns, cancellationToken);
        var constraints = await ConstraintsAsync(session, services, schema, create, columns, cancellationToken);
        foreach (var key in constraints.Where(constraint => constraint.Kind == ConstraintKind.PrimaryKey))
            columns = [.. columns.Select(column => key.Columns.Contains(column.Name) ? column with { IsNullable = false } : column)];
        await MakeAsync(session, services, schema, create.Name.Name, columns, create.Layout,
            declared with { Constraints = constraints, AtCommit = TemporarySchema.EndOf(create.Temporary) }, cancellationToken);
        return "CREATE TABLE";
    }

    /// <summary>The table with what its columns get without a value; sequences are made for those that need one.</summary>
    private static async ValueTask<TableEntry> DeclareAsync(QuerySession session, SessionServices services, SchemaEntry schema,
        CreateTableStatement create, NewColumn[] columns, CancellationToken cancellationToken)
    {
        var format = services.Formats.OfType<ITableWriter>().First();
        var types = columns.Select(column => (column.Name, format.StoredType(column.Type))).ToArray();
        var generated = create.Columns.Where(column => column.Generated is not null).Select(column => column.Name).ToHashSet();
        var taken = new HashSet<string>(StringComparer.Ordinal) { create.Name.Name };
        var declared = new List<(string Name, ColumnValues.Declared Value)>();
        foreach (var column in create.Columns)
            declared.Add((column.Name, await ColumnValues.DeclareAsync(session, schema.Name, create.Name.Name, column, types, generated,
                taken, cancellationToken)));
        return Empty with
        {
            Defaults = declared.Where(item => item.Value.Default is not null)
                .Select(item => KeyValuePair.Create(item.Name, item.Value.Default!)).ToEquatableArray(),
            Sequences = declared.Select(item => item.Value.Sequence).OfType<ColumnSequence>().ToEquatableArray(),
            Generated = declared.Where(item => item.Value.Generated is not null)
                .Select(item => KeyValuePair.Create(item.Name, item.Value.Generated!)).ToEquatableArray(),
        };
    }

    /// <summary>What is said of a table whose columns say nothing.</summary>
    private static TableEntry Empty { get; } = new(Oid.None, "", "", "", new TablePointer("", "", ""));

    private static void RequireDistinct(IReadOnlyList<NewColumn> columns)
    {
        if (columns.GroupBy(column => column.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new SqlException(SqlState.DuplicateColumn, $"column \"{twice.Key}\" specified more than once");
    }

    /// <summary>Those of the columns, then those of the table.</summary>
    private static async ValueTask<EquatableArray<TableConstraint>> ConstraintsAsync(QuerySession session, SessionServices services,
        SchemaEntry schema, CreateTableStatement create, IReadOnlyList<NewColumn> columns, CancellationToken cancellationToken)
    {
        var constraints = new List<TableConstraint>();
        var format = services.Formats.OfType<ITableWriter>().First();
        var types = columns.Select(column => (column.Name, format.StoredType(column.Type))).ToArray();
        var maker = new TableConstraints(session.Nameless, create.Name.Name, isNew: true);
        var definitions = create.Columns.SelectMany(column => column.Constraints).Concat(create.Constraints).ToArray();
        foreach (var definition in definitions.Where(item => item.Type != ConstraintType.ForeignKey))
            constraints.Add(maker.Make(definition, types, constraints));
        foreach (var definition in definitions.Where(item => item.Type == ConstraintType.ForeignKey))
            constraints.Add(await ForeignKeys.MakeAsync(session, definition,
                new ForeignKeys.Owner(schema.Name, create.Name.Name, types, constraints), cancellationToken));
        return constraints.ToEquatableArray();
    }

    public static async ValueTask<string> CreateAsAsync(
        QuerySession session, SessionServices services, PreparedStatement statement, CreateTableAsStatement create,
        EquatableArray<object?> parameters, CancellationToken cancellationToken)
    {
        var written = await MakeAsAsync(session, services, statement, create, parameters, cancellationToken);
        return written is null ? "CREATE TABLE AS" : $"SELECT {written.Rows}";
    }

    /// <summary>Makes the table of CREATE TABLE AS and fills it; null when no query was run for it.</summary>
    public static async ValueTask<WrittenTable?> MakeAsAsync(
        QuerySession session, SessionServices services, PreparedStatement statement, CreateTableAsStatement create,
        EquatableArray<object?> parameters, CancellationToken cancellationToken)
    {
        session.Transaction.RequireWritable("CREATE TABLE AS");
        if (await PlaceAsync(session, create.Name, create.IfNotExists, cancellationToken, create.Temporary is not null) is not { } schema)
            return null;
        var outputs = statement.Query!.Outputs;
        if (create.Columns.Count > outputs.Count) throw new SqlException(SqlState.SyntaxError, "too many column names were specified");
        var columns =
            outputs.Select((output, i) => new NewColumn(i < create.Columns.Count ? create.Columns[i] : output.Name, output.Column.Type))
                .ToArray();
        var table = await MakeAsync(session, services, schema, create.Name.Name, columns, create.Layout,
            Empty with { AtCommit = TemporarySchema.EndOf(create.Temporary) }, cancellationToken);
        if (!create.WithData) return null;
        return await TableWriting.AppendAsync(session, services, table, QueryStatements.Request(session, services, statement, parameters),
            cancellationToken);
    }

    /// <summary>The schema of a new table; null when there is a table of the name and the statement takes that as it is.</summary>
    /// <param name="isTemporary">It is to be in the session's temporary schema.</param>
    public static async ValueTask<SchemaEntry?> PlaceAsync(QuerySession session, QualifiedName name, bool ifNotExists,
        CancellationToken cancellationToken, bool isTemporary = false)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        if (name.Parts.Count == 3 ? !TableResolver.IsManaged(name.Parts[0]) : !TableResolver.IsManaged(session.CatalogName))
            throw new SqlException(SqlState.FeatureNotSupported,
                $"tables cannot be created in catalog \"{(name.Parts.Count == 3 ? name.Parts[0] : session.CatalogName)}\"")
                    { Position = name.Span.Position };
        var given = name.Parts.Count == 1 ? null : session.Temporary.Real(name.Parts[^2]);
        if (isTemporary && given is not null && !session.Temporary.Is(given))
            throw new SqlException(SqlState.InvalidTableDefinition, "cannot create temporary relation in non-temporary schema")
                { Position = name.Span.Position };
        isTemporary |= given is not null ? session.Temporary.Is(given)
            : session.Names.CreationPath() is [var first, ..] && session.Temporary.Is(session.Temporary.Real(first));
        var schema = isTemporary ? await session.Temporary.MakeAsync(cancellationToken)
            : given is null ? await CurrentSchemaAsync(session, catalog, cancellationToken)
            : await catalog.FindSchemaAsync(given, cancellationToken)
            ?? throw new SqlException(SqlState.InvalidSchemaName, $"schema \"{name.Parts[^2]}\" does not exist")
                { Position = name.Span.Position };
        if (!isTemporary && !await (await session.RightsAsync(cancellationToken)).MayAsync(session.User, schema, 'C', cancellationToken))
            throw AccessRights.Denied(AccessRights.TargetOf(schema)).At(name.Span.Position);
        if (await catalog.FindRelationAsync(schema.Name, name.Name, cancellationToken) is null) return schema;
        var taken = new SqlException(SqlState.DuplicateTable, $"relation \"{name.Name}\" already exists");
        if (!ifNotExists) throw taken;
        session.Notify(NoticeSeverity.Notice, SqlState.DuplicateTable, $"{taken.Message}, skipping");
        return null;
    }

    private static async ValueTask<SchemaEntry> CurrentSchemaAsync(QuerySession session, ICatalogSnapshot catalog,
        CancellationToken cancellationToken)
    {
        foreach (var name in session.Names.CreationPath())
            if (await catalog.FindSchemaAsync(name, cancellationToken) is { } schema)
                return schema;
        throw new SqlException(SqlState.InvalidSchemaName, "no schema has been selected to create in");
    }

    private static async ValueTask<TableEntry> MakeAsync(
        QuerySession session, SessionServices services, SchemaEntry schema, string name, IReadOnlyList<NewColumn> columns,
        TableLayout layout, TableEntry declared, CancellationToken cancellationToken)
    {
        RequireDistinct(columns);
        if (columns.Count == 0) throw new SqlException(SqlState.FeatureNotSupported, "tables without columns are not supported");
        var (location, isUnique, properties) = Options(services, schema, name, layout.Options);
        var format = services.Formats.OfType<ITableWriter>().First();
        var pointer = await format.CreateAsync(new NewTable(location, columns.ToEquatableArray())
        {
            PartitionedBy = TableLayouts.Transforms(layout.PartitionedBy), SortedBy = TableLayouts.Order(layout.SortedBy),
            Properties = properties, HasUniqueLocation = isUnique,
        }, cancellationToken);
        foreach (var column in columns) NoteStoredType(session, format, column);

        // When nothing names the folder any more.
        session.Transaction.Stage(() => services.Store.TryDeleteFolderAsync(location));
        await session.Transaction
            .ChangeAsync(
                new CatalogChange.Create(declared with
                {
                    Schema = schema.Name, Name = name, Owner = session.User, Pointer = pointer, IsClosed = true,
                }), cancellationToken);
        var made = (await (await session.Transaction.GetCatalogAsync(cancellationToken)).FindTableAsync(schema.Name, name,
            cancellationToken))!;
        await TableRights.StartAsync(session, made, cancellationToken);
        return made;
    }

    /// <summary>The folder of the table, and the properties of its format.</summary>
    private static (string Location, bool IsUnique, EquatableArray<KeyValuePair<string, string>> Properties) Options(
        SessionServices services, SchemaEntry schema, string name, EquatableArray<OptionItem> options)
    {
        string? location = null;
        var properties = new List<KeyValuePair<string, string>>();
        foreach (var option in options)
        {
            var value = option.Value switch
            {
                StringLiteral text => text.Value,
                NumberLiteral number => number.Text,
                BooleanLiteral truth => truth.Value ? "true" : "false",
                ColumnReference word => word.Name,
                null => "true",
                _ => throw new SqlException(SqlState.InvalidParameterValue, $"invalid value for option \"{option.Name}\"")
                    { Position = option.Span.Position },
            };
            if (option.Name == "location") location = AllowedLocations.Check(value, services);
            else if (option.Name == "format" && !value.Equals("iceberg", StringComparison.OrdinalIgnoreCase)
                && !value.Equals("parquet", StringComparison.OrdinalIgnoreCase))
                throw new SqlException(SqlState.FeatureNotSupported, $"tables of format {value} cannot be created");
            else if (option.Name is not ("format" or "fillfactor")) properties.Add(KeyValuePair.Create(option.Name, value));
        }

        // Two tables of one name, one after the other, never share a folder.
        return (location ?? StoragePath.Combine(schema.Location ?? StoragePath.Combine(services.Warehouse, Folder(schema.Name)),
            $"{Folder(name)}-{Guid.NewGuid():N}"), location is null, properties.ToEquatableArray());
    }

    /// <summary>A name as a folder: letters, digits and underscores stay, all else is escaped.</summary>
    private static string Folder(string name) => string.Concat(name.Take(60).Select(character =>
        char.IsAsciiLetterOrDigit(character) || character == '_' ? character.ToString() : $"%{(int)character:X4}"));

    public static void NoteStoredType(QuerySession session, ITableWriter format, NewColumn column)
    {
        if (format.StoredType(column.Type) is { } stored && stored != column.Type)
            session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion,
                $"column \"{column.Name}\" of type {column.Type} is stored as {stored}");
    }

    /// <summary>A column of the type that is stored for it.</summary>
    public static NewColumn Column(TableColumn column)
    {
        var plain = ColumnValues.Plain(column);
        return new NewColumn(plain.Name, TypeNames.Bind(plain.Type), !plain.IsNotNull);
    }
}
