using System.Globalization;

namespace Federation.FlightSql.Metadata;

/// <summary>The queries behind the metadata commands. A parameter that is NULL does not narrow the search.</summary>
internal static class MetadataQueries
{
    public const string Catalogs = "SELECT datname::text AS catalog_name FROM pg_catalog.pg_database WHERE datallowconn ORDER BY 1";

    /// <summary>$1 catalog, $2 pattern of schemas.</summary>
    public const string Schemas = """
        SELECT catalog_name::text AS catalog_name, schema_name::text AS db_schema_name
        FROM information_schema.schemata
        WHERE ($1::text IS NULL OR catalog_name::text = $1::text) AND ($2::text IS NULL OR schema_name::text LIKE $2::text)
        ORDER BY 1, 2
        """;

    /// <summary>The columns of the tables of <see cref="Tables"/>: $1 catalog, $2 pattern of schemas, $3 pattern of tables.</summary>
    public const string Columns = """
        SELECT n.nspname::text, c.relname::text, a.attname::text, a.atttypid::int8, a.atttypmod::int4
        FROM pg_catalog.pg_attribute a
        JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE a.attnum > 0 AND NOT a.attisdropped
          AND ($1::text IS NULL OR pg_catalog.current_database()::text = $1::text)
          AND ($2::text IS NULL OR n.nspname::text LIKE $2::text) AND ($3::text IS NULL OR c.relname::text LIKE $3::text)
        ORDER BY 1, 2, a.attnum
        """;

    /// <summary>$1 catalog, $2 pattern of schemas, $3 pattern of tables, then the types of tables; none stands for all.</summary>
    public static string Tables(int typeCount)
    {
        var types = string.Join(", ",
            Enumerable.Range(4, typeCount).Select(i => string.Create(CultureInfo.InvariantCulture, $"${i}::text")));
        return $"""
            SELECT catalog_name, db_schema_name, table_name, table_type
            FROM (SELECT table_catalog::text AS catalog_name, table_schema::text AS db_schema_name, table_name::text AS table_name,
                         CASE table_type::text WHEN 'BASE TABLE' THEN 'TABLE' WHEN 'FOREIGN' THEN 'FOREIGN TABLE' ELSE table_type::text END AS table_type
                  FROM information_schema.tables) t
            WHERE ($1::text IS NULL OR catalog_name = $1::text) AND ($2::text IS NULL OR db_schema_name LIKE $2::text) AND ($3::text IS NULL OR table_name LIKE $3::text)
              {(typeCount == 0 ? "" : $"AND table_type IN ({types})")}
            ORDER BY 1, 2, 3, 4
            """;
    }
}
