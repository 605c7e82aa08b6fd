using System.Collections.Concurrent;
using Federation.Connectors.RemoteSql;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Types;
using Npgsql;
using NpgsqlTypes;

namespace Federation.Connectors.Postgres;

/// <summary>
/// Reads the source's catalog. Tables are kept for a few seconds; a look that must see the newest definition compares the identity of what
/// is kept with the source's, which costs one short query. Thread-safe.
/// </summary>
internal sealed class PostgresCatalog(string server, NpgsqlDataSource source, IReadOnlySet<string>? schemas, PostgresErrors errors,
    TimeProvider time)
{
    private const int MaxTables = 10_000;

    private static readonly TimeSpan s_lifetime = TimeSpan.FromSeconds(3);

    private const string SchemasSql =
        """
        SELECT nspname::text FROM pg_catalog.pg_namespace
        WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema' AND has_schema_privilege(oid, 'USAGE')
        ORDER BY nspname
        """;

    /// <summary>View definitions are printed under the search path $3.</summary>
    private const string TablesSql =
        """
        WITH path AS MATERIALIZED (SELECT pg_catalog.set_config('search_path', $3, true) AS path)
        SELECT n.nspname::text, c.relname::text, c.relkind::text, c.reltuples::float8, c.relnatts::int4,
               CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END, CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid, true) END,
        """ + " " + Flags + """
        , CASE WHEN c.relhasindex THEN (SELECT pg_catalog.array_agg(x.relname::text) FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid) END
        FROM path CROSS JOIN pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind::text = ANY ($4) AND
        """ + " " + SelectionCondition + " ORDER BY n.nspname, c.relname";

    /// <summary>pg_class AS c as <see cref="RelationFlags"/>.</summary>
    private const string Flags =
        """
        CASE WHEN c.relhasindex THEN 1 ELSE 0 END + CASE WHEN c.relhastriggers THEN 2 ELSE 0 END + CASE WHEN c.relhasrules THEN 4 ELSE 0 END + CASE WHEN c.relhassubclass THEN 8 ELSE 0 END
        + CASE WHEN c.relispartition THEN 16 ELSE 0 END + CASE WHEN c.relpersistence = 'u' THEN 32 ELSE 0 END + CASE WHEN c.relrowsecurity THEN 64 ELSE 0 END + CASE WHEN c.relispopulated THEN 0 ELSE 128 END
        """;

    private static readonly string[] s_tableKinds = ["r", "v", "m", "f", "p"];

    /// <summary>Those that have columns of their own besides tables: sequences and composite types.</summary>
    private static readonly string[] s_allKinds = [.. s_tableKinds, "S", "c"];

    /// <summary>
    /// The tables of a <see cref="TableSelection"/>: its schemas are $1, its tables $2. The name of an index means its table.
    /// </summary>
    private const string SelectionCondition =
        """
        n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' AND has_schema_privilege(n.oid, 'USAGE')
        AND ($1 IS NULL OR n.nspname::text = ANY ($1)) AND ($2 IS NULL OR c.relname::text = ANY ($2) OR c.oid IN (SELECT i.indrelid FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid WHERE x.relname::text = ANY ($2)))
        """;

    /// <summary>
    /// One row per column, or one row without column for a table that has none. Domains are followed to their base type, for array items
    /// too. What is wanted of columns and tables stands between the first two parts, where they come from between the next two, and what
    /// chooses the tables between the last two.
    /// </summary>
    private const string ColumnsOf =
        """
        columns AS (
            SELECT n.nspname, c.relname, c.relkind, c.reltuples, c.relhassubclass, c.relnatts,
        """ + " " + Flags + """
         AS flags,
        """;

    private const string ColumnsFrom =
        """
        AS labels, a.attnum, a.attname, a.attnotnull, a.attgenerated, a.atttypid, a.atttypmod, a.attcollation
            FROM
        """ + " ";

    private const string ColumnsOfTables =
        """
        pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relkind::text = ANY ($3) AND
        """;

    private const string ColumnsTyped =
        """
        ),
        base (declared, shape, type, modifier) AS (
            SELECT DISTINCT atttypid, atttypmod, atttypid, atttypmod FROM columns
            UNION ALL
            SELECT b.declared, b.shape, t.typbasetype, t.typtypmod FROM base AS b JOIN pg_catalog.pg_type AS t ON t.oid = b.type AND t.typtype = 'd'),
        item (declared, shape, type, modifier) AS (
            SELECT b.declared, b.shape, t.typelem, b.modifier FROM base AS b JOIN pg_catalog.pg_type AS t ON t.oid = b.type AND t.typcategory = 'A' AND t.typelem <> 0
            UNION ALL
            SELECT i.declared, i.shape, t.typbasetype, t.typtypmod FROM item AS i JOIN pg_catalog.pg_type AS t ON t.oid = i.type AND t.typtype = 'd')
        SELECT c.relkind::text, c.reltuples::float8, c.attname::text, c.attnotnull,
               bt.oid::int8, b.modifier, bt.typname::text, bt.typtype::text,
               it.oid::int8, i.modifier, it.typtype::text, it.typdelim::text,
               o.oid::int8, o.collname::text, coalesce(o.collisdeterministic, true), current_setting('server_encoding'),
               c.attnum, c.attgenerated <> '',
               bn.nspname::text, (SELECT pg_catalog.array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = bt.oid), bt.typarray::int8,
               it.typname::text, inn.nspname::text, (SELECT pg_catalog.array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = it.oid), it.typarray::int8,
               dt.typname::text, dn.nspname::text, c.relhassubclass, c.identity, c.nspname::text, c.relname::text, c.relnatts::int4,
               current_setting('server_version_num')::int4, c.labels, c.flags,
        """ + " " + FieldsOf + "bt" + FieldsEnd + ", " + FieldsOf + "it" + FieldsEnd + ", c.details, coalesce(dt.typnotnull, false) " + """
        FROM columns AS c
        LEFT JOIN (base AS b JOIN pg_catalog.pg_type AS bt ON bt.oid = b.type AND bt.typtype <> 'd' JOIN pg_catalog.pg_namespace AS bn ON bn.oid = bt.typnamespace) ON b.declared = c.atttypid AND b.shape = c.atttypmod
        LEFT JOIN (item AS i JOIN pg_catalog.pg_type AS it ON it.oid = i.type AND it.typtype <> 'd' JOIN pg_catalog.pg_namespace AS inn ON inn.oid = it.typnamespace) ON i.declared = c.atttypid AND i.shape = c.atttypmod
        LEFT JOIN (pg_catalog.pg_type AS dt JOIN pg_catalog.pg_namespace AS dn ON dn.oid = dt.typnamespace) ON dt.oid = c.atttypid AND dt.typtype = 'd'
        LEFT JOIN pg_catalog.pg_collation AS o ON o.oid = c.attcollation
        ORDER BY c.nspname, c.relname, c.attnum
        """;

    private const string TableSql = "WITH RECURSIVE " + ColumnsOf + " NULL::text AS details, " + DefinitionGuard.Identity + " AS identity, "
        + DefinitionGuard.Labels + ColumnsFrom
        + ColumnsOfTables + " n.nspname = $1 AND c.relname = $2" + ColumnsTyped;

    private static readonly string s_allColumnsSql = AllColumnsSql("NULL::text");

    private static readonly string s_allColumnsWithDefaultsSql = AllColumnsSql(PostgresDetails.ColumnDefault);

    private static readonly string s_detailsSql = PostgresDetails.Sql(SelectionCondition);

    private const string IdentitySql =
        "SELECT " + DefinitionGuard.Identity + ", " + DefinitionGuard.Labels
            + " FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND "
            + "c.relname = $2 AND c.relkind IN ('r', 'v', 'm', 'f', 'p')";

    /// <summary>
    /// The fields of a composite, whose row of pg_type is named between the two parts, as a JSON list of name, type, modifier and what enum
    /// it is; NULL for other types.
    /// </summary>
    private const string FieldsOf =
        """
        (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', f.attname, 'type', f.atttypid::int8, 'modifier', f.atttypmod, 'enum', (
             SELECT pg_catalog.jsonb_build_object('schema', fn.nspname, 'name', ft.typname, 'labels', (SELECT pg_catalog.jsonb_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = ft.oid))
             FROM pg_catalog.pg_type AS ft JOIN pg_catalog.pg_namespace AS fn ON fn.oid = ft.typnamespace WHERE ft.oid = f.atttypid AND ft.typtype = 'e')) ORDER BY f.attnum)
         FROM pg_catalog.pg_attribute AS f WHERE f.attnum > 0 AND NOT f.attisdropped AND f.attrelid =
        """ + " ";

    private const string FieldsEnd = ".typrelid)::text";

    /// <summary>Types that users can name, without the row types of tables.</summary>
    private const string TypesSql =
        """
        SELECT n.nspname::text, t.typname::text, t.typtype::text, t.typbasetype::int8, t.typtypmod,
               (SELECT pg_catalog.array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = t.oid),
               pg_catalog.obj_description(t.oid, 'pg_type'), t.typnotnull, t.typdefault,
               (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', k.conname, 'kind', 'c', 'columns', '[]'::pg_catalog.jsonb, 'is_validated', k.convalidated,
                    'definition', pg_catalog.pg_get_constraintdef(k.oid), 'pretty_definition', pg_catalog.pg_get_constraintdef(k.oid, true)) ORDER BY k.conname)
                FROM pg_catalog.pg_constraint AS k WHERE k.contypid = t.oid AND k.contype = 'c')::text, 
        """ + " " + FieldsOf + "t" + FieldsEnd + " " + """
        FROM pg_catalog.pg_type AS t
        JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace
        LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
        WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' AND t.typtype IN ('e', 'd', 'c', 'r', 'm', 'b') AND t.typcategory <> 'A'
          AND (c.oid IS NULL OR c.relkind = 'c') AND ($1 = '' OR n.nspname = $1)
        ORDER BY n.nspname, t.typname
        """;

    private readonly ConcurrentDictionary<(string Schema, string Table), (PostgresTable Table, long LoadedAt)> _tables = new();

    public async ValueTask<IReadOnlyList<string>> LoadSchemasAsync(CancellationToken cancellationToken)
    {
        var all = new List<string>();
        await QueryAsync(SchemasSql, [], row => all.Add(row.GetString(0)), cancellationToken);
        return schemas is null ? all : all.Where(schemas.Contains).ToArray();
    }

    /// <summary>The tables of a selection in the schemas that are shown, in one query.</summary>
    public async ValueTask<IReadOnlyList<DescribedTable>> LoadTablesAsync(TableSelection selection, CancellationToken cancellationToken)
    {
        if (Wanted(selection) is []) return [];
        var found = new List<(DescribedTable Table, List<ConnectorColumn> Columns)>();
        var (wanted, tables, kinds) = (Wanted(selection), selection.Tables?.ToArray(), selection.OfAllKinds ? s_allKinds : s_tableKinds);
        if (!selection.WithColumns)
            await QueryAsync(TablesSql, [wanted, tables, PathOf(selection), kinds], row => found.Add((Listed(row), [])), cancellationToken);
        else await QueryAsync(selection.WithDefaults ? s_allColumnsWithDefaultsSql : s_allColumnsSql,
            [wanted, tables, kinds, PathOf(selection)], row => AddColumn(row, found), cancellationToken);
        return [.. found.Select(item => item.Table with { Columns = item.Columns.ToEquatableArray() })];
    }

    /// <summary>Keys, indexes, comments and the like of the relations of a selection, in one query.</summary>
    public async ValueTask<IReadOnlyDictionary<RelationName, RelationDetails>> LoadDetailsAsync(TableSelection selection,
        CancellationToken cancellationToken)
    {
        var details = new Dictionary<RelationName, RelationDetails>();
        if (Wanted(selection) is []) return details;
        await QueryAsync(
            s_detailsSql,
            [Wanted(selection), selection.Tables?.ToArray(), PathOf(selection)],
            row =>
            {
                var name = new RelationName(row.GetString(0), row.GetString(1));
                details[name] = PostgresDetails.Add(details.GetValueOrDefault(name) ?? RelationDetails.None, row.GetString(2),
                    row.GetString(3));
            },
            cancellationToken);
        return details;
    }

    /// <summary>The schemas of a selection that are shown; null for all.</summary>
    private string[]? Wanted(TableSelection selection) =>
        selection.Schemas is { } named ? (schemas is null ? named : named.Where(schemas.Contains)).ToArray() : schemas?.ToArray();

    private static string PathOf(TableSelection selection) =>
        string.Join(", ", selection.SearchPath.Select(PostgresDialect.Instance.Identifier));

    /// <summary>The search path of <see cref="PostgresDetails.Path"/> is $4.</summary>
    private static string AllColumnsSql(string details) =>
        "WITH RECURSIVE " + PostgresDetails.Path("$4") + ", " + ColumnsOf + $" {details} AS details, NULL::text AS identity, NULL::text "
        + ColumnsFrom + "path CROSS JOIN " + ColumnsOfTables + " " + SelectionCondition + ColumnsTyped;

    private static DescribedTable Listed(NpgsqlDataReader row) =>
        new(row.GetString(0), new ListedTable(row.GetString(1), row.GetString(2)[0])
    {
        EstimatedRows = Estimate(row.GetString(2), row.GetDouble(3)),
        ColumnCount = row.GetInt32(4),
        Definition = row.IsDBNull(5) ? null : row.GetString(5),
        PrettyDefinition = row.IsDBNull(6) ? null : row.GetString(6),
        Flags = (RelationFlags)row.GetInt32(7),
        Indexes = row.IsDBNull(8) ? [] : row.GetFieldValue<string[]>(8).ToEquatableArray(),
    });

    private void AddColumn(NpgsqlDataReader row, List<(DescribedTable Table, List<ConnectorColumn> Columns)> found)
    {
        var (schema, name) = (row.GetString(29), row.GetString(30));
        if (found.Count == 0 || found[^1].Table.Schema != schema || found[^1].Table.Listed.Name != name)
        {
            var listed = new ListedTable(name, row.GetString(0)[0])
            {
                EstimatedRows = Estimate(row.GetString(0), row.GetDouble(1)),
                ColumnCount = row.GetInt32(31),
                Flags = (RelationFlags)row.GetInt32(34),
            };
            found.Add((new DescribedTable(schema, listed), []));
        }

        if (row.IsDBNull(2)) return;
        found[^1].Columns.Add(PostgresColumns.ToConnector(PostgresColumns.Describe(server, row)) with
        {
            Details = row.IsDBNull(37) ? null : PostgresDetails.Column(row.GetString(37)),
            IsDomainNotNull = row.GetBoolean(38),
        });
    }

    /// <summary>The table as it was when it was looked at last, however long ago; null when it was not.</summary>
    public PostgresTable? FindKnown(string schema, string table) =>
        _tables.TryGetValue((schema, table), out var known) ? known.Table : null;

    /// <summary>The table as it was at most a few seconds ago, or null when there is none.</summary>
    /// <param name="isCurrent">The table as it is now: what is kept is compared with the source.</param>
    public async ValueTask<PostgresTable?> GetTableAsync(string schema, string table, bool isCurrent, CancellationToken cancellationToken)
    {
        if (!Shows(schema)) return null;
        if (_tables.TryGetValue((schema, table), out var known) && time.GetElapsedTime(known.LoadedAt) < s_lifetime
            && (!isCurrent || await IsCurrentAsync(known.Table, cancellationToken)))
            return known.Table;
        var loadedAt = time.GetTimestamp();
        if (await LoadTableAsync(schema, table, cancellationToken) is not { } loaded)
        {
            _tables.TryRemove((schema, table), out _);
            return null;
        }

        if (_tables.Count >= MaxTables) _tables.Clear();
        _tables[(schema, table)] = (loaded, loadedAt);
        return loaded;
    }

    /// <summary>
    /// The table with column types that hold all of its values. How many dimensions arrays have is known only from the rows: where they
    /// differ, the usual type stays.
    /// </summary>
    public async ValueTask<PostgresTable> WidenAsync(PostgresTable table, CancellationToken cancellationToken)
    {
        var arrays = table.Columns.Where(column => column.Type is { IsArray: true, IsVector: false }).ToArray();
        var depths = new Dictionary<string, int>(StringComparer.Ordinal);
        if (arrays.Length > 0)
        {
            var bounds = arrays.Select(column => PostgresDialect.Instance.Identifier(column.Name))
                .SelectMany(name => new[] { $"min(pg_catalog.array_ndims({name}))", $"max(pg_catalog.array_ndims({name}))" });
            await QueryAsync(
                $"SELECT {string.Join(", ", bounds)} FROM {new PostgresTableHandle(table).From}",
                [],
                row =>
                {
                    for (var i = 0; i < arrays.Length; i++)
                        if (!row.IsDBNull(2 * i) && row.GetInt32(2 * i) == row.GetInt32((2 * i) + 1))
                            depths[arrays[i].Name] = row.GetInt32(2 * i);
                },
                cancellationToken);
        }

        return table with
        {
            Columns = table.Columns
                .Select(column => column with { Type = PostgresColumns.Widen(column.Type, depths.GetValueOrDefault(column.Name, 1)) })
                .ToEquatableArray(),
        };
    }

    public async ValueTask<IReadOnlyList<ListedType>> LoadTypesAsync(string? schema, CancellationToken cancellationToken)
    {
        var types = new List<ListedType>();
        if (schema is not null && !Shows(schema)) return types;
        await QueryAsync(
            TypesSql,
            [schema ?? ""],
            row =>
            {
                if (!Shows(row.GetString(0))) return;
                var type = new SourceType(server, row.GetString(0), row.GetString(1), row.GetString(2)[0])
                    { Labels = row.IsDBNull(5) ? default : row.GetFieldValue<string[]>(5).ToEquatableArray() };
                if (!row.IsDBNull(10)) type = type with { Fields = PostgresDetails.Fields(server, row.GetString(10)) };
                if (type.Kind == 'd')
                    type = type with { Over = SqlType.FromOid(new Oid((uint)row.GetInt64(3)), row.GetInt32(4)) ?? SqlType.Text };
                types.Add(new ListedType(SourceTypes.Add(type))
                {
                    Comment = row.IsDBNull(6) ? null : row.GetString(6),
                    IsNotNull = row.GetBoolean(7),
                    Default = row.IsDBNull(8) ? null : row.GetString(8),
                    Checks = row.IsDBNull(9) ? [] : PostgresDetails.Constraints(row.GetString(9)),
                });
            },
            cancellationToken);
        return types;
    }

    private bool Shows(string schema) => schemas is null || schemas.Contains(schema);

    private async ValueTask<PostgresTable?> LoadTableAsync(string schema, string table, CancellationToken cancellationToken)
    {
        var columns = new List<RemoteColumn>();
        PostgresTable? found = null;
        await QueryAsync(
            TableSql,
            [schema, table, s_tableKinds],
            row =>
            {
                found ??= new PostgresTable(schema, table, default, Estimate(row.GetString(0), row.GetDouble(1)))
                {
                    Kind = row.GetString(0)[0],
                    HasChildren = row.GetBoolean(27),
                    Identity = row.GetString(28),
                    ServerVersion = row.GetInt32(32),
                    Labels = row.IsDBNull(33) ? null : row.GetString(33),
                };
                if (!row.IsDBNull(2)) columns.Add(PostgresColumns.Describe(server, row));
            },
            cancellationToken);
        return found is null ? null : found with { Columns = columns.ToEquatableArray() };
    }

    private async ValueTask<bool> IsCurrentAsync(PostgresTable table, CancellationToken cancellationToken)
    {
        var isCurrent = false;
        await QueryAsync(IdentitySql, [table.Schema, table.Name],
            row => isCurrent = row.GetString(0) == table.Identity && (row.IsDBNull(1) ? null : row.GetString(1)) == table.Labels,
            cancellationToken);
        return isCurrent;
    }

    /// <summary>Views have no statistics, and a table that was never analysed has none yet.</summary>
    private static long Estimate(string kind, double rows) => kind == "v" || rows < 0 || (kind == "f" && rows == 0) ? -1 : (long)rows;

    private static NpgsqlParameter ParameterOf(object? value) => value is string text
        ? new NpgsqlParameter<string> { TypedValue = text }
        : new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text, Value = value ?? DBNull.Value };

    /// <summary>Runs a catalog query and shows each row to <paramref name="read"/>.</summary>
    private async ValueTask QueryAsync(string sql, object?[] parameters, Action<NpgsqlDataReader> read,
        CancellationToken cancellationToken) =>
        await Patience.WaitAsync(ReadAsync(sql, parameters, read, cancellationToken), null, cancellationToken);

    private async ValueTask<bool> ReadAsync(string sql, object?[] parameters, Action<NpgsqlDataReader> read,
        CancellationToken cancellationToken)
    {
        await using var connection = source.CreateConnection();
        try
        {
            await connection.OpenAsync(cancellationToken);
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw errors.WhileConnecting(exception);
        }

        try
        {
            await using var command = new NpgsqlCommand(sql, connection);
            foreach (var parameter in parameters) command.Parameters.Add(ParameterOf(parameter));
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken)) read(reader);
            return true;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw errors.WhileReading(exception, sql);
        }
    }
}
