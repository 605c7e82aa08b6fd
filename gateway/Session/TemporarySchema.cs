using System.Globalization;
using Federation.Catalog;
using Federation.ObjectStorage;
using Federation.Session.Statements;
using Federation.Sql.Syntax;
using Federation.Transactions;

namespace Federation.Session;

/// <summary>
/// The session's temporary schema: made by the first statement that needs it, gone with the session. Its tables are lake tables in a folder
/// below the gateway's spill folder, which is emptied when the gateway starts. Used by the session's thread.
/// </summary>
internal sealed class TemporarySchema(QuerySession session, SessionServices services)
{
    /// <summary>What statements call it, whatever its name is.</summary>
    public const string Alias = "pg_temp";

    public TemporaryObjects Objects { get; } =
        new(string.Create(CultureInfo.InvariantCulture, $"pg_temp_{session.ProcessId}"));

    /// <summary>Where the tables lie.</summary>
    public string Folder { get; } = StoragePath.Combine(services.SpillDirectory,
        string.Create(CultureInfo.InvariantCulture, $"temporary-{session.ProcessId}-{Guid.NewGuid():N}"));

    /// <summary>The name behind the alias; any other name as it is.</summary>
    public string Real(string schema) => schema == Alias ? Objects.Schema : schema;

    public bool Is(string schema) => schema == Objects.Schema;

    /// <summary>The schemas in which a bare name is looked up: the temporary schema comes first if the path does not say where.</summary>
    public IReadOnlyList<string> Searched(IReadOnlyList<string> path)
    {
        if (path.Contains(Alias) || path.Contains(Objects.Schema)) return [.. path.Select(Real)];
        return [Objects.Schema, .. path];
    }

    /// <summary>The schema, made in the present transaction if it is not there.</summary>
    public async ValueTask<SchemaEntry> MakeAsync(CancellationToken cancellationToken)
    {
        if (await FindAsync(cancellationToken) is { } present) return present;
        await session.Transaction.ChangeAsync(
            new CatalogChange.Create(new SchemaEntry(Oid.None, Objects.Schema, session.User) { Location = Folder }), cancellationToken);
        return (await FindAsync(cancellationToken))!;
    }

    public async ValueTask<SchemaEntry?> FindAsync(CancellationToken cancellationToken) =>
        await (await session.Transaction.GetCatalogAsync(cancellationToken)).FindSchemaAsync(Objects.Schema, cancellationToken);

    /// <summary>What ON COMMIT says of the tables, right before a transaction that changed something commits.</summary>
    public async ValueTask EndTransactionAsync(CancellationToken cancellationToken)
    {
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        foreach (var table in await catalog.ListTablesAsync(Objects.Schema, cancellationToken))
        {
            switch (table.AtCommit)
            {
                case TemporaryEnd.Drop:
                    await session.Transaction.ChangeAsync(new CatalogChange.Drop(table.Key, Cascade: true), cancellationToken);
                    break;
                case TemporaryEnd.DeleteRows:
                    await TableWriting.RecordAsync(session, table,
                        await TableWriting.WriterOf(services, table.Pointer).TruncateAsync(table.Pointer, cancellationToken),
                        cancellationToken);
                    break;
            }
        }
    }

    /// <summary>DISCARD TEMP: all of it goes, as the present transaction goes.</summary>
    public async ValueTask DiscardAsync(CancellationToken cancellationToken)
    {
        if (await FindAsync(cancellationToken) is { } schema)
            await session.Transaction.ChangeAsync(new CatalogChange.Drop(schema.Key, Cascade: true), cancellationToken);
    }

    /// <summary>The session ends.</summary>
    public async ValueTask RemoveAsync()
    {
        if (!Objects.IsEmpty) await services.Store.TryDeleteFolderAsync(Folder);
    }

    /// <summary>ON COMMIT as the catalog keeps it.</summary>
    public static TemporaryEnd? EndOf(TemporaryTable? temporary) => temporary?.OnCommit switch
    {
        OnCommit.DeleteRows => TemporaryEnd.DeleteRows,
        OnCommit.Drop => TemporaryEnd.Drop,
        _ => null,
    };
}
