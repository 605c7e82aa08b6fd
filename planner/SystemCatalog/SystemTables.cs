using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Federation.Core.Values;
using Federation.Plan;
using Federation.Planner.Binding;

namespace Federation.SystemCatalog;

/// <summary>Makes system tables. Pure and thread-safe.</summary>
public static class SystemTables
{
    /// <summary>Rows that a system table is expected to have before it is loaded.</summary>
    private const long UsualRows = 1000;

    public static bool IsSystemSchema(string schema) =>
        schema is "pg_catalog" or "information_schema" or SystemSchema.GatewaySchema or SystemSchema.InternalSchema;

    /// <summary>The schema of what only functions written in SQL read.</summary>
    public static bool IsInternal(string schema) => schema == SystemSchema.InternalSchema;

    public static bool Exists(string schema, string table) => SystemSchema.Find(schema, table) is not null;

    /// <summary>Whether an OID is that of a system table.</summary>
    public static bool IsSystemRelation(Oid oid) => SystemSchema.Find(oid) is not null;

    /// <summary>Whether the table shows columns of user tables, so that they have to be loaded.</summary>
    public static bool ShowsColumns(string table) =>
        table is "pg_attribute" or "pg_attrdef" or "columns" or "pg_depend" or "column_privileges" or "role_column_grants"
            || KeyViews.NeedColumns(table);

    /// <summary>Whether the table shows keys, indexes, comments or sequences.</summary>
    public static bool ShowsDetails(string table) =>
        (ShowsColumns(table) && table is not ("columns" or "column_privileges" or "role_column_grants")) || KeyRows.Shows(table)
            || KeyViews.Shows(table)
            || table is "pg_class" or "table_privileges" or "role_table_grants" or "relation_names" or "relation_keys" or "relation_access"
                or "column_access";

    /// <summary>Whether the table shows which views rows can be changed through.</summary>
    public static bool ShowsUpdates(string table) => table is "tables" or "views" or "columns";

    /// <summary>Whether the table shows user tables at all.</summary>
    public static bool ShowsRelations(string table) =>
        ShowsDetails(table) || ShowsColumns(table)
            || table is "pg_class" or "tables" or "pg_tables" or "pg_views" or "pg_matviews" or "views" or "relation_names"
                or "relation_keys" or "relation_access" or "column_access" or "view_texts";

    /// <summary>Whether the table shows schemas, for which every source is asked.</summary>
    public static bool ShowsSchemas(string table) =>
        ShowsRelations(table) || ShowsTypes(table) || table is "pg_namespace" or "schemata" or "schema_access";

    /// <summary>Whether the table shows types that servers define.</summary>
    public static bool ShowsTypes(string table) =>
        table is "pg_type" or "pg_enum" or "type_keys" or "source_type_names" or "pg_constraint" or "pg_description" or "definition_texts"
            or "domains" or "domain_constraints" or "check_constraints";

    /// <summary>Whether the table shows the rights of each role.</summary>
    public static bool ShowsRights(string table) => table is "role_rights";

    /// <summary>Whether the table shows the names behind roles' OIDs, of users without an entry in the catalog too.</summary>
    public static bool ShowsRoleNames(string table) => table is "role_names";

    /// <summary>Whether the table shows user mappings.</summary>
    public static bool ShowsMappings(string table) => table is "pg_user_mappings";

    /// <summary>Whether the table shows what only superusers may see.</summary>
    public static bool IsForSuperusers(string table) => table is "pg_authid" or "pg_shadow" or "pg_user_mapping";

    /// <summary>Whether the table shows sessions, or what they have prepared.</summary>
    public static bool ShowsSessions(string table) =>
        table is "pg_stat_activity" or "pg_stat_progress_copy" or "pg_stat_ssl" or "pg_stat_gssapi" or "pg_prepared_statements"
            or "pg_cursors" or "pg_locks";

    /// <summary>Whether the table shows sessions of all gateways.</summary>
    public static bool ShowsAllSessions(string table) => table is "pg_stat_activity" or "pg_stat_ssl" or "pg_stat_gssapi";

    /// <summary>Whether the table shows statements that ran.</summary>
    public static bool ShowsQueries(string table) => table is "queries";

    /// <summary>Whether the table shows settings.</summary>
    public static bool ShowsSettings(string table) => table is "pg_settings" or "setting_texts";

    /// <summary>What a statement needs to know of the table to be bound, or null when the schema has no such table.</summary>
    /// <param name="provider">Plans scans of the table's <see cref="SystemTableHandle"/>.</param>
    public static ResolvedTable? Find(string schema, string table, string database, object provider)
    {
        if (SystemSchema.Find(schema, table) is not { } relation) return null;
        var source = new TableSource(database, schema, table, UsualRows) { TableOid = relation.Oid };
        return new ResolvedTable(source, new SystemTableHandle(relation), relation.Columns) { Provider = provider, IsComputed = true };
    }

    /// <summary>Takes what conditions say of schemas and relations; the engine applies all of them again.</summary>
    public static FilterPushdown PushFilter(ITableHandle handle, EquatableArray<ConnectorExpression> conjuncts)
    {
        var own = (SystemTableHandle)handle;
        var filter = own.Filter;
        var answers = new PushedConjunct[conjuncts.Count];
        for (var i = 0; i < answers.Length; i++)
        {
            var added = SystemFilters.TryAdd(filter, own.Table, conjuncts[i]);
            answers[i] = added is null ? new PushedConjunct(PushPrecision.Unsupported)
                : new PushedConjunct(PushPrecision.Inexact, "chooses what sources are asked for");
            filter = added ?? filter;
        }

        return new FilterPushdown(own with { Filter = filter }, new EquatableArray<PushedConjunct>(answers));
    }

    /// <summary>The rows of the table in a state of the database.</summary>
    public static EquatableArray<EquatableArray<object?>> RowsOf(SystemTableHandle handle, SystemState state) =>
        SystemRows.Of(handle.Relation, state).Select(row => Complete(row, handle.Relation)).ToEquatableArray();

    /// <summary>A scan whose rows go along with the task.</summary>
    public static ScanPlan Scan(SystemTableHandle handle, EquatableArray<string> columns, string inputName, SystemState state)
    {
        var relation = handle.Relation;
        var positions = columns.Select(name => Array.FindIndex(relation.Columns.ToArray(), column => column.Name == name)).ToArray();
        // A scan without columns still has rows to count.
        if (positions.Length == 0) positions = [0];
        var rows = RowsOf(handle, state);
        var fields = positions.Select(position => new RecordField(relation.Columns[position].Name, relation.Columns[position].Type))
            .ToEquatableArray();
        var chosen = rows.Select(row => positions.Select(position => row[position]).ToEquatableArray()).ToEquatableArray();
        return new ScanPlan([new InlineRows(inputName, fields, chosen) { EstimatedRows = rows.Count }],
            Details: [$"{rows.Count} rows in memory"]);
    }

    /// <summary>A row in column order; what the row does not say is NULL, or the zero of its type where the column takes no NULL.</summary>
    private static EquatableArray<object?> Complete(IReadOnlyDictionary<string, object?> row, SystemRelation relation)
    {
        var values = new object?[relation.Columns.Count];
        for (var i = 0; i < values.Length; i++)
        {
            var column = relation.Columns[i];
            values[i] = row.TryGetValue(column.Name, out var value) ? value : column.IsNullable ? null : Zero(column.Type);
        }

        return new EquatableArray<object?>(values);
    }

    private static object? Zero(SqlType type) => type.Storage switch
    {
        Storage.Boolean => false,
        Storage.Int16 => (short)0,
        Storage.Int32 => 0,
        Storage.Int64 => 0L,
        Storage.Float32 => 0f,
        Storage.Float64 => 0d,
        Storage.Text => "",
        Storage.List => PgArray.Vector(),
        _ => null,
    };
}
