using System.Collections.Concurrent;
using Federation.Connectors.RemoteSql;
using Federation.Core;
using Federation.Core.Types;
using Npgsql;

namespace Federation.Connectors.Postgres;

/// <summary>
/// Reads the source's catalog. Tables are kept for a few seconds, so that a point query costs one round trip; a table that turns out to have
/// changed is forgotten by <see cref="Forget"/>. Thread-safe.
/// </summary>
internal sealed class PostgresCatalog(NpgsqlDataSource source, IReadOnlySet<string>? schemas, PostgresErrors errors, TimeProvider time)
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
        SELECT c.relname::text
        FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relkind IN ('r', 'v', 'm', 'f', 'p')
        ORDER BY c.relname
        """;

    /// <summary>
    /// One row per column, or one row without column for a table that has none. Domains are followed to their base type, for array items too.
    /// </summary>
    private const string ColumnsSql =
        """
        WITH RECURSIVE
        columns AS (
            SELECT c.relkind, c.reltuples, a.attnum, a.attname, a.attnotnull, a.atttypid, a.atttypmod, a.attcollation
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'v', 'm', 'f', 'p')),
        base (attnum, type, modifier) AS (
            SELECT attnum, atttypid, atttypmod FROM columns
            UNION ALL
            SELECT b.attnum, t.typbasetype, t.typtypmod FROM base AS b JOIN pg_catalog.pg_type AS t ON t.oid = b.type AND t.typtype = 'd'),
        item (attnum, type, modifier) AS (
            SELECT b.attnum, t.typelem, b.modifier FROM base AS b JOIN pg_catalog.pg_type AS t ON t.oid = b.type AND t.typcategory = 'A' AND t.typelem <> 0
            UNION ALL
            SELECT i.attnum, t.typbasetype, t.typtypmod FROM item AS i JOIN pg_catalog.pg_type AS t ON t.oid = i.type AND t.typtype = 'd')
        SELECT c.relkind::text, c.reltuples::float8, c.attname::text, c.attnotnull,
               bt.oid::int8, b.modifier, bt.typname::text, bt.typtype::text,
               it.oid::int8, i.modifier, it.typtype::text, it.typdelim::text,
               o.oid::int8, o.collname::text, coalesce(o.collisdeterministic, true), current_setting('server_encoding')
        FROM columns AS c
        LEFT JOIN (base AS b JOIN pg_catalog.pg_type AS bt ON bt.oid = b.type AND bt.typtype <> 'd') ON b.attnum = c.attnum
        LEFT JOIN (item AS i JOIN pg_catalog.pg_type AS it ON it.oid = i.type AND it.typtype <> 'd') ON i.attnum = c.attnum
        LEFT JOIN pg_catalog.pg_collation AS o ON o.oid = c.attcollation
        ORDER BY c.attnum
        """;

    private readonly ConcurrentDictionary<(string Schema, string Table), (PostgresTable Table, long LoadedAt)> _tables = new();

    public async ValueTask<IReadOnlyList<string>> LoadSchemasAsync(CancellationToken cancellationToken)
    {
        var all = await LoadNamesAsync(SchemasSql, null, cancellationToken);
        return schemas is null ? all : all.Where(schemas.Contains).ToArray();
    }

    public async ValueTask<IReadOnlyList<string>> LoadTablesAsync(string schema, CancellationToken cancellationToken) =>
        Shows(schema) ? await LoadNamesAsync(TablesSql, schema, cancellationToken) : [];

    /// <summary>The table as it was at most a few seconds ago, or null when there is none.</summary>
    public async ValueTask<PostgresTable?> GetTableAsync(string schema, string table, CancellationToken cancellationToken)
    {
        if (!Shows(schema)) return null;
        if (_tables.TryGetValue((schema, table), out var known) && time.GetElapsedTime(known.LoadedAt) < s_lifetime) return known.Table;
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

    public void Forget(string schema, string table) => _tables.TryRemove((schema, table), out _);

    private bool Shows(string schema) => schemas is null || schemas.Contains(schema);

    private async ValueTask<IReadOnlyList<string>> LoadNamesAsync(string sql, string? parameter, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        await QueryAsync(sql, parameter is null ? [] : [parameter], row => names.Add(row.GetString(0)), cancellationToken);
        return names;
    }

    private async ValueTask<PostgresTable?> LoadTableAsync(string schema, string table, CancellationToken cancellationToken)
    {
        var columns = new List<RemoteColumn>();
        var estimate = -1L;
        var isFound = false;
        await QueryAsync(
            ColumnsSql,
            [schema, table],
            row =>
            {
                isFound = true;
                estimate = Estimate(row.GetString(0), row.GetDouble(1));
                if (!row.IsDBNull(2)) columns.Add(PostgresColumns.Describe(row));
            },
            cancellationToken);
        return isFound ? new PostgresTable(schema, table, columns.ToEquatableArray(), estimate) : null;
    }

    /// <summary>Views have no statistics, and a table that was never analysed has none yet.</summary>
    private static long Estimate(string kind, double rows) => kind == "v" || rows < 0 || (kind == "f" && rows == 0) ? -1 : (long)rows;

    /// <summary>Runs a catalog query and shows each row to <paramref name="read"/>.</summary>
    private async ValueTask QueryAsync(string sql, string[] parameters, Action<NpgsqlDataReader> read, CancellationToken cancellationToken) =>
        await Patience.WaitAsync(ReadAsync(sql, parameters, read, cancellationToken), null, cancellationToken);

    private async ValueTask<bool> ReadAsync(string sql, string[] parameters, Action<NpgsqlDataReader> read, CancellationToken cancellationToken)
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
            foreach (var parameter in parameters) command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = parameter });
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
