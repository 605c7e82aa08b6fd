using System.Globalization;
using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Arrow.Ipc;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Types;
using Federation.Flight;
using Federation.FlightSql.Protocol;
using Federation.FlightSql.Sessions;
using Federation.FlightSql.Statements;
using Google.Protobuf;

namespace Federation.FlightSql.Metadata;

/// <summary>
/// The commands that describe the database. What is in it comes from queries on the session's own pg_catalog and information_schema, and so
/// from the same snapshot as its statements.
/// </summary>
internal static class MetadataStreams
{
    private static readonly IpcSchema s_catalogs = Texts("catalog_name");
    private static readonly IpcSchema s_schemas = Texts("catalog_name", "db_schema_name");
    private static readonly IpcSchema s_tables = Texts("catalog_name", "db_schema_name", "table_name", "table_type");
    private static readonly IpcSchema s_tablesWithSchema =
        IpcSchema.Encode(new BatchSchema([.. s_tables.Batch.Fields, new Field("table_schema", SqlType.Bytea)]));
    private static readonly IpcSchema s_tableTypes = Texts("table_type");

    private static readonly IpcSchema s_primaryKeys = IpcSchema.Encode(new BatchSchema(
    [
        .. Texts("catalog_name", "db_schema_name", "table_name", "column_name", "key_name").Batch.Fields,
        new Field("key_sequence", SqlType.Int4),
    ]));

    /// <summary>The columns of a command's result.</summary>
    public static IpcSchema SchemaOf(IMessage command) => command switch
    {
        CommandGetCatalogs => s_catalogs,
        CommandGetDbSchemas => s_schemas,
        CommandGetTables { IncludeSchema: true } => s_tablesWithSchema,
        CommandGetTables => s_tables,
        CommandGetTableTypes => s_tableTypes,
        CommandGetPrimaryKeys => s_primaryKeys,
        CommandGetExportedKeys or CommandGetImportedKeys or CommandGetCrossReference => ForeignKeys.Schema,
        CommandGetXdbcTypeInfo => XdbcTypes.Schema,
        CommandGetSqlInfo => SqlInfoBatch.Schema,
        _ => throw new SqlException(SqlState.FeatureNotSupported, $"{command.Descriptor.Name} is not supported"),
    };

    public static IAsyncEnumerable<FlightData> RunAsync(FlightSession session, IMessage command, CancellationToken cancellationToken) =>
        command switch
    {
        CommandGetCatalogs => QueryAsync(session, s_catalogs, MetadataQueries.Catalogs, [], cancellationToken),
        CommandGetDbSchemas schemas => QueryAsync(
            session, s_schemas, MetadataQueries.Schemas,
            [Optional(schemas.HasCatalog, schemas.Catalog), Optional(schemas.HasDbSchemaFilterPattern, schemas.DbSchemaFilterPattern)],
            cancellationToken),
        CommandGetTables tables => TablesAsync(session, tables, cancellationToken),
        CommandGetTableTypes => RowsAsync(s_tableTypes, [["TABLE"], ["VIEW"]]),
        // No source tells its keys, and the managed tables have none.
        CommandGetPrimaryKeys => RowsAsync(s_primaryKeys, []),
        CommandGetExportedKeys or CommandGetImportedKeys or CommandGetCrossReference => EmptyAsync(ForeignKeys.Schema),
        CommandGetXdbcTypeInfo types => RowsAsync(XdbcTypes.Schema, XdbcTypes.Rows(types.HasDataType ? types.DataType : null)),
        CommandGetSqlInfo info => SqlInfoBatch.RunAsync(session, [.. info.Info], cancellationToken),
        _ => throw new SqlException(SqlState.FeatureNotSupported, $"{command.Descriptor.Name} is not supported"),
    };

    private static IpcSchema Texts(params string[] names) =>
        IpcSchema.Encode(new BatchSchema(names.Select(name => new Field(name, SqlType.Text)).ToEquatableArray()));

    private static string? Optional(bool isSet, string value) => isSet ? value : null;

    private static async IAsyncEnumerable<FlightData> QueryAsync(
        FlightSession session, IpcSchema schema, string sql, object?[] parameters, [EnumeratorCancellation]
            CancellationToken cancellationToken)
    {
        yield return new FlightData(schema);
        var writer = new IpcBatchWriter(schema);
        await foreach (var batch in session.QueryAsync(sql, parameters, cancellationToken))
            using (batch)
                yield return new FlightData(writer.Encode(batch));
    }

    private static async IAsyncEnumerable<FlightData> TablesAsync(FlightSession session, CommandGetTables command, [EnumeratorCancellation]
        CancellationToken cancellationToken)
    {
        var schema = command.IncludeSchema ? s_tablesWithSchema : s_tables;
        yield return new FlightData(schema);
        object?[] parameters =
        [
            Optional(command.HasCatalog, command.Catalog), Optional(command.HasDbSchemaFilterPattern, command.DbSchemaFilterPattern),
            Optional(command.HasTableNameFilterPattern, command.TableNameFilterPattern), .. command.TableTypes,
        ];
        var tables = new List<object?[]>();
        await foreach (var batch in session.QueryAsync(MetadataQueries.Tables(command.TableTypes.Count), parameters, cancellationToken))
            using (batch)
                for (var row = 0; row < batch.RowCount; row++)
                    tables.Add([.. batch.Columns.Select(column => column.ReadValue(row))]);
        if (command.IncludeSchema)
        {
            var columns = await ColumnsAsync(session, parameters[..3], cancellationToken);
            for (var i = 0; i < tables.Count; i++)
            {
                var name = ((string)tables[i][1]!, (string)tables[i][2]!);
                tables[i] = [.. tables[i],
                    Frames.ToArray(IpcSchema.Encode(new BatchSchema(columns.GetValueOrDefault(name, []).ToEquatableArray())))];
            }
        }

        if (tables.Count > 0) yield return Encode(schema, tables);
    }

    /// <summary>The columns of tables, by schema and name.</summary>
    private static async ValueTask<Dictionary<(string Schema, string Table), List<Field>>> ColumnsAsync(FlightSession session,
        object?[] parameters, CancellationToken cancellationToken)
    {
        var columns = new Dictionary<(string, string), List<Field>>();
        await foreach (var batch in session.QueryAsync(MetadataQueries.Columns, parameters, cancellationToken))
        {
            using (batch)
            {
                for (var row = 0; row < batch.RowCount; row++)
                {
                    var table = ((string)batch.Columns[0].ReadValue(row)!, (string)batch.Columns[1].ReadValue(row)!);
                    var oid = new Oid((uint)(long)batch.Columns[3].ReadValue(row)!);
                    var type = SqlType.FromOid(oid, (int)batch.Columns[4].ReadValue(row)!) ?? SqlType.Text;
                    if (!columns.TryGetValue(table, out var fields)) columns[table] = fields = [];
                    fields.Add(new Field((string)batch.Columns[2].ReadValue(row)!, type));
                }
            }
        }

        return columns;
    }

    private static async IAsyncEnumerable<FlightData> RowsAsync(IpcSchema schema, IReadOnlyList<object?[]> rows)
    {
        await Task.CompletedTask;
        yield return new FlightData(schema);
        if (rows.Count > 0) yield return Encode(schema, rows);
    }

    private static async IAsyncEnumerable<FlightData> EmptyAsync(IpcSchema schema)
    {
        await Task.CompletedTask;
        yield return new FlightData(schema);
    }

    private static FlightData Encode(IpcSchema schema, IReadOnlyList<object?[]> rows)
    {
        using var builder = new BatchBuilder(schema.Batch);
        foreach (var row in rows)
        {
            for (var i = 0; i < row.Length; i++) builder.Columns[i].AppendValue(row[i]);
            builder.EndRow();
        }

        using var batch = builder.Build();
        return new FlightData(new IpcBatchWriter(schema).Encode(batch));
    }
}
