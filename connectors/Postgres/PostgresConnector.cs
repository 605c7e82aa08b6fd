using System.Text;
using Federation.Arrow;
using Federation.Connectors.RemoteSql;
using Federation.Connectors.Spi;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;
using Npgsql;

namespace Federation.Connectors.Postgres;

/// <summary>A PostgreSQL database. Reads by binary COPY over pooled connections.</summary>
internal sealed class PostgresConnector
    : IConnector, IConnectorMetadata, IBulkMetadata, IRelationDetails, ISourceTypes, IChildTables, IWideTables, IScanPlanner,
        IPartitionedScanPlanner, IPageSource, IPreparedReads, ISnapshotSource, IFilterPushdown, ILimitPushdown, ISubtreePushdown
{
    /// <summary>A scan of at most so many rows is a prepared statement; planning a COPY would take longer than reading it.</summary>
    private const long FewRows = 1000;

    private readonly NpgsqlDataSource _source;
    private readonly PostgresErrors _errors;
    private readonly PostgresCatalog _catalog;
    private readonly PostgresReading _reading;

    public PostgresConnector(ConnectorDefinition definition, TimeProvider time)
    {
        ServerName = definition.ServerName;
        Key = definition.Key;
        _source = PostgresOptions.CreateSource(definition);
        _errors = new PostgresErrors(definition.ServerName);
        _catalog = new PostgresCatalog(definition.ServerName, _source, PostgresOptions.Schemas(definition), _errors, time);
        _reading = new PostgresReading(ServerName, _source, _catalog, _errors);
    }

    public string ServerName { get; }

    public string Key { get; }

    /// <summary>The server sends rows, which are decoded here.</summary>
    public double RowCost => 10;

    public ValueTask<IReadOnlyList<string>> ListSchemasAsync(CancellationToken cancellationToken) =>
        _catalog.LoadSchemasAsync(cancellationToken);

    public async ValueTask<IReadOnlyList<ListedTable>> ListTablesAsync(string schema, CancellationToken cancellationToken) =>
        [.. (await DescribeTablesAsync(new TableSelection([schema], null, WithColumns: false), cancellationToken))
            .Select(table => table.Listed)];

    public ValueTask<IReadOnlyList<DescribedTable>> DescribeTablesAsync(TableSelection selection, CancellationToken cancellationToken) =>
        _catalog.LoadTablesAsync(selection, cancellationToken);

    public ValueTask<IReadOnlyDictionary<RelationName, RelationDetails>> DescribeRelationsAsync(TableSelection selection,
        CancellationToken cancellationToken) =>
        _catalog.LoadDetailsAsync(selection, cancellationToken);

    public ValueTask<IReadOnlyList<ListedType>> ListTypesAsync(string? schema, CancellationToken cancellationToken) =>
        _catalog.LoadTypesAsync(schema, cancellationToken);

    public async ValueTask<ConnectorTable?> FindTableAsync(string schema, string table, TableVersion? version,
        CancellationToken cancellationToken)
    {
        if (version is not null)
            throw new SqlException(SqlState.FeatureNotSupported, $"table \"{table}\" of server \"{ServerName}\" has no versions");
        return await _catalog.GetTableAsync(schema, table, isCurrent: true, cancellationToken) is { } found ? ToConnector(found) : null;
    }

    public async ValueTask<ConnectorTable?> FindWideTableAsync(string schema, string table, CancellationToken cancellationToken) =>
        await _catalog.GetTableAsync(schema, table, isCurrent: true, cancellationToken) is { } found
            ? ToConnector(await _catalog.WidenAsync(found, cancellationToken))
            : null;

    private static ConnectorTable ToConnector(PostgresTable table) =>
        new(new PostgresTableHandle(table), table.Columns.Select(PostgresColumns.ToConnector).ToEquatableArray(), table.EstimatedRows)
            { OwnsRows = table is { HasChildren: false, Kind: 'r' or 'm' or 'f' } };

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
            if (sql is not null && !own.Table.IsUnicode && (!Ascii.IsValid(sql.ToString()) || sql.Values.Any(value => value.Parameter > 0)))
                (sql, reason) = (null, "the source does not hold text as Unicode");
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

    public ValueTask<ScanPlan> PlanScanAsync(ITableHandle handle, EquatableArray<string> columns, string inputName,
        CancellationToken cancellationToken)
    {
        if (handle is PostgresQueryHandle query)
        {
            var select = PostgresQueries.Write(query, columns);
            var scanned = query.Tables
                .Select(table => new ScannedTable(table.Schema, table.Name, table.Columns.Select(PostgresReading.Signature).ToArray()))
                .ToArray();
            var outputs = query.Tree.Columns.ToDictionary(column => column.Name, column => column.Type);
            var fields = Fields(columns.Select(name => (name, outputs[name])));
            return ValueTask.FromResult(
                new ScanPlan(
                    [new ConnectorSplit(inputName, fields, Key,
                        new PostgresScan(query.Snapshot is null ? Guarded(select) : select.ToString(), scanned, query.Snapshot).ToJson())],
                    select.ToString()));
        }

        var (sql, split) = Write((PostgresTableHandle)handle, columns, inputName, null);
        return ValueTask.FromResult(new ScanPlan([split], sql));
    }

    public async ValueTask<ScanPlan> PlanScanAsync(ITableHandle handle, EquatableArray<string> columns, string inputName, int parts,
        CancellationToken cancellationToken)
    {
        if (handle is not PostgresTableHandle { Limit: null } own
            || await Patience.WaitAsync(SharedSnapshot.TryOpenAsync(_source, own.Table, own.Snapshot, _errors, cancellationToken),
                shared => _ = shared?.DisposeAsync().AsTask(), cancellationToken) is not { } shared)
            return await PlanScanAsync(handle, columns, inputName, cancellationToken);
        var splits = shared.Ranges(parts)
            .Select(range => (TaskInput)Write(own with { Snapshot = shared.Name }, columns, inputName, range).Split).ToEquatableArray();
        var (whole, _) = Write(own, columns, inputName, null);
        return new ScanPlan(splits, whole, [$"{splits.Count} ranges of ctid under one snapshot"]) { Hold = shared };
    }

    private (string Sql, ConnectorSplit Split) Write(PostgresTableHandle handle, EquatableArray<string> columns, string inputName,
        string? range)
    {
        var (table, filters, limit) = handle;
        var snapshot = handle.Snapshot;
        var selected = columns.Select(name => table.Find(name)
            ?? throw new SqlException(SqlState.UndefinedColumn, $"column \"{name}\" of relation \"{table.Name}\" does not exist"))
                .ToArray();
        var writer = new RemoteExpressionWriter(PostgresDialect.Instance, table.Find);
        var pushed =
            filters.Select(filter => writer.TryWriteCondition(filter, out var reason)
                ?? throw new SqlException(SqlState.InternalError, reason ?? "")).ToArray();
        var conditions = pushed.Select(filter => filter.ToString()).ToList();
        if (range is not null) conditions.Add(range);
        var expressions = selected.Length == 0 ? ["1::int2"] : selected.Select(column => column.Expression).ToEquatableArray();
        var select = new RemoteSelect(expressions, handle.From) { Where = conditions.ToEquatableArray(), Limit = limit };
        var fields = Fields(selected.Select(column => (column.Name, column.Type)));
        var sql = select.ToString();
        // Under a shared snapshot the catalog of the query may be older than its lock; there the definition is compared before.
        var scan = new PostgresScan(snapshot is null ? Guarded(select) : sql,
            [new ScannedTable(table.Schema, table.Name, selected.Select(PostgresReading.Signature).ToArray())], snapshot);
        if (snapshot is null && (limit <= FewRows || Array.Exists(pushed, filter => filter.IsPoint)))
        {
            var values = new List<RemoteValue>();
            var parameterized = pushed.Select(filter => filter.ToString(values)).Append(DefinitionGuard.Mark).ToEquatableArray();
            var records = select with { Columns = [$"record_send(ROW({string.Join(", ", expressions)}))"], Where = parameterized };
            scan = scan with { Statement = records.ToString(), Values = [.. values.Select(value => value.Text)] };
            scan = scan with
            {
                Open = [.. values.Select((value, place) => new OpenValue(place, value.Parameter)) .Where(value => value.Number > 0)],
            };
        }

        var estimate = filters.Count > 0 || range is not null ? -1 : table.EstimatedRows;
        if (limit is { } most && (estimate < 0 || estimate > most)) estimate = most;
        return (sql, new ConnectorSplit(inputName, fields, Key, scan.ToJson()) { EstimatedRows = estimate });
    }

    private static string Guarded(RemoteSelect select) =>
        (select with { Where = select.Where.Append(DefinitionGuard.Mark).ToEquatableArray() }).ToString();

    private static EquatableArray<RecordField> Fields(IEnumerable<(string Name, SqlType Type)> columns)
    {
        var fields = columns.Select(column => new RecordField(column.Name, AsMoved(column.Type))).ToEquatableArray();
        return fields.Count == 0 ? [new RecordField("one", SqlType.Int2)] : fields;
    }

    public IAsyncEnumerable<Batch> ReadAsync(ConnectorSplit split, CancellationToken cancellationToken)
    {
        var scan = PostgresScan.FromJson(split.Payload);
        return _reading.ReadAsync(new GuardedScan(scan), SchemaOf(split), scan.Values, cancellationToken);
    }

    public async ValueTask<ISourceSnapshot> OpenSnapshotAsync(CancellationToken cancellationToken) =>
        await Patience.WaitAsync(PostgresSnapshot.OpenAsync(_source, _errors, cancellationToken), late => _ = late.DisposeAsync().AsTask(),
            cancellationToken);

    public IPreparedRead? TryPrepare(ConnectorSplit split, EquatableArray<SqlType> parameterTypes) =>
        PostgresScan.FromJson(split.Payload) is { Statement: not null } scan
            ? new PostgresPreparedRead(_reading, scan, SchemaOf(split), parameterTypes)
            : null;

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private static BatchSchema SchemaOf(ConnectorSplit split) =>
        new(split.Columns.Select(column => new Field(column.Name, column.Type)).ToEquatableArray());

    /// <summary>Values of the server's own types move as their text.</summary>
    private static SqlType AsMoved(SqlType type) =>
        type.Base.Source is null ? type : type.Element is { } element ? SqlType.Array(AsMoved(element)) : SqlType.Text;
}
