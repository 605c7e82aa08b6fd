using Federation.Core.Errors;

namespace Federation.Connectors.Postgres;

/// <summary>
/// Keeps rows from being read by a definition that the table no longer has. COPY does not say what types its columns have, and a plan may
/// be older than the table it reads. So the query that reads the rows also compares the table's identity, in its own snapshot and under its
/// own lock, and fails at the source when it is another one.
/// </summary>
internal static class DefinitionGuard
{
    /// <summary>Stands in a planned query where the condition comes when it is run.</summary>
    public const string Mark = "/* as planned */ true";

    /// <summary>Over pg_class AS c: all that reading by a definition depends on but <see cref="Labels"/>, as one short text.</summary>
    public const string Identity =
        """
        (SELECT pg_catalog.md5(pg_catalog.concat_ws(';', c.oid, c.relkind, c.relhassubclass,
            pg_catalog.string_agg(pg_catalog.concat_ws(' ', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attcollation, a.attnotnull, a.attgenerated), ',' ORDER BY a.attnum)))
         FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
        """;

    /// <summary>
    /// Over pg_class AS c: the labels of the enums and the fields of the composites that columns have; NULL for a table without such a
    /// column.
    /// </summary>
    public const string Labels =
        """
        (SELECT pg_catalog.md5(pg_catalog.string_agg(x.part, ',' ORDER BY x.part)) FROM (
            SELECT pg_catalog.concat_ws(' ', e.enumtypid, e.enumsortorder, e.enumlabel) FROM pg_catalog.pg_enum AS e
            WHERE e.enumtypid IN (SELECT a.atttypid FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
            UNION ALL
            SELECT pg_catalog.concat_ws(' ', f.attrelid, f.attnum, f.attname, f.atttypid, f.atttypmod)
            FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid AND t.typtype = 'c' JOIN pg_catalog.pg_attribute AS f ON f.attrelid = t.typrelid AND f.attnum > 0
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS x (part))
        """;

    private const string Message = "the definition has changed";

    /// <summary>The query with the condition in its place.</summary>
    public static string Apply(string sql, IEnumerable<PostgresTable> tables) =>
        sql.Replace(Mark, string.Join(" AND ", tables.Select(Condition)), StringComparison.Ordinal);

    /// <summary>The query without the condition, for people.</summary>
    public static string Hide(string sql) =>
        sql.Replace(" AND " + Mark, "", StringComparison.Ordinal).Replace(" WHERE " + Mark, "", StringComparison.Ordinal);

    /// <summary>Whether an error of the source is that of the condition.</summary>
    public static bool IsChange(SqlException error) =>
        error.State == SqlState.InvalidTextRepresentation && error.Message.Contains(Message, StringComparison.Ordinal);

    /// <summary>
    /// Evaluated once for the query. The source looks the name up when it analyses the query, also again for one that is prepared, so that
    /// running it looks for the number alone. A text that is no boolean is the one error that SQL can raise at will.
    /// </summary>
    private static string Condition(PostgresTable table)
    {
        var name = PostgresDialect.Quoted(table.Schema) + "." + PostgresDialect.Quoted(table.Name);
        var labels = table.Labels is { } known ? $" AND {Labels} = '{known}'" : "";
        return $"(SELECT CASE WHEN {Identity} = '{table.Identity}'{labels} THEN 'true' ELSE '{Message}' END "
            + $"FROM pg_catalog.pg_class AS c WHERE c.oid = {PostgresDialect.Quote(name)}::pg_catalog.regclass)::pg_catalog.bool";
    }
}
