using System.IO.Pipelines;
using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.ObjectStorage;
using Federation.SessionApi;
using Federation.Sql.Syntax;
using Federation.ValueForms;
using Federation.ValueForms.Copy;

namespace Federation.Session.Statements;

/// <summary>
/// COPY from and to a file of the gateway's machine or an object of a store. The file lies in a folder that the operator allowed, or in
/// that of a server of files, which then is reached with the server's keys.
/// </summary>
internal static class CopyFiles
{
    /// <summary>The option that names the server.</summary>
    public const string ServerOption = "server";

    private const int FlushBytes = 1 << 20;

    public static void CheckServer(CopyStatement copy, OptionItem option)
    {
        CopyStatements.Check(copy.IsToClient, SqlState.SyntaxError, "COPY option \"server\" needs a file");
        _ = CopyStatements.Text(option);
    }

    public static async ValueTask<string> ReadAsync(
        QuerySession session, SessionServices services, PreparedStatement statement, CopyStatement copy, CopyIn options,
        CancellationToken cancellationToken)
    {
        var (store, path) = await FindAsync(session, services, copy, cancellationToken);
        if (await store.StatAsync(path, cancellationToken) is not { } status)
        {
            if (await store.IsFolderAsync(path, cancellationToken))
                throw new SqlException(SqlState.WrongObjectType, $"\"{copy.FileName}\" is a directory");
            throw Missing(copy, "for reading", "COPY FROM instructs the PostgreSQL server process to read a file.");
        }

        options.Progress.TotalBytes = status.SizeBytes;
        await using var pieces = new CopyFilePieces(store, path, status);
        var rows = new CopyDecoder(options, session.Values).ReadAsync(pieces.NextAsync, cancellationToken);
        return $"COPY {await new CopiedRows(session, services, statement, copy, options).InsertAsync(rows, cancellationToken)}";
    }

    /// <summary>The rows are written to the local disk first, and the file appears when all of them are there.</summary>
    public static async ValueTask<string> WriteAsync(
        QuerySession session, SessionServices services, PreparedStatement statement, CopyStatement copy, CopyOut options,
        EquatableArray<object?> parameters,
        CancellationToken cancellationToken)
    {
        var (store, path) = await FindAsync(session, services, copy, cancellationToken);
        if (!StoragePath.IsRemote(path))
        {
            if (await store.IsFolderAsync(path, cancellationToken))
                throw new SqlException(SqlState.WrongObjectType, $"could not open file \"{copy.FileName}\" for writing: Is a directory");
            if (!await store.IsFolderAsync(StoragePath.FolderOf(path), cancellationToken))
                throw Missing(copy, "for writing", "COPY TO instructs the PostgreSQL server process to write a file.");
        }

        using var shown = session.ShowCopy(CopyStatements.Progress(statement, copy, options.Progress));
        var spooled = Path.Combine(services.SpillDirectory, $"copy-{Guid.NewGuid():N}");
        try
        {
            var rows = await SpoolAsync(session, services, statement, spooled, options, parameters, cancellationToken);
            await store.ReplaceAsync(path, spooled, cancellationToken);
            return $"COPY {rows}";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw StoreErrors.Io(spooled, error);
        }
        finally
        {
            File.Delete(spooled);
        }
    }

    private static async ValueTask<long> SpoolAsync(
        QuerySession session, SessionServices services, PreparedStatement statement, string spooled, CopyOut options,
        EquatableArray<object?> parameters,
        CancellationToken cancellationToken)
    {
        await using var file = new FileStream(spooled, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        var pipe = PipeWriter.Create(file, new StreamPipeWriterOptions(leaveOpen: true));
        var writer = new ByteWriter(pipe);
        var encoder = new CopyEncoder(options, session.TextFormat);
        encoder.WriteHeader(writer);
        End(writer, options.Progress, rows: 0);
        var copied = 0L;
        await foreach (var batch in QueryStatements.RunAsync(session, services, statement, parameters, cancellationToken))
        {
            using (batch)
            {
                for (var row = 0; row < batch.RowCount; row++)
                {
                    encoder.WriteRow(writer, batch, row);
                    End(writer, options.Progress, rows: 1);
                    if (writer.UnflushedBytes >= FlushBytes) await writer.FlushAsync(cancellationToken);
                }

                copied += batch.RowCount;
            }
        }

        encoder.WriteTrailer(writer);
        End(writer, options.Progress, rows: 0);
        await writer.FlushAsync(cancellationToken);
        await pipe.CompleteAsync();
        return copied;
    }

    private static void End(ByteWriter writer, CopyProgress progress, int rows)
    {
        progress.Add(rows, writer.Mark);
        writer.EndRecord();
    }

    /// <summary>Where the file lies. Raises 42501 for a user who may not, and for places that nobody may.</summary>
    private static async ValueTask<(IObjectStore Store, string Path)> FindAsync(QuerySession session, SessionServices services,
        CopyStatement copy, CancellationToken cancellationToken)
    {
        var rights = await session.RightsAsync(cancellationToken);
        var server = copy.Options.FirstOrDefault(option => option.Name == ServerOption) is { } named ? CopyStatements.Text(named) : null;
        if (copy.IsProgram)
        {
            throw await rights.IsSuperuserAsync(session.User, cancellationToken)
                ? new SqlException(SqlState.FeatureNotSupported, "COPY to or from an external program is not supported")
                : Denied(
                    "must be superuser or have privileges of the pg_execute_server_program role to COPY to or from an external program");
        }

        // Who may use a server may read its files by SELECT too.
        var role = copy.IsFrom ? AccessRights.ReadsFiles : AccessRights.WritesFiles;
        if (!(server is not null && copy.IsFrom) && !await rights.HasRightsOfAsync(session.User, role, cancellationToken))
            throw Denied($"must be superuser or have privileges of the {role} role to COPY {(copy.IsFrom ? "from" : "to")} a file");
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var (store, root) = server is null ? (services.Store, null) : await FindStoreAsync(session, catalog, server, cancellationToken);
        var path = PathOf(copy, services, root);
        if (!copy.IsFrom) await RequireNoTableAsync(copy, catalog, path, cancellationToken);
        return (store, path);
    }

    private static async ValueTask<(IObjectStore Store, string? Root)> FindStoreAsync(QuerySession session, ICatalogSnapshot catalog,
        string name, CancellationToken cancellationToken)
    {
        var server = await catalog.FindServerAsync(name, cancellationToken)
            ?? throw new SqlException(SqlState.UndefinedObject, $"server \"{name}\" does not exist");
        var connector = await session.Resolver(catalog).ConnectAsync(server, cancellationToken);
        return connector is IStoredFiles files
            ? (files.Store, files.Root)
            : throw new SqlException(SqlState.WrongObjectType,
                $"server \"{name}\" has no files") { Hint = "Servers of the foreign-data wrapper files have." };
    }

    /// <param name="root">The folder of the server, which names are relative to; null without a server.</param>
    private static string PathOf(CopyStatement copy, SessionServices services, string? root)
    {
        var name = StoragePath.Normalise(copy.FileName!);
        if (name.Contains('\0', StringComparison.Ordinal))
            throw new SqlException(SqlState.InvalidParameterValue, "a file name must not contain a null character");
        if (root is not null) name = StoragePath.Combine(root, name);
        if (!StoragePath.IsRemote(name) && name.Contains("://", StringComparison.Ordinal))
            throw new SqlException(SqlState.FeatureNotSupported,
                $"location \"{copy.FileName}\" is not supported") { Hint = "Local files and s3://bucket/key are." };
        if (!StoragePath.IsRemote(name) && !name.StartsWith('/'))
            throw new SqlException(SqlState.InvalidName, $"relative path not allowed for COPY {(copy.IsFrom ? "from" : "to")} file");
        var path = StoragePath.Full(name);
        IReadOnlyList<string> folders = root is null ? services.GivenFolders : [root];
        // Links are followed anew for each statement: users may make them.
        if (new AllowedPaths(folders).Contains(path) && !new AllowedPaths(services.OwnFolders).Contains(path)) return path;
        throw new SqlException(SqlState.InsufficientPrivilege, $"file \"{copy.FileName}\" is outside the allowed folders")
        {
            Detail = folders.Count == 0 ? "No folder is allowed." : $"Allowed: {string.Join(", ", folders)}.",
            Hint = root is null ? "Start the gateway with --allow DIR to allow another folder." : null,
        };
    }

    /// <summary>A file among those of a table might take the place of one of them.</summary>
    private static async ValueTask RequireNoTableAsync(CopyStatement copy, ICatalogSnapshot catalog, string path,
        CancellationToken cancellationToken)
    {
        foreach (var schema in await catalog.ListSchemasAsync(cancellationToken))
        {
            foreach (var table in await catalog.ListTablesAsync(schema.Name, cancellationToken))
            {
                if (!new AllowedPaths([StoragePath.Normalise(table.Pointer.Location)]).Contains(path)) continue;
                throw new SqlException(SqlState.InsufficientPrivilege,
                    $"file \"{copy.FileName}\" lies in the folder of table \"{table.Schema}.{table.Name}\"");
            }
        }
    }

    private static SqlException Missing(CopyStatement copy, string purpose, string hint) =>
        new(SqlState.UndefinedFile, $"could not open file \"{copy.FileName}\" {purpose}: No such file or directory")
        {
            Hint = $"{hint} You may want a client-side facility such as psql's \\copy.",
        };

    private static SqlException Denied(string message) => new(SqlState.InsufficientPrivilege, message)
    {
        Hint = "Anyone can COPY to stdout or from stdin. psql's \\copy command also works for anyone.",
    };
}
