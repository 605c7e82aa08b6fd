using System.Text;
using Federation.Connectors.RemoteSql;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;

namespace Federation.Connectors.Postgres;

/// <summary>Queries over several tables or with groups that the source runs as a whole.</summary>
internal static class PostgresQueries
{
    /// <summary>Since this version extract() gives numeric; results of older servers have other types than here.</summary>
    private const int OldestVersion = 140000;

    public static SubtreePushdown TryTake(RelationalTree tree)
    {
        var tables = new List<PostgresTable>();
        var written = TryWrite(tree, tree.Columns.Select(column => column.Name).ToEquatableArray(), tables, out var reason);
        if (written is null) return new SubtreePushdown(null, reason);
        if (tables.Any(table => table.ServerVersion < OldestVersion))
            return new SubtreePushdown(null, "the server is older than PostgreSQL 14");
        if (tables.Any(table => !table.IsUnicode) && !Ascii.IsValid(written.ToString()))
            return new SubtreePushdown(null, "the source does not hold text as Unicode");
        return new SubtreePushdown(new PostgresQueryHandle(tree, tables.Distinct().ToEquatableArray()), null);
    }

    /// <summary>The statement that gives these columns of the query.</summary>
    public static RemoteSelect Write(PostgresQueryHandle handle, EquatableArray<string> columns)
    {
        var written = TryWrite(handle.Tree, columns, [], out var reason)
            ?? throw new SqlException(SqlState.InternalError, reason ?? "a query cannot be written");
        return written.Columns.Count == 0 ? written with { Columns = ["1::int2"] } : written;
    }

    private static RemoteSelect? TryWrite(
        RelationalTree tree, EquatableArray<string> columns, List<PostgresTable> tables, out string? reason) =>
        RemoteTreeWriter.TryWrite(PostgresDialect.Instance, tree, columns, handle => Describe(handle, tables), out reason);

    private static RemoteTable Describe(ITableHandle handle, List<PostgresTable> tables)
    {
        var own = (PostgresTableHandle)handle;
        tables.Add(own.Table);
        return new RemoteTable(own.From, own.Table.Name, own.Table.Columns, own.Filters, own.Limit);
    }
}
