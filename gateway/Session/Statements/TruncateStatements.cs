using Federation.Catalog;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>TRUNCATE: a table loses every row that it has when the transaction commits, those of others among them.</summary>
internal static class TruncateStatements
{
    public static async ValueTask<string> RunAsync(QuerySession session, SessionServices services, TruncateStatement truncate,
        CancellationToken cancellationToken)
    {
        session.Transaction.RequireWritable("TRUNCATE TABLE");
        var tables = new List<TableEntry>();
        foreach (var name in truncate.Tables)
        {
            if (await session.FindTableAsync(name, cancellationToken) is null)
                throw new SqlException(SqlState.UndefinedTable, $"relation \"{name}\" does not exist");
            if (await session.FindRelationAsync(name, cancellationToken) is { } relation)
                AlterTableStatements.RequireKind(relation, DropKind.Table);
            var table = await session.FindEntryAsync(name, cancellationToken)
                ?? throw StatementAnalyzer.NotManaged("truncate", name).Moved(0);
            await (await session.RightsAsync(cancellationToken)).RequireWholeAsync(session.User, table, 'D', cancellationToken);
            if (!tables.Exists(known => known.Oid == table.Oid)) tables.Add(table);
        }

        await AddReferencingAsync(session, tables, truncate.IsCascade, cancellationToken);
        foreach (var table in tables)
        {
            var update = await TableWriting.WriterOf(services, table.Pointer).TruncateAsync(table.Pointer, cancellationToken);
            await TableWriting.RecordAsync(session, table, update, cancellationToken);
            if (truncate.RestartsIdentity) await RestartAsync(session, services, table, cancellationToken);
        }

        return "TRUNCATE TABLE";
    }

    /// <summary>Tables that refer to one of the others by a foreign key have to lose their rows as well.</summary>
    private static async ValueTask AddReferencingAsync(QuerySession session, List<TableEntry> tables, bool isCascade,
        CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        for (var i = 0; i < tables.Count; i++)
        {
            foreach (var (other, _) in await ForeignKeyRules.ReferencesAsync(catalog, tables[i], cancellationToken))
            {
                if (tables.Exists(known => known.Oid == other.Oid)) continue;
                if (!isCascade)
                {
                    throw new SqlException(SqlState.FeatureNotSupported, "cannot truncate a table referenced in a foreign key constraint")
                    {
                        Detail = $"Table \"{other.Name}\" references \"{tables[i].Name}\".",
                        Hint = $"Truncate table \"{other.Name}\" at the same time, or use TRUNCATE ... CASCADE.",
                    };
                }

                session.Notify(NoticeSeverity.Notice, SqlState.SuccessfulCompletion, $"truncate cascades to table \"{other.Name}\"");
                await (await session.RightsAsync(cancellationToken)).RequireWholeAsync(session.User, other, 'D', cancellationToken);
                tables.Add(other);
            }
        }
    }

    /// <summary>RESTART IDENTITY: the sequences that go with columns begin anew, if the transaction commits.</summary>
    private static async ValueTask RestartAsync(QuerySession session, SessionServices services, TableEntry table,
        CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        foreach (var sequence in await SequenceRules.OwnedAsync(catalog, table, cancellationToken))
        {
            await AlterTableStatements.RequireOwnerAsync(session, sequence, cancellationToken);
            await SequenceStatements.AlterAsync(session, services, sequence, [new SequenceOption(SequenceOptionKind.Restart)],
                cancellationToken);
        }
    }
}
