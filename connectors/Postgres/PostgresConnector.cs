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
internal sealed class PostgresConnector : IConnector, IConnectorMetadata, IScanPlanner, IPartitionedScanPlanner, IPageSource, IFilterPushdown, ILimitPushdown
{
    private readonly NpgsqlDataSource _source;
    private readonly PostgresErrors _errors;
    private readonly PostgresCatalog _catalog;

    public PostgresConnector(ConnectorDefinition definition, TimeProvider time)
    {
        ServerName = definition.ServerName;
        _source = PostgresOptions.CreateSource(definition);
        _errors = new PostgresErrors(definition.ServerName);
        _catalog = new PostgresCatalog(_source, PostgresOptions.Schemas(definition), _errors, time);
    }

    public string ServerName { get; }

    public ValueTask<IReadOnlyList<string>> ListSchemasAsync(CancellationToken cancellationToken) => _catalog.LoadSchemasAsync(cancellationToken);

    public ValueTask<IReadOnlyList<string>> ListTablesAsync(string schema, CancellationToken cancellationToken) =>
        _catalog.LoadTablesAsync(schema, cancellationToken);

    public async ValueTask<ConnectorTable?> FindTableAsync(string schema, string table, TableVersion? version, CancellationToken cancellationToken)
    {
        if (version is not null)
            throw new SqlException(SqlState.FeatureNotSupported, $"table \"{table}\" of server \"{ServerName}\" has no versions");
        if (await _catalog.GetTableAsync(schema, table, cancellationToken) is not { } found) return null;
        var columns = found.Columns.Select(column => new ConnectorColumn(column.Name, column.Type, column.IsNullable)).ToEquatableArray();
        return new ConnectorTable(new PostgresTableHandle(found), columns, found.EstimatedRows);
    }

    public FilterPushdown PushFilter(ITableHandle handle, EquatableArray<ConnectorExpression> conjuncts)
    {
        var own = (PostgresTableHandle)handle;
        var writer = new RemoteExpressionWriter(PostgresDialect.Instance, own.Table.Find);
        var isUnicode = own.Table.Columns.All(column => column.Collation is null or { IsUnicode: true });
        var filters = own.Filters.ToList();
        var answers = new PushedConjunct[conjuncts.Count];
        for (var i = 0; i < answers.Length; i++)
        {
            var sql = writer.TryWriteCondition(conjuncts[i], out var reason);
            if (sql is not null && !isUnicode && !Ascii.IsValid(sql)) (sql, reason) = (null, "the source does not hold text as Unicode");
            if (sql is not null) filters.Add(sql);
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

    public ValueTask<ScanPlan> PlanScanAsync(ITableHandle handle, EquatableArray<string> columns, string inputName, CancellationToken cancellationToken)
    {
        var (sql, split) = Write((PostgresTableHandle)handle, columns, inputName, null, null);
        return ValueTask.FromResult(new ScanPlan([split], sql));
    }

    public async ValueTask<ScanPlan> PlanScanAsync(ITableHandle handle, EquatableArray<string> columns, string inputName, int parts, CancellationToken cancellationToken)
    {
        var own = (PostgresTableHandle)handle;
        if (own.Limit is not null || await Patience.WaitAsync(SharedSnapshot.TryOpenAsync(_source, own.Table, _errors, cancellationToken), shared => _ = shared?.DisposeAsync().AsTask(), cancellationToken) is not { } shared)
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
        var dialect = PostgresDialect.Instance;
        var select = new RemoteSelect(
            selected.Length == 0 ? ["1::int2"] : selected.Select(column => column.Expression).ToEquatableArray(),
            $"{dialect.Identifier(table.Schema)}.{dialect.Identifier(table.Name)}")
        {
            Where = range is null ? filters : filters.Append(range).ToEquatableArray(),
            Limit = limit,
        };
        var fields = selected.Length == 0
            ? [new RecordField("one", SqlType.Int2)]
            : selected.Select(column => new RecordField(column.Name, column.Type)).ToEquatableArray();
        var sql = select.ToString();
        var scan = new PostgresScan(sql, table.Schema, table.Name, selected.Select(Signature).ToArray(), snapshot);
        var estimate = filters.Count > 0 || range is not null ? -1 : table.EstimatedRows;
        if (limit is { } most && (estimate < 0 || estimate > most)) estimate = most;
        return (sql, new ConnectorSplit(inputName, fields, ServerName, scan.ToJson()) { EstimatedRows = estimate });
    }

    public async IAsyncEnumerable<Batch> ReadAsync(ConnectorSplit split, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var scan = PostgresScan.FromJson(split.Payload);
        var schema = new BatchSchema(split.Columns.Select(column => new Field(column.Name, column.Type)).ToEquatableArray());
        await CheckColumnsAsync(scan, cancellationToken);
        var rows = new CopyRows(await Patience.WaitAsync(OpenAsync(scan, cancellationToken), stream => _ = stream.DisposeAsync().AsTask(), cancellationToken), schema);
        var reading = Task.FromResult<Batch?>(null);
        try
        {
            while (true)
            {
                var read = rows.ReadAsync();
                if (!read.IsCompleted) read = new ValueTask<Batch?>(reading = read.AsTask());
                if (await Patience.WaitAsync(read, batch => batch?.Dispose(), cancellationToken) is not { } next) break;
                yield return next;
            }
        }
        finally
        {
            await Patience.DisposeAsync(rows, reading);
        }
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private static string Signature(RemoteColumn column) => $"{column.Expression} {column.Type} {column.Type.AnnouncedOid}";

    private async ValueTask<CopyStream> OpenAsync(PostgresScan scan, CancellationToken cancellationToken)
    {
        try
        {
            return await CopyStream.OpenAsync(_source, scan.Sql, scan.Snapshot, _errors, cancellationToken);
        }
        catch (SqlException exception) when (exception.State == SqlState.UndefinedTable || exception.State == SqlState.UndefinedColumn)
        {
            // The table was replaced while it was being named, or what is known of it is out of date; the second look tells.
            _catalog.Forget(scan.Schema, scan.Table);
            await CheckColumnsAsync(scan, cancellationToken);
            return await CopyStream.OpenAsync(_source, scan.Sql, scan.Snapshot, _errors, cancellationToken);
        }
    }

    /// <summary>
    /// COPY does not say what types its columns have. A plan may be older than the table it reads (prepared statements live long), so the
    /// columns are compared with what the source's catalog says now.
    /// </summary>
    private async ValueTask CheckColumnsAsync(PostgresScan scan, CancellationToken cancellationToken)
    {
        var table = await _catalog.GetTableAsync(scan.Schema, scan.Table, cancellationToken)
            ?? throw new SqlException(SqlState.UndefinedTable, $"relation \"{scan.Schema}.{scan.Table}\" does not exist on server \"{ServerName}\"");
        var current = table.Columns.Select(Signature).ToHashSet(StringComparer.Ordinal);
        if (Array.Find(scan.Columns, column => !current.Contains(column)) is null) return;
        throw new SqlException(SqlState.FeatureNotSupported, "cached plan must not change result type")
        {
            Detail = $"The columns of relation \"{scan.Schema}.{scan.Table}\" changed on server \"{ServerName}\".",
            Hint = "Run the statement again.",
        };
    }
}
