using System.Globalization;
using System.Runtime.CompilerServices;
using Federation.Arrow;
using Federation.Connectors.Spi;
using Federation.Connectors.Tpch.Tables;
using Federation.Core;
using Federation.Core.Errors;
using Federation.Core.Tasks;
using Federation.Core.Types;

namespace Federation.Connectors.Tpch;

/// <summary>Makes connectors of the wrapper <c>tpch</c>, which has no options.</summary>
public sealed class TpchConnectorFactory : IConnectorFactory
{
    public const string Name = "tpch";

    public string WrapperName => Name;

    public IReadOnlyList<ConnectorOption> Options => [];

    public IConnector Create(ConnectorDefinition definition) => new TpchConnector(definition);
}

/// <summary>
/// The TPC-H data base, made while it is read: a schema per scale factor, in each the eight tables, equal to what dbgen writes.
/// </summary>
internal sealed class TpchConnector(ConnectorDefinition definition)
    : IConnector, IConnectorMetadata, IScanPlanner, IPageSource, ILimitPushdown
{
    // Smaller ranges are not worth a thread of their own.
    private const long SmallestSplit = 375_000;

    // All splits of a scan run at once, each with a few batches waiting; so many keep some tens of cores busy without holding much memory.
    private const int MostSplits = 16;

    public string ServerName => definition.ServerName;

    public string Key => definition.Key;

    /// <summary>Rows are made, value by value.</summary>
    public double RowCost => 10;

    public ValueTask<IReadOnlyList<string>> ListSchemasAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<string>>(ScaleFactor.ListedSchemas);

    public ValueTask<IReadOnlyList<ListedTable>> ListTablesAsync(string schema, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<ListedTable>>(ScaleFactor.OfSchema(schema) is null
            ? []
            : [.. TpchTables.All.Select(table => new ListedTable(table.Name) { ColumnCount = table.Columns.Count })]);

    public ValueTask<ConnectorTable?> FindTableAsync(string schema, string table, TableVersion? version,
        CancellationToken cancellationToken)
    {
        if (ScaleFactor.OfSchema(schema) is not { } scale || TpchTables.Find(table) is not { } found)
            return ValueTask.FromResult<ConnectorTable?>(null);
        if (version is not null)
            throw new SqlException(SqlState.FeatureNotSupported, $"table \"{table}\" of server \"{ServerName}\" has no versions");
        var (rows, isExact) = found.Rows(scale);
        var columns = found.Columns
            .Select(column => new ConnectorColumn(column.Name, column.Type, IsNullable: false) { Statistics = column.Statistics })
            .ToEquatableArray();
        return ValueTask.FromResult<ConnectorTable?>(new ConnectorTable(new TpchTableHandle(schema, table), columns, rows, isExact));
    }

    public ITableHandle PushLimit(ITableHandle handle, long count)
    {
        var own = (TpchTableHandle)handle;
        return own with { Limit = Math.Min(own.Limit, count) };
    }

    public ValueTask<ScanPlan> PlanScanAsync(ITableHandle handle, EquatableArray<string> columns, string inputName,
        CancellationToken cancellationToken)
    {
        var (schema, name, limit) = (TpchTableHandle)handle;
        var (table, scale) = Locate(schema, name);
        var wanted = columns.Select(column => Column(table, column)).ToArray();
        var fields = wanted.Length == 0
            ? [new RecordField("row", SqlType.Bool)]
            : wanted.Select(column => new RecordField(column.Name, column.Type)).ToEquatableArray();
        // A unit has at least one row, so that many units hold the rows that are wanted.
        var units = Math.Min(table.Units(scale), limit);
        var rows = Math.Min(table.Rows(scale).Count, limit);
        var count = limit < long.MaxValue ? 1 : (int)Math.Clamp(units / SmallestSplit, 1, MostSplits);
        var splits = new TaskInput[count];
        for (var i = 0; i < count; i++)
        {
            var first = units * i / count;
            var scan = new TpchScan(schema, name, first, (units * (i + 1) / count) - first, limit, [.. columns]);
            splits[i] = new ConnectorSplit(inputName, fields, Key, scan.ToJson()) { EstimatedRows = rows / count };
        }

        var detail = string.Create(CultureInfo.InvariantCulture,
            $"generated, {rows:N0} rows in {count} {(count == 1 ? "split" : "splits")}");
        return ValueTask.FromResult(new ScanPlan(new EquatableArray<TaskInput>(splits), Details: [detail]));
    }

    public async IAsyncEnumerable<Batch> ReadAsync(ConnectorSplit split, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var scan = TpchScan.FromJson(split.Payload);
        var (table, scale) = Locate(scan.Schema, scan.Table);
        var columns = scan.Columns.Select(column => Column(table, column)).ToArray();
        var left = scan.Limit;
        for (var done = 0L; done < scan.Units && left > 0; done += table.UnitsPerBatch)
        {
            // Making a batch takes a few milliseconds; in between the reader may be cancelled.
            cancellationToken.ThrowIfCancellationRequested();
            var units = (int)Math.Min(table.UnitsPerBatch, scan.Units - done);
            var batch = table.Generate(scale, scan.First + done, units, left, columns);
            left -= batch.RowCount;
            yield return batch;
        }

        // Nothing is waited for: rows are computed.
        await ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private (TpchTable Table, ScaleFactor Scale) Locate(string schema, string table) =>
        ScaleFactor.OfSchema(schema) is { } scale && TpchTables.Find(table) is { } found
            ? (found, scale)
            : throw new SqlException(SqlState.UndefinedTable, $"relation \"{schema}.{table}\" does not exist on server \"{ServerName}\"");

    private static TpchColumn Column(TpchTable table, string name) => table.Find(name)
        ?? throw new SqlException(SqlState.UndefinedColumn, $"column \"{name}\" of relation \"{table.Name}\" does not exist");
}
