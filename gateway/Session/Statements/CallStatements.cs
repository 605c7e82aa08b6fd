using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Catalog;
using Federation.Connectors.Spi;
using Federation.ObjectStorage;
using Federation.Session.Catalogs;
using Federation.SessionApi;
using Federation.Sql.Syntax;

namespace Federation.Session.Statements;

/// <summary>
/// CALL of the managed catalog's procedures, in Trino's spelling: <c>CALL lake.system.register_table('schema', 'table', '/location')</c>.
/// </summary>
internal static class CallStatements
{
    private static readonly string[] s_registerArguments = ["schema_name", "table_name", "table_location", "metadata_file_name", "follow"];

    public static IPortal Open(QuerySession session, SessionServices services, CallStatement call) => FieldsOf(call) is { } fields
        ? new RowPortal(session, fields, token => RunRowsAsync(session, services, call.Call, token), _ => "CALL") { RunsFirst = true }
        : new CommandPortal(session, token => RunAsync(session, services, call, token));

    /// <summary>Null for a procedure that gives no rows.</summary>
    public static EquatableArray<ResultField>? FieldsOf(CallStatement call) =>
        Find(call.Call) is { Fields: { Count: > 0 } fields } ? fields : null;

    private static Procedure? Find(FunctionCall call) => IsManaged(call) ? Procedures.Find(call.Name.Name) : null;

    private static bool IsManaged(FunctionCall call) =>
        call.Name.Parts.ToArray() is [TableResolver.ManagedCatalog or TableResolver.ManagedDatabase, "system", _] or ["system", _];

    private static async IAsyncEnumerable<Batch> RunRowsAsync(QuerySession session, SessionServices services, FunctionCall call,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var procedure = Find(call)!;
        yield return TextRows.Build(procedure.Fields,
            await procedure.RunAsync(new ProcedureCall(session, services, procedure, call), cancellationToken));
    }

    private static async ValueTask<string> RunAsync(QuerySession session, SessionServices services, CallStatement statement,
        CancellationToken cancellationToken)
    {
        var call = statement.Call;
        if (Find(call) is { } procedure)
        {
            await procedure.RunAsync(new ProcedureCall(session, services, procedure, call), cancellationToken);
            return "CALL";
        }

        if (!IsManaged(call) || call.Name.Name is not ("register_table" or "unregister_table" or "refresh_table"))
        {
            throw new SqlException(SqlState.UndefinedFunction,
                $"procedure {call.Name}({string.Join(", ", call.Arguments.Select(_ => "unknown"))}) does not exist")
            {
                Position = call.Name.Span.Position,
                Hint =
                    "Procedures: lake.system.register_table(schema_name, table_name, table_location), "
                        + "lake.system.unregister_table(schema_name, table_name), lake.system.refresh_table(schema_name, table_name), "
                        + $"{string.Join(", ", Procedures.All)}.",
            };
        }

        var arguments = Arguments(session, call);
        if (call.Name.Name == "refresh_table")
        {
            await RefreshAsync(session, services, call, arguments, cancellationToken);
        }
        else if (call.Name.Name == "unregister_table")
        {
            var schema = Require(arguments, "schema_name", call);
            var table = Require(arguments, "table_name", call);
            var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
            var entry = await catalog.FindTableAsync(schema, table, cancellationToken)
                ?? throw new SqlException(SqlState.UndefinedTable, $"table \"{schema}.{table}\" does not exist");
            await SchemaStatements.RequireTableOwnerAsync(session, entry, mayOwnSchema: true, cancellationToken);
            await session.Transaction.ChangeAsync(new CatalogChange.Drop(entry.Key), cancellationToken);
        }
        else
        {
            await RegisterAsync(session, services, call, arguments, cancellationToken);
        }

        return "CALL";
    }

    private static async ValueTask RegisterAsync(
        QuerySession session, SessionServices services, FunctionCall call, Dictionary<string, string> arguments,
        CancellationToken cancellationToken)
    {
        var schema = Require(arguments, "schema_name", call);
        var table = Require(arguments, "table_name", call);
        var location = AllowedLocations.CheckExisting(Require(arguments, "table_location", call), services);
        if (arguments.TryGetValue("metadata_file_name", out var file))
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
        if (IsFollowing(arguments))
        {
            if (file is not null)
                throw new SqlException(SqlState.InvalidParameterValue, "a table that follows its folder has no metadata_file_name");
            pointer = pointer with { Metadata = "" };
        }

        // Loading it now finds a table that cannot be read while its owner looks.
        await services.Formats.First(format => format.Name == pointer.Format).LoadAsync(pointer, null, cancellationToken);
        await session.Transaction
            .ChangeAsync(new CatalogChange.Create(new TableEntry(Oid.None, schema, table, session.User, pointer)
                { IsClosed = true, IsRegistered = true }),
                cancellationToken);
        await TableRights.StartAsync(session,
            (await (await session.Transaction.GetCatalogAsync(cancellationToken)).FindTableAsync(schema, table, cancellationToken))!,
            cancellationToken);
    }

    /// <summary>Pins the newest state that is in the table's folder now. The folder must hold the same table still.</summary>
    private static async ValueTask RefreshAsync(
        QuerySession session, SessionServices services, FunctionCall call, Dictionary<string, string> arguments,
        CancellationToken cancellationToken)
    {
        var schema = Require(arguments, "schema_name", call);
        var table = Require(arguments, "table_name", call);
        var catalog = await session.Transaction.GetCatalogAsync(cancellationToken);
        var entry = await catalog.FindTableAsync(schema, table, cancellationToken)
            ?? throw new SqlException(SqlState.UndefinedTable, $"table \"{schema}.{table}\" does not exist");
        await SchemaStatements.RequireTableOwnerAsync(session, entry, mayOwnSchema: false, cancellationToken);
        var pointer = await InspectAsync(services, entry.Pointer.Location, cancellationToken);
        if (entry.Pointer.Uuid is { } uuid && pointer.Uuid is { } found && !string.Equals(uuid, found, StringComparison.OrdinalIgnoreCase))
        {
            throw new SqlException(SqlState.ObjectNotInPrerequisiteState, $"folder \"{entry.Pointer.Location}\" holds another table now")
            {
                Detail = $"Its id is {found}, not {uuid}.",
                Hint = "DROP TABLE forgets the registered one; register the folder again.",
            };
        }

        await services.Formats.First(format => format.Name == pointer.Format).LoadAsync(pointer, null, cancellationToken);
        // A table that follows its folder has the newest state already.
        if (entry.Pointer.Metadata.Length > 0 && pointer != entry.Pointer)
            await session.Transaction.ChangeAsync(new CatalogChange.Alter(entry with { Pointer = pointer }), cancellationToken);
    }

    private static bool IsFollowing(Dictionary<string, string> arguments) =>
        arguments.GetValueOrDefault("follow")?.ToLowerInvariant() switch
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

    private static Dictionary<string, string> Arguments(QuerySession session, FunctionCall call)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < call.Arguments.Count; i++)
        {
            var argument = call.Arguments[i];
            var name = argument.Name ?? (i < s_registerArguments.Length ? s_registerArguments[i] : null);
            if (name is null || !s_registerArguments.Contains(name))
                throw new SqlException(SqlState.UndefinedFunction,
                    $"procedure {call.Name} has no argument {(name is null ? i + 1 : $"\"{name}\"")}")
                        { Position = argument.Span.Position };
            if (Constants.Evaluate(session, argument.Value, SqlType.Text) is string value) values[name] = value;
        }

        return values;
    }

    private static string Require(Dictionary<string, string> arguments, string name, FunctionCall call) => arguments.GetValueOrDefault(name)
        ?? throw new SqlException(SqlState.NullValueNotAllowed, $"argument \"{name}\" of procedure {call.Name} must be given")
            { Position = call.Span.Position };
}
