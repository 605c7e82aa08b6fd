using System.Text.Json;
using System.Text.Json.Serialization;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Types;

namespace Federation.Connectors.Postgres;

/// <summary>
/// Keys, indexes, comments and the like of many relations: one statement whose rows are JSON documents, each of them a part of one
/// relation's details.
/// </summary>
internal static class PostgresDetails
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowReadingFromString,
    };

    /// <summary>PostgreSQL's own objects have OIDs below this everywhere.</summary>
    private const string OwnOid = "16384";

    /// <summary>
    /// What to read is chosen behind the setting of the search path, so that the definitions, which are printed for rows that were chosen,
    /// are printed under it. It ends with the statement. $1 and $2 are those of a <see cref="TableSelection"/>, $3 is the search path.
    /// </summary>
    public static string Sql(string selection) =>
        $"""
        WITH {Path("$3")},
        chosen AS MATERIALIZED (
            SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind, c.relpartbound, path.path
            FROM path CROSS JOIN pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p', 'S', 'c') AND {selection})
        SELECT c.schema, c.name, 'relation', pg_catalog.jsonb_build_object(
                   'comment', d.description, 'partition_bound', pg_catalog.pg_get_expr(c.relpartbound, c.oid),
                   'partitioning', CASE WHEN p.partrelid IS NOT NULL THEN pg_catalog.jsonb_build_object('strategy', p.partstrat::text, 'columns', {List("p.partattrs")},
                       'definition', pg_catalog.pg_get_partkeydef(c.oid), 'default', {Relation("p.partdefid")}) END,
                   'sequence', CASE WHEN s.seqrelid IS NOT NULL THEN {Sequence} END)::text
        FROM chosen AS c
        LEFT JOIN pg_catalog.pg_description AS d ON d.objoid = c.oid AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = 0
        LEFT JOIN pg_catalog.pg_partitioned_table AS p ON p.partrelid = c.oid
        LEFT JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = c.oid
        WHERE d.objoid IS NOT NULL OR p.partrelid IS NOT NULL OR s.seqrelid IS NOT NULL OR c.relpartbound IS NOT NULL
        UNION ALL
        SELECT c.schema, c.name, 'parent', {Relation("i.inhparent")}::text
        FROM chosen AS c JOIN (SELECT * FROM pg_catalog.pg_inherits ORDER BY inhrelid, inhseqno) AS i ON i.inhrelid = c.oid
        UNION ALL
        SELECT c.schema, c.name, 'column', pg_catalog.jsonb_build_object(
                   'number', a.attnum, 'default', pg_catalog.pg_get_expr(f.adbin, f.adrelid), 'pretty_default', pg_catalog.pg_get_expr(f.adbin, f.adrelid, true), 'identity', a.attidentity::text,
                   'comment', d.description, 'collation', CASE WHEN a.attcollation <> t.typcollation AND a.attcollation < {OwnOid} THEN a.attcollation::int8 ELSE 0 END,
                   'statistics_target', coalesce(a.attstattarget, -1), 'sequence_name', {Relation("s.seqrelid")}, 'sequence', CASE WHEN s.seqrelid IS NOT NULL THEN {Sequence} END)::text
        FROM chosen AS c
        JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
        LEFT JOIN pg_catalog.pg_attrdef AS f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
        LEFT JOIN pg_catalog.pg_description AS d ON d.objoid = c.oid AND d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objsubid = a.attnum
        LEFT JOIN (pg_catalog.pg_depend AS o JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = o.objid) ON o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
            AND o.refobjid = c.oid AND o.refobjsubid = a.attnum AND o.deptype IN ('a', 'i')
        WHERE f.oid IS NOT NULL OR d.objoid IS NOT NULL OR s.seqrelid IS NOT NULL OR a.attcollation <> t.typcollation OR a.attstattarget <> -1
        UNION ALL
        SELECT * FROM (SELECT c.schema, c.name, 'index', pg_catalog.jsonb_build_object(
                   'name', x.relname, 'method', {Own("x.relam")}, 'is_unique', i.indisunique, 'is_primary', i.indisprimary, 'is_exclusion', i.indisexclusion, 'is_immediate', i.indimmediate,
                   'is_clustered', i.indisclustered, 'is_valid', i.indisvalid, 'is_replica_identity', i.indisreplident, 'are_nulls_equal', coalesce((pg_catalog.to_jsonb(i)->>'indnullsnotdistinct')::pg_catalog.bool, false),
                   'is_partitioned', x.relkind = 'I', 'key_count', i.indnkeyatts, 'keys', {List("i.indkey")}, 'options', {List("i.indoption")},
                   'classes', (SELECT pg_catalog.jsonb_agg({Own("o")} ORDER BY n) FROM pg_catalog.unnest(i.indclass) WITH ORDINALITY AS u(o, n)),
                   'collations', (SELECT pg_catalog.jsonb_agg({Own("o")} ORDER BY n) FROM pg_catalog.unnest(i.indcollation) WITH ORDINALITY AS u(o, n)),
                   'columns', (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', a.attname, 'type', {Own("a.atttypid")}, 'user_type', {UserType("a.atttypid")}, 'modifier', a.atttypmod, 'definition', pg_catalog.pg_get_indexdef(x.oid, a.attnum, false),
                       'pretty_definition', pg_catalog.pg_get_indexdef(x.oid, a.attnum, true)) ORDER BY a.attnum) FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = x.oid AND a.attnum > 0),
                   'definition', pg_catalog.pg_get_indexdef(x.oid), 'pretty_definition', pg_catalog.pg_get_indexdef(x.oid, 0, true),
                   'expressions', pg_catalog.pg_get_expr(i.indexprs, i.indrelid), 'pretty_expressions', pg_catalog.pg_get_expr(i.indexprs, i.indrelid, true),
                   'predicate', pg_catalog.pg_get_expr(i.indpred, i.indrelid), 'pretty_predicate', pg_catalog.pg_get_expr(i.indpred, i.indrelid, true),
                   'comment', pg_catalog.obj_description(x.oid, 'pg_class'), 'rows', x.reltuples, 'pages', x.relpages,
                   'parent', (SELECT {Relation("h.inhparent")} FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = x.oid))::text
        FROM chosen AS c JOIN pg_catalog.pg_index AS i ON i.indrelid = c.oid JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid ORDER BY x.oid) AS indexes
        UNION ALL
        SELECT * FROM (SELECT c.schema, c.name, 'constraint', pg_catalog.jsonb_build_object(
                   'name', k.conname, 'kind', k.contype::text, 'is_deferrable', k.condeferrable, 'is_deferred', k.condeferred, 'is_validated', k.convalidated, 'is_local', k.conislocal, 'is_not_inherited', k.connoinherit,
                   'inheritance_count', k.coninhcount, 'columns', {List("k.conkey")}, 'referenced_columns', {List("k.confkey")}, 'update_action', k.confupdtype::text, 'delete_action', k.confdeltype::text,
                   'match_type', k.confmatchtype::text, 'referenced_constraint', (SELECT u.conname FROM pg_catalog.pg_constraint AS u WHERE u.conindid = k.conindid AND u.conrelid = k.confrelid AND u.contype IN ('p', 'u')),
                   'referenced_positions', coalesce((SELECT pg_catalog.jsonb_agg(pg_catalog.array_position(i.indkey::int2[], u.k) + 1 ORDER BY u.n) FROM pg_catalog.pg_index AS i, pg_catalog.unnest(k.confkey) WITH ORDINALITY AS u(k, n)
                       WHERE i.indexrelid = k.conindid AND k.contype = 'f'), '[]'),
                   'referenced', {Relation("k.confrelid")}, 'index', {Relation("k.conindid")}, 'parent', {Relation("q.conrelid")}, 'parent_name', q.conname,
                   'definition', pg_catalog.pg_get_constraintdef(k.oid), 'pretty_definition', pg_catalog.pg_get_constraintdef(k.oid, true),
                   'condition', pg_catalog.pg_get_expr(k.conbin, k.conrelid), 'pretty_condition', pg_catalog.pg_get_expr(k.conbin, k.conrelid, true),
                   'comment', pg_catalog.obj_description(k.oid, 'pg_constraint'))::text
        FROM chosen AS c JOIN pg_catalog.pg_constraint AS k ON k.conrelid = c.oid LEFT JOIN pg_catalog.pg_constraint AS q ON q.oid = k.conparentid
        WHERE k.contype IN ('c', 'f', 'p', 'u', 'x') ORDER BY k.oid) AS constraints
        UNION ALL
        SELECT * FROM (SELECT c.schema, c.name, 'trigger', pg_catalog.jsonb_build_object(
                   'name', t.tgname, 'type', t.tgtype, 'enabled', t.tgenabled::text, 'columns', {List("t.tgattr")}, 'is_deferrable', t.tgdeferrable, 'is_deferred', t.tginitdeferred,
                   'function', (SELECT pg_catalog.jsonb_build_object('schema', n.nspname, 'name', p.proname) FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace WHERE p.oid = t.tgfoid),
                   'condition', pg_catalog.substring(pg_catalog.pg_get_triggerdef(t.oid), ' WHEN \((.*)\) EXECUTE '), 'old_table', t.tgoldtable, 'new_table', t.tgnewtable,
                   'definition', pg_catalog.pg_get_triggerdef(t.oid), 'pretty_definition', pg_catalog.pg_get_triggerdef(t.oid, true), 'comment', pg_catalog.obj_description(t.oid, 'pg_trigger'))::text
        FROM chosen AS c JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = c.oid WHERE NOT t.tgisinternal ORDER BY t.oid) AS triggers
        """;

    /// <summary>The details with one more part of them.</summary>
    /// <param name="part">What the document describes, the third column of the statement.</param>
    public static RelationDetails Add(RelationDetails details, string part, string json) => part switch
    {
        "relation" => JsonSerializer.Deserialize<RelationDetails>(json, s_options)! with
        {
            Columns = details.Columns, Indexes = details.Indexes, Constraints = details.Constraints, Triggers = details.Triggers,
            Parents = details.Parents,
        },
        "parent" => details with { Parents = With(details.Parents, json) },
        "column" => details with { Columns = With(details.Columns, json) },
        "index" => details with { Indexes = With(details.Indexes, json) },
        "constraint" => details with { Constraints = With(details.Constraints, json) },
        "trigger" => details with { Triggers = With(details.Triggers, json) },
        _ => throw new System.Diagnostics.UnreachableException(part),
    };

    /// <summary>
    /// A common table expression of one row, before which the search path is set under which definitions are printed. It ends with the
    /// statement.
    /// </summary>
    public static string Path(string parameter) =>
        $"path AS MATERIALIZED (SELECT pg_catalog.set_config('search_path', {parameter}, true) AS path)";

    /// <summary>
    /// Over pg_attribute AS a: default and identity of a column as a document for <see cref="Column"/>; NULL when it has neither.
    /// </summary>
    public const string ColumnDefault =
        "CASE WHEN a.atthasdef OR a.attidentity <> '' THEN pg_catalog.jsonb_build_object('number', a.attnum, 'identity', "
            + "a.attidentity::text, "
        + "'default', (SELECT pg_catalog.pg_get_expr(f.adbin, f.adrelid) FROM pg_catalog.pg_attrdef AS f WHERE f.adrelid = a.attrelid AND "
        + "f.adnum = a.attnum), 'sequence', (SELECT " + Sequence
        + " FROM pg_catalog.pg_depend AS o JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = o.objid WHERE o.classid = "
        + "'pg_catalog.pg_class'::pg_catalog.regclass "
        + "AND o.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND o.refobjid = a.attrelid AND o.refobjsubid = a.attnum AND "
        + "o.deptype = 'i'))::text END";

    public static ColumnDetails Column(string json) => JsonSerializer.Deserialize<ColumnDetails>(json, s_options)!;

    /// <summary>The fields of a composite.</summary>
    public static EquatableArray<RecordField> Fields(string server, string json) =>
        JsonSerializer.Deserialize<CompositeField[]>(json, s_options)!.Select(field => new RecordField(field.Name, TypeOf(server, field)))
            .ToEquatableArray();

    private static SqlType TypeOf(string server, CompositeField field) =>
        field.Enum is { } labelled
            ? SqlType.Of(
                SourceTypes.Add(new SourceType(server, labelled.Schema, labelled.Name, 'e')
                    { Labels = labelled.Labels.ToEquatableArray() }))
        : SqlType.FromOid(new Oid(field.Type), field.Modifier) is { Base: { Source: null, IsPseudo: false } } type ? type
        : SqlType.Unknown;

    private sealed record CompositeField(string Name, uint Type, int Modifier, EnumType? Enum);

    private sealed record EnumType(string Schema, string Name, string[] Labels);

    /// <summary>A list of constraints.</summary>
    public static IReadOnlyList<ConstraintDetails> Constraints(string json) =>
        JsonSerializer.Deserialize<ConstraintDetails[]>(json, s_options)!;

    private static IReadOnlyList<T> With<T>(IReadOnlyList<T> list, string json) =>
        [.. list, JsonSerializer.Deserialize<T>(json, s_options)!];

    /// <summary>pg_sequence AS s.</summary>
    private const string Sequence =
        """
        pg_catalog.jsonb_build_object('type', s.seqtypid::int8, 'start', s.seqstart, 'increment', s.seqincrement, 'minimum', s.seqmin, 'maximum', s.seqmax, 'cache', s.seqcache, 'cycles', s.seqcycle,
            'last_value', CASE WHEN pg_catalog.has_sequence_privilege(s.seqrelid, 'SELECT,USAGE') THEN pg_catalog.pg_sequence_last_value(s.seqrelid) END)
        """;

    /// <summary>A vector or an array of numbers as a JSON list.</summary>
    private static string List(string vector) => $"coalesce(pg_catalog.array_to_json({vector}::int2[])::pg_catalog.jsonb, '[]')";

    private static string Own(string oid) => $"CASE WHEN {oid} < {OwnOid} THEN {oid}::int8 ELSE 0 END";

    /// <summary>The name of a type that users made; NULL for PostgreSQL's own.</summary>
    private static string UserType(string oid) =>
        "(SELECT pg_catalog.jsonb_build_object('schema', rn.nspname, 'name', r.typname) FROM pg_catalog.pg_type AS r JOIN "
            + $"pg_catalog.pg_namespace AS rn ON rn.oid = r.typnamespace WHERE r.oid = {oid} AND r.oid >= {OwnOid})";

    /// <summary>The name of the relation with an OID; NULL for the OID zero.</summary>
    private static string Relation(string oid) =>
        "(SELECT pg_catalog.jsonb_build_object('schema', rn.nspname, 'name', r.relname) FROM pg_catalog.pg_class AS r JOIN "
            + $"pg_catalog.pg_namespace AS rn ON rn.oid = r.relnamespace WHERE r.oid = {oid})";
}
