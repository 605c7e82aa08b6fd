using System.Text.RegularExpressions;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Types;

namespace Federation.SystemCatalog;

/// <summary>
/// Reads from conditions on a system table which schemas and relations they leave: equality with constants, and the patterns by which psql
/// asks for one name.
/// </summary>
internal static partial class SystemFilters
{
    private enum Subject
    {
        Schema,
        SchemaOid,
        Relation,
        RelationOid,
    }

    private static readonly Dictionary<(string Table, string Column), Subject> s_subjects = new()
    {
        [("pg_namespace", "nspname")] = Subject.Schema,
        [("pg_namespace", "oid")] = Subject.SchemaOid,
        [("pg_class", "relnamespace")] = Subject.SchemaOid,
        [("pg_class", "relname")] = Subject.Relation,
        [("pg_class", "oid")] = Subject.RelationOid,
        [("pg_attribute", "attrelid")] = Subject.RelationOid,
        [("pg_attrdef", "adrelid")] = Subject.RelationOid,
        [("pg_tables", "schemaname")] = Subject.Schema,
        [("pg_tables", "tablename")] = Subject.Relation,
        [("pg_views", "schemaname")] = Subject.Schema,
        [("pg_views", "viewname")] = Subject.Relation,
        [("pg_matviews", "schemaname")] = Subject.Schema,
        [("pg_matviews", "matviewname")] = Subject.Relation,
        [("schemata", "schema_name")] = Subject.Schema,
        [("tables", "table_schema")] = Subject.Schema,
        [("tables", "table_name")] = Subject.Relation,
        [("columns", "table_schema")] = Subject.Schema,
        [("columns", "table_name")] = Subject.Relation,
        [("pg_index", "indrelid")] = Subject.RelationOid,
        [("pg_constraint", "conrelid")] = Subject.RelationOid,
        [("pg_trigger", "tgrelid")] = Subject.RelationOid,
        [("pg_inherits", "inhrelid")] = Subject.RelationOid,
        [("pg_partitioned_table", "partrelid")] = Subject.RelationOid,
        [("pg_sequence", "seqrelid")] = Subject.RelationOid,
        [("pg_indexes", "schemaname")] = Subject.Schema,
        [("pg_indexes", "tablename")] = Subject.Relation,
        [("pg_sequences", "schemaname")] = Subject.Schema,
        [("pg_sequences", "sequencename")] = Subject.Relation,
        [("sequences", "sequence_schema")] = Subject.Schema,
        [("sequences", "sequence_name")] = Subject.Relation,
        [("table_constraints", "table_schema")] = Subject.Schema,
        [("table_constraints", "table_name")] = Subject.Relation,
        [("key_column_usage", "table_schema")] = Subject.Schema,
        [("key_column_usage", "table_name")] = Subject.Relation,
        [("triggers", "event_object_schema")] = Subject.Schema,
        [("triggers", "event_object_table")] = Subject.Relation,
        [("views", "table_schema")] = Subject.Schema,
        [("views", "table_name")] = Subject.Relation,
    };

    /// <summary>The filter with what a condition adds to it; null when the condition says nothing of schemas and relations.</summary>
    public static SystemFilter? TryAdd(SystemFilter filter, string table, ConnectorExpression condition)
    {
        var (operand, values) = condition switch
        {
            ConnectorExpression.Operator { Symbol: "=", Arguments: [var left, var right] } =>
                ConstantOf(right) is { } value ? (left, [value]) : (right, ConstantOf(left) is { } other ? [other] : null),
            ConnectorExpression.Operator { Symbol: "~", Arguments: [var left, var right] } =>
                (left, ConstantOf(right) is string pattern && OneName().Match(pattern) is { Success: true } match
                    ? [match.Groups["name"].Value]
                    : null),
            ConnectorExpression.In list when list.Values.All(value => ConstantOf(value) is not null) =>
                (list.Argument, list.Values.Select(value => ConstantOf(value)!).ToArray()),
            _ => ((ConnectorExpression?)null, (object[]?)null),
        };
        if (values is null || ColumnOf(operand) is not { } column || !s_subjects.TryGetValue((table, column), out var subject)) return null;
        return subject switch
        {
            Subject.Schema => Texts(values) is { } names ? filter with { Schemas = Both(filter.Schemas, names) } : null,
            Subject.Relation => Texts(values) is { } names ? filter with { Relations = Both(filter.Relations, names) } : null,
            Subject.SchemaOid => Numbers(values) is { } oids ? filter with { SchemaOids = Both(filter.SchemaOids, oids) } : null,
            _ => Numbers(values) is { } oids ? filter with { RelationOids = Both(filter.RelationOids, oids) } : null,
        };
    }

    /// <summary>The column of a comparison. Casts among the types of names, and from oid to regclass or bigint, keep the value.</summary>
    private static string? ColumnOf(ConnectorExpression? expression) => expression switch
    {
        ConnectorExpression.Column column => column.Name,
        ConnectorExpression.Cast { To: { IsArray: false, Modifier: < 0 } to } cast
            when to.Base.Name is "text" or "varchar" or "name" or "oid" or "int8" or "regclass" or "regnamespace" =>
                ColumnOf(cast.Argument),
        _ => null,
    };

    private static object? ConstantOf(ConnectorExpression expression) => expression switch
    {
        ConnectorExpression.Constant constant => constant.Value,
        ConnectorExpression.Cast { To: { IsArray: false, Modifier: < 0 } to } cast
            when to.Base.Name is "text" or "varchar" or "oid" or "int8" => ConstantOf(cast.Argument),
        _ => null,
    };

    private static string[]? Texts(object[] values) => values.All(value => value is string) ? [.. values.Cast<string>()] : null;

    private static long[]? Numbers(object[] values) =>
        values.All(value => value is long or int or short)
            ? [.. values.Select(value => Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture))]
            : null;

    private static EquatableArray<T> Both<T>(EquatableArray<T>? before, T[] now) =>
        (before is { } old ? old.Intersect(now) : now.Distinct()).ToEquatableArray();

    /// <summary>What psql makes of a plain name: <c>\d orders</c> asks for '^(orders)$'.</summary>
    [GeneratedRegex(@"^\^\((?<name>[a-z0-9_]+)\)\$$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex OneName();
}
