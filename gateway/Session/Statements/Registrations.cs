using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.ObjectStorage;

namespace Federation.Session.Statements;

/// <summary>The procedures that tell the catalog of tables which others have made, in Trino's spelling. Parts of the transaction.</summary>
internal static class Registrations
{
    public static readonly EquatableArray<Procedure> All =
    [
        new("register_table", [("table_location", SqlType.Text), ("metadata_file_name", SqlType.Text), ("follow", SqlType.Text)], default,
            RegisterAsync),
        new("unregister_table", [], default, UnregisterAsync),
        new("refresh_table", [], default, RefreshAsync),
    ];

    private static async ValueTask<IReadOnlyList<object?[]>> RegisterAsync(ProcedureCall call, CancellationToken cancellationToken)
    {
        var (session, services) = (call.Session, call.Services);
        var (schema, table) = (call.Require<string>("schema_name"), call.Require<string>("table_name"));
        var location = AllowedLocations.CheckExisting(call.Require<string>("table_location"), services);
        var file = call.Text("metadata_file_name");
        if (file is not null)
        {
            if (file.Contains('/', StringComparison.Ordinal))
                throw new SqlException(SqlState.InvalidParameterValue, "metadata_file_name must be a file name without folders");
            location = StoragePath.Combine(location, $"metadata/{file}");
        }

        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var parent = await catalog.FindSchemaAsync(schema, cancellationToken)
            ?? throw new SqlException(SqlState.InvalidSchemaName, $"schema \"{schema}\" does not exist");
        await (await session.RightsAsync(cancellationToken)).RequireAsync(session.User, parent, 'C', cancellationToken);
        if (await catalog.FindTableAsync(schema, table, cancellationToken) is not null)
        {
            throw new SqlException(SqlState.DuplicateTable, $"relation \"{table}\" already exists")
            {
                Hint =
                    $"CALL lake.system.refresh_table('{schema}', '{table}') takes the newest state of its folder; DROP TABLE forgets the "
                        + "table.",
            };
        }

        var pointer = await InspectAsync(services, location, cancellationToken);
        if (IsFollowing(call))
        {
            if (file is not null)
                throw new SqlException(SqlState.InvalidParameterValue, "a table that follows its folder has no metadata_file_name");
            pointer = pointer with { Metadata = "" };
        }

        // Loading it now finds a table that cannot be read while its owner looks.
        await services.Formats.First(format => format.Name == pointer.Format).LoadAsync(pointer, null, cancellationToken);
        var entry = new TableEntry(Oid.None, schema, table, session.User, pointer) { IsClosed = true, IsRegistered = true };
        await session.Transaction.ChangeAsync(new CatalogChange.Create(entry), cancellationToken);
        var made = await (await session.Transaction.GetCatalogAsync(cancellationToken)).FindTableAsync(schema, table, cancellationToken);
        await TableRights.StartAsync(session, made!, cancellationToken);
        return [];
    }

    private static async ValueTask<IReadOnlyList<object?[]>> UnregisterAsync(ProcedureCall call, CancellationToken cancellationToken)
    {
        var table = await call.TableAsync(mayOwnSchema: true, cancellationToken);
        await call.Session.Transaction.ChangeAsync(new CatalogChange.Drop(table.Key), cancellationToken);
        return [];
    }

    /// <summary>Pins the newest state that is in the table's folder now. The folder must hold the same table still.</summary>
    private static async ValueTask<IReadOnlyList<object?[]>> RefreshAsync(ProcedureCall call, CancellationToken cancellationToken)
    {
        var entry = await call.TableAsync(mayOwnSchema: false, cancellationToken);
        var pointer = await InspectAsync(call.Services, entry.Pointer.Location, cancellationToken);
        if (entry.Pointer.Uuid is { } uuid && pointer.Uuid is { } found && !string.Equals(uuid, found, StringComparison.OrdinalIgnoreCase))
        {
            throw new SqlException(SqlState.ObjectNotInPrerequisiteState, $"folder \"{entry.Pointer.Location}\" holds another table now")
            {
                Detail = $"Its id is {found}, not {uuid}.",
                Hint = "DROP TABLE forgets the registered one; register the folder again.",
            };
        }

        await call.Services.Formats.First(format => format.Name == pointer.Format).LoadAsync(pointer, null, cancellationToken);
        // A table that follows its folder has the newest state already.
        if (entry.Pointer.Metadata.Length > 0 && pointer != entry.Pointer)
            await call.Session.Transaction.ChangeAsync(new CatalogChange.Alter(entry with { Pointer = pointer }), cancellationToken);
        return [];
    }

    private static bool IsFollowing(ProcedureCall call) => call.Text("follow")?.ToLowerInvariant() switch
    {
        null or "false" or "f" or "off" or "no" => false,
        "true" or "t" or "on" or "yes" => true,
        var other => throw new SqlException(SqlState.InvalidParameterValue, $"argument \"follow\" must be true or false, not \"{other}\""),
    };

    private static async ValueTask<TablePointer> InspectAsync(SessionServices services, string location,
        CancellationToken cancellationToken)
    {
        foreach (var format in services.Formats)
            if (await format.InspectAsync(location, cancellationToken) is { } pointer)
                return pointer;
        throw new SqlException(SqlState.UndefinedFile, $"\"{location}\" holds no table")
        {
            Hint = $"Formats known here: {string.Join(", ", services.Formats.Select(format => format.Name))}.",
        };
    }
}
