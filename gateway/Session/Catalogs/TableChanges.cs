using System.Globalization;
using System.Text;
using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Plan;
using Federation.Planner.Binding;
using Federation.Session.Statements;
using Federation.Sql.Syntax;

namespace Federation.Session.Catalogs;

/// <summary>
/// <c>FROM lake.system.table_changes('schema', 'table', from, to)</c>: the rows that each snapshot after one up to another has taken and
/// given. It is read as a view whose query is written here, over scans of just the files that changed.
/// </summary>
internal sealed class TableChanges(SessionServices services, ICatalogSnapshot snapshot, QuerySession session, TableResolver resolver)
{
    private static readonly string[] s_arguments = ["schema_name", "table_name", "start", "end"];

    private static readonly (string Name, SqlType Type)[] s_columns =
    [
        ("_change_type", SqlType.Text), ("_commit_snapshot_id", SqlType.Int8), ("_commit_timestamp", SqlType.Timestamptz),
        ("_change_ordinal", SqlType.Int4),
    ];

    /// <summary>There is nothing to read but the query.</summary>
    private sealed record Handle(Oid Table) : ITableHandle;

    /// <summary>Where its names are told apart from those of statements.</summary>
    private const char Mark = '\u0001';

    /// <summary>Whether a version that an argument says may be another one at the next execution: no end is the present.</summary>
    public static bool MayMove(TableName name) => name.Changes.Any(argument => argument.Value is not (StringLiteral or NumberLiteral));

    public async ValueTask<ResolvedTable> LoadAsync(TableName name, CancellationToken cancellationToken)
    {
        var arguments = Arguments(name);
        var schema = Text(arguments, "schema_name", name);
        var table = Text(arguments, "table_name", name);
        if (!await resolver.MayUseSchemaAsync(schema, cancellationToken))
            throw AccessRights.Denied(new AccessTarget(AccessKind.Schema, schema)).At(name.Span.Position);
        if (await snapshot.FindTableAsync(schema, table, cancellationToken) is not { } entry)
            throw new SqlException(SqlState.UndefinedTable, $"table \"{schema}.{table}\" does not exist") { Position = name.Span.Position };
        if (services.Formats.FirstOrDefault(format => format.Name == entry.Pointer.Format) is not ITableChangeLog format
            || entry.Pointer.Metadata.Length == 0)
            throw new SqlException(SqlState.FeatureNotSupported, $"changes of table \"{entry.Name}\" are not known")
                { Position = name.Span.Position };
        var (from, to) = (await VersionAsync(arguments, "start", cancellationToken), await VersionAsync(arguments, "end",
            cancellationToken));
        var log = await format.ListChangesAsync(entry.Pointer, from, to, cancellationToken);
        return Build(entry, format, log, MayMove(name));
    }

    private static ResolvedTable Build(TableEntry entry, object provider, TableChangeLog log, bool mayMove)
    {
        var tables = new Dictionary<string, ResolvedTable>(StringComparer.Ordinal);
        var names = string.Join(", ", log.Columns.Select(column => Quoted(column.Name)));
        var sql = new StringBuilder();
        for (var i = 0; i < log.Changes.Count; i++)
        {
            if (i > 0) sql.Append(" UNION ALL ");
            sql.Append(CultureInfo.InvariantCulture,
                $"SELECT {names}, c::text, {log.Changes[i].SnapshotId}::int8, timestamptz 'epoch' + {log.Changes[i].Microseconds}::int8 * interval '1 microsecond', {i}::int4 FROM ({Rows(i)}) AS r({names}, c)");
        }

        // No change is a table of no rows, of these columns.
        var columns = log.Columns.Select(column => (column.Name, Type: column.Type.WithoutModifier())).Concat(s_columns).ToArray();
        if (log.Changes.Count == 0)
            sql.Append("SELECT ").AppendJoin(", ", columns.Select(column => $"NULL::{column.Type}")).Append(" WHERE false");
        var all = string.Join(", ", columns.Select(column => Quoted(column.Name)));
        var query = Paired(entry, log, $"SELECT {all} FROM ({sql}) AS u({all})", all);
        var source = new TableSource(TableResolver.ManagedCatalog, "system", "table_changes", -1);
        return new ResolvedTable(source, new Handle(entry.Oid),
            columns.Select((column, i) => new ConnectorColumn(column.Name, column.Type) { Number = (short)(i + 1) }).ToEquatableArray())
        {
            Provider = provider,
            OwnsRows = false,
            View = new ResolvedView(ViewTexts.Parse(query), found => tables.GetValueOrDefault(found.Name.Name), _ => null,
                Core.Values.ValueContext.Default),
        };

        string Rows(int i)
        {
            var change = log.Changes[i];
            var inserted = change.Added is null ? null : $"SELECT {names} FROM {Named("added", change.Added)}";
            var deleted = change.Gone is null ? null : $"SELECT {names} FROM {Named("gone", change.Gone)}";
            // Rows that were only written into another file have not changed (copy-on-write).
            if (inserted is not null && deleted is not null && log.Columns.All(column => IsComparable(column.Type)))
                (inserted, deleted) = ($"({inserted} EXCEPT ALL {deleted})", $"({deleted} EXCEPT ALL {inserted})");
            var arms = new List<string>();
            if (inserted is not null) arms.Add($"SELECT {names}, 'insert' FROM ({inserted}) AS i");
            if (deleted is not null) arms.Add($"SELECT {names}, 'delete' FROM ({deleted}) AS d");
            if (change.Before is not null && change.After is not null)
            {
                var (file, position) = (Quoted(RowIdentity.File), Quoted(RowIdentity.Position));
                arms.Add($"SELECT {names}, 'delete' FROM {Named("before", change.Before)} AS b WHERE NOT EXISTS (SELECT FROM "
                    + $"{Named("after", change.After)} AS a WHERE a.{file} = b.{file} AND a.{position} = b.{position})");
            }

            return string.Join(" UNION ALL ", arms);

            string Named(string what, ConnectorTable read)
            {
                var name = $"{Mark}{what}{i.ToString(CultureInfo.InvariantCulture)}";
                var own = new TableSource(TableResolver.ManagedCatalog, entry.Schema, entry.Name, read.EstimatedRows)
                    { TableOid = entry.Oid, About = entry.Name, Pin = $"{what} {log.Changes[i].SnapshotId}" };
                tables[name] = new ResolvedTable(own, read.Handle, read.Columns)
                    { Provider = provider, FollowsFolder = mayMove };
                return Quoted(name);
            }
        }
    }

    /// <summary>A key that a snapshot has both taken and given was updated.</summary>
    private static string Paired(TableEntry entry, TableChangeLog log, string query, string all)
    {
        var key = (entry.Constraints.FirstOrDefault(constraint => constraint.Kind == ConstraintKind.PrimaryKey)
            ?? entry.Constraints.FirstOrDefault(constraint => constraint.Kind == ConstraintKind.Unique))?.Columns;
        if (key is not { Count: > 0 } columns || !columns.All(name => log.Columns.Any(column => column.Name == name))) return query;
        var names = string.Join(", ", columns.Select(Quoted));
        var shown = string.Join(", ", all.Split(", ").Select(name => name != Quoted("_change_type") ? name
            : $"CASE WHEN {Quoted(Mark + "both")} THEN CASE {name} WHEN 'insert' THEN 'update_postimage' ELSE 'update_preimage' END ELSE {name} END"));
        return $"SELECT {shown} FROM (SELECT *, bool_or(_change_type = 'insert') OVER w AND bool_or(_change_type = 'delete') OVER w AND "
            + $"{string.Join(" AND ", columns.Select(name => $"{Quoted(name)} IS NOT NULL"))} AS {Quoted(Mark + "both")} FROM ({query}) AS c "
            + $"WINDOW w AS (PARTITION BY _commit_snapshot_id, {names})) AS p";
    }

    private static bool IsComparable(SqlType type) => type.Base != PgTypes.Json && !type.IsRecord && !type.IsArray;

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static Dictionary<string, Expression> Arguments(TableName name)
    {
        var found = new Dictionary<string, Expression>(StringComparer.Ordinal);
        for (var i = 0; i < name.Changes.Count; i++)
        {
            var argument = name.Changes[i];
            var given = argument.Name ?? (i < s_arguments.Length ? s_arguments[i] : null);
            if (given is null || !s_arguments.Contains(given))
                throw new SqlException(SqlState.UndefinedFunction,
                    $"function {name.Name} has no argument {(given is null ? i + 1 : $"\"{given}\"")}")
                        { Position = argument.Span.Position, Hint = $"Its arguments: {string.Join(", ", s_arguments)}." };
            found[given] = argument.Value;
        }

        return found;
    }

    private string Text(Dictionary<string, Expression> arguments, string name, TableName call) =>
        arguments.TryGetValue(name, out var value) && Constants.Evaluate(session, value, SqlType.Text) is string text
            ? text
            : throw new SqlException(SqlState.NullValueNotAllowed, $"argument \"{name}\" of function {call.Name} must be given")
                { Position = call.Span.Position };

    private async ValueTask<TableVersion?> VersionAsync(Dictionary<string, Expression> arguments, string name,
        CancellationToken cancellationToken) =>
        arguments.TryGetValue(name, out var value) && value is not NullLiteral
            ? await session.Analyzer.Versions.ComputeAsync(value, null, [], cancellationToken)
            : null;
}
