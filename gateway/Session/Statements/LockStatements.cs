using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>
/// LOCK TABLE in the one mode that holds without a lock: ACCESS SHARE, which only keeps a table from being dropped or changed. A
/// transaction here sees one version of the catalog, and what is done at a source is noticed when its tables are read.
/// </summary>
internal static class LockStatements
{
    public static async ValueTask<string> RunAsync(QuerySession session, LockStatement locking, CancellationToken cancellationToken)
    {
        session.Transaction.RequireBlock("LOCK TABLE");
        foreach (var table in locking.Tables)
        {
            if (await session.FindTableAsync(table.Name, cancellationToken) is null)
                throw new SqlException(SqlState.UndefinedTable, $"relation \"{string.Join('.', table.Name.Parts)}\" does not exist");
        }

        return locking.Mode == "ACCESS SHARE"
            ? "LOCK TABLE"
            : throw new SqlException(SqlState.FeatureNotSupported, $"LOCK TABLE IN {locking.Mode} MODE is not supported");
    }
}
