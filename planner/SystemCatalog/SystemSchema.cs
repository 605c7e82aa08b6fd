using System.Collections.Frozen;
using System.Globalization;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Types;

namespace Federation.SystemCatalog;

/// <summary>A relation of pg_catalog or information_schema with the columns that PostgreSQL 15 gives it.</summary>
internal sealed record SystemRelation(string Schema, string Name, Oid Oid, char Kind, EquatableArray<ConnectorColumn> Columns);

/// <summary>The relations of PostgreSQL 15's system schemas, read once from the embedded table.</summary>
internal static class SystemSchema
{
    public static readonly IReadOnlyList<SystemRelation> Relations = Load();

    /// <summary>
    /// The schema of relations that only functions written in SQL read: no catalog lists it. PostgreSQL keeps names that start with pg_ for
    /// itself.
    /// </summary>
    public const string InternalSchema = "pg_federation";

    /// <summary>
    /// The schema of what PostgreSQL has no view for. No catalog lists it either: to tools the gateway looks like PostgreSQL.
    /// </summary>
    public const string GatewaySchema = "system";
    private static readonly SqlType s_texts = SqlType.Array(SqlType.Text);

    private static readonly SystemRelation[] s_internal =
    [
        Internal("function_texts", ("oid", SqlType.Oid), ("result", SqlType.Text), ("arguments", SqlType.Text),
            ("identity_arguments", SqlType.Text), ("sql_body", SqlType.Text), ("definition", SqlType.Text),
            ("name", SqlType.Text), ("signature", SqlType.Text)),
        Internal("relation_names", ("oid", SqlType.Oid), ("name", SqlType.Text), ("visible", SqlType.Bool)),
        Internal("view_texts", ("oid", SqlType.Oid), ("definition", SqlType.Text), ("pretty", SqlType.Text)),
        Internal("definition_texts", ("kind", SqlType.Text), ("oid", SqlType.Oid), ("number", SqlType.Int4), ("definition", SqlType.Text),
            ("pretty", SqlType.Text)),
        Internal("expression_texts", ("relation", SqlType.Oid), ("expression", SqlType.Text), ("pretty", SqlType.Text)),
        Internal("relation_keys", ("key", SqlType.Text), ("oid", SqlType.Oid)),
        Internal("type_keys", ("key", SqlType.Text), ("oid", SqlType.Oid), ("visible", SqlType.Bool)),
        Internal("source_type_names", ("oid", SqlType.Oid), ("name", SqlType.Text)),
        Internal("function_keys", ("key", SqlType.Text), ("oid", SqlType.Oid)),
        Internal("queries", ("query_id", SqlType.Text), ("pid", SqlType.Int4), ("usename", SqlType.Text), ("datname", SqlType.Text),
            ("client_addr", SqlType.Text), ("query", SqlType.Text),
            ("catalog_version", SqlType.Int8), ("state", SqlType.Text), ("sqlstate", SqlType.Text), ("started_at", SqlType.Timestamptz),
            ("ended_at", SqlType.Timestamptz),
            ("elapsed_ms", SqlType.Float8), ("queued_ms", SqlType.Float8), ("planning_ms", SqlType.Float8), ("rows", SqlType.Int8),
            ("tasks", SqlType.Int4), ("retries", SqlType.Int4),
            ("exchanged_bytes", SqlType.Int8), ("sources", SqlType.FromOid(new Oid(1009))!)) with { Schema = GatewaySchema },
        Internal("role_names", ("oid", SqlType.Oid), ("name", SqlType.Text)),
        Internal("role_rights", ("oid", SqlType.Oid), ("name", SqlType.Text), ("rights", s_texts), ("memberships", s_texts),
            ("administered", s_texts)),
        Access("schema_access"), Access("database_access"), Access("server_access"), Access("wrapper_access"), Access("relation_access"),
        Access("column_access"),
        Internal("setting_texts", ("name", SqlType.Text), ("value", SqlType.Text)),
    ];

    private static readonly FrozenDictionary<(string, string), SystemRelation> s_byName = Relations.Concat(s_internal)
        .ToFrozenDictionary(relation => (relation.Schema, relation.Name));

    private static readonly FrozenDictionary<Oid, SystemRelation> s_byOid = Relations.ToFrozenDictionary(relation => relation.Oid);

    public static SystemRelation? Find(string schema, string name) => s_byName.GetValueOrDefault((schema, name));

    public static SystemRelation? Find(Oid oid) => s_byOid.GetValueOrDefault(oid);

    /// <summary>The rows of an embedded table, split at tabs.</summary>
    public static IEnumerable<string[]> Rows(string resource)
    {
        using var stream = typeof(SystemSchema).Assembly.GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"the embedded table {resource} is missing");
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line) yield return line.Split('\t');
    }

    /// <summary>Who may do what with the objects of a kind: the owner's name, then ACL items.</summary>
    private static SystemRelation Access(string name) => Internal(name, ("oid", SqlType.Oid), ("name", SqlType.Text), ("access", s_texts));

    private static SystemRelation Internal(string name, params (string Name, SqlType Type)[] columns) =>
        new(InternalSchema, name, Oid.None, 'r',
            columns.Select(column => new ConnectorColumn(column.Name, column.Type, IsNullable: true)).ToEquatableArray());

    private static List<SystemRelation> Load() => Rows("system_columns.tsv")
        .GroupBy(row => (Schema: row[0], Name: row[1], Oid: row[2], Kind: row[3][0]))
        .Select(group => new SystemRelation(
            group.Key.Schema, group.Key.Name, new Oid(uint.Parse(group.Key.Oid, CultureInfo.InvariantCulture)), group.Key.Kind,
            group.Select(row => new ConnectorColumn(row[4], TypeOf(row), row[8] != "t")).ToEquatableArray()))
        .ToList();

    /// <summary>Internal types such as pg_node_tree, and arrays of them, are shown as text.</summary>
    private static SqlType TypeOf(string[] row) =>
        SqlType.FromOid(new Oid(uint.Parse(row[6], CultureInfo.InvariantCulture)),
            int.Parse(row[7], CultureInfo.InvariantCulture)) is { Base.IsPseudo: false } type ? type : SqlType.Text;
}
