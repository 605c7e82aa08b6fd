using System.Text;
using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Core.Values;
using Federation.Execution;
using Federation.Planner.Binding;
using Federation.Planner.Distribution;
using Federation.Session.Catalogs;
using Federation.Sql.Printing;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>
/// A change that adds rows to a table with keys. Whatever state it is applied to, no two rows of the result may have the same key: the keys
/// of added rows are looked up in it, in the files that may hold them. Two transactions that add the same key do not see each other, so the
/// one that commits second finds the other's row here. Used by one thread at a time.
/// </summary>
internal sealed class KeyedUpdate(QuerySession session, SessionServices services, TableEntry table, ITableUpdate change,
    IReadOnlyList<TableConstraint> keys) : ITableUpdate
{
    private const string AllRows = "\u0001all";
    private const string AddedRows = "\u0001added";

    private static readonly PgType[] s_bounded =
    [
        PgTypes.Int2, PgTypes.Int4, PgTypes.Int8, PgTypes.Date, PgTypes.Timestamp, PgTypes.Timestamptz, PgTypes.Text, PgTypes.Varchar,
    ];

    /// <summary>The state whose rows and keys were looked at last.</summary>
    private TablePointer? _checked;

    /// <summary>The change itself, or with a look at the table's keys where the change may break them.</summary>
    /// <param name="changed">The columns that get values; null for all.</param>
    public static ITableUpdate Of(QuerySession session, SessionServices services, TableEntry table, ITableUpdate change,
        EquatableArray<string>? changed)
    {
        var keys = table.Constraints.Where(constraint => constraint.Kind is ConstraintKind.PrimaryKey or ConstraintKind.Unique
            && (changed is null || constraint.Columns.Any(column => changed.Value.Contains(column)))).ToArray();
        return keys.Length == 0 ? change : new KeyedUpdate(session, services, table, change, keys);
    }

    public async ValueTask<TablePointer> ApplyAsync(TablePointer current, CancellationToken cancellationToken)
    {
        var after = await change.ApplyAsync(current, cancellationToken);
        if (_checked == current) return after;
        foreach (var key in keys) await RequireUniqueAsync(key, after with { Branch = table.Pointer.Branch }, cancellationToken);
        _checked = current;
        return after;
    }

    public ValueTask PublishAsync(CancellationToken cancellationToken) => change.PublishAsync(cancellationToken);

    public ValueTask DiscardAsync(CancellationToken cancellationToken) => change.DiscardAsync(cancellationToken);

    /// <summary>Raises 23505 when two rows of a state have the same key, one of which was added.</summary>
    private async ValueTask RequireUniqueAsync(TableConstraint key, TablePointer state, CancellationToken cancellationToken)
    {
        var writer = TableWriting.WriterOf(services, state);
        if (state.Branch is null && writer is ITableTail tails
            && await tails.FindKeyAsync(state, change, key.Columns, _checked, cancellationToken) is { IsKnown: true } known)
        {
            if (known.Duplicate is { } duplicate)
                throw Violation(key, duplicate.Select(item => ValueText.Format(item.Value, item.Type, session.Values.Format)));
            return;
        }

        var all = TableResolver.Of(table, await ((ITableFormat)writer).LoadAsync(state, null, cancellationToken), writer);
        var added = TableResolver.Of(table, await writer.LoadAddedAsync(state, change, cancellationToken), writer);
        var names = string.Join(", ", key.Columns.Select(SqlPrinter.QuoteReserved));
        var bounds = await BoundsAsync(key.Columns[0], all, added, cancellationToken);
        var rows = await ReadAsync(
            $"SELECT {string.Join(", ", key.Columns.Select(column => $"{SqlPrinter.QuoteReserved(column)}::text"))} FROM \"{AllRows}\" "
                + $"WHERE ({names}) IN (SELECT {names} FROM \"{AddedRows}\"){bounds} GROUP BY {names} HAVING count(*) > 1 LIMIT 1",
            all, added, cancellationToken);
        if (rows.Count > 0) throw Violation(key, rows[0]);
    }

    private SqlException Violation(TableConstraint key, IEnumerable<string?> values) =>
        new(SqlState.UniqueViolation, $"duplicate key value violates unique constraint \"{key.Name}\"")
        {
            Detail = $"Key ({string.Join(", ", key.Columns)})=({string.Join(", ", values)}) already exists.",
            SchemaName = table.Schema,
            TableName = table.Name,
            ConstraintName = key.Name,
        };

    /// <summary>
    /// A condition that only files fulfil which may hold the added values of a column: the least and the greatest of them.
    /// </summary>
    private async ValueTask<string> BoundsAsync(string column, ResolvedTable all, ResolvedTable added, CancellationToken cancellationToken)
    {
        var type = added.Columns.First(item => item.Name == column).Type;
        if (!s_bounded.Contains(type.Base)) return "";
        var name = SqlPrinter.QuoteReserved(column);
        var bounds = (await ReadAsync(
            $"SELECT min({name})::text, max({name})::text FROM \"{AddedRows}\"", all, added, cancellationToken))[0];
        if (bounds[0] is null) return "";
        var typeName = type.WithoutModifier().ToString();
        return $" AND {name} >= {SqlPrinter.QuoteLiteral(bounds[0]!)}::{typeName} AND {name} <= {SqlPrinter.QuoteLiteral(bounds[1]!)}::{typeName}";
    }

    private async ValueTask<List<string?[]>> ReadAsync(string sql, ResolvedTable all, ResolvedTable added,
        CancellationToken cancellationToken)
    {
        var context = session.Nameless with { FindTable = name => name.Name.Name == AllRows ? all : added };
        var query = await services.Planning.RunAsync(sql.Length, () => Binder.Bind(ViewTexts.Parse(sql), context), cancellationToken);
        var request = QueryStatements.OwnRequest(session, services, query) with { Distribution = DistributionOptions.SingleTask };
        var rows = new List<string?[]>();
        await foreach (var batch in services.Runner.Run(request).ReadAsync(cancellationToken))
        {
            using (batch)
                for (var row = 0; row < batch.RowCount; row++)
                    rows.Add(Array.ConvertAll(batch.Columns, column => column.IsNull(row) ? null
                        : Encoding.UTF8.GetString(column.GetBytes(row))));
        }

        return rows;
    }
}
