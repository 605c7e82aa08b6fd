using System.Runtime.CompilerServices;
using System.Text;
using Federation.Arrow;
using Federation.Connectors.Postgres.Reading;
using Federation.Connectors.RemoteSql;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Npgsql;

namespace Federation.Connectors.Postgres;

/// <summary>A PostgreSQL database. Reads by binary COPY over pooled connections.</summary>
internal sealed class PostgresConnector : IConnector, IConnectorMetadata, IBulkMetadata, IRelationDetails, ISourceTypes, IChildTables, IWideTables, IScanPlanner, IPartitionedScanPlanner, IPageSource, IFilterPushdown, ILimitPushdown, ISubtreePushdown
{
    /// <summary>A scan of at most so many rows is a prepared statement; planning a COPY would take longer than reading it.</summary>
    private const long FewRows = 1000;

    private readonly NpgsqlDataSource _source;
    private readonly PostgresErrors _errors;
    private readonly PostgresCatalog _catalog;

    /// <summary>Statements that gave many rows: COPY gives those faster.</summary>
    private readonly StatementSet _many = new();

    public PostgresConnector(ConnectorDefinition definition, TimeProvider time)
    {
        ServerName = definition.ServerName;
        _source = PostgresOptions.CreateSource(definition);
        _errors = new PostgresErrors(definition.ServerName);
        _catalog = new PostgresCatalog(definition.ServerName, _source, PostgresOptions.Schemas(definition), _errors, time);
    }

    public string ServerName { get; }

    public ValueTask<IReadOnlyList<string>> ListSchemasAsync(CancellationToken cancellationToken) => _catalog.LoadSchemasAsync(cancellationToken);

    public async ValueTask<IReadOnlyList<ListedTable>> ListTablesAsync(string schema, CancellationToken cancellationToken) =>
        [.. (await DescribeTablesAsync(new TableSelection([schema], null, WithColumns: false), cancellationToken)).Select(table => table.Listed)];

    public ValueTask<IReadOnlyList<DescribedTable>> DescribeTablesAsync(TableSelection selection, CancellationToken cancellationToken) => _catalog.LoadTablesAsync(selection, cancellationToken);

    public ValueTask<IReadOnlyDictionary<RelationName, RelationDetails>> DescribeRelationsAsync(TableSelection selection, CancellationToken cancellationToken) =>
        _catalog.LoadDetailsAsync(selection, cancellationToken);

    public ValueTask<IReadOnlyList<ListedType>> ListTypesAsync(string? schema, CancellationToken cancellationToken) => _catalog.LoadTypesAsync(schema, cancellationToken);

    public async ValueTask<ConnectorTable?> FindTableAsync(string schema, string table, TableVersion? version, CancellationToken cancellationToken)
    {
        if (version is not null)
            throw new SqlException(SqlState.FeatureNotSupported, $"table \"{table}\" of server \"{ServerName}\" has no versions");
        return await _catalog.GetTableAsync(schema, table, isCurrent: true, cancellationToken) is { } found ? ToConnector(found) : null;
    }

    public async ValueTask<ConnectorTable?> FindWideTableAsync(string schema, string table, CancellationToken cancellationToken) =>
        await _catalog.GetTableAsync(schema, table, isCurrent: true, cancellationToken) is { } found ? ToConnector(await _catalog.WidenAsync(found, cancellationToken)) : null;

    private static ConnectorTable ToConnector(PostgresTable table) =>
        new(new PostgresTableHandle(table), table.Columns.Select(PostgresColumns.ToConnector).ToEquatableArray(), table.EstimatedRows) { OwnsRows = table is { HasChildren: false, Kind: 'r' or 'm' or 'f' } };

    public ITableHandle WithoutChildren(ITableHandle handle) => (PostgresTableHandle)handle with { IsOnly = true };

    public FilterPushdown PushFilter(ITableHandle handle, EquatableArray<ConnectorExpression> conjuncts)
    {
        var own = (PostgresTableHandle)handle;
        var writer = new RemoteExpressionWriter(PostgresDialect.Instance, own.Table.Find);
        var filters = own.Filters.ToList();
        var answers = new PushedConjunct[conjuncts.Count];
        for (var i = 0; i < answers.Length; i++)
        {
            var sql = writer.TryWriteCondition(conjuncts[i], out var reason);
            if (sql is not null && !own.Table.IsUnicode && !Ascii.IsValid(sql.ToString())) (sql, reason) = (null, "the source does not hold text as Unicode");
            if (sql is not null) filters.Add(conjuncts[i]);
            answers[i] = sql is null ? new PushedConjunct(PushPrecision.Unsupported, reason) : new PushedConjunct(PushPrecision.Exact);
        }

        var pushed = filters.Count == own.Filters.Count ? own : own with { Filters = filters.ToEquatableArray() };
        return new FilterPushdown(pushed, new EquatableArray<PushedConjunct>(answers));
    }

    public ITableHandle PushLimit(ITableHandle handle, long count)
    {
        var own = (PostgresTableHandle)handle;
        return own with { Limit = Math.Min(count, own.Limit ?? long.MaxValue) };
    }

    public SubtreePushdown TryTake(RelationalTree tree) => PostgresQueries.TryTake(tree);

    public ValueTask<ScanPlan> PlanScanAsync(ITableHandle handle, EquatableArray<string> columns, string inputName, CancellationToken cancellationToken)
    {
        if (handle is PostgresQueryHandle query)
        {
            var select = PostgresQueries.Write(query, columns);
            var scanned = query.Tables.Select(table => new ScannedTable(table.Schema, table.Name, table.Columns.Select(Signature).ToArray())).ToArray();
            var outputs = query.Tree.Columns.ToDictionary(column => column.Name, column => column.Type);
            var fields = Fields(columns.Select(name => (name, outputs[name])));
            return ValueTask.FromResult(new ScanPlan([new ConnectorSplit(inputName, fields, ServerName, new PostgresScan(Guarded(select), scanned).ToJson())], select.ToString()));
        }

        var (sql, split) = Write((PostgresTableHandle)handle, columns, inputName, null, null);
        return ValueTask.FromResult(new ScanPlan([split], sql));
    }

    public async ValueTask<ScanPlan> PlanScanAsync(ITableHandle handle, EquatableArray<string> columns, string inputName, int parts, CancellationToken cancellationToken)
    {
        if (handle is not PostgresTableHandle { Limit: null } own || await Patience.WaitAsync(SharedSnapshot.TryOpenAsync(_source, own.Table, _errors, cancellationToken), shared => _ = shared?.DisposeAsync().AsTask(), cancellationToken) is not { } shared)
            return await PlanScanAsync(handle, columns, inputName, cancellationToken);
        var splits = shared.Ranges(parts).Select(range => (TaskInput)Write(own, columns, inputName, range, shared.Name).Split).ToEquatableArray();
        var (whole, _) = Write(own, columns, inputName, null, null);
        return new ScanPlan(splits, whole, [$"{splits.Count} ranges of ctid under one snapshot"]) { Hold = shared };
    }

    private (string Sql, ConnectorSplit Split) Write(PostgresTableHandle handle, EquatableArray<string> columns, string inputName, string? range, string? snapshot)
    {
        var (table, filters, limit) = handle;
        var selected = columns.Select(name => table.Find(name)
            ?? throw new SqlException(SqlState.UndefinedColumn, $"column \"{name}\" of relation \"{table.Name}\" does not exist")).ToArray();
        var writer = new RemoteExpressionWriter(PostgresDialect.Instance, table.Find);
        var pushed = filters.Select(filter => writer.TryWriteCondition(filter, out var reason) ?? throw new SqlException(SqlState.InternalError, reason ?? "")).ToArray();
        var conditions = pushed.Select(filter => filter.ToString()).ToList();
        if (range is not null) conditions.Add(range);
        var expressions = selected.Length == 0 ? ["1::int2"] : selected.Select(column => column.Expression).ToEquatableArray();
        var select = new RemoteSelect(expressions, handle.From) { Where = conditions.ToEquatableArray(), Limit = limit };
        var fields = Fields(selected.Select(column => (column.Name, column.Type)));
        var sql = select.ToString();
        // Under a shared snapshot the catalog of the query may be older than its lock; there the definition is compared before.
        var scan = new PostgresScan(snapshot is null ? Guarded(select) : sql, [new ScannedTable(table.Schema, table.Name, selected.Select(Signature).ToArray())], snapshot);
        if (snapshot is null && (limit <= FewRows || Array.Exists(pushed, filter => filter.IsPoint)))
        {
            var values = new List<RemoteValue>();
            var parameterized = pushed.Select(filter => filter.ToString(values)).Append(DefinitionGuard.Mark).ToEquatableArray();
            var records = select with { Columns = [$"record_send(ROW({string.Join(", ", expressions)}))"], Where = parameterized };
            scan = scan with { Statement = records.ToString(), Values = [.. values.Select(value => value.Text)] };
        }

        var estimate = filters.Count > 0 || range is not null ? -1 : table.EstimatedRows;
        if (limit is { } most && (estimate < 0 || estimate > most)) estimate = most;
        return (sql, new ConnectorSplit(inputName, fields, ServerName, scan.ToJson()) { EstimatedRows = estimate });
    }

    private static string Guarded(RemoteSelect select) => (select with { Where = select.Where.Append(DefinitionGuard.Mark).ToEquatableArray() }).ToString();

    private static EquatableArray<RecordField> Fields(IEnumerable<(string Name, SqlType Type)> columns)
    {
        var fields = columns.Select(column => new RecordField(column.Name, AsMoved(column.Type))).ToEquatableArray();
        return fields.Count == 0 ? [new RecordField("one", SqlType.Int2)] : fields;
    }

    public async IAsyncEnumerable<Batch> ReadAsync(ConnectorSplit split, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var scan = PostgresScan.FromJson(split.Payload);
        var schema = new BatchSchema(split.Columns.Select(column => new Field(column.Name, column.Type)).ToEquatableArray());
        var (rows, first) = await Patience.WaitAsync(StartAsync(scan, schema, cancellationToken), started => _ = DropAsync(started), cancellationToken);
        var reading = Task.FromResult<Batch?>(null);
        try
        {
            for (var batch = first; batch is not null;)
            {
                yield return batch;
                var read = rows.ReadAsync();
                if (!read.IsCompleted) read = new ValueTask<Batch?>(reading = read.AsTask());
                batch = await Patience.WaitAsync(read, late => late?.Dispose(), cancellationToken);
            }
        }
        finally
        {
            await Patience.DisposeAsync(rows, reading);
        }
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private static async Task DropAsync((IRemoteRows Rows, Batch? First) started)
    {
        started.First?.Dispose();
        await started.Rows.DisposeAsync();
    }

    /// <summary>Values of the server's own types move as their text.</summary>
    private static SqlType AsMoved(SqlType type) => type.Base.Source is null ? type : type.Element is { } element ? SqlType.Array(AsMoved(element)) : SqlType.Text;

    private static string Signature(RemoteColumn column) => $"{column.Expression} {column.Type} {column.Type.AnnouncedOid}";

    /// <summary>The first rows. When the table turns out to be another than the one that is kept, it is looked at again, once.</summary>
    private async ValueTask<(IRemoteRows Rows, Batch? First)> StartAsync(PostgresScan scan, BatchSchema schema, CancellationToken cancellationToken)
    {
        try
        {
            return await OpenAsync(scan, schema, isCurrent: scan.Snapshot is not null, cancellationToken);
        }
        catch (SqlException exception) when (exception.State == SqlState.UndefinedTable || exception.State == SqlState.UndefinedColumn
            || exception.State == SqlState.FeatureNotSupported || DefinitionGuard.IsChange(exception))
        {
            return await OpenAsync(scan, schema, isCurrent: true, cancellationToken);
        }
    }

    private async ValueTask<(IRemoteRows Rows, Batch? First)> OpenAsync(PostgresScan scan, BatchSchema schema, bool isCurrent, CancellationToken cancellationToken)
    {
        var tables = new List<PostgresTable>();
        foreach (var table in scan.Tables) tables.Add(await CheckColumnsAsync(table, isCurrent, cancellationToken));
        var shown = DefinitionGuard.Hide(scan.Sql);
        IRemoteRows rows = scan.Statement is { } statement && !_many.Contains(statement)
            ? new RecordRows(_source, DefinitionGuard.Apply(statement, tables), scan.Values, shown, _errors, schema, () => _many.Add(statement), cancellationToken)
            : new CopyRows(await CopyStream.OpenAsync(_source, DefinitionGuard.Apply(scan.Sql, tables), shown, scan.Snapshot, _errors, cancellationToken), schema);
        try
        {
            return (rows, await rows.ReadAsync());
        }
        catch
        {
            await rows.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// COPY does not say what types its columns have. A plan may be older than the table it reads (prepared statements live long), so the
    /// columns are compared with what the source's catalog says now.
    /// </summary>
    private async ValueTask<PostgresTable> CheckColumnsAsync(ScannedTable scan, bool isCurrent, CancellationToken cancellationToken)
    {
        var table = await _catalog.GetTableAsync(scan.Schema, scan.Table, isCurrent, cancellationToken)
            ?? throw new SqlException(SqlState.UndefinedTable, $"relation \"{scan.Schema}.{scan.Table}\" does not exist on server \"{ServerName}\"");
        var current = table.Columns.Select(Signature).ToHashSet(StringComparer.Ordinal);
        if (Array.Find(scan.Columns, column => !current.Contains(column)) is null) return table;
        throw new SqlException(SqlState.FeatureNotSupported, "cached plan must not change result type")
        {
            Detail = $"The columns of relation \"{scan.Schema}.{scan.Table}\" changed on server \"{ServerName}\".",
            Hint = "Run the statement again.",
        };
    }
}
