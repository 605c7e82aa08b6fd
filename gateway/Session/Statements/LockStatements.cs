using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>
/// LOCK TABLE. Nobody waits: in the modes that keep others from changing rows, the transaction relies on the table as it is now, and
/// commits changes only if nobody else has changed it. The weaker modes only keep a table from being dropped or altered, which a
/// transaction notices when it commits. What is done at an attached server is not seen, so its tables cannot be locked against changes.
/// </summary>
internal static class LockStatements
{
    private static readonly string[] s_weak = ["ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE"];

    public static async ValueTask<string> RunAsync(QuerySession session, LockStatement locking, CancellationToken cancellationToken)
    {
        session.Transaction.RequireBlock("LOCK TABLE");
        foreach (var name in locking.Tables)
        {
            if (await session.FindTableAsync(name.Name, cancellationToken) is not { } table)
                throw new SqlException(SqlState.UndefinedTable, $"relation \"{string.Join('.', name.Name.Parts)}\" does not exist");
            if (await session.FindRelationAsync(name.Name, cancellationToken) is { } relation)
                await (await session.RightsAsync(cancellationToken))
                    .RequireAnyAsync(session.User, relation, RightsFor(locking.Mode), cancellationToken);
            if (s_weak.Contains(locking.Mode)) continue;
            session.Transaction.RequireWritable("LOCK TABLE");
            if (table.View is not null) continue;
            if (table.Provider is not ITableReads format)
            {
                throw new SqlException(SqlState.FeatureNotSupported, $"LOCK TABLE IN {locking.Mode} MODE is not supported")
                    { Detail = $"Changes of \"{table.Source}\" by others are not seen." };
            }

            await session.Transaction.ReadAsync(TableEntry.KeyOf(table.Source.Schema, table.Source.Table), table.Source.TableOid, format,
                table.Handle, cancellationToken);
        }

        return "LOCK TABLE";
    }

    /// <summary>The rights of which one is enough for a mode (LockTableAclCheck in lockcmds.c).</summary>
    private static string RightsFor(string mode) => mode switch
    {
        "ACCESS SHARE" => "r",
        "ROW EXCLUSIVE" => "awdD",
        _ => "wdD",
    };
}
