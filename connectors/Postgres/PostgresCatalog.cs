using System.Collections.Concurrent;
using Federation.Connectors.RemoteSql;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Types;
using Npgsql;
using NpgsqlTypes;

namespace Federation.Connectors.Postgres;

/// <summary>
/// Reads the source's catalog. Tables are kept for a few seconds; a look that must see the newest definition compares the identity of what is kept with the source's, which costs one short query. Thread-safe.
/// </summary>
internal sealed class PostgresCatalog(string server, NpgsqlDataSource source, IReadOnlySet<string>? schemas, PostgresErrors errors, TimeProvider time)
{
    private const int MaxTables = 10_000;

    private static readonly TimeSpan s_lifetime = TimeSpan.FromSeconds(3);

    private const string SchemasSql =
        """
        SELECT nspname::text FROM pg_catalog.pg_namespace
        WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema' AND has_schema_privilege(oid, 'USAGE')
        ORDER BY nspname
        """;

    private const string TablesSql =
        """
        SELECT n.nspname::text, c.relname::text, c.relkind::text, c.reltuples::float8,
               c.relnatts::int4,
               CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END
        FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND
        """ + " " + SelectionCondition + " ORDER BY n.nspname, c.relname";

    /// <summary>The tables of a <see cref="TableSelection"/>: its schemas are $1, its tables $2.</summary>
    private const string SelectionCondition =
        """
        n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' AND has_schema_privilege(n.oid, 'USAGE')
        AND ($1 IS NULL OR n.nspname::text = ANY ($1)) AND ($2 IS NULL OR c.relname::text = ANY ($2))
        """;

    /// <summary>
    /// One row per column, or one row without column for a table that has none. Domains are followed to their base type, for array items too. The identity of the tables stands between the first two
    /// parts, what chooses the tables between the last two.
    /// </summary>
    private const string ColumnsOf =
        """
        WITH RECURSIVE
        columns AS (
            SELECT n.nspname, c.relname, c.relkind, c.reltuples, c.relhassubclass, c.relnatts,
        """;

    private const string ColumnsFrom =
        """
        AS labels, a.attnum, a.attname, a.attnotnull, a.attgenerated, a.atttypid, a.atttypmod, a.attcollation
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND
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
               current_setting('server_version_num')::int4, c.labels
        FROM columns AS c
        LEFT JOIN (base AS b JOIN pg_catalog.pg_type AS bt ON bt.oid = b.type AND bt.typtype <> 'd' JOIN pg_catalog.pg_namespace AS bn ON bn.oid = bt.typnamespace) ON b.declared = c.atttypid AND b.shape = c.atttypmod
        LEFT JOIN (item AS i JOIN pg_catalog.pg_type AS it ON it.oid = i.type AND it.typtype <> 'd' JOIN pg_catalog.pg_namespace AS inn ON inn.oid = it.typnamespace) ON i.declared = c.atttypid AND i.shape = c.atttypmod
        LEFT JOIN (pg_catalog.pg_type AS dt JOIN pg_catalog.pg_namespace AS dn ON dn.oid = dt.typnamespace) ON dt.oid = c.atttypid AND dt.typtype = 'd'
        LEFT JOIN pg_catalog.pg_collation AS o ON o.oid = c.attcollation
        ORDER BY c.nspname, c.relname, c.attnum
        """;

    private const string TableSql = ColumnsOf + DefinitionGuard.Identity + " AS identity, " + DefinitionGuard.Labels + ColumnsFrom + " n.nspname = $1 AND c.relname = $2" + ColumnsTyped;

    private const string AllColumnsSql = ColumnsOf + " NULL::text AS identity, NULL::text " + ColumnsFrom + " " + SelectionCondition + ColumnsTyped;

    private const string IdentitySql =
        "SELECT " + DefinitionGuard.Identity + ", " + DefinitionGuard.Labels + " FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'v', 'm', 'f', 'p')";

    /// <summary>Types that users can name, without the row types of tables.</summary>
    private const string TypesSql =
        """
        SELECT n.nspname::text, t.typname::text, t.typtype::text, t.typbasetype::int8, t.typtypmod,
               (SELECT pg_catalog.array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = t.oid)
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
        var wanted = selection.Schemas is { } named ? (schemas is null ? named : named.Where(schemas.Contains)).ToArray() : schemas?.ToArray();
        if (wanted is []) return [];
        var found = new List<(DescribedTable Table, List<ConnectorColumn> Columns)>();
        string[]?[] parameters = [wanted, selection.Tables?.ToArray()];
        if (!selection.WithColumns) await QueryAsync(TablesSql, parameters, row => found.Add((Listed(row), [])), cancellationToken);
        else await QueryAsync(AllColumnsSql, parameters, row => AddColumn(row, found), cancellationToken);
        return [.. found.Select(item => item.Table with { Columns = item.Columns.ToEquatableArray() })];
    }

    private static DescribedTable Listed(NpgsqlDataReader row) => new(row.GetString(0), new ListedTable(row.GetString(1), row.GetString(2)[0])
    {
        EstimatedRows = Estimate(row.GetString(2), row.GetDouble(3)),
        ColumnCount = row.GetInt32(4),
        Definition = row.IsDBNull(5) ? null : row.GetString(5),
    });

    private void AddColumn(NpgsqlDataReader row, List<(DescribedTable Table, List<ConnectorColumn> Columns)> found)
    {
        var (schema, name) = (row.GetString(29), row.GetString(30));
        if (found.Count == 0 || found[^1].Table.Schema != schema || found[^1].Table.Listed.Name != name)
            found.Add((new DescribedTable(schema, new ListedTable(name, row.GetString(0)[0]) { EstimatedRows = Estimate(row.GetString(0), row.GetDouble(1)), ColumnCount = row.GetInt32(31) }), []));
        if (!row.IsDBNull(2)) found[^1].Columns.Add(PostgresColumns.ToConnector(PostgresColumns.Describe(server, row)));
    }

    /// <summary>The table as it was when it was looked at last, however long ago; null when it was not.</summary>
    public PostgresTable? FindKnown(string schema, string table) => _tables.TryGetValue((schema, table), out var known) ? known.Table : null;

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

    public async ValueTask<IReadOnlyList<PgType>> LoadTypesAsync(string? schema, CancellationToken cancellationToken)
    {
        var types = new List<PgType>();
        if (schema is not null && !Shows(schema)) return types;
        await QueryAsync(
            TypesSql,
            [schema ?? ""],
            row =>
            {
                if (!Shows(row.GetString(0))) return;
                var type = new SourceType(server, row.GetString(0), row.GetString(1), row.GetString(2)[0]) { Labels = row.IsDBNull(5) ? default : row.GetFieldValue<string[]>(5).ToEquatableArray() };
                if (type.Kind == 'd') type = type with { Over = SqlType.FromOid(new Oid((uint)row.GetInt64(3)), row.GetInt32(4)) ?? SqlType.Text };
                types.Add(SourceTypes.Add(type));
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
            [schema, table],
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
        await QueryAsync(IdentitySql, [table.Schema, table.Name], row => isCurrent = row.GetString(0) == table.Identity && (row.IsDBNull(1) ? null : row.GetString(1)) == table.Labels, cancellationToken);
        return isCurrent;
    }

    /// <summary>Views have no statistics, and a table that was never analysed has none yet.</summary>
    private static long Estimate(string kind, double rows) => kind == "v" || rows < 0 || (kind == "f" && rows == 0) ? -1 : (long)rows;

    private static NpgsqlParameter ParameterOf(object? value) => value is string text
        ? new NpgsqlParameter<string> { TypedValue = text }
        : new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text, Value = value ?? DBNull.Value };

    /// <summary>Runs a catalog query and shows each row to <paramref name="read"/>.</summary>
    private async ValueTask QueryAsync(string sql, object?[] parameters, Action<NpgsqlDataReader> read, CancellationToken cancellationToken) =>
        await Patience.WaitAsync(ReadAsync(sql, parameters, read, cancellationToken), null, cancellationToken);

    private async ValueTask<bool> ReadAsync(string sql, object?[] parameters, Action<NpgsqlDataReader> read, CancellationToken cancellationToken)
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
